"""The words of the forecast: a probability with what it rests on, a term with what is expected of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from perennial.insights.calculations.base_rate import STANDS, Kind, Rate, Tally, rate_of
from perennial.insights.calculations.shock import Floats
from perennial.renewals.calls import Called
from perennial.renewals.terms import RENEWED, Category, Outcome

REBUILD = "forecast.rebuild"
"""The job that makes past weeks anew."""
MONTHS_AHEAD = 12


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
