"""From stored lines to what the calculations take, and from the organisation's settings to its policy switches.

Private to the room.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import Any

from perennial.contracts.calculations.at_end import at_end
from perennial.contracts.models import Line
from perennial.contracts.terms import AtEnd, BillingStatus, Discount, LineKind, LineTerms, PolicySwitches
from perennial.customers.aliases import Aliases

COLUMNS = (
    "fact", "customer_id", "currency", "amount", "starts_on", "ends_on", "amount_months", "quantity", "kind",
    "product_id", "contract_id", "tax_rate", "amount_includes_tax", "discount_percent", "discount_amount",
    "discount_months", "gift_months", "pauses", "ramp_step", "renewal_of", "billing_status", "overdue_since_on",
    "cancelled_on", "ceases_on", "is_amended", "term_starts_on",
)  # fmt: skip


def switches_of(settings: dict[str, Any]) -> PolicySwitches:
    """Return the policy switches as the organisation keeps them; what it does not name has its default.

    :raises ValueError: a setting has a value that its switch does not know.
    """
    chosen: dict[str, Any] = {}
    for one in fields(PolicySwitches):
        if one.name in settings:
            value = settings[one.name]
            chosen[one.name] = type(one.default)(value) if isinstance(one.default, Enum) else value
    return PolicySwitches(**chosen)


def terms_of(line: Line, merged: Aliases | None = None) -> LineTerms:
    """Return a stored line (a model or a row with its columns) as the calculations see it; with `merged` it is the
    line of the customer that it counts for.

    :raises ValueError: the line cannot be (`actions.check_line` keeps such lines out).
    """
    return LineTerms(
        line_key=str(line.fact),
        customer_id=line.customer_id if merged is None else merged.of(line.customer_id),
        currency=line.currency,
        amount_minor=line.amount,
        starts_on=line.starts_on,
        ends_on=line.ends_on,
        amount_months=line.amount_months,
        quantity=line.quantity,
        kind=LineKind(line.kind),
        product_id=line.product_id,
        contract_id=line.contract_id,
        tax_rate=None if line.tax_rate is None else Fraction(line.tax_rate),
        amount_includes_tax=line.amount_includes_tax,
        discount=_discount(line),
        gift_months=line.gift_months,
        pauses=tuple(_pause(*pause) for pause in line.pauses),
        ramp_step=line.ramp_step,
        renewal_of=None if line.renewal_of is None else str(line.renewal_of),
        billing_status=BillingStatus(line.billing_status),
        overdue_since=line.overdue_since_on,
        cancelled_on=line.cancelled_on,
        ceases_on=line.ceases_on,
        is_amended=line.is_amended,
        term_starts_on=line.term_starts_on,
    )


def at_end_of(line: Line, on: date) -> AtEnd | None:
    """Return what the paper says becomes of a line at its end, as it stands on a day; None: nothing, or the line is
    open-ended, was given notice, goes on as another line, or is over. No query."""
    given_up = line.cancelled_on is not None or line.billing_status == BillingStatus.CANCELLED or line.is_amended
    return at_end(line.auto_renews, ends_on=line.ends_on, notice_on=line.notice_on, is_given_up=given_up, on=on)


def _discount(line: Line) -> Discount | None:
    if line.discount_percent is not None:
        return Discount(percent=Fraction(line.discount_percent), months=line.discount_months)
    if line.discount_amount is not None:
        return Discount(amount_minor=line.discount_amount, months=line.discount_months)
    return None


def _pause(since: str, until: str | None) -> tuple[date, date | None]:
    return date.fromisoformat(since), None if until is None else date.fromisoformat(until)


def current_lines(customer_ids: Iterable[int] | None = None, merged: Aliases | None = None) -> list[LineTerms]:
    """Return the lines as known now of these customers and of those merged into them, or of all; one query."""
    rows = Line.objects.current()
    if customer_ids is not None:
        rows = rows.filter(customer_id__in=list(customer_ids) if merged is None else merged.family(customer_ids))
    return [terms_of(row, merged) for row in rows.order_by("id").values_list(*COLUMNS, named=True)]
