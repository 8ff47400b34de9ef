"""The words of this room: a customer's life in the ledger, how many were lost at which renewal age, and the curve that
was fitted to it. All of it is statistics in floats; money stays exact until it meets a curve."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Life:
    """A customer in the ledger: its first paid day, and the first day of the departure that ended its first life.

    `left_on` None: it stayed. A gap of no more than the grace is late paper and no departure; a pause is none either.
    Who came back later (`came_back`) left all the same: what it pays since is no part of its first life.
    """

    customer_id: int
    starts_on: date
    left_on: date | None = None
    came_back: bool = False


@dataclass(frozen=True, slots=True)
class Ages:
    """Customers by renewal age, in whole years of life: all that a curve is fitted to.

    `entered[k]` customers were observed for exactly k + 1 anniversaries; of `at_risk[k]` who had stayed until then,
    `lost[k]` were gone at anniversary k + 1. Three tuples of one length.
    """

    entered: tuple[int, ...] = ()
    at_risk: tuple[int, ...] = ()
    lost: tuple[int, ...] = ()

    @property
    def points(self) -> int:
        """Return how many renewal ages were observed."""
        return len(self.at_risk)

    @property
    def logos(self) -> int:
        """Return how many customers came to their first anniversary or left before it."""
        return self.at_risk[0] if self.at_risk else 0

    @property
    def is_enough(self) -> bool:
        """Say whether a curve may be carried beyond what was observed: three ages, 30 logos, and one that was lost."""
        return self.points >= LEAST_POINTS and self.logos >= LEAST_LOGOS and any(self.lost)


LEAST_POINTS, LEAST_LOGOS = 3, 30
"""Below either of them nothing is extrapolated (analytics 3.5)."""


class Model(StrEnum):
    """The family of a curve: shifted beta-geometric, or beta-discrete-Weibull."""

    SBG = "sbg"
    BDW = "bdw"


Parameters = tuple[float, float, float]
"""alpha, beta and the exponent c of the age; c is 1 for sBG."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A curve by maximum likelihood, with the parameters of its bootstrap.

    `other` are the parameters of the family that was not chosen (None: not fitted), `ratio` 2 × the gain in log
    likelihood of BdW over sBG (None where BdW was not fitted).
    """

    model: Model
    parameters: Parameters
    other: Parameters | None
    ratio: float | None
    draws: tuple[Parameters, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """The share that stays at each age from 0 on, with an interval. `model` None: as observed, and no further.

    `draws` are the curves of the bootstrap, each as long as `survival`; every interval is made of them.
    """

    model: Model | None
    survival: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    draws: tuple[tuple[float, ...], ...]


class Stage(StrEnum):
    """How far a company is (M1): still looking for its market, for a model that repeats, or ready to grow."""

    SEARCHING = "searching"
    PMF = "pmf"
    REPEATABLE = "repeatable"
    SCALE = "scale"


class Verdict(StrEnum):
    """What a test says: passed for certain, by its point estimate only, not passed, or not known."""

    PASSED = "passed"
    NOT_YET_CERTAIN = "not_yet_certain"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One condition of a stage, with what it looked at."""

    key: str
    verdict: Verdict
    value: float | None = None
    limit: float | None = None
