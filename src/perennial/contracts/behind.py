"""Who is behind a sum of the ledger: each customer's part, exact, of the columns where there are any and of the records
of who changed since, as the sums themselves (`ledger.py`). Names and lines are asked of the few that are shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.contracts.calculations.amounts import MOST, Amounts, present
from perennial.contracts.calculations.columns import KINDS, NOBODY, Columns, Groups
from perennial.contracts.calculations.loose import Loose, Slot
from perennial.contracts.calculations.parts import Ints
from perennial.contracts.columns import Seen
from perennial.contracts.ledger import Records, fx_of, rest_of
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import MovementKind
from perennial.kernel.periods import Period, day_before, day_number, day_of_number

Days = tuple[date, date]
Of = tuple[Groups, Any]
"""The customers of one group: the groups, and the group's value."""


@dataclass(frozen=True)
class Source:
    """Where a ledger is read: of the columns all who did not change since (`columns`, `loose`), of the records the
    rest."""

    seen: Seen
    records: Records | None
    exchange: Exchange

    @cached_property
    def columns(self) -> Columns | None:
        """Return the rows of those in columns; None where there are none."""
        if not self.seen.parts:
            return None
        rows = self.seen.parts[0][1].rows
        changed = self.seen.changed
        return rows.only(rows.ids[~np.isin(rows.ids, changed)]) if changed else rows

    @cached_property
    def loose(self) -> Loose:
        """Return the rows of those who stand apart from the columns."""
        changed = set(self.seen.changed)
        rows = self.seen.parts[0][1].loose.rows if self.seen.parts else []
        return Loose([row for row in rows if row[0] not in changed])

    @cached_property
    def rest(self) -> Records | None:
        """Return what the records are asked of."""
        return rest_of(self.seen, self.records)

    def balances(self, day: date, rates: Exchange) -> dict[int, Fraction]:
        """Return the MRR of those beside the columns at the end of a day. At most two queries."""
        found: dict[int, Fraction] = {}
        for (customer, currency), amount in self.loose.held(day).items():
            found[customer] = found.get(customer, Fraction(0)) + rates.value(amount, currency, day)
        return found | dict(self.rest.balances_on(day, rates) if self.rest else {})

    def by_product(self, day: date, rates: Exchange, product: int | None) -> dict[int, Fraction]:
        """Return what they pay for one product. At most two queries."""
        found: dict[int, Fraction] = {}
        for (customer, one, currency), amount in self.loose.held_by_product(day).items():
            if one == product:
                found[customer] = found.get(customer, Fraction(0)) + rates.value(amount, currency, day)
        rest = self.rest.balances_by_product(day, rates) if self.rest else {}
        return found | {customer: amount for (customer, one), amount in rest.items() if one == product}


def held(day: date, source: Source) -> Amounts:
    """Return the MRR of each customer at the end of a day, at its rates. At most two queries."""
    beside, columns = source.balances(day, source.exchange), source.columns
    if columns is None:
        return Amounts.of(beside)
    numerator = columns.balances(day, columns.starts)
    return _amounts(columns, numerator, columns.starts, _rates(columns, numerator, day, source.exchange), beside)


def held_under(day: date, source: Source, product: int, beside: Mapping[int, Fraction]) -> Amounts:
    """Return what each customer pays under one product at the end of a day, where it is anything, and these `beside`.
    No query."""
    told = source.by_product(day, source.exchange, product) | dict(beside)
    columns = source.columns
    if columns is None:
        return Amounts.of(told).nonzero()
    rows = columns.units[columns.product[columns.units] == product]
    numerator = columns.balances(day, columns.units)[columns.product[columns.units] == product]
    currencies = present(columns.code[rows[numerator != 0]] // len(KINDS))
    rates = {place: source.exchange.rate(columns.currencies[place], day) for place in currencies}
    return _amounts(columns, numerator, rows, rates, told).nonzero()


def cohort(days: Days, source: Source, *, capped: bool, of: Of | None = None) -> tuple[Amounts, Amounts]:
    """Return what each customer with MRR above zero on the first of two days pays then, and what it holds on the
    second: nothing below zero, and `capped` no more than before. Both at the rates of the first day. At most four
    queries. `of`: only the customers of a group."""
    rates = source.exchange.fixed(days[0])
    before, after = (source.balances(day, rates) for day in days)
    columns = source.columns
    if of is not None:
        groups, value = of
        theirs = set(groups.split([*before]).get(value, ()))
        before = {key: amount for key, amount in before.items() if key in theirs}
    if columns is None:
        return cohort_of(before, after, capped=capped)
    numerators = tuple(columns.balances(day, columns.starts) for day in days)
    kept = np.flatnonzero(_of(columns, of))
    told = numerators[0][kept], numerators[1][kept]
    return _cohort(columns, columns.starts[kept], told, before, after,
                   _rates(columns, numerators[0], days[0], rates), capped=capped)  # fmt: skip


def cohort_of_product(days: Days, source: Source, product: int | None, *, capped: bool) -> tuple[Amounts, Amounts]:
    """Return the same of one product, of the customers who paid anything at all on the first day. At most six
    queries."""
    rates = source.exchange.fixed(days[0])
    paid = source.balances(days[0], rates)
    before, after = (source.by_product(day, rates, product) for day in days)
    before = {key: amount for key, amount in before.items() if paid.get(key, 0) > 0}
    columns = source.columns
    if columns is None:
        return cohort_of(before, after, capped=capped)
    whole = columns.balances(days[0], columns.starts)
    customer = np.searchsorted(columns.starts, columns.units, side="right") - 1
    key = NOBODY if product is None else product
    kept = np.flatnonzero((whole[customer] > 0) & (columns.product[columns.units] == key))
    told = tuple(columns.balances(day, columns.units)[kept] for day in days)
    return _cohort(columns, columns.units[kept], (told[0], told[1]), before, after,
                   _rates(columns, whole, days[0], rates), capped=capped)  # fmt: skip


def cohort_of(
    opening: Mapping[int, Fraction], closing: Mapping[int, Fraction], *, capped: bool
) -> tuple[Amounts, Amounts]:
    """Return the cohort of balances that are known: those above zero, and what they hold later (`cohort`)."""
    before = {key: amount for key, amount in opening.items() if amount > 0}
    after = {key: max(closing.get(key, Fraction(0)), Fraction(0)) for key in before}
    if capped:
        after = {key: min(amount, before[key]) for key, amount in after.items()}
    return Amounts.of(before), Amounts.of(after)


def moved(months: Iterable[Period], kind: MovementKind, source: Source, *, as_of: date) -> dict[date, Amounts]:
    """Return what each customer moved in each of some months up to a day, in movements of a kind, each at the rates of
    its day, by the month's first. At most three queries, for `fx` five."""
    until = as_of + timedelta(days=1)
    happened = [Period(one.since, min(one.until, until)) for one in months if one.since < until]
    if not happened:
        return {}
    return _fx(happened, source) if kind is MovementKind.FX else _happened(happened, kind, source)


Worth = Mapping[int, Fraction]


def _amounts(
    columns: Columns, numerator: Ints, rows: Ints, rates: Worth, beside: Mapping[int, Fraction]
) -> Amounts:  # fmt: skip
    worth = [rates.get(place, Fraction(0)) for place in range(len(columns.currencies))]
    return Amounts(columns.customer[rows], numerator, columns.own[rows], columns.code[rows] // len(KINDS),
                   columns.parts, worth, beside)  # fmt: skip


def _rates(columns: Columns, numerator: Ints, day: date, exchange: Exchange) -> dict[int, Fraction]:
    """Return what the currencies in which anything is held are worth: nothing needs no rate."""
    return {place: exchange.rate(columns.currencies[place], day)
            for place in present(columns.currency[numerator != 0])}  # fmt: skip


def _of(columns: Columns, of: Of | None) -> NDArray[np.bool_]:
    if of is None:
        return np.ones(len(columns.ids), np.bool_)
    groups, value = of
    found: NDArray[np.bool_] = groups.numbered(columns.ids) == groups.values.index(value)
    return found


def _cohort(
    columns: Columns, rows: Ints, numerators: tuple[Ints, Ints], opening: Mapping[int, Fraction],
    closing: Mapping[int, Fraction], rates: Worth, *, capped: bool,
) -> tuple[Amounts, Amounts]:  # fmt: skip
    beside = cohort_of(opening, closing, capped=capped)
    there = numerators[0] > 0
    before, after = numerators[0][there], np.maximum(numerators[1][there], 0)
    after = np.minimum(before, after) if capped else after
    return (_amounts(columns, before, rows[there], rates, beside[0].beside),
            _amounts(columns, after, rows[there], rates, beside[1].beside))  # fmt: skip


def _happened(months: Sequence[Period], kind: MovementKind, source: Source) -> dict[date, Amounts]:
    span, exchange = Period(months[0].since, months[-1].until), source.exchange
    each = [(row[2], row[0], row[4], row[5]) for row in source.loose.rows if row[3] is kind and row[2] in span]
    each += source.rest.moved(span, kind=kind) if source.rest else ()
    beside: dict[date, dict[int, Fraction]] = {month.since: defaultdict(Fraction) for month in months}
    for on, customer, currency, amount in each:
        beside[on.replace(day=1)][customer] += exchange.value(amount, currency, on)
    columns = source.columns
    if columns is None:
        return {month: Amounts.of(amounts) for month, amounts in beside.items()}
    rows = np.flatnonzero((columns.code % len(KINDS) == KINDS.index(kind)) & _within(columns, span))
    return {
        month.since: _valued(columns, [(one, columns.numerator[one], columns.on[one])], exchange, beside[month.since])
        for month in months for one in [rows[_within(columns, month, rows)]]
    }  # fmt: skip


def _fx(months: Sequence[Period], source: Source) -> dict[date, Amounts]:
    """Return what rates did to each customer, month by month: what its balance is worth more at the end than at the
    start and by its movements, each at the rates of its day."""
    exchange, first = source.exchange, day_before(months[0].since)
    theirs = exchange.currency
    held: dict[Slot, Fraction] = defaultdict(Fraction, {
        slot: amount for slot, amount in source.loose.held(first).items() if slot[1] != theirs
    })  # fmt: skip
    span = Period(months[0].since, months[-1].until)
    each = [(row[2], row[0], row[4], row[5]) for row in source.loose.rows if row[4] != theirs and row[2] in span]
    if source.rest:
        held.update(source.rest.held_in_others(months[0].since, theirs))
        each += source.rest.moved(span, but=theirs)
    moves: dict[date, dict[Slot, list[tuple[date, Fraction]]]] = {one.since: defaultdict(list) for one in months}
    for on, customer, currency, amount in each:
        moves[on.replace(day=1)][customer, currency].append((on, amount))
    columns = source.columns.paying_in_others(theirs) if source.columns else None
    found: dict[date, Amounts] = {}
    for month in months:
        beside: dict[int, Fraction] = defaultdict(Fraction)
        for slot in held.keys() | moves[month.since].keys():
            changed = moves[month.since].get(slot, [])
            beside[slot[0]] += fx_of({slot[1]: held[slot]}, {slot[1]: changed}, month, exchange)
            held[slot] += sum((amount for _on, amount in changed), Fraction(0))
        if columns is None or not len(columns.ids):
            found[month.since] = Amounts.of(beside).nonzero()
            continue
        told: list[_Part] = []
        for sign, day in ((-1, day_before(month.since)), (1, day_before(month.until))):
            balances = columns.balances(day, columns.starts)
            some = np.flatnonzero(balances)
            told.append((columns.starts[some], sign * balances[some], np.full(len(some), day_number(day))))
        rows = np.flatnonzero(_within(columns, month))
        told.append((rows, -columns.numerator[rows], columns.on[rows]))
        found[month.since] = _valued(columns, told, exchange, beside).nonzero()
    return found


def _within(columns: Columns, span: Period, rows: Ints | None = None) -> NDArray[np.bool_]:
    on = columns.on if rows is None else columns.on[rows]
    found: NDArray[np.bool_] = (on >= day_number(span.since)) & (on < day_number(span.until))
    return found


_Part = tuple[Ints, Ints, NDArray[np.integer[Any]]]
"""Rows of customers, numbers of their parts, and the day at whose rates each is worth something."""


def _valued(
    columns: Columns, parts: Sequence[_Part], exchange: Exchange, beside: Mapping[int, Fraction]
) -> Amounts:  # fmt: skip
    """Return the sum of each customer, each number at the rates of its day: in numbers of a worth that all of a
    currency share, as fractions where those have too many digits."""
    rows, numerator, on = (np.concatenate(one) for one in zip(*parts, strict=True))
    if not len(rows):
        return Amounts.of(beside)
    order = np.argsort(columns.customer[rows], kind="stable")
    rows, numerator, on = rows[order], numerator[order], on[order].astype(np.int64)
    currency = columns.code[rows] // len(KINDS)
    factor, is_large, worth = np.ones(len(rows), np.int64), np.zeros(len(rows), np.bool_), {}
    for place in present(currency):
        theirs = np.flatnonzero(currency == place)
        days, which = np.unique(on[theirs], return_inverse=True)
        rates = [exchange.rate(columns.currencies[place], day_of_number(day)) for day in days.tolist()]
        under = lcm(*(rate.denominator for rate in rates))
        over, worth[place] = [int(rate * under) for rate in rates], Fraction(1, under)
        if max(over) < MOST:
            factor[theirs] = np.array(over, np.int64)[which.reshape(-1)]
        else:
            is_large[theirs] = True
    starts = np.flatnonzero(np.diff(columns.customer[rows], prepend=NOBODY))
    size = np.add.reduceat(np.abs(numerator.astype(float)) * factor, starts)
    is_large |= np.repeat(size >= MOST, np.diff(np.append(starts, len(rows))))
    apart: dict[int, Fraction] = defaultdict(Fraction, beside)
    for place in np.flatnonzero(is_large).tolist():
        row = rows[place]
        amount = Fraction(int(numerator[place]), int(columns.parts.denominators[columns.own[row]]))
        rate = exchange.rate(columns.currencies[int(currency[place])], day_of_number(int(on[place])))
        apart[int(columns.customer[row])] += amount * rate
    rows, numerator = rows[~is_large], (numerator * factor)[~is_large]
    if not len(rows):
        return Amounts.of(apart)
    starts = np.flatnonzero(np.diff(columns.customer[rows], prepend=NOBODY))
    return _amounts(columns, np.add.reduceat(numerator, starts), rows[starts], worth, apart)
