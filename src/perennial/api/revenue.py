"""Revenue: monthly movements that reconcile, and retention of a cohort."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from ninja.errors import HttpError

from perennial.api.keys import caller
from perennial.api.wire import Day
from perennial.contracts.calculations.courses import Move
from perennial.contracts.calculations.retention import Retention
from perennial.contracts.ledger import MovementRow
from perennial.contracts.terms import MovementKind, View
from perennial.kernel import money
from perennial.kernel.periods import Period, month_of, months_between
from perennial.members.models import Member
from perennial.members.queries import by_email
from perennial.reports import retention, retention_by, revenue
from perennial.reports.retention_by import Dimension, Part
from perennial.reports.revenue import Book

router = Router(tags=["revenue"])
MOST_MONTHS = 240
MOVEMENTS = (
    "MRR of the months, both included, without tax, in the organisation's currency. Opening + movements = closing, "
    "exactly as printed; losses are negative; `customers` pay at closing (analytics 3.1)."
)
RETENTION = (
    "Of the customers with recurring revenue on day `from`: what they hold on day `to`. GRR caps each customer at its "
    "opening, NRR does not, logo counts customers (analytics 3.2). `opening` is their MRR then, in {currency}; "
    "the interval is Wilson's. `by_product` counts each customer and product by itself; `flow` divides every loss of "
    "the span by the opening balance: the same data, not the headline. A line counts from its first day up to, not "
    "including, the day on which it ends."
)
_MONTH = re.compile(r"(19[7-9]\d|20\d\d|21\d\d)-(0[1-9]|1[0-2])", re.ASCII)


@router.get("/revenue/movements", url_name="revenue_movements")
def revenue_movements(
    request: HttpRequest,
    from_: Annotated[str, Query(alias="from")],
    to: Annotated[str, Query()],
    period: Annotated[Literal["month"], Query()] = "month",
    segment: Annotated[str | None, Query(max_length=100)] = None,
    csm: Annotated[str | None, Query(max_length=254)] = None,
    view: Annotated[View, Query()] = View.RESTATED,
    as_of: Annotated[Day | None, Query()] = None,
) -> dict[str, Any]:
    """MRR movements by month, both months included (`2023-01`); of the customers of a segment, of a CSM (by mail).
    `view`: each movement on its own day (`restated`), or in the month in which it was known (`reported`: a month that
    is over never changes). `as_of`: as known then."""
    member = caller(request, "revenue.read")
    since, until = month_at(from_, "from"), month_at(to, "to")
    if not 0 < months_between(since.since, until.until) <= MOST_MONTHS:
        raise HttpError(400, f"`to` must not lie before `from`, nor {MOST_MONTHS} months or more after it.")
    book = _narrowed(revenue.book_of(member, at=timezone.now(), view=view, as_of=as_of), member, segment, csm)
    rows = revenue.movements(book, Period(since.since, until.until))
    return {
        "currency": book.currency,
        "view": view.value,
        "as_of": book.as_of,
        "definition": MOVEMENTS,
        "rows": [_row(row, book.currency) for row in rows],
    }


def _row(row: MovementRow, currency: str) -> dict[str, Any]:
    kinds = {kind.value: _decimal(row.movements.get(kind, 0), currency) for kind in MovementKind}
    return {
        "period": row.period.since.strftime("%Y-%m"),
        "opening": _decimal(row.opening, currency),
        **kinds,
        "closing": _decimal(row.closing, currency),
        "customers": row.customers,
    }


def month_at(text: str, name: str) -> Period:
    """Read a month.

    :raises HttpError: it is none.
    """
    if not _MONTH.fullmatch(text):
        raise HttpError(400, f"`{name}` must be a month such as 2023-01.")
    return month_of(date(int(text[:4]), int(text[5:]), 1))


def _decimal(minor: int, currency: str) -> Decimal:
    return Decimal(money.decimal_string(minor, currency))


@router.get("/revenue/retention", url_name="revenue_retention")
def revenue_retention(
    request: HttpRequest,
    from_: Annotated[Day, Query(alias="from")],
    to: Annotated[Day, Query()],
    by: Annotated[Dimension | None, Query()] = None,
    segment: Annotated[str | None, Query(max_length=100)] = None,
    csm: Annotated[str | None, Query(max_length=254)] = None,
    view: Annotated[View, Query()] = View.RESTATED,
    as_of: Annotated[Day | None, Query()] = None,
) -> dict[str, Any]:
    """NRR, GRR and logo retention of the cohort of day `from`, [from, to); of the customers of a segment, of a CSM (by
    mail). With `by`, told apart as well: the rows and what moved between products (`between`) add up to the whole.
    `view` and `as_of` as for the movements."""
    member = caller(request, "revenue.read")
    if from_ >= to:
        raise HttpError(400, "`to` must lie after `from`.")
    if by is not None and by not in retention_by.dimensions_of(member):
        raise HttpError(400, f"There is no field {by.value}.")
    book = _narrowed(revenue.book_of(member, at=timezone.now(), view=view, as_of=as_of), member, segment, csm)
    span, moves = Period(min(from_, book.as_of), min(to, book.as_of)), retention.moves_of(book)
    if by is None:
        return _whole(retention.of_days(book, moves, span), book)
    told = retention_by.told(book, span, by, moves)
    return {
        **_whole(told.whole.found, book),
        **_ways(book, moves, span),
        **_money(told.whole, book),
        "customers_kept": told.whole.found.customers_kept,
        "by": by.value,
        "rows": [_part(part, book) for part in told.parts],
        "between": _money(told.between, book) if told.between else None,
    }


def _ways(book: Book, moves: Sequence[Move], span: Period) -> dict[str, Any]:
    flow = retention.flow(book, moves, span)
    amounts = {"opening": flow.opening, "lost": flow.lost}
    return {
        "by_product": _rates(retention.by_product(book, moves, span)),
        "flow": {"grr": _ratio(flow.gross),
                 **{key: _decimal(money.round_half_even(one), book.currency) for key, one in amounts.items()}},
    }  # fmt: skip


def _narrowed(book: Book, member: Member, segment: str | None, csm: str | None) -> Book:
    """Return the ledger of a segment's and a CSM's customers; "" for those without. One query for a CSM."""
    whose = {} if segment is None else {Dimension.SEGMENT.value: segment}
    if csm is not None:
        found = by_email(csm) if csm else None
        if csm and found is None and Dimension.OWNER in retention_by.dimensions_of(member):
            raise HttpError(400, "`csm` must be the mail of a member.")
        whose[Dimension.OWNER.value] = str(found.pk) if found else ""
    try:
        return retention_by.narrowed(book, member, whose) if whose else book
    except retention_by.NoSuchCustomers as error:
        raise HttpError(400, f"There is no field {error}.") from error


def _whole(found: Retention, book: Book) -> dict[str, Any]:
    return {
        **_rates(found),
        "opening": _decimal(money.round_half_even(found.opening), book.currency),
        "customers": found.customers,
        "definition": RETENTION.format(currency=book.currency),
        "interval": _interval(found),
    }


def _part(part: Part, book: Book) -> dict[str, Any]:
    found = part.found
    return {
        "value": part.outside,
        "label": part.label,
        **_rates(found),
        **_money(part, book),
        "customers": found.customers,
        "customers_kept": found.customers_kept,
        "interval": _interval(found),
    }


def _money(part: Part, book: Book) -> dict[str, Decimal]:
    amounts = {"opening": part.opening, "kept": part.kept, "closing": part.closing}
    return {key: _decimal(minor, book.currency) for key, minor in amounts.items()}


def _rates(found: Retention) -> dict[str, float | None]:
    return {"nrr": _ratio(found.net), "grr": _ratio(found.gross), "logo": _ratio(found.logo)}


def _interval(found: Retention) -> dict[str, Any]:
    return {"logo": list(found.logo_interval) if found.logo_interval else None, "level": 0.95}


def _ratio(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
