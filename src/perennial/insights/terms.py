"""The words of this room: a customer's life in the ledger and the curve of who stays; a probability with what it rests
on, and a term with what is expected of it. All of it is statistics in floats; money stays exact until it meets them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from perennial.insights.calculations.base_rate import STANDS, Kind, Rate, Tally, rate_of
from perennial.insights.calculations.shock import Floats
from perennial.renewals.calls import Called
from perennial.renewals.terms import RENEWED, Category, Outcome

REBUILD = "forecast.rebuild"
"""The job that makes past weeks anew."""
MONTHS_AHEAD = 12


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


@dataclass(frozen=True, slots=True)
class Probability:
    """How likely a term renews, and what that rests on: today the base rate of its kind. A probability learned from
    health takes its place here, behind the same fields."""

    kind: Kind
    rate: Rate


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned up to a day: tallies by kind, how many terms a kind may borrow, the weights of the shock, and
    from how many closed quarters (`rebuilt` of them from rebuilt weeks) these weights come."""

    id: int
    on: date
    tallies: Mapping[Kind, Tally]
    borrow: float
    posterior: Floats
    quarters: int
    rebuilt: int

    def probability(self, kind: Kind) -> Probability:
        """Return how likely a term of this kind renews."""
        return Probability(kind, rate_of(kind, self.tallies, self.borrow))

    @property
    def terms(self) -> int:
        """Return from how many past terms the base rates come: all were open at the farthest standpoint once."""
        return sum(one.ended for key, one in self.tallies.items() if key.stand == STANDS[0])


@dataclass(frozen=True, slots=True)
class Term:
    """A term that is due, with what is expected of it. Minor units a year without tax: `arr` is due, `kept` of it has
    renewed (at most what was due).

    `probability`, `model` and `category` are None once the outcome is known; `category` is the call where one is in
    force, else the model's. `called` is the last call, in force or lapsed; `vetoes` the keys of those that are open.
    """

    customer_id: int
    due_on: date
    arr: int
    kept: int
    outcome: Outcome
    probability: Probability | None
    model: Category | None
    category: Category | None
    called: Category | None
    call: Called | None
    vetoes: tuple[str, ...]
    owner_id: int | None
    segment: str

    @property
    def is_open(self) -> bool:
        """Say whether nobody knows yet."""
        return self.outcome is Outcome.OPEN

    @property
    def is_renewed(self) -> bool:
        """Say whether it renewed."""
        return self.outcome in RENEWED


@dataclass(frozen=True, slots=True)
class Known:
    """A term as renewals tells it, before anything is expected of it. Exact minor units."""

    customer_id: int
    due_on: date
    arr: Fraction
    kept: Fraction
    outcome: Outcome
