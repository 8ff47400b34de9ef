"""Retention beyond one span: cohorts at every age, the renewal rate by due day, and a span's waterfall."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from ninja.errors import HttpError

from perennial.api.keys import caller
from perennial.api.revenue import MOST_MONTHS, month_at
from perennial.api.wire import Day
from perennial.contracts.calculations.cohorts import Cohort, Earned, Step, Together
from perennial.contracts.calculations.retention import Retention
from perennial.kernel import money
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import Period, months_between
from perennial.members.models import Member
from perennial.renewals.terms import Outcome
from perennial.reports import cohorts, renewal_rate, retention, revenue
from perennial.reports.cohorts import REFERENCES
from perennial.reports.renewal_rate import By, Part
from perennial.reports.revenue import Book

router = Router(tags=["revenue"])
COHORTS = (
    "Customers by the month or quarter in which they first paid. `initial` is their MRR at the end of the first paid "
    "day; an age is told at the end of its period, the last one as far as it has come (`is_over` false). last + "
    "churned + expanded = closing; `kept` counts each customer at most with its initial MRR (analytics 3.2). "
    "`together`: every cohort that is old enough, periods that are over. `revenue` is the closing MRR of each past "
    "month, summed; `deal` twelve months of `initial`; `after_share` what of the revenue came after the deal's first "
    "year or above it. All at the rates of each customer's first paid day, in {currency}. `references` are shapes "
    "(M4), no benchmark."
)
WATERFALL = (
    "What moved MRR over the months `from` to `to`, both included, without tax, in {currency}: opening + steps = "
    "closing, exactly; `level` is the MRR after the step. `customers` pay at closing (analytics 3.1)."
)
RENEWAL = (
    "ARR without tax of the terms that end on a day of the months `from` to `to`, both included, in {currency}, "
    "however early or late the paper was signed. due = early + on_time + late + open + lost; `kept` counts each "
    "renewal at most with what was due, `renewed` does not. The truth lies between `rate` (kept / due) and "
    "`rate_highest` ((kept + open) / due); `renewed_of_resolved` alone flatters. A term is late up to the end of its "
    "customer's grace, then lost: `late_90` is what of the lost was signed within 90 days of its due day, and "
    "`kept_90`, `rate_90` and `logo_90` count by that horizon, the same for all (analytics 3.4). By product each "
    "customer and product is a term by itself, and `whole` is theirs. `as_of`: as it stood on a day, of what is "
    "known now."
)


def book_at(member: Member, as_of: date | None) -> Book:
    """Return the ledger as of a day, as it is known now.

    :raises HttpError: the day has not come.
    """
    book = revenue.book_of(member, at=timezone.now())
    if as_of is None:
        return book
    if as_of > book.as_of:
        raise HttpError(400, f"`as_of` must not lie after {book.as_of}.")
    return replace(book, as_of=as_of)


@router.get("/revenue/cohorts", url_name="revenue_cohorts")
def revenue_cohorts(
    request: HttpRequest, by: Annotated[Step, Query()] = Step.QUARTER, as_of: Annotated[Day | None, Query()] = None
) -> dict[str, Any]:
    """Cohorts by first paid month or quarter: what is left at every age, what came after the initial deal."""
    book = book_at(caller(request, "revenue.read"), as_of)
    found = cohorts.told(book, retention.moves_of(book), by)
    ages = range(len(found.together))
    whole = tuple(sum(row[place] for row in found.printed) for place in range(3))
    return {
        "as_of": book.as_of,
        "currency": book.currency,
        "definition": COHORTS.format(currency=book.currency),
        "by": by.value,
        "cohorts": [
            {"first": f"{one.period.since:%Y-%m}", **_deal(deal, printed, book), **_ages(one, by, book)}
            for one, deal, printed in zip(found.cohorts, found.deals, found.printed, strict=True)
        ],
        "whole": _deal(found.whole, whole, book),
        "together": [{"age": age, **_together(one, book)} for age, one in enumerate(found.together)],
        "references": [{"key": one.key, "churned": float(one.churned), "expanded": float(one.expanded),
                        "values": [one.at(age * by.months) for age in ages]} for one in REFERENCES],
    }  # fmt: skip


def _deal(one: Earned, printed: tuple[int, ...], book: Book) -> dict[str, Any]:
    deal, brought, own = (_decimal(minor, book) for minor in printed)
    return {"customers": one.customers, "deal": deal, "revenue": brought, "of_deal": own, "times": ratio(one.times),
            "after_share": ratio(one.after_share)}  # fmt: skip


def _ages(one: Cohort, step: Step, book: Book) -> dict[str, Any]:
    last, found = money.round_half_even(one.opening), []
    for age, at in enumerate(one.ages):
        closed = money.round_half_even(at.closing)
        moved = money.largest_remainder([-at.churned, at.expanded], closed - last)
        found.append({
            "age": age,
            "ends_on": cohorts.ends_on(book, one, step, age),
            "is_over": age < one.ended,
            **_moved(last, moved, closed, book),
            **_left(one.retention(age), book),
        })  # fmt: skip
        last = closed
    return {"initial": _decimal(money.round_half_even(one.opening), book), "ages": found}


def _together(one: Together, book: Book) -> dict[str, Any]:
    last, closed = money.round_half_even(one.last), money.round_half_even(one.left.closing)
    moved = money.largest_remainder([-one.churned, one.expanded], closed - last)
    initial = _decimal(money.round_half_even(one.left.opening), book)
    return {"cohorts": one.cohorts, "customers": one.left.customers, "initial": initial,
            **_moved(last, moved, closed, book), **_left(one.left, book)}  # fmt: skip


def _moved(last: int, moved: list[int], closed: int, book: Book) -> dict[str, Decimal]:
    amounts = {"last": last, "churned": moved[0], "expanded": moved[1], "closing": closed}
    return {key: _decimal(minor, book) for key, minor in amounts.items()}


def _left(found: Retention, book: Book) -> dict[str, Any]:
    return {
        "kept": _decimal(money.round_half_even(found.kept), book),
        "customers_kept": found.customers_kept,
        "nrr": ratio(found.net),
        "grr": ratio(found.gross),
        "logo": ratio(found.logo),
        "interval": {"logo": list(found.logo_interval) if found.logo_interval else None, "level": 0.95},
    }


@router.get("/revenue/waterfall", url_name="revenue_waterfall")
def revenue_waterfall(
    request: HttpRequest,
    from_: Annotated[str, Query(alias="from")],
    to: Annotated[str, Query()],
    as_of: Annotated[Day | None, Query()] = None,
) -> dict[str, Any]:
    """The months as one waterfall: opening, each kind of movement, closing."""
    book = book_at(caller(request, "revenue.read"), as_of)
    rows = revenue.movements(book, _months(from_, to))
    told: dict[str, Any] = {"as_of": book.as_of, "currency": book.currency,
                            "definition": WATERFALL.format(currency=book.currency)}  # fmt: skip
    if not rows:
        return {**told, "opening": None, "steps": [], "closing": None, "customers": None}
    whole, steps = revenue.total(rows), []
    level = whole.opening
    for kind, amount in whole.movements.items():
        level += amount
        steps.append({"kind": kind.value, "amount": _decimal(amount, book), "level": _decimal(level, book)})
    return {**told, "opening": _decimal(whole.opening, book), "steps": steps,
            "closing": _decimal(whole.closing, book), "customers": whole.customers}  # fmt: skip


def _months(since: str, until: str) -> Period:
    first, last = month_at(since, "from"), month_at(until, "to")
    if not 0 < months_between(first.since, last.until) <= MOST_MONTHS:
        raise HttpError(400, f"`to` must not lie before `from`, nor {MOST_MONTHS} months or more after it.")
    return Period(first.since, last.until)


@router.get("/revenue/renewal-rate", url_name="revenue_renewal_rate")
def revenue_renewal_rate(
    request: HttpRequest,
    from_: Annotated[str, Query(alias="from")],
    to: Annotated[str, Query()],
    by: Annotated[By, Query()] = By.MONTH,
    as_of: Annotated[Day | None, Query()] = None,
) -> dict[str, Any]:
    """Of what was due, what renewed, with the bounds that the open terms leave; told apart by `by`, as of a day."""
    member = caller(request, "revenue.read")
    if by not in renewal_rate.offered(member):
        raise HttpError(400, f"There is no field {by.value}.")
    book, span, place = book_at(member, as_of), _months(from_, to), house()
    terms = renewal_rate.due(book, span, place, is_past=book.as_of < place.today(timezone.now()))
    found = renewal_rate.told(book, terms, span, by, place.fiscal_start_month)
    return {
        "as_of": book.as_of,
        "currency": book.currency,
        "definition": RENEWAL.format(currency=book.currency),
        "by": by.value,
        "whole": _part(found.whole, book),
        "rows": [{"value": one.outside, "label": one.label, **_part(one, book)} for one in found.parts],
    }


def _part(one: Part, book: Book) -> dict[str, Any]:
    rate = one.rate
    amounts = {"due": one.due, **dict(zip((each.value for each in Outcome), one.printed, strict=False)),
               "kept": one.kept, "renewed": one.net, "late_90": one.late_90, "kept_90": one.kept_90}  # fmt: skip
    return {
        "terms": rate.count,
        **{key: _decimal(minor, book) for key, minor in amounts.items()},
        "rate": ratio(rate.dollar),
        "rate_highest": ratio(rate.highest),
        "net": ratio(rate.net),
        "logo": ratio(rate.logo),
        "logo_highest": ratio(one.highest_logo),
        "resolved": ratio(rate.resolved),
        "renewed_of_resolved": ratio(one.renewed_of_resolved),
        "rate_90": ratio(one.rate_90.dollar),
        "rate_90_highest": ratio(one.rate_90.highest),
        "logo_90": ratio(one.rate_90.logo),
    }


def _decimal(minor: int, book: Book) -> Decimal:
    return Decimal(money.decimal_string(minor, book.currency))


def ratio(value: Fraction | None) -> float | None:
    """Return a ratio as answers carry it."""
    return None if value is None else float(value)
