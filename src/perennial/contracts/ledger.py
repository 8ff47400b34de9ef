"""Reads of the ledger: MRR and its movements, over exactly the customers that the reader may see.

`rows` is the condition of those customers' rows (access.revenue_of): every total here is the sum over them. Sums are
exact; SQL adds numerators of one currency and denominator, and what is left is added as fractions and
valued by `Exchange`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import partial
from typing import Any, Protocol

from django.db.models import Min, Q, QuerySet, Sum

from perennial.contracts.calculations.columns import NOBODY, Booked, Groups
from perennial.contracts.calculations.exchange import held_through
from perennial.contracts.calculations.loose import Slot
from perennial.contracts.calculations.loose import booked as booked_by
from perennial.contracts.calculations.retention import Retention, Tally, tally
from perennial.contracts.calculations.waterfall import waterfall
from perennial.contracts.columns import Seen, seen
from perennial.contracts.models import Movement, Product
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import Movement as Moved
from perennial.contracts.terms import MovementKind
from perennial.kernel.periods import Period, day_before, months_of

Unit = tuple[int, int | None]
"""A customer and one of its products."""
Move = tuple[date, int, str, Fraction]
"""What a customer moved on a day: its currency and amount."""


@dataclass(frozen=True, slots=True)
class MovementRow:
    """One month in whole minor units: opening + movements = closing. `customers` paid at closing."""

    period: Period
    opening: int
    movements: dict[MovementKind, int]
    closing: int
    customers: int


def first_day(rows: Q | Seen) -> date | None:
    """Return the day of the first movement; None where there is none. At most one query."""
    days: list[date | None] = []
    rest: Q | None = rows if isinstance(rows, Q) else rows.rest
    if isinstance(rows, Seen) and rows.parts:
        days = [rows.parts[0][1].first_day(rows.changed)]
    if rest is not None:
        days.append(Movement.objects.filter(rest).aggregate(first=Min("on"))["first"])
    return min((day for day in days if day is not None), default=None)


def has_others(rows: Q | Seen, exchange: Exchange) -> bool:
    """Say whether anything is in another currency than ours. One query more than `seen`."""
    where = seen(rows)
    paying: Counter[str] = Counter()
    for sign, part in where.parts:
        paying.update({currency: sign * count for currency, count in part.paying_in().items()})
    if any(count for currency, count in paying.items() if currency != exchange.currency):
        return True
    return where.rest is not None and Movement.objects.filter(where.rest).exclude(currency=exchange.currency).exists()


def balances_before(day: date, rows: Q, exchange: Exchange) -> dict[int, Fraction]:
    """Return the MRR of each customer at the start of the day, before its movements; 0 where it left. One query, one
    more where somebody pays in another currency: that is worth what it was at the end of the day before."""
    return _worth(held_before(day, rows), exchange, day_before(day))


def _worth(held: Mapping[Slot, Fraction], exchange: Exchange, day: date) -> dict[int, Fraction]:
    found: dict[int, Fraction] = defaultdict(Fraction)
    for (customer_id, currency), amount in held.items():
        found[customer_id] += exchange.value(amount, currency, day)
    return dict(found)


def held_before(day: date, rows: Q) -> dict[Slot, Fraction]:
    """Return what each customer pays at the start of a day, by currency. One query."""
    sums = Movement.objects.filter(rows, on__lt=day).values_list("customer_id", "currency", "denominator")
    held: dict[Slot, Fraction] = defaultdict(Fraction)
    for customer_id, currency, denominator, numerator in sums.annotate(n=Sum("numerator")):
        held[customer_id, currency] += Fraction(int(numerator), denominator)
    return held


class Records(Protocol):
    """A ledger in the records: what columns do not tell of it."""

    def booked(self, months: Sequence[Period], as_of: date) -> Booked:
        """Return months as they were booked, up to a day."""

    def balances_on(self, day: date, exchange: Exchange) -> Mapping[int, Fraction]:
        """Return the MRR of each customer at the end of a day."""

    def balances_by_product(self, day: date, exchange: Exchange) -> Mapping[Unit, Fraction]:
        """Return the MRR of each customer and product at the end of a day."""

    def moved(self, span: Period, *, kind: MovementKind | None = None, but: str | None = None) -> Iterable[Move]:
        """Return what moved within a span, of one kind or all, of all currencies but one."""

    def held_in_others(self, day: date, currency: str) -> Mapping[Slot, Fraction]:
        """Return what each customer pays in other currencies at the start of a day."""


@dataclass(frozen=True)
class _Present:
    """The movements of a condition as they are known now, each on its own day."""

    rows: Q

    def booked(self, months: Sequence[Period], as_of: date) -> Booked:
        return _booked(months, self.rows, as_of)

    def balances_on(self, day: date, exchange: Exchange) -> Mapping[int, Fraction]:
        return balances_on(day, self.rows, exchange)

    def balances_by_product(self, day: date, exchange: Exchange) -> Mapping[Unit, Fraction]:
        return balances_by_product(day, self.rows, exchange)

    def moved(self, span: Period, *, kind: MovementKind | None = None, but: str | None = None) -> Iterable[Move]:
        rows = self.rows if kind is None else self.rows & Q(kind=kind.value)
        rows = rows if but is None else rows & ~Q(currency=but)
        found = happened(span.since, span.until, rows, day_before(span.until))
        return [(on, customer_id, currency, amount) for on, customer_id, _kind, currency, amount in found]

    def held_in_others(self, day: date, currency: str) -> Mapping[Slot, Fraction]:
        return held_before(day, self.rows & ~Q(currency=currency))


def rest_of(where: Seen, records: Records | None) -> Records | None:
    """Return what the records are asked of; None where columns tell everything."""
    return None if where.rest is None else records or _Present(where.rest)


def movement_rows(
    span: Period, rows: Q | Seen, exchange: Exchange, *, as_of: date, records: Records | None = None
) -> list[MovementRow]:
    """Return a row for each month that holds a day of the span. Two queries more than `seen`, however many customers,
    and one more where somebody pays in another currency.

    What lies after `as_of` has not happened: such movements are left out. A movement in another currency is worth what
    it was on its day, a balance what it was on the row's last; what rates did to it in between is `fx`. `records`:
    another ledger's, of what `seen` leaves to them (`reported.Entries`).
    """
    months = list(months_of(span))
    if not months:
        return []
    where = seen(rows)
    booked = Booked({}, [], [0] * len(months))
    for sign, part in where.parts:
        booked = booked.plus(part.booked(months, as_of, exchange.currency), sign)
    rest = rest_of(where, records)
    if rest is not None:
        booked = booked.plus(rest.booked(months, as_of))
    return _rows(booked, months, exchange, as_of)


def _rows(booked: Booked, months: Sequence[Period], exchange: Exchange, as_of: date) -> list[MovementRow]:
    opening = sum(
        (exchange.value(held, currency, day_before(months[0].since)) for currency, held in booked.held.items()),
        Fraction(0),
    )
    told = waterfall(opening, _valued(booked, months, exchange, as_of), months)
    return [
        MovementRow(row.period, row.opening, row.movements, row.closing, count)
        for row, count in zip(told, booked.customers, strict=True)
    ]


def _booked(months: Sequence[Period], rows: Q, as_of: date) -> Booked:
    """Return the months as the records tell them. Two queries."""
    before = held_before(months[0].since, rows)
    return booked_by(months, before, happened(months[0].since, months[-1].until, rows, as_of))


def _valued(booked: Booked, months: Sequence[Period], exchange: Exchange, as_of: date) -> list[Moved]:
    """Return the sums of each month by kind in our currency, with what rates did."""
    by_month: dict[date, list[tuple[date, MovementKind, str, Fraction]]] = defaultdict(list)
    for one in booked.moved:
        by_month[one[0].replace(day=1)].append(one)
    totals: dict[str, Fraction] = defaultdict(Fraction, booked.held)
    told: list[Moved] = []
    for month in months:
        until = min(month.until, as_of + timedelta(days=1))
        sums: dict[MovementKind, Fraction] = defaultdict(Fraction)
        moved: dict[str, list[tuple[date, Fraction]]] = defaultdict(list)
        for on, kind, currency, amount in by_month.get(month.since, ()):
            sums[kind] += exchange.value(amount, currency, on)
            moved[currency].append((on, amount))
        sums[MovementKind.FX] += fx_of(totals, moved, Period(month.since, max(until, month.since)), exchange)
        for currency, changes in moved.items():
            totals[currency] += sum((amount for _on, amount in changes), Fraction(0))
        told += [
            Moved(customer_id=0, product_id=None, on=month.since, kind=kind, amount=amount, currency="")
            for kind, amount in sums.items()
        ]
    return told


def fx_of(
    opening: Mapping[str, Fraction], moved: Mapping[str, Sequence[tuple[date, Fraction]]], month: Period,
    exchange: Exchange,
) -> Fraction:  # fmt: skip
    """Return what rates did within a month to balances by currency, computed from the balances and never as what is
    missing to the closing one (analytics 3.1)."""
    return sum(
        (
            held_through(
                opening.get(currency, Fraction(0)), moved.get(currency, ()), month, partial(exchange.rate, currency)
            )
            for currency in opening.keys() | moved.keys()
            if currency != exchange.currency and month.days
        ),
        Fraction(0),
    )


Happened = tuple[date, int, MovementKind, str, Fraction]


def happened(since: date, until: date, rows: Q, as_of: date) -> Iterator[Happened]:
    """Return what moved within [since, until) and up to a day. One query."""
    until = min(until, as_of + timedelta(days=1))
    found = Movement.objects.filter(rows, on__gte=since, on__lt=until)
    for on, customer_id, kind, currency, numerator, denominator in found.values_list(
        "on", "customer_id", "kind", "currency", "numerator", "denominator"
    ):
        yield on, customer_id, MovementKind(kind), currency, Fraction(numerator, denominator)


def retention(
    first: date, last: date, rows: Q | Seen, exchange: Exchange, *, records: Records | None = None
) -> Retention:
    """Return what the customers with MRR above zero on the first day hold on the last one. Two queries more than
    `seen`, three where somebody pays in another currency.

    Each day is told at its end: a line counts on the day it starts and not on the day it ends; both days are told at
    the rates of the first (analytics 3.2).
    """
    return tallies(first, last, rows, exchange, records=records).get(None, Tally()).retention()


def tallies(
    first: date, last: date, rows: Q | Seen, exchange: Exchange, groups: Groups | None = None, *,
    records: Records | None = None,
) -> dict[Any, Tally]:  # fmt: skip
    """Return the sums of the same by what `groups` says of each customer: everybody's under None where it says nothing.
    Queries: `retention`."""
    of, where, fixed = groups or Groups({}), seen(rows), exchange.fixed(first)
    found: dict[Any, Tally] = defaultdict(Tally)
    beside: list[tuple[int, dict[Any, list[int]], list[dict[int, Fraction]]]] = []
    for sign, part in where.parts:
        for (value, currency), one in part.tallies(first, last, of).items():
            found[value] = found[value].plus(one, exchange.rate(currency, first), sign)
        beside.append((sign, part.apart_by(of), [_worth(part.held(day), fixed, day) for day in (first, last)]))
    rest = rest_of(where, records)
    if rest is not None:
        balances = [dict(rest.balances_on(day, fixed)) for day in (first, last)]
        beside.append((1, of.split(list(balances[0])), balances))
    for sign, by_value, (before, after) in beside:
        for value, ids in by_value.items():
            theirs = {one: before[one] for one in ids if one in before}
            found[value] = found[value].plus(tally(theirs, after), sign=sign)
    return {value: one for value, one in found.items() if one.customers}


def tallies_by_product(
    first: date, last: date, rows: Q | Seen, exchange: Exchange, *, records: Records | None = None
) -> dict[int | None, Tally]:
    """Return the sums of the same by product: each customer's product is one, of the customers who paid on the first
    day at all. Three queries more than `seen`, five where somebody pays in another currency."""
    where, fixed = seen(rows), exchange.fixed(first)
    found: dict[int | None, Tally] = defaultdict(Tally)
    beside: list[tuple[int, dict[int, Fraction], list[dict[Unit, Fraction]]]] = []
    for sign, part in where.parts:
        for (product, currency), one in part.tallies_by_product(first, last).items():
            key = None if product == NOBODY else product
            found[key] = found[key].plus(one, exchange.rate(currency, first), sign)
        units = [_worth_of_units(part.held_by_product(day), fixed, day) for day in (first, last)]
        beside.append((sign, _worth(part.held(first), fixed, first), units))
    rest = rest_of(where, records)
    if rest is not None:
        units = [dict(rest.balances_by_product(day, fixed)) for day in (first, last)]
        beside.append((1, dict(rest.balances_on(first, fixed)), units))
    for sign, paid, (before, after) in beside:
        for unit, amount in before.items():
            if paid[unit[0]] > 0:
                found[unit[1]] = found[unit[1]].plus(tally({unit: amount}, after), sign=sign)
    return {product: one for product, one in found.items() if one.customers}


def balances_on(day: date, rows: Q, exchange: Exchange) -> dict[int, Fraction]:
    """Return the MRR of each customer at the end of the day; 0 where it left. Queries: `balances_before`."""
    return balances_before(day + timedelta(days=1), rows, exchange)


def balances_by_product(day: date, rows: Q, exchange: Exchange) -> dict[tuple[int, int | None], Fraction]:
    """Return the MRR of each customer and product at the end of the day; 0 where it left. Queries: `balances_before`.

    Together they are `balances_on`: a movement names its product.
    """
    sums = (
        Movement.objects.filter(rows, on__lte=day)
        .values_list("customer_id", "product_id", "currency", "denominator")
        .annotate(n=Sum("numerator"))
    )
    local: dict[tuple[int, int | None, str], Fraction] = defaultdict(Fraction)
    for customer_id, product_id, currency, denominator, numerator in sums:
        local[customer_id, product_id, currency] += Fraction(int(numerator), denominator)
    return _worth_of_units(local, exchange, day)


def _worth_of_units(
    held: Mapping[tuple[int, int | None, str], Fraction], exchange: Exchange, day: date
) -> dict[Unit, Fraction]:
    found: dict[Unit, Fraction] = defaultdict(Fraction)
    for (customer_id, product_id, currency), amount in held.items():
        found[customer_id, product_id] += exchange.value(amount, currency, day)
    return dict(found)


def customer_ids(rows: Q) -> QuerySet[Movement, int]:
    """Return the customers in the ledger that the reader may see, as a subquery for other tables. No query."""
    return Movement.objects.filter(rows).values_list("customer_id", flat=True)


def product_names() -> dict[int, str]:
    """Return what each product is called; one query."""
    return {pk: name or code for pk, name, code in Product.objects.values_list("id", "name", "code")}
