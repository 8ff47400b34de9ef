"""A funnel of features: of the customers that did the first, how many came to the next ones in order, and in time.

The base is that of feature adoption. A step counts from the day of the step before on; the facts know days, not hours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from perennial.reports.usage_features import Base
from perennial.usage import analysis

BACK = 91
WITHIN = (7, 14, 28, 90)
MOST_STEPS = 4


@dataclass(frozen=True, slots=True)
class Step:
    """A step: the customers that came to it, as a share of those of the first step and of the step before (None: of
    nobody)."""

    feature: str
    customers: int
    of_first: Fraction | None
    of_before: Fraction | None


@dataclass(frozen=True)
class Funnel:
    """The steps, and the step that each customer came to last (1: the first), by its number."""

    steps: Sequence[Step]
    reached: Mapping[int, int]


def funnel(base: Base, features: Sequence[str], *, on: date, within: int) -> Funnel:
    """Return the funnel of the 91 days up to a day; a chain takes at most `within` days. One query."""
    reached = analysis.funnel(features, base.ids, on=on, back=BACK, within=within) if base.named else {}
    counts = [sum(1 for step in reached.values() if step >= place) for place in range(1, len(features) + 1)]
    steps = [
        Step(feature, count, _share(count, counts[0]), _share(count, counts[place - 1]) if place else None)
        for place, (feature, count) in enumerate(zip(features, counts, strict=True))
    ]
    return Funnel(steps, reached)


def _share(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


@dataclass(frozen=True, slots=True)
class Reached:
    """A customer and how many of the steps it came through."""

    key: str
    name: str
    owner: str
    steps: int


def customers_of(base: Base, found: Funnel) -> list[Reached]:
    """Return who began, those that came furthest first. No query."""
    listed = [Reached(*base.named[one], steps) for one, steps in found.reached.items()]
    return sorted(listed, key=lambda one: (-one.steps, one.name))
