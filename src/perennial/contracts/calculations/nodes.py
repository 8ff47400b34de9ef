"""A step's way through the customer's approval nodes, and how many days steps usually stay at one.

What was said of a step is read in the order in which it was learned: the last word about a day counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from statistics import median

LEAST = 5
"""Of so many stays that have ended a usual time is said; of fewer nobody knows one."""


@dataclass(frozen=True, slots=True)
class Said:
    """What was learned of a step on a day: at which node it is ("" at none), since when, and who holds it."""

    node: str
    since_on: date | None
    holder: str
    learned_on: date


@dataclass(frozen=True, slots=True)
class Stay:
    """A step at a node: `since_on` None: nobody said when it came; `until_on` None: it is still there."""

    node: str
    since_on: date | None
    until_on: date | None
    holder: str = ""

    def days(self, on: date) -> int | None:
        """Return how many days it stayed, up to a day where it is still there; None where nobody knows since when."""
        return None if self.since_on is None else max(0, ((self.until_on or on) - self.since_on).days)


@dataclass(frozen=True, slots=True)
class Usual:
    """The usual days at a node: the median of `stays` that have ended. `is_of_all`: of every customer, since those of
    the segment are too few."""

    days: int
    stays: int
    is_of_all: bool


@dataclass(slots=True)
class _At:
    node: str
    since_on: date | None
    holder: str
    day: date  # since when, or when it was learned


def stays(said: Sequence[Said], paid_on: date | None = None) -> list[Stay]:
    """Return the stays of a step in order, from what was learned of it, in order.

    A stay ends on the day on which the step came to the next node. Where a source only stops naming a node, it ends
    when all was paid, else on the day on which that was learned; and the last one ends when all was paid. A word about
    an earlier day takes back what was said of the days after it, so that a move that was undone was never made.
    """
    way: list[_At] = []
    for one in said:
        _put(way, _At(one.node, one.since_on, one.holder, one.since_on or one.learned_on))
    ends: list[date | None] = [*(_end(after, paid_on) for after in way[1:]), paid_on]
    return [
        Stay(at.node, at.since_on, None if end is None else max(end, at.day), at.holder)
        for at, end in zip(way, ends, strict=False)  # a step at no node has an end of nothing
        if at.node
    ]


def _put(way: list[_At], new: _At) -> None:
    for place, at in enumerate(way):
        if (at.node, at.since_on) == (new.node, new.since_on):
            del way[place + 1 :]
            at.holder = new.holder
            return
    if new.since_on is None and way:
        new.day = max(new.day, way[-1].day)
    while way and way[-1].day > new.day:
        way.pop()
    if way and way[-1].node == new.node:
        way[-1].holder = new.holder
        if new.since_on is not None:  # it came on another day than was said
            way[-1].since_on, way[-1].day = new.since_on, new.day
    elif way or new.node:
        way.append(new)


def _end(after: _At, paid_on: date | None) -> date:
    if not after.node and after.since_on is None and paid_on is not None:
        return min(paid_on, after.day)
    return after.day


def usual(ended: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str], tuple[int, int]]:
    """Return the median days and the number of stays by (node, segment) from (segment, node, days) of stays that have
    ended; segment "" is all of them. Half a day is a day; fewer than `LEAST` stays are left out."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for segment, node, days in ended:
        found[node, ""].append(days)
        if segment:
            found[node, segment].append(days)
    return {
        place: (int(median([Fraction(one) for one in days]) + Fraction(1, 2)), len(days))
        for place, days in found.items()
        if len(days) >= LEAST
    }


@dataclass(frozen=True)
class Usuals:
    """The usual days by (node, segment), as they were learned."""

    known: Mapping[tuple[str, str], tuple[int, int]]

    def of(self, node: str, segment: str | None) -> Usual | None:
        """Return a node's usual days for a segment, else for all; None where too few stays have ended."""
        if segment and (found := self.known.get((node, segment))):
            return Usual(*found, is_of_all=False)
        found = self.known.get((node, ""))
        return Usual(*found, is_of_all=True) if found else None


def over(days: int | None, usual: Usual | None) -> int | None:
    """Return how many days a step is at its node beyond the usual ones; 0 within them, None where either is unknown."""
    return None if days is None or usual is None else max(0, days - usual.days)
