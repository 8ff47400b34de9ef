"""Movements of many customers as columns: what a ledger of a million lines is summed from in milliseconds.

All amounts of a customer have one currency and one denominator, so that integers are added and compared, exactly; over
customers they are summed by partial fractions (`parts`). Who pays in several currencies, or so finely that no common
denominator fits, stands apart (`columns_of`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.contracts.calculations.parts import Ints, Parts, Split, parts_of, ranges
from perennial.contracts.calculations.retention import Tally
from perennial.contracts.terms import MovementKind
from perennial.kernel.periods import Period, day_number

KINDS = tuple(MovementKind)
NOBODY = -1
"""The product of a movement that names none."""
MOST_BITS = 62
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
    """A row for each movement, by customer, product and day. `code` is (place in `currencies`) × kinds + kind,
    `numerator` counts by the customer's denominator (`own`: its place in `parts`), `step` is +1 where the customer
    starts to pay with the row's day, -1 where it stops."""

    customer: Ints
    product: Ints
    on: NDArray[np.int32]
    code: NDArray[np.int32]
    numerator: Ints
    own: NDArray[np.int32]
    step: NDArray[np.int8]
    currencies: tuple[str, ...]
    parts: Parts

    @cached_property
    def starts(self) -> Ints:
        """Return the place of each customer's first row."""
        return _starts(self.customer)

    @cached_property
    def ids(self) -> Ints:
        """Return the customers, in order."""
        return self.customer[self.starts]

    @cached_property
    def currency(self) -> Ints:
        """Return each customer's place in `currencies`."""
        return self.code[self.starts].astype(np.int64) // len(KINDS)

    @cached_property
    def amounts(self) -> Split:
        """Return what each row moved, ready to be summed."""
        return self.parts.split(self.numerator, self.own)

    @cached_property
    def units(self) -> Ints:
        """Return the place of the first row of each customer's product."""
        is_first = np.zeros(len(self.product), np.bool_)
        is_first[self.starts] = is_first[_starts(self.product)] = True
        return np.flatnonzero(is_first)

    @cached_property
    def steps(self) -> Ints:
        """Return the rows on which somebody starts or stops to pay."""
        return np.flatnonzero(self.step)

    def only(self, ids: Ints) -> Columns:
        """Return the rows of these customers; who has none is left out. `ids` are in order, each once."""
        places = np.searchsorted(self.ids, ids)
        found = places[np.append(self.ids, NOBODY)[places] == ids]
        first = self.starts[found]
        rows = ranges(first, np.append(self.starts, len(self.customer))[found + 1] - first)
        return Columns(self.customer[rows], self.product[rows], self.on[rows], self.code[rows], self.numerator[rows],
                       self.own[rows], self.step[rows], self.currencies, self.parts)  # fmt: skip

    def first_days(self) -> NDArray[np.int32]:
        """Return the day of each customer's first movement."""
        return np.minimum.reduceat(self.on, self.starts) if len(self.on) else self.on

    def paying_in(self) -> dict[str, int]:
        """Return how many customers pay in each currency."""
        counts = np.bincount(self.currency, minlength=len(self.currencies))
        return dict(zip(self.currencies, counts.tolist(), strict=True))

    def paying_in_others(self, currency: str) -> Columns:
        """Return the customers who pay in any other currency."""
        if currency not in self._others:
            ours = self.currencies.index(currency) if currency in self.currencies else NOBODY
            self._others[currency] = self.only(self.ids[self.currency != ours])
        return self._others[currency]

    @cached_property
    def _others(self) -> dict[str, Columns]:
        return {}

    def booked(self, months: Sequence[Period], as_of: date, currency: str) -> Booked:
        """Return the months as they were booked, up to a day. What moved in `currency` is told for each month on its
        first day, what moved in others on its own day."""
        until = min(months[-1].until, as_of + timedelta(days=1))
        days = [months[0].since, *(month.since for month in months)]
        held: dict[str, Fraction] = {}
        moved: list[Happened] = []
        slots = self._slots(days, until)
        for slot, theirs, kind, amount in self._sums(slots, len(days) + 1):
            if slot == 0:
                held[theirs] = held.get(theirs, Fraction(0)) + amount
            elif slot < len(days) and theirs == currency:
                moved.append((days[slot], kind, theirs, amount))
        others = self.paying_in_others(currency)
        if len(others.ids) and days[0] < until:
            each = [days[0] + timedelta(days=n) for n in range((until - days[0]).days)]
            for slot, theirs, kind, amount in others._sums(others._slots([days[0], *each], until), len(each) + 2):
                if 0 < slot <= len(each):
                    moved.append((each[slot - 1], kind, theirs, amount))
        return Booked(held, moved, self._paying(slots, len(days)))

    def _slots(self, days: Sequence[date], until: date) -> NDArray[np.int32]:
        """Return the slot of each row: 0 before the first of the days, then which day it is on or after, and
        len(days) from `until` on."""
        if not len(self.on):
            return np.zeros(0, np.int32)
        first, last = int(self.on.min()), int(self.on.max())
        table = np.searchsorted([day_number(day) for day in days[1:]], np.arange(first, last + 1), side="right")
        table[max(0, day_number(until) - first) :] = len(days)
        return table.astype(np.int32)[self.on - first]

    def _sums(self, slots: NDArray[np.int32], count: int) -> list[tuple[int, str, MovementKind, Fraction]]:
        width = len(self.currencies) * len(KINDS)
        found = []
        for place, amount in self.amounts.sums(slots * width + self.code, count * width).items():
            slot, code = divmod(place, width)
            found.append((slot, self.currencies[code // len(KINDS)], KINDS[code % len(KINDS)], amount))
        return found

    def _paying(self, slots: NDArray[np.int32], count: int) -> list[int]:
        """Return how many pay at the end of each of so many slots but the first."""
        steps = np.bincount(slots[self.steps], weights=self.step[self.steps], minlength=count + 1)
        return [int(one) for one in np.cumsum(steps)[1:count]]

    def balances(self, day: date, starts: Ints) -> Ints:
        """Return what stretches of rows (`starts`: `units`, or a customer's) sum up to at the end of a day."""
        if not len(starts):
            return np.zeros(0, np.int64)
        return np.add.reduceat(np.where(self.on <= day_number(day), self.numerator, 0), starts)

    def tallies(self, first: date, last: date, groups: Ints) -> dict[tuple[int, str], Tally]:
        """Return what became of those who paid at the end of the first day, by their group and currency. `groups`: a
        number from 0 on for each customer."""
        before, after = self.balances(first, self.starts), self.balances(last, self.starts)
        return self._tallied(before, after, groups, self.starts)

    def tallies_by_product(self, first: date, last: date) -> dict[tuple[int, str], Tally]:
        """Return the same by product; each customer's product is one, and only of those who paid at all."""
        customer = np.searchsorted(self.starts, self.units, side="right") - 1
        paid = self.balances(first, self.starts)[customer] > 0
        starts = self.units[paid]
        before, after = (self.balances(day, self.units)[paid] for day in (first, last))
        products, groups = np.unique(self.product[starts], return_inverse=True)
        found = self._tallied(before, after, groups.reshape(-1), starts)
        return {(int(products[group]), currency): tally for (group, currency), tally in found.items()}

    def _tallied(self, before: Ints, after: Ints, groups: Ints, starts: Ints) -> dict[tuple[int, str], Tally]:
        there = before > 0
        before, after, rows = before[there], np.maximum(after[there], 0), starts[there]
        width = len(self.currencies)
        keys = groups[there] * width + self.code[rows] // len(KINDS)
        size = (int(keys.max()) // width + 1) * width if len(keys) else 0
        opened, lost, gained = (
            self.parts.split(values[told], self.own[rows[told]]).sums(keys[told], size)
            for values in (before, before - after, after - before)
            for told in [np.flatnonzero(values > 0)]
        )
        customers, kept = (np.bincount(keys[told], minlength=size) for told in (slice(None), after > 0))
        found, zero = {}, Fraction(0)
        for place, opening in opened.items():
            held = opening - lost.get(place, zero)
            found[place // width, self.currencies[place % width]] = Tally(
                opening, held, held + gained.get(place, zero), int(customers[place]), int(kept[place])
            )
        return found


def numbers(text: str | None) -> Ints:
    """Return the whole numbers of a text ("3,1,2", as `kernel.joined` tells them), in order, each once."""
    if not text:
        return np.zeros(0, np.int64)
    found = np.sort(np.fromstring(text, np.int64, sep=","))
    return found[np.flatnonzero(np.append(True, found[1:] != found[:-1]))]


class Groups:
    """What each customer counts for: `by_value` maps a value to the numbers of customers, as `kernel.joined` tells
    them; who is in none counts for None. `key` is the same for the same groups."""

    def __init__(self, by_value: Mapping[Any, str]) -> None:
        self.values = [*by_value, None]
        self.key = blake2b(repr(by_value).encode(), digest_size=16).hexdigest()
        self._by_value = by_value

    @cached_property
    def _places(self) -> tuple[Ints, Ints]:
        numbered = [numbers(text) for text in self._by_value.values()]
        ids = np.concatenate([*numbered, np.zeros(0, np.int64)])
        order = np.argsort(ids, kind="stable")
        return ids[order], np.repeat(np.arange(len(numbered)), [len(one) for one in numbered])[order]

    def numbered(self, ids: Ints) -> Ints:
        """Return the place in `values` of what each of these customers counts for."""
        known, places = self._places
        if not len(known):
            return np.full(len(ids), len(self.values) - 1)
        found = np.minimum(np.searchsorted(known, ids), len(known) - 1)
        return np.where(known[found] == ids, places[found], len(self.values) - 1)

    def split(self, ids: Sequence[int]) -> dict[Any, list[int]]:
        """Return these customers by what they count for."""
        found: dict[Any, list[int]] = {}
        for one, number in zip(ids, self.numbered(np.array(ids, np.int64)).tolist(), strict=True):
            found.setdefault(self.values[number], []).append(one)
        return found


def _starts(values: Ints) -> Ints:
    return np.flatnonzero(np.diff(values, prepend=values[:1] - 1)) if len(values) else np.zeros(0, np.int64)


def columns_of(read: Mapping[str, NDArray[np.int64]], currencies: Sequence[str]) -> tuple[Columns, list[int]]:
    """Return movements as columns, and the customers who stand apart.

    `read`: customer, product (NOBODY where none), on (day's number), kind (its place in KINDS), currency (its place in
    `currencies`), denominator, numerator.
    """
    order = np.lexsort((read["on"], read["product"], read["customer"]))
    rows = {name: values[order] for name, values in read.items()}
    starts = _starts(rows["customer"])
    place = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(order))))
    denominators, fits = _denominators(rows, starts, place)
    different, own = np.unique(np.where(fits, denominators, 1), return_inverse=True)
    parts, has_parts = parts_of(different)
    own = own.reshape(-1)
    scale = different[own][place] // rows["denominator"]
    size = np.add.reduceat(np.abs(rows["numerator"].astype(float)) * scale, starts) if len(starts) else np.zeros(0)
    kept = fits & has_parts[own] & (size < 2.0**MOST_BITS)
    apart = rows["customer"][starts][~kept].tolist()
    stays = np.flatnonzero(kept[place])
    numerator = (rows["numerator"] * scale)[stays]
    customer, on = rows["customer"][stays], rows["on"][stays]
    return Columns(
        customer, rows["product"][stays], on.astype(np.int32),
        (rows["currency"] * len(KINDS) + rows["kind"])[stays].astype(np.int32), numerator,
        own[place][stays].astype(np.int32), _steps(customer, on, numerator), tuple(currencies), parts,
    ), apart  # fmt: skip


def as_reported(now: Mapping[str, Ints], former: Mapping[str, Ints]) -> dict[str, Ints]:
    """Return movements as they were reported: those that hold on the day on which they were known, former ones on
    theirs and taken back on the day on which they were found not to hold (analytics 3.3). What concerns a month that
    was over is `restated`.

    Both: `columns_of`'s arrays with `reported_on` and `restates`, the former ones' with `superseded_on`.
    """
    late = _month(former["reported_on"]) != _month(former["superseded_on"])
    parts = [
        (now, now["reported_on"], now["restates"] > 0, 1),
        (former, former["reported_on"], former["restates"] > 0, 1),
        (former, former["superseded_on"], (former["restates"] > 0) | late, -1),
    ]
    found: dict[str, list[Ints]] = {name: [] for name in ("customer", "product", "currency", "denominator")}
    on, kind, numerator = [], [], []
    for rows, days, is_restated, sign in parts:
        for name, arrays in found.items():
            arrays.append(rows[name])
        on.append(days)
        kind.append(np.where(is_restated, KINDS.index(MovementKind.RESTATED), rows["kind"]))
        numerator.append(sign * rows["numerator"])
    joined = {name: np.concatenate(arrays) for name, arrays in found.items()}
    return joined | {"on": np.concatenate(on), "kind": np.concatenate(kind), "numerator": np.concatenate(numerator)}


def _month(days: Ints) -> NDArray[np.datetime64]:
    return days.astype("datetime64[D]").astype("datetime64[M]")


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
