"""The words of renewals: what became of a term that came to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

EARLY_DAYS = 90
"""Signed earlier than this before the end, a renewal is early: it pulls another period's work forward (3.4)."""


LATER_DAYS = 90
"""The second horizon of a renewal rate: signed within so many days after the end, whatever its grace (3.4)."""

LAST_DAYS = 90
"""The last stretch of a term, in which what was not done before is done in a hurry (M8)."""
FLAGGED_OVER = Fraction(60, 100)
"""A last-minute index above this is flagged."""


class Outcome(StrEnum):
    """What became of a term that is due."""

    EARLY = "early"
    ON_TIME = "on_time"
    LATE = "late"
    OPEN = "open"
    LOST = "lost"


class Category(StrEnum):
    """A forecast category, the surest first (method.md). Lost: signed off, nobody counts on it any more."""

    COMMIT = "commit"
    BEST_CASE = "best_case"
    AT_RISK = "at_risk"
    LOST = "lost"


class About(StrEnum):
    """What a renewal rests on: the four causes (M8), then the two marks. A renewal that rests on a mark is no proof
    of service value."""

    PRODUCT = "product"
    PRICE = "price"
    SERVICE = "service"
    EXECUTIVES = "executives"
    DISCOUNT = "discount"
    PRESSURE = "pressure"


CAUSES = (About.PRODUCT, About.PRICE, About.SERVICE, About.EXECUTIVES)
MARKS = (About.DISCOUNT, About.PRESSURE)
Place = tuple[int, date]
"""A term: its customer and the day on which it is due."""


class Need(StrEnum):
    """What an open term asks for, the most pressing first: it ended and nobody signed; a cause is against us; it is
    forecast at risk; a step of its plan is overdue; our call or a plan is missing at the last checkpoint; nobody has
    rated its causes halfway from there to its end. One that is merely due asks for nothing."""

    LATE = "late"
    WEAK = "weak"
    AT_RISK = "at_risk"
    STEP = "step_overdue"
    CALL = "call_missing"
    UNRATED = "unrated"


NEED_LABELS: Mapping[Need, Promise] = {
    Need.LATE: gettext_lazy("the term is over and nobody has signed"),
    Need.WEAK: gettext_lazy("a cause is against us"),
    Need.AT_RISK: gettext_lazy("it is forecast at risk"),
    Need.STEP: gettext_lazy("a step of the plan is overdue"),
    Need.CALL: gettext_lazy("our own call or a plan is missing"),
    Need.UNRATED: gettext_lazy("nobody has rated its causes"),
}

RENEWED = frozenset({Outcome.EARLY, Outcome.ON_TIME, Outcome.LATE})


class Which(StrEnum):
    """A checkpoint of a term; at the last one nobody may wait and see."""

    FIRST = "first"
    LAST = "last"


class State(StrEnum):
    """How our own call stands at a checkpoint: not made, put off, the model's, another than the model's, and such a one
    that a leader has settled."""

    MISSING = "missing"
    WAITING = "waiting"
    AGREED = "agreed"
    DISPUTED = "disputed"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Modelled:
    """What the model says of a term: its category, the probability, and the 95 % interval of that."""

    category: Category
    p: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Ruling:
    """A leader's word on a call that differs from the model's: the category that he lets count, and why."""

    category: Category
    word: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """Our own call at a checkpoint (None: wait and see), with what the model said at that moment."""

    category: Category | None
    reason: str
    said: Modelled
    by: str
    by_id: int
    at: datetime
    ruling: Ruling | None = None

    @property
    def model(self) -> Category:
        """Return the category of the model at that moment."""
        return self.said.category


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a term: a cause is −1 (against us), 0 or 1 (for us), a mark 0 (not there) or 1; None: unknown
    again. `percent`: how much discount, None where it is no discount."""

    about: About
    rating: int | None
    evidence: str
    link: str = ""
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Found(Said):
    """What somebody said of a term, with who and when."""

    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """Why a term ended as it did: the outcome of that moment, the cause that decided it, and what shows it."""

    outcome: Outcome
    cause: About
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """The terms of one customer that end on one day. Exact minor units a year, without tax.

    `renewed` is what its followers are worth a year, 0 where nothing follows; `agreed_on` the day on which the
    first of them was signed, or began where no signature is known; `starts_on` the first day of the first line;
    `over_on` the day on which its grace is over, and what nobody signed by then is lost. `product_id`: of which
    product, where each product of a customer is a term by itself.
    """

    customer_id: int
    due_on: date
    arr: Fraction
    renewed: Fraction
    agreed_on: date | None
    outcome: Outcome
    lines: tuple[str, ...]
    starts_on: date
    over_on: date
    product_id: int | None = None


@dataclass(frozen=True, slots=True)
class TwiceTold:
    """A term by its grace, and by LATER_DAYS for everybody: what is lost by the first may be late by the second."""

    term: Due
    later: Due

    @property
    def is_later(self) -> bool:
        """Say whether it was lost when its grace was over, and signed within LATER_DAYS nevertheless."""
        return self.term.outcome is Outcome.LOST and self.later.outcome is Outcome.LATE


@dataclass(frozen=True, slots=True)
class RenewalRate:
    """Renewals by due day (analytics 3.4). Exact ratios; None where nothing was due.

    `dollar` caps each renewal at what was due, `net` does not; `logo` counts customers' terms. `highest` is the rate
    if everything still open were renewed: the truth lies between `dollar` and it. `resolved` is the share of the ARR
    due that is no longer open.
    """

    due: Fraction
    count: int
    dollar: Fraction | None
    net: Fraction | None
    logo: Fraction | None
    highest: Fraction | None
    resolved: Fraction | None
