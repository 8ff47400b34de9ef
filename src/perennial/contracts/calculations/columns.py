"""Movements of many customers as columns: what a ledger of a million lines is summed from in milliseconds.

All amounts of a customer have one currency and one denominator, so that integers are added and compared, exactly. Who
pays in several currencies, or so finely that no common denominator fits, stands apart (`columns_of`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.contracts.calculations.retention import Tally
from perennial.contracts.terms import MovementKind
from perennial.kernel.periods import Period, day_number, day_of_number

KINDS = tuple(MovementKind)
NOBODY = -1
"""The product of a movement that names none."""
MOST_BITS, MOST_SHARED, MOST_MONEYS = 62, 2**32, 256
Ints = NDArray[np.int64]
Money = tuple[str, int]
"""A currency and a denominator."""
Happened = tuple[date, MovementKind, str, Fraction]
"""What happened on a day: its kind and its amount, minor units of a currency."""


@dataclass(frozen=True)
class Booked:
    """What a set of customers held before the first of some months, what moved in them, and how many paid at each
    one's end; amounts by currency. Two sets that share no customer are added."""

    held: dict[str, Fraction]
    moved: list[Happened]
    customers: list[int]

    def plus(self, other: Booked, sign: int = 1) -> Booked:
        """Return both together; -1 takes the other's customers away."""
        held = dict(self.held)
        for currency, amount in other.held.items():
            held[currency] = held.get(currency, Fraction(0)) + sign * amount
        moved = [(on, kind, currency, sign * amount) for on, kind, currency, amount in other.moved]
        customers = [one + sign * two for one, two in zip(self.customers, other.customers, strict=True)]
        return Booked(held, self.moved + moved, customers)


@dataclass(frozen=True)
class Columns:
    """A row for each movement, by customer, product and day. `code` is (place in `moneys`) × kinds + kind, `numerator`
    counts by that denominator, `step` is +1 where the customer starts to pay with the row's day, -1 where it stops."""

    customer: Ints
    product: Ints
    on: NDArray[np.int32]
    code: NDArray[np.int32]
    numerator: Ints
    step: NDArray[np.int8]
    moneys: tuple[Money, ...]

    @cached_property
    def starts(self) -> Ints:
        """Return the place of each customer's first row."""
        return _starts(self.customer)

    @cached_property
    def ids(self) -> Ints:
        """Return the customers, in order."""
        return self.customer[self.starts]

    @cached_property
    def money(self) -> Ints:
        """Return each customer's place in `moneys`."""
        return self.code[self.starts].astype(np.int64) // len(KINDS)

    @cached_property
    def units(self) -> Ints:
        """Return the place of the first row of each customer's product."""
        return np.union1d(self.starts, _starts(self.product))

    @cached_property
    def steps(self) -> Ints:
        """Return the rows on which somebody starts or stops to pay."""
        return np.flatnonzero(self.step)

    def only(self, ids: Ints) -> Columns:
        """Return the rows of these customers; who has none is left out. `ids` are in order, each once."""
        places = np.searchsorted(self.ids, ids)
        found = places[np.append(self.ids, NOBODY)[places] == ids]
        first = self.starts[found]
        lengths = np.append(self.starts, len(self.customer))[found + 1] - first
        rows = np.repeat(first - (np.cumsum(lengths) - lengths), lengths) + np.arange(int(lengths.sum()))
        return Columns(self.customer[rows], self.product[rows], self.on[rows], self.code[rows], self.numerator[rows],
                       self.step[rows], self.moneys)  # fmt: skip

    def first_day(self) -> date | None:
        """Return the day of the first movement; None without any."""
        return day_of_number(int(self.on.min())) if len(self.on) else None

    def paying_in(self) -> dict[str, int]:
        """Return how many customers pay in each currency."""
        counted: dict[str, int] = {}
        for (currency, _), count in zip(
            self.moneys, np.bincount(self.money, minlength=len(self.moneys)).tolist(), strict=True
        ):
            counted[currency] = counted.get(currency, 0) + count
        return counted

    def booked(self, months: Sequence[Period], as_of: date, currency: str) -> Booked:
        """Return the months as they were booked, up to a day. What moved in `currency` is told for each month on its
        first day, what moved in others on its own day."""
        until = min(months[-1].until, as_of + timedelta(days=1))
        days = [months[0].since, *(month.since for month in months)]
        sums = self._sums(self._slots(days, until), len(days) + 1)
        held: dict[str, Fraction] = {}
        moved: list[Happened] = []
        for slot, money, kind, amount in sums:
            theirs = self.moneys[money][0]
            if slot == 0:
                held[theirs] = held.get(theirs, Fraction(0)) + amount
            elif slot < len(days) and theirs == currency:
                moved.append((days[slot], kind, theirs, amount))
        foreign = [place for place, money in enumerate(self.moneys) if money[0] != currency]
        if foreign and days[0] < until:
            rows = np.flatnonzero(np.isin(self.code // len(KINDS), foreign))
            each = [days[0] + timedelta(days=n) for n in range((until - days[0]).days)]
            for slot, money, kind, amount in self._sums(self._slots([days[0], *each], until), len(each) + 2, rows):
                if 0 < slot <= len(each):
                    moved.append((each[slot - 1], kind, self.moneys[money][0], amount))
        return Booked(held, moved, self._paying(days, until))

    def _slots(self, days: Sequence[date], until: date) -> NDArray[np.int32]:
        """Return the slot of each row: 0 before the first of the days, then which day it is on or after, and
        len(days) from `until` on."""
        if not len(self.on):
            return np.zeros(0, np.int32)
        first, last = int(self.on.min()), int(self.on.max())
        table = np.searchsorted([day_number(day) for day in days[1:]], np.arange(first, last + 1), side="right")
        table[max(0, day_number(until) - first) :] = len(days)
        return table.astype(np.int32)[self.on - first]

    def _sums(
        self, slots: NDArray[np.int32], count: int, rows: Ints | None = None
    ) -> list[tuple[int, int, MovementKind, Fraction]]:
        codes, numerator = self.code, self.numerator
        if rows is not None:
            slots, codes, numerator = slots[rows], codes[rows], numerator[rows]
        width = len(self.moneys) * len(KINDS)
        found = []
        for place, amount in exact_sums(slots * width + codes, numerator, count * width).items():
            slot, code = divmod(place, width)
            money, kind = divmod(code, len(KINDS))
            found.append((slot, money, KINDS[kind], Fraction(amount, self.moneys[money][1])))
        return found

    def _paying(self, days: Sequence[date], until: date) -> list[int]:
        on, step = self.on[self.steps], self.step[self.steps]
        ends = [*days[2:], until]
        return [int(step[on < day_number(min(day, until))].sum(dtype=np.int64)) for day in ends]

    def balances(self, day: date, starts: Ints) -> Ints:
        """Return what stretches of rows (`starts`: `units`, or a customer's) sum up to at the end of a day."""
        if not len(starts):
            return np.zeros(0, np.int64)
        return np.add.reduceat(np.where(self.on <= day_number(day), self.numerator, 0), starts)

    def tallies(self, first: date, last: date, groups: Ints) -> dict[tuple[int, str], Tally]:
        """Return what became of those who paid at the end of the first day, by their group and currency. `groups`: a
        number from 0 on for each customer."""
        before, after = self.balances(first, self.starts), self.balances(last, self.starts)
        return self._tallied(before, after, groups, self.money)

    def tallies_by_product(self, first: date, last: date) -> dict[tuple[int, str], Tally]:
        """Return the same by product; each customer's product is one, and only of those who paid at all."""
        customer = np.searchsorted(self.starts, self.units, side="right") - 1
        paid = self.balances(first, self.starts)[customer] > 0
        before, after = (self.balances(day, self.units)[paid] for day in (first, last))
        products, groups = np.unique(self.product[self.units][paid], return_inverse=True)
        found = self._tallied(before, after, groups.astype(np.int64), self.money[customer][paid])
        return {(int(products[group]), currency): tally for (group, currency), tally in found.items()}

    def _tallied(self, before: Ints, after: Ints, groups: Ints, money: Ints) -> dict[tuple[int, str], Tally]:
        there = before > 0
        before, after, groups, money = before[there], np.maximum(after[there], 0), groups[there], money[there]
        width = len(self.moneys)
        keys = groups * width + money
        size = (int(groups.max()) + 1) * width if len(groups) else 0
        sums = [exact_sums(keys, values, size) for values in (before, np.minimum(before, after), after)]
        counts = [np.bincount(keys[kept], minlength=size) for kept in (slice(None), after > 0)]
        found: dict[tuple[int, str], Tally] = {}
        for place in sums[0]:
            group, at = divmod(place, width)
            currency, denominator = self.moneys[at]
            amounts = [Fraction(one.get(place, 0), denominator) for one in sums]
            told = Tally(amounts[0], amounts[1], amounts[2], int(counts[0][place]), int(counts[1][place]))
            found[group, currency] = found.get((group, currency), Tally()).plus(told)
        return found


class Groups:
    """What each customer counts for: `by_value` maps a value to customers' numbers, who is in none counts for None."""

    def __init__(self, by_value: Mapping[Any, Ints]) -> None:
        self.values = [*by_value, None]
        ids = np.concatenate([*by_value.values(), np.zeros(0, np.int64)])
        places = np.repeat(np.arange(len(by_value)), [len(one) for one in by_value.values()])
        order = np.argsort(ids, kind="stable")
        self._ids, self._places = ids[order], places[order]

    def numbered(self, ids: Ints) -> Ints:
        """Return the place in `values` of what each of these customers counts for."""
        if not len(self._ids):
            return np.full(len(ids), len(self.values) - 1)
        found = np.minimum(np.searchsorted(self._ids, ids), len(self._ids) - 1)
        return np.where(self._ids[found] == ids, self._places[found], len(self.values) - 1)

    def split(self, ids: Sequence[int]) -> dict[Any, list[int]]:
        """Return these customers by what they count for."""
        found: dict[Any, list[int]] = {}
        for one, number in zip(ids, self.numbered(np.array(ids, np.int64)).tolist(), strict=True):
            found.setdefault(self.values[number], []).append(one)
        return found


def _starts(values: Ints) -> Ints:
    return np.flatnonzero(np.diff(values, prepend=values[:1] - 1)) if len(values) else np.zeros(0, np.int64)


def exact_sums(keys: NDArray[np.integer], values: Ints, size: int) -> dict[int, int]:
    """Return the sum of the values of each key below `size`, those that are not zero: exact, however large.

    Doubles add whole numbers exactly below 2^53, so values are cut into parts small enough for as many as there are.
    """
    if not len(values):
        return {}
    bits = 52 - len(values).bit_length()
    found: dict[int, int] = {}
    shift, rest = 0, values
    while True:
        is_last = max(-int(rest.min()), int(rest.max())) < 2**bits
        part = rest if is_last else rest & (2**bits - 1)
        sums = np.bincount(keys, weights=part, minlength=size)
        for place in np.flatnonzero(sums).tolist():
            found[place] = found.get(place, 0) + (int(sums[place]) << shift)
        if is_last:
            return {place: total for place, total in found.items() if total}
        shift, rest = shift + bits, rest >> bits


def columns_of(read: Mapping[str, NDArray[np.int64]], currencies: Sequence[str]) -> tuple[Columns, list[int]]:
    """Return movements as columns, and the customers who stand apart.

    `read`: customer, product (NOBODY where none), on (day's number), kind (its place in KINDS), currency (its place in
    `currencies`), denominator, numerator.
    """
    order = np.lexsort((read["on"], read["product"], read["customer"]))
    rows = {name: values[order] for name, values in read.items()}
    starts = _starts(rows["customer"])
    place = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(order))))
    own, fits = _denominators(rows, starts, place)
    money, moneys = _moneys(rows["currency"][starts], own, fits, currencies)
    scale = np.where(money < 0, 0, np.array([one[1] for one in moneys] or [1])[money])[place] // rows["denominator"]
    size = np.add.reduceat(np.abs(rows["numerator"].astype(float)) * scale, starts) if len(starts) else np.zeros(0)
    kept = (money >= 0) & (size < 2.0**MOST_BITS)
    apart = rows["customer"][starts][~kept].tolist()
    stays = np.flatnonzero(kept[place])
    numerator = (rows["numerator"] * scale)[stays]
    customer, on = rows["customer"][stays], rows["on"][stays]
    return Columns(
        customer, rows["product"][stays], on.astype(np.int32),
        (money[place] * len(KINDS) + rows["kind"])[stays].astype(np.int32), numerator,
        _steps(customer, on, numerator), moneys,
    ), apart  # fmt: skip


def _denominators(rows: Mapping[str, Ints], starts: Ints, place: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the common denominator of each customer, and of whom it can be told: one currency, and it fits."""
    if not len(starts):
        return np.zeros(0, np.int64), np.zeros(0, np.bool_)
    different, at = np.unique(rows["denominator"], return_inverse=True)
    pairs = np.unique(place * len(different) + at)
    theirs, first = different[pairs % len(different)], _starts(pairs // len(different))
    fits = np.add.reduceat(np.log2(theirs.astype(float)), first) < MOST_BITS
    one = np.maximum.reduceat(rows["currency"], starts) == np.minimum.reduceat(rows["currency"], starts)
    return np.lcm.reduceat(theirs, first), fits & one


def _moneys(
    currency: Ints, own: Ints, fits: NDArray[np.bool_], currencies: Sequence[str]
) -> tuple[Ints, tuple[Money, ...]]:
    """Return each customer's money, -1 for none, and the moneys: denominators share a multiple as long as it is small,
    the most frequent first, so that few are left."""
    moneys: list[Money] = []
    told = np.full(len(own), -1, np.int64)
    pairs = np.stack([currency, own], axis=1)[fits]
    each, back, counts = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    of_pair = np.full(len(each), -1, np.int64)
    for pair in np.argsort(-counts, kind="stable").tolist():
        code, denominator = currencies[int(each[pair][0])], int(each[pair][1])
        for at, (other, shared) in enumerate(moneys):
            if other == code and (both := lcm(shared, denominator)) <= MOST_SHARED:
                moneys[at], of_pair[pair] = (code, both), at
                break
        else:
            if len(moneys) < MOST_MONEYS:
                of_pair[pair] = len(moneys)
                moneys.append((code, denominator))
    told[fits] = of_pair[back.reshape(-1)]
    return told, tuple(moneys)


def _steps(customer: Ints, on: Ints, numerator: Ints) -> NDArray[np.int8]:
    """Return on which rows their customer starts (+1) or stops (-1) to pay: the last row of the day tells."""
    step = np.zeros(len(customer), np.int8)
    if not len(customer):
        return step
    order = np.lexsort((on, customer))
    who, day = customer[order], on[order]
    starts = _starts(who)
    running = np.cumsum(numerator[order])  # may wrap around: differences within a customer do not
    running -= np.repeat((running - numerator[order])[starts], np.diff(np.append(starts, len(who))))
    last = np.flatnonzero(np.append((who[1:] != who[:-1]) | (day[1:] != day[:-1]), True))
    pays = (running[last] > 0).astype(np.int8)
    before = np.where(np.append(True, who[last][1:] != who[last][:-1]), 0, np.append(0, pays[:-1]))
    step[order[last]] = pays - before
    return step
