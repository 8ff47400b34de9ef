"""What the backtests' call answers, for the schema."""

from __future__ import annotations

from perennial.api.shapes import DAY, Schema, array, number, shape_of, text

PROPOSAL = {"anyOf": [{"type": "object"}, {"type": "null"}],
            "description": "Weights that the past would give: key, by hand, proposed, 90 % interval."}  # fmt: skip
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
    "data_version": text(),
    "seed": number(kind="integer"),
    "versions": {"type": "object", "additionalProperties": {"type": "string"}},
})  # fmt: skip


def answer() -> Schema:
    """Return the shape of the backtests."""
    return shape_of({"definition": text(), "scorecard": text(), "backtests": array(BACKTEST)})
