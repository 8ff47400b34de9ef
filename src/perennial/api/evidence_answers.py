"""What the backtests' call answers, for the schema."""

from __future__ import annotations

from perennial.api.shapes import DAY, Schema, array, number, shape_of, text

PROPOSAL = {"anyOf": [{"type": "object"}, {"type": "null"}],
            "description": "Weights that the past would give: key, by hand, proposed, 90 % interval."}  # fmt: skip


def told(description: str) -> Schema:
    """Return the shape of what older backtests do not tell."""
    return {"anyOf": [{"type": "object"}, {"type": "array"}, {"type": "null"}], "description": description}


LEADS = {"type": "object", "additionalProperties": {"type": "object"}, "description": "By days before the decision."}
BACKTEST = shape_of({
    "id": number(kind="integer"),
    "version": number("Null: a draft.", null=True, kind="integer"),
    "as_of": DAY,
    "made_at": text(format="date-time"),
    "verdict": text("too_few, no_evidence, leaking or predicts."),
    "no_better": {"type": "boolean"},
    "leads": LEADS,
    "proposal": PROPOSAL,
    "vetoes": told("By key: met, of these lost, their share [value, low, high] or null, losses missed."),
    "canary": told("The AUC on the very day and 90 days before, null below ten losses."),
    "lead_time": told("Losses, those red within 180 days before, median of days since the first red or null."),
    "data_version": text(),
    "seed": number(kind="integer"),
    "versions": {"type": "object", "additionalProperties": {"type": "string"}},
})  # fmt: skip


def answer() -> Schema:
    """Return the shape of the backtests."""
    return shape_of({"definition": text(), "scorecard": text(), "backtests": array(BACKTEST)})
