"""How often terms of a kind renewed before: by segment, by the years that the customer had been with us, and by how
near the due day it was when they were still unsigned.

A kind with few terms of its own borrows from others, counted down: first from the same age and standpoint in other
segments, then from every segment and age at the standpoint. How many it may borrow is told by the data (beta-binomial
likelihood): kinds that differ much borrow little. Nothing counts twice: what is borrowed is without the kind's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import lgamma
from typing import NamedTuple

from perennial.insights.calculations.beta import jeffreys

OLDEST = 4
"""Years with us from which on all are one age."""
NEAR_DAYS = 28
LEVEL = 0.95
BORROWED = (10, 20, 50, 100, 200)
"""At least ten: a kind without a term of its own is still like the others rather than like a coin."""


class Kind(NamedTuple):
    """What a term is compared with. `age`: whole years with us on the due day, 1 to OLDEST; `stand`: STANDS."""

    segment: str
    age: int
    stand: int


STANDS = (2, 1, 0)
"""Unsigned more than 28 days before the due day; within these 28 days; after it."""


class Tally(NamedTuple):
    """Terms that came to their end, and how many of them renewed."""

    kept: int
    ended: int


@dataclass(frozen=True, slots=True)
class Rate:
    """A base rate with its 95 % interval (Jeffreys): `kept` of `count` terms of its own; `borrowed`: so many others
    counted with them. Floats: statistics."""

    p: float
    low: float
    high: float
    kept: int
    count: int
    borrowed: float


def stand_at(days_left: int) -> int:
    """Return the standpoint of a term that is due in so many days and still open."""
    return 0 if days_left < 0 else 1 if days_left <= NEAR_DAYS else 2


def age_at(days_with_us: int) -> int:
    """Return the age of a customer that has been with us for so many days: whole years, half a month short counts."""
    return min(max(1, (days_with_us + 15) // 365), OLDEST)


def stands_passed(days_before: int | None) -> tuple[int, ...]:
    """Return the standpoints at which a term was still open: signed so many days before its due day (None: never)."""
    if days_before is None or days_before < 0:
        return STANDS
    return STANDS[: 2 if days_before <= NEAR_DAYS else 1]


def rate_of(kind: Kind, tallies: Mapping[Kind, Tally], most: float) -> Rate:
    """Return the base rate of a kind; `most` terms of other kinds may be borrowed (`most_borrowed`).

    Without any term at its standpoint: one half, from 0 to 1 (Jeffreys of nothing).
    """
    own = tallies.get(kind, Tally(0, 0))
    same_age = [one for key, one in tallies.items() if key[1:] == kind[1:] and key != kind]
    others = [one for key, one in tallies.items() if key.stand == kind.stand and key.age != kind.age]
    kept, count, left = float(own.kept), float(own.ended), most
    for group in (same_age, others):
        there = sum(one.ended for one in group)
        if there and left > 0:
            weight = min(1.0, left / there)
            kept += weight * sum(one.kept for one in group)
            count += weight * there
            left -= weight * there
    low, high = jeffreys(kept, count, LEVEL)
    return Rate((kept + 0.5) / (count + 1), low, high, own.kept, own.ended, count - own.ended)


def most_borrowed(tallies: Mapping[Kind, Tally]) -> float:
    """Return how many terms a kind may borrow: the strength of the beta prior under which the kinds' counts are the
    likeliest, among BORROWED; the middle one where fewer than three kinds have a term. Only the farthest standpoint is
    asked, where every term counts once."""
    seen = [one for key, one in tallies.items() if one.ended and key.stand == STANDS[0]]
    if len(seen) < 3:
        return BORROWED[len(BORROWED) // 2]
    mean = (sum(one.kept for one in seen) + 0.5) / (sum(one.ended for one in seen) + 1)
    return max(BORROWED, key=lambda strength: sum(
        _beta_binomial(one, mean * strength, (1 - mean) * strength) for one in seen))  # fmt: skip


def _beta_binomial(one: Tally, a: float, b: float) -> float:
    lost = one.ended - one.kept
    return (lgamma(a + one.kept) + lgamma(b + lost) - lgamma(a + b + one.ended)
            - lgamma(a) - lgamma(b) + lgamma(a + b))  # fmt: skip
