"""What the forecast's call answers, for the schema."""

from __future__ import annotations

from perennial.api.shapes import DAY, Schema, amount, array, number, shape_of, text

AMOUNTS = {"terms": number(kind="integer")} | {
    key: amount() for key in ("due", "renewed", "lost", "commit", "best_case", "at_risk", "signed_off", "low", "middle",
                              "high")
}  # fmt: skip
FROZEN = {"anyOf": [shape_of({"week": DAY, "rebuilt": {"type": "boolean"}}), {"type": "null"}],
          "description": "The week's Monday; null for today's forecast."}  # fmt: skip
LEARNED = shape_of({
    "on": DAY,
    "terms": number("Ended terms that the base rates come from.", kind="integer"),
    "quarters": number("Closed quarters that the shock was learned from.", kind="integer"),
    "rebuilt": number("Of these, from rebuilt weeks.", kind="integer"),
})  # fmt: skip
TERM = shape_of({
    "customer": text("Its public key.", null=True),
    "due_on": DAY,
    "due": amount("ARR due, without tax."),
    "renewed": amount("Of it renewed, at most what was due."),
    "outcome": text("early, on_time, late, open or lost."),
    "p": number("Null once the outcome is known.", null=True),
    "interval": array({"type": "number"}, "From, to; 95 %.", null=True),
    "model": text("The model's category: commit, best_case or at_risk.", null=True),
    "call": text("What somebody last said.", null=True),
    "category": text("The call while it is one step from the model's, else the model's.", null=True),
    "owner": text(null=True),
})  # fmt: skip


def answer() -> Schema:
    """Return the shape of the forecast."""
    row = {"value": text("A period's first day, a segment, a name; null: not known, or nobody.", null=True), **AMOUNTS}
    return shape_of({
        "as_of": DAY, "currency": text(), "definition": text(), "frozen": FROZEN, "learned": LEARNED, "by": text(),
        "rows": array(shape_of(row)), "whole": shape_of(AMOUNTS), "terms": array(TERM),
    })  # fmt: skip
