"""What goes into a score and what comes out of it.

After the curve a score is whole numbers: points, shares of trust and weights are counted in millionths, their
products in millionths of millionths. So the parts of a score add up exactly, in any order and on any machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from perennial.blueprint.terms import Band

MILLION = 10**6
POINT = 10**12  # one point of a score, in the unit of `FleetScores.score` and of every part

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BANDS = (Band.RED, Band.YELLOW, Band.GREEN, Band.GREY)
NO_BAND = -1
NO_CAP = 2


class Confidence(StrEnum):
    """How much of a score was observed rather than assumed (coverage)."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    GREY = "grey"


class AssumedFrom(StrEnum):
    """Whose mean stands in for what is unknown; `nobody`: no customer's value is known, so 50 points stand in."""

    SEGMENT = "segment"
    FLEET = "fleet"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class MetVeto:
    """A veto of the scorecard that was met on the day: its key, the best band that it leaves (index into BANDS), and
    the values of the fields that it asks for (days as ISO texts)."""

    key: str
    cap: int
    values: Mapping[str, str | float | bool | None]


@dataclass(frozen=True, slots=True)
class FleetInputs:
    """Raw values of every customer, a week apart, the last week being the as-of day; measures in the scorecard's order.

    values: weeks × customers × measures, NaN where unknown; ages: the same shape, days since the value was observed
    on that week's day; segments: any whole number per customer (static segments only); previous: index into BANDS of
    the band that the score alone gave last time, NO_BAND where none; caps: index of the best band that the vetoes
    leave, else NO_CAP; vetoes: those that each customer met, only to be printed; tenures: days as a customer, NaN where
    unknown (None: of nobody).
    """

    values: Floats
    ages: Floats
    segments: Ints
    previous: Ints
    caps: Ints
    vetoes: Sequence[Sequence[MetVeto]] = ()
    tenures: Floats | None = None

    def of(self, rows: Ints) -> FleetInputs:
        """Return the inputs of some customers, by their places; to be printed, not to be scored."""
        vetoes = [self.vetoes[row] for row in rows.tolist()] if self.vetoes else ()
        return FleetInputs(self.values[:, rows], self.ages[:, rows], self.segments[rows], self.previous[rows],
                           self.caps[rows], vetoes, None if self.tenures is None else self.tenures[rows])  # fmt: skip


@dataclass(frozen=True, slots=True)
class FleetScores:
    """Scores of the as-of day, one row per customer; measures in the scorecard's order. Unit POINT unless said.

    `contributions` of a row sum exactly to `score` − `segment_score`. `scored` is False where no measure counts at
    all: then the figures of the row mean nothing. `points`, `means` and `effective` are in millionths of a point,
    `trust`, `weights` and `coverage` in millionths of one. `weekly` is in points, oldest first, and NaN where the
    week was grey; `trend` in points a quarter; `scored_band` and `band` are indexes into BANDS.
    """

    scored: Bools
    score: Ints
    segment_score: Ints
    contributions: Ints
    known: Bools
    trust: Ints
    points: Ints
    effective: Ints
    means: Ints
    mean_of: Ints
    weights: Ints
    coverage: Ints
    error: Floats
    scored_band: Ints
    band: Ints
    weekly: Floats
    trend: Floats
    trend_p: Floats

    def of(self, rows: Ints) -> FleetScores:
        """Return the scores of some customers, by their places."""
        return FleetScores(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})


class Part(NamedTuple):
    """One measure's share in a customer's score, as it is printed.

    `contribution` is what it adds to the segment's score, in tenths of a point; the printed contributions add up to
    the printed score minus the printed segment's score. `value` and `points` are None where nothing was observed;
    `trust` below 1 means that the rest was taken from `assumed_from`; `mean_of` says whose mean `mean` is. `age_days`:
    how old the value was on the day, None where nothing was ever observed.
    """

    key: str
    value: float | None
    points: Decimal | None
    effective: Decimal
    trust: float
    weight: float
    mean: Decimal
    assumed_from: AssumedFrom | None
    contribution: Decimal
    mean_of: AssumedFrom
    age_days: float | None


@dataclass(frozen=True, slots=True)
class CustomerScore:
    """A customer's score as it is printed, in points with one decimal.

    `score` is None where no measure counts. `band` is what people see: grey below the least coverage, capped by vetoes;
    `scored_band` is what the score alone gives and what the next run takes as the previous band. `trend` is points a
    quarter, None with fewer than 8 weeks that had a colour; an arrow is shown only where `trend_shown`. `tenure_days`:
    by which the thresholds were found, None where they depend on nothing.
    """

    score: Decimal | None
    segment_score: Decimal | None
    error: Decimal | None
    coverage: float
    confidence: Confidence
    band: Band
    scored_band: Band | None
    trend: Decimal | None
    trend_p: float | None
    trend_shown: bool
    change_28d: Decimal | None
    weekly: Sequence[Decimal | None]
    parts: tuple[Part, ...]
    vetoes: Sequence[MetVeto] = ()
    tenure_days: float | None = None


class BandCause(StrEnum):
    """What made a band what it is."""

    THRESHOLD = "threshold"  # the score lies between the thresholds of its band
    HYSTERESIS = "hysteresis"  # it lies beyond one, by less than the hysteresis
    VETO = "veto"  # a rule caps it
    COVERAGE = "coverage"  # too little is known for a colour


@dataclass(frozen=True, slots=True)
class BandReason:
    """Why a band is what it is.

    `scored_band` is what the score alone gives, None where grey. It reaches from `from_score` up to `until_score` (None
    at the ends of the scale), and the next run leaves it below `falls_below` or from `rises_from` on (None: there is no
    worse or better one).
    """

    cause: BandCause
    band: Band
    scored_band: Band | None
    from_score: float | None
    until_score: float | None
    falls_below: float | None
    rises_from: float | None


class Cause(StrEnum):
    """Why a score moved, in the order in which the changes are made."""

    CONFIGURATION = "configuration"  # another scorecard, or another version of it
    VALUE = "value"  # what was observed
    FRESHNESS = "freshness"  # how old that is, and what is not known any more
    SEGMENT = "segment"  # the means that stand in for what is not known


@dataclass(frozen=True, slots=True)
class Moved:
    """What changed between two days, in printed points. `by`: the measure's part in each cause, a measure that moved in
    none left out; the parts of all add up to `score` − `before`, as printed."""

    before: Decimal
    score: Decimal
    by: Mapping[str, Mapping[Cause, Decimal]]

    def total(self, cause: Cause) -> Decimal:
        """Return what a cause did to the score."""
        return sum((parts.get(cause, Decimal(0)) for parts in self.by.values()), Decimal(0))
