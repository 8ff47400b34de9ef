"""What the renewals' call answers, for the schema."""

from __future__ import annotations

from perennial.api.shapes import DAY, Schema, amount, array, number, shape_of, text
from perennial.renewals.terms import CAUSES, About

SUMS = {"terms": number(kind="integer")} | {key: amount() for key in ("due", "renewed", "lost", "open")}
NODE = {"anyOf": [shape_of({"node": text(), "since": {"anyOf": [DAY, {"type": "null"}]}}), {"type": "null"}],
        "description": "Where the customer's approval hangs."}  # fmt: skip
LAST_MINUTE = {"anyOf": [shape_of({"last": number(kind="integer"), "contacts": number(kind="integer"),
                                   "flagged": {"type": "boolean"}}), {"type": "null"}],
               "description": "Proactive contacts of the term; flagged where over 60 % lie in its last 90 days.",
               }  # fmt: skip
CHECKPOINT = {"anyOf": [shape_of({
    "which": text("first or last."), "reached_on": DAY,
    "state": text("missing, waiting, agreed, disputed or settled."),
    "planned": {"anyOf": [{"type": "boolean"}, {"type": "null"}], "description": "Null at the first."},
    "overdue": {"type": "boolean"}, "call": text("Null: none, or wait and see.", null=True),
    "model": text("The model's category at that moment.", null=True), "reason": text(null=True),
    "at": text("When the call was made.", null=True),
    "settled": text("The category that a leader lets count.", null=True),
}), {"type": "null"}], "description": "The checkpoint that an open term reached last."}  # fmt: skip
RATINGS = shape_of({
    one.value: number("-1, 0 or 1; null: not known." if one in CAUSES else "0 or 1; null: not known.", kind="integer",
                      null=True) for one in About
})  # fmt: skip
TERM = shape_of({
    "customer": text("Its public key.", null=True),
    "due_on": DAY,
    "days_left": number("Negative after the due day.", kind="integer"),
    "due": amount("ARR due, without tax."),
    "renewed": amount("Of it renewed, at most what was due."),
    "outcome": text("early, on_time, late, open or lost."),
    "p": number("Null once the outcome is known.", null=True),
    "model": text("The model's category: commit, best_case or at_risk.", null=True),
    "call": text("What somebody last said.", null=True),
    "category": text("The call while it is one step from the model's, else the model's.", null=True),
    "causes": RATINGS,
    "discount_percent": text("How much discount, a decimal.", null=True),
    "rests_on": array(text(), "Marks that the renewal rests on: discount, pressure."),
    "weakest": text("The cause that is rated lowest.", null=True),
    "node": NODE,
    "tasks": number("Tasks of its plan.", kind="integer"),
    "last_minute": LAST_MINUTE,
    "checkpoint": CHECKPOINT,
    "owner": text(null=True),
})  # fmt: skip


def answer() -> Schema:
    """Return the shape of what comes due."""
    return shape_of({
        "as_of": DAY, "currency": text(), "definition": text(),
        "frozen": text("The Monday of the frozen week; null for today.", null=True),
        "months": array(shape_of({"month": text("2026-04"), **SUMS})), "whole": shape_of(SUMS), "terms": array(TERM),
    })  # fmt: skip
