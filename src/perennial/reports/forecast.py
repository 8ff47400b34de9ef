"""The forecast as one member sees it: by month, quarter, segment and CSM, and term by term. The page, the exports and
the API answer these same rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from django.db.models import Q

from perennial.contracts import access
from perennial.customers.access import customers_of
from perennial.customers.aliases import aliases
from perennial.customers.models import PortfolioRow
from perennial.insights import accuracy, forecast, freezing, learning
from perennial.insights.accuracy import Accuracy
from perennial.insights.due import view_of
from perennial.insights.forecast import Fan, Forecast
from perennial.insights.terms import Term
from perennial.kernel.among import among
from perennial.kernel.organisation.queries import House, house
from perennial.kernel.periods import Period, fiscal_quarter, month_of
from perennial.members.access import scope_of
from perennial.members.models import Member
from perennial.renewals.terms import Category

EDITS = "customers.edit"
"""By which ability, on the customer, a member may move a term."""


class By(StrEnum):
    """What the forecast is told apart by."""

    MONTH = "month"
    QUARTER = "quarter"
    SEGMENT = "segment"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Named:
    """A customer as lists name it."""

    key: str
    name: str


@dataclass(frozen=True)
class Told:
    """A forecast with the names that it is shown by."""

    forecast: Forecast
    currency: str
    customers: dict[int, Named]
    members: dict[int, str]

    @property
    def terms(self) -> list[Term]:
        """Return the terms, by due day."""
        return self.forecast.terms

    def quarter_of(self, day: date) -> Period:
        """Return the fiscal quarter that holds the day."""
        return fiscal_quarter(day, self.forecast.first_month).period

    def places(self, period: Period | None, category: str = "") -> list[int]:
        """Return the places of the terms of a period (None: all), of a part of what is due ("": of all parts)."""
        return [place for place, one in enumerate(self.terms)
                if (period is None or one.due_on in period) and (not category or part_of(one) == category)]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """Some terms together, in minor units: `amounts` by PARTS of forecast_figures, which add up to what is due, and
    the fan. `value`: a period's first day, a segment, or a member's number; None for the whole or nobody."""

    value: Hashable
    count: int
    amounts: dict[str, int]
    fan: Fan


def part_of(one: Term) -> str:
    """Return which part of what is due a term belongs to."""
    if one.category is Category.LOST:
        return "signed_off"
    if one.category is not None:
        return one.category.value
    return "renewed" if one.is_renewed else "lost"


def told(member: Member, *, at: datetime, as_of: date | None = None, place: House | None = None) -> Told | None:
    """Return the forecast of today, or as the last week frozen up to `as_of` knew it; None where there is none.

    About sixteen queries for 500 customers, seven of a frozen week.
    """
    place = place or house()
    today, rows = place.today(at), access.facts_of(member)
    if as_of is None or as_of == today:
        learned = learning.latest()
        if learned is None:
            return None
        return named(forecast.today(rows, view_of(place, today), learned, place.fiscal_start_month), place.currency)
    snapshot = forecast.snapshot_at(as_of)
    if snapshot is None or as_of > today:
        return None
    return named(forecast.frozen(snapshot, rows, place.fiscal_start_month), snapshot.currency)


def named(found: Forecast, currency: str) -> Told:
    """Return a forecast with the names that it is shown by. Two queries."""
    ids = sorted({one.customer_id for one in found.terms})
    customers, members = {}, {}
    rows = PortfolioRow.objects.filter(among("customer_id", ids))
    for customer, key, name in rows.values_list("customer_id", "key", "name"):
        customers[customer] = Named(key, name)
    owners = {one.owner_id for one in found.terms if one.owner_id is not None}
    if owners:
        members = dict(Member.objects.filter(id__in=owners).values_list("id", "name"))
    return Told(found, currency, customers, members)


Grouped = tuple[list[Group], Group]
"""Groups, and their whole."""


def groups(found: Told, by: By, period: Period | None = None) -> Grouped:
    """Return the groups of a period's terms (None: of all) and their whole; periods in order, others by what is due.

    Amounts add up to the whole; fans do not, since not every group has its bad day at once. No query.
    """
    [made] = groups_of(found, [(by, period)])
    return made


def groups_of(found: Told, ways: Sequence[tuple[By, Period | None]]) -> list[Grouped]:
    """Return the `groups` of several ways of telling, all from one run of draws. No query."""
    sorts = [_sorts(found, by, period) for by, period in ways]
    fans = iter(forecast.fans(found.forecast, [group for _by, named in sorts for _value, group in named]))
    return [_in_order(by, [_group(found, value, group, next(fans)) for value, group in named]) for by, named in sorts]


def _sorts(found: Told, by: By, period: Period | None) -> tuple[By, list[tuple[Hashable, list[int]]]]:
    """Return each value with the places of its terms, the whole as the last."""
    places = found.places(period)
    grouped: dict[Hashable, list[int]] = defaultdict(list)
    for place in places:
        grouped[_value(found, found.terms[place], by)].append(place)
    return by, [*grouped.items(), (None, places)]


def _in_order(by: By, made: list[Group]) -> Grouped:
    *some, whole = made
    if by in {By.MONTH, By.QUARTER}:
        return sorted(some, key=lambda one: str(one.value)), whole
    return sorted(some, key=lambda one: (one.value in {None, ""}, -one.amounts["due"], str(one.value))), whole


def _value(found: Told, one: Term, by: By) -> Hashable:
    match by:
        case By.MONTH:
            return month_of(one.due_on).since
        case By.QUARTER:
            return found.quarter_of(one.due_on).since
        case By.SEGMENT:
            return one.segment
        case By.OWNER:
            return one.owner_id


def _group(found: Told, value: Hashable, places: Sequence[int], fan: Fan) -> Group:
    amounts = dict.fromkeys(("due", "renewed", "lost", "commit", "best_case", "at_risk", "signed_off"), 0)
    for place in places:
        one = found.terms[place]
        amounts["due"] += one.arr
        if one.is_open:
            amounts[part_of(one)] += one.arr
        else:
            amounts["renewed"] += one.kept
            amounts["lost"] += one.arr - one.kept
    return Group(value, len(places), amounts, fan)


def counts(found: Told, places: Sequence[int]) -> tuple[int, ...]:
    """Return how many of the terms renew at 10, 50 and 90 % if nothing systematic happens. No query."""
    return forecast.counts([found.terms[place] for place in places])


def at_stake(found: Told, places: Sequence[int]) -> list[Term]:
    """Return terms as they are listed: open ones by the amount that is likely to be lost, then the others by day."""
    terms = [found.terms[place] for place in places]
    return sorted(terms, key=lambda one: (
        not one.is_open, -one.arr * (1 - one.probability.rate.p) if one.probability else 0, one.due_on, one.customer_id,
    ))  # fmt: skip


def term_of(member: Member, key: str, due_on: date, *, at: datetime) -> tuple[Term, Named, bool] | None:
    """Return an open term that the member sees today, its customer, and whether he may move it; else None."""
    place, learned = house(), learning.latest()
    customer = customers_of(member, access.ABILITY).filter(key=key).first()
    if customer is None or learned is None:
        return None
    rows = access.facts_of(member) & Q(customer_id__in=aliases().family([customer.pk]))
    found = forecast.today(rows, view_of(place, place.today(at)), learned, place.fiscal_start_month)
    term = next((one for one in found.terms if one.due_on == due_on and one.is_open), None)
    if term is None:
        return None
    return term, Named(customer.key, customer.name), customers_of(member, EDITS).filter(pk=customer.pk).exists()


@dataclass(frozen=True)
class Record:
    """How good the forecasts of what a member sees were. `missing`: weeks that nobody froze and that can be rebuilt;
    before the first of them that was, nothing was known that a forecast could be made of."""

    found: Accuracy
    currency: str
    members: dict[int, str]
    missing: int
    next_on: date
    is_all: bool


def record(member: Member, *, at: datetime) -> Record:
    """Return how good the forecasts were. About twelve queries, one more for each frozen week that is judged."""
    place = house()
    on, is_all = place.today(at), scope_of(member, access.ABILITY) == "all"
    found = accuracy.judged(access.facts_of(member), view_of(place, on), place.fiscal_start_month, of_all=is_all)
    owners = [one.owner_id for one in found.scored if one.owner_id is not None]
    names = dict(Member.objects.filter(id__in=owners).values_list("id", "name"))
    missing = [week for week in freezing.missing_weeks(on) if found.first_week is None or week > found.first_week]
    return Record(found, place.currency, names, len(missing), freezing.next_freeze(on), is_all)
