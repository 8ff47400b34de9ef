"""Every number opens: what a field means, how it is made, and from which inputs for one customer on the as-of day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from perennial.customers.catalogue import Field, Unit
from perennial.customers.own_fields import formula_of
from perennial.kernel.conditions.terms import FieldType
from perennial.reports import inputs as inputs_of
from perennial.reports import score
from perennial.reports.customer_file import File, tickets
from perennial.reports.inputs import Input

MOST_INPUTS = 17  # a whole scorecard and its mean


@dataclass(frozen=True)
class Explanation:
    """A field, opened. `value`, `inputs` and `computed_at` only for one customer; `more` inputs were left out."""

    field: Field
    formula: str | Promise
    value: Any = None
    inputs: Sequence[Input] = ()
    more: int = 0
    computed_at: datetime | None = None


FILE_FIELDS: Mapping[str, tuple[Field, str]] = {
    field.key: (field, allowed_by)
    for allowed_by, field in (
        ("overdue_amount", Field(
            "collections", FieldType.INTEGER, Unit.MONEY, _("Received, 12 months"),
            _("What came in by the as-of day of the receivables that fell due in the 365 days up to it; "
              "amounts as invoiced."),
            "contracts", "overdue_amount",
        )),
        ("overdue_amount", Field(
            "collections_due", FieldType.INTEGER, Unit.MONEY, _("Due, 12 months"),
            _("The receivables that fell due in the 365 days up to the as-of day; amounts as invoiced."),
            "contracts", "overdue_amount",
        )),
        ("score", Field(
            "score_error", FieldType.NUMBER, Unit.POINTS, _("How far the score may be off"),
            _("Half the width of the 90 % interval of the score: wide where much of the weight is assumed, "
              "nought where all of it is known."),
            "health", "score",
        )),
        ("open_tickets", Field(
            "satisfaction", FieldType.NUMBER, Unit.NUMBER, _("Satisfaction, 90 days"),
            _("Mean of the answers to the tickets that were closed in the last 90 days, 1 to 5."),
            "support", "open_tickets",
        )),
    )
}  # fmt: skip
"""Figures of the customer file that lists do not have, each with the field whose right is needed to see it."""

FORMULAS: Mapping[str, str | Promise] = {
    "mrr": _("Sum over the running recurring lines: amount without tax ÷ months of the amount"),
    "arr": _("12 × MRR"),
    "renewal_arr": _("12 × MRR, on its last day, of the lines that end on the renewal day"),
    "collections": _("Sum of the amounts received, over the receivables that fell due"),
    "collections_due": _("Sum of the amounts, over the receivables that fell due"),
    "overdue_amount": _("Amount due − received, over the receivables past their due day"),
    "score": _("Mean of the segment + sum of the contributions; a contribution is weight × (points − mean)"),
    "score_change_28d": _("Score today − score 28 days ago, both under today's scorecard"),
    "score_error": _(
        "1.64 × √(u′Ru): u, assumed share of a weight × spread of its measure; R, how the measures move together"
    ),
    "coverage": _("Sum of weight × trust over the measures; trust falls as a value ages"),
    "seats_used_28d": _("Active users of 28 days ÷ contracted seats"),
    "trend_28d": _("Events of the last 28 days ÷ events of the 28 days before"),
    "depth_28d": _("Core events ÷ days with a core event, over 28 days"),
    "errors_28d": _("1,000 × errors ÷ events, over 28 days"),
    "top_user_share_28d": _("Core events of the busiest user ÷ core events, over 28 days"),
    "breadth_28d": _("Distinct features with a core event in 28 days"),
    "active_users_7d": _("Distinct users with a core event in 7 days"),
    "active_users_28d": _("Distinct users with a core event in 28 days"),
    "days_since_last": _("As-of day − day of the last core event"),
    "next_renewal_on": _(
        "The earliest end after the as-of day of a line of six months or more, not cancelled and not yet followed"
    ),
    "satisfaction": _("Sum of the answers ÷ number of the answers"),
}  # fmt: skip
LINE_FORMULA = _("Amount, less discount and tax ÷ its months; 0 while a pause lasts")


def explain(key: str, fields: Mapping[str, Field], file: File | None = None) -> Explanation | None:
    """Open a field for who sees `fields`; None where there is no such field for him. At most seven queries.

    With a customer's file also its value and inputs; those of contracts only where the member may see revenue.
    """
    field = fields.get(key)
    if key in FILE_FIELDS and FILE_FIELDS[key][1] in fields:
        field = FILE_FIELDS[key][0]
    if field is None:
        return None
    formula = FORMULAS.get(key, "") or formula_of(key)
    if file is None:
        return Explanation(field, formula)
    found = inputs_of.of(field.source, file, key)
    value = _value_in_file(file, key, found) if key in FILE_FIELDS else getattr(file.row, field.column)
    if field.unit is Unit.MEMBER:
        value = file.row.owner.name if file.row.owner else None
    left_out = max(len(found) - MOST_INPUTS, 0)
    return Explanation(field, formula, value, found[:MOST_INPUTS], left_out, file.row.updated_at)


def _value_in_file(file: File, key: str, found: Sequence[Input]) -> Any:
    """Return a figure that the portfolio row does not hold; None where it is unknown."""
    if key == "satisfaction":
        standing = tickets(file).standing
        return standing.satisfaction if standing else None
    if key == "score_error":
        scored = score.of(file.customer.pk, file.fields)
        return Decimal(scored.told["error"]) if scored and scored.told["error"] else None
    return sum(one.value for one in found) if found else None


def explain_line(file: File, line_id: int, fields: Mapping[str, Field]) -> Explanation | None:
    """Open the MRR of one line of the customer; None where it has no such line, or the member may not see it. Two
    queries."""
    found = inputs_of.of_line(file, line_id) if "mrr" in fields else []
    if not found:
        return None
    return Explanation(fields["mrr"], LINE_FORMULA, found[-1].value, found[:-1], 0, file.row.updated_at)
