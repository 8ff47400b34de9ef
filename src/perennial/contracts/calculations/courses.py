"""Courses: what customers hold, movement by movement, so that every day is told from one reading of the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import lcm
from typing import NamedTuple, TypeVar

from perennial.contracts.terms import LOSSES, MovementKind
from perennial.kernel.money import exact_sum
from perennial.kernel.periods import Period

_Key = TypeVar("_Key", bound=Hashable)
Worth = Callable[[Fraction, str, date], Fraction]
"""What an amount of a currency is worth on a day."""


class Move(NamedTuple):
    """A movement of a customer: exact minor units a month, in its own currency."""

    on: date
    customer_id: int
    product_id: int | None
    kind: MovementKind
    currency: str
    amount: Fraction


def balances(moves: Iterable[Move], day: date, worth: Worth) -> dict[int, Fraction]:
    """Return what each customer holds at the end of the day, valued on it; 0 where it left."""
    return _held(((move.customer_id, move) for move in moves if move.on <= day), day, worth)


def balances_by_product(moves: Iterable[Move], day: date, worth: Worth) -> dict[tuple[int, int | None], Fraction]:
    """Return what each customer holds of each product at the end of the day; together they are `balances`."""
    return _held((((move.customer_id, move.product_id), move) for move in moves if move.on <= day), day, worth)


def _held(keyed: Iterable[tuple[_Key, Move]], day: date, worth: Worth) -> dict[_Key, Fraction]:
    local: dict[tuple[_Key, str], list[Fraction]] = defaultdict(list)
    for key, move in keyed:
        local[key, move.currency].append(move.amount)
    held: dict[_Key, Fraction] = {}
    for (key, currency), amounts in local.items():
        amount = worth(exact_sum(amounts), currency, day)
        held[key] = held[key] + amount if key in held else amount
    return held


def lost_within(moves: Iterable[Move], span: Period, worth: Worth) -> Fraction:
    """Return what was lost on the days of the span (churn, contraction, lower prices, pauses), each loss valued on its
    day, as a positive amount: the movement view of retention (analytics 3.2)."""
    lost = [worth(one.amount, one.currency, one.on) for one in moves if one.kind in LOSSES and one.on in span]
    return -exact_sum(lost)


@dataclass(frozen=True, slots=True)
class Course:
    """A customer from its first paid day on: what it paid at the end of that day (`initial`, above zero), and what
    changed since, by day. In parts of a minor unit a month (`Courses.scale`), at the rates of the first paid day."""

    customer_id: int
    starts_on: date
    initial: int
    changes: tuple[tuple[date, int], ...]

    def held_on(self, day: date) -> int:
        """Return what it holds at the end of a day; nothing before its first."""
        return self.initial + sum(amount for on, amount in self.changes if on <= day) if day >= self.starts_on else 0


@dataclass(frozen=True, slots=True)
class Courses:
    """Everybody who ever paid. Amounts are whole numbers of 1/`scale` minor units: exact, and quick to add."""

    scale: int
    members: tuple[Course, ...]

    def exact(self, parts: int) -> Fraction:
        """Return an amount in minor units."""
        return Fraction(parts, self.scale)

    def of(self, members: Iterable[Course]) -> Courses:
        """Return some of them."""
        return Courses(self.scale, tuple(members))


def courses(moves: Iterable[Move], worth: Worth) -> Courses:
    """Return the course of everybody who ever paid. `moves` are ordered by day.

    What moved before the first day on which the customer held anything (red lines) is part of that day's balance.
    """
    by_customer: dict[int, list[Move]] = defaultdict(list)
    for move in moves:
        by_customer[move.customer_id].append(move)
    found = [begun for of_one in by_customer.values() if (begun := _begun(of_one, worth)) is not None]
    scale = lcm(*{amount.denominator for _first, initial, since in found
                  for amount in (initial, *(one for _on, one in since))})  # fmt: skip

    def parts(amount: Fraction) -> int:
        return amount.numerator * (scale // amount.denominator)

    return Courses(scale, tuple(
        Course(first.customer_id, first.on, parts(initial), tuple((on, parts(amount)) for on, amount in since))
        for first, initial, since in found
    ))  # fmt: skip


_Begun = tuple[Move, Fraction, list[tuple[date, Fraction]]]


def _begun(moves: Sequence[Move], worth: Worth) -> _Begun | None:
    """Return the last movement of the first paid day, what is held at its end, and what moved since."""
    held: dict[str, Fraction] = {}
    for place, move in enumerate(moves):
        held[move.currency] = held[move.currency] + move.amount if move.currency in held else move.amount
        if place + 1 < len(moves) and moves[place + 1].on == move.on:
            continue
        initial = exact_sum(worth(amount, currency, move.on) for currency, amount in held.items())
        if initial > 0:
            return move, initial, [(one.on, worth(one.amount, one.currency, move.on)) for one in moves[place + 1 :]]
    return None


@dataclass(frozen=True, slots=True)
class Trailing:
    """What the cohort of day `span.since` lost by day `span.until`, at the rates of the first: `opening` is what it
    held, `kept` of it is left at most as much as each had, `closing` is all that it holds. Minor units a month."""

    span: Period
    opening: Fraction
    kept: Fraction
    closing: Fraction

    @property
    def churned(self) -> Fraction | None:
        """Return the share that was lost, 1 - GRR; None where nobody was there."""
        return 1 - self.kept / self.opening if self.opening else None

    @property
    def net_churned(self) -> Fraction | None:
        """Return the share that was lost after what was added, 1 - NRR; negative where more was added than lost."""
        return 1 - self.closing / self.opening if self.opening else None


def trailing(moves: Sequence[Move], spans: Sequence[Period], worth: Worth) -> list[Trailing]:
    """Return what became of the cohort of each span (two days, both told at their end). `moves` are ordered by day.

    One walk through all movements, in whole parts of a minor unit; a span then looks at who held something.
    """
    scale = lcm(*{move.amount.denominator for move in moves})
    held = _snapshots(moves, sorted({day for span in spans for day in (span.since, span.until)}), scale)
    return [_trailing(span, held[span.since], held[span.until], _In(scale, worth)) for span in spans]


_Holding = tuple[tuple[str, int], ...]
"""What a customer holds, by currency, in parts of a minor unit."""
_Books = dict[int, _Holding]


@dataclass(frozen=True, slots=True)
class _In:
    scale: int
    worth: Worth

    def value(self, held: Iterable[tuple[str, int]], day: date) -> Fraction:
        return sum((self.worth(Fraction(parts, self.scale), currency, day) for currency, parts in held), Fraction(0))


def _snapshots(moves: Sequence[Move], days: Sequence[date], scale: int) -> dict[date, _Books]:
    """Return what everybody held at the end of each day."""
    told: dict[date, _Books] = {}
    held: _Books = {}
    at = 0
    for day in days:
        while at < len(moves) and moves[at].on <= day:
            move = moves[at]
            amounts = dict(held.get(move.customer_id, ()))
            parts = move.amount.numerator * (scale // move.amount.denominator)
            amounts[move.currency] = amounts.get(move.currency, 0) + parts
            held[move.customer_id] = tuple(amounts.items())
            at += 1
        told[day] = dict(held)
    return told


def _trailing(span: Period, before: _Books, after: _Books, within: _In) -> Trailing:
    """A customer in one currency is compared in it; its rate, the same for both days, follows for all of them."""
    opening, kept, closing = defaultdict[str, int](int), defaultdict[str, int](int), defaultdict[str, int](int)
    mixed = [Fraction(0)] * 3
    for customer_id, held in before.items():
        now = after[customer_id]
        if len(now) == 1:
            [(currency, had)], [(_same, has)] = held, now
            if had > 0:
                opening[currency] += had
                kept[currency] += min(max(has, 0), had)
                closing[currency] += max(has, 0)
        elif (then := within.value(held, span.since)) > 0:
            left = max(within.value(now, span.since), Fraction(0))
            mixed = [whole + part for whole, part in zip(mixed, (then, min(left, then), left), strict=True)]
    sums = (within.value(one.items(), span.since) for one in (opening, kept, closing))
    return Trailing(span, *(one + more for one, more in zip(sums, mixed, strict=True)))
