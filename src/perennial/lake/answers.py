"""What the analysis of the lake answers: one frozen row each (analysis.py asks)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """A metric of the customers of one part (None: of everybody) on one day: of how many it is known, and their sum or
    median."""

    part: int | None
    day: int
    known: int
    value: float


@dataclass(frozen=True, slots=True)
class FeatureUse:
    """How many customers did one thing within a window and within the one before it, and how often (weights n)."""

    feature: str
    customers: int
    customers_before: int
    events: int
    events_before: int


@dataclass(frozen=True, slots=True)
class FeaturePoint:
    """How often some customers together did one thing within the window of a day, and how many of them did."""

    feature: str
    day: int
    customers: int
    events: int


@dataclass(frozen=True, slots=True)
class CustomerUse:
    """How often one customer did one thing within a window and the one before; `all_events`: anything in the window."""

    customer: int
    events: int
    events_before: int
    all_events: int


@dataclass(frozen=True, slots=True)
class CohortCell:
    """Of the customers first active in month `cohort`, how many were active `since` months later. Months are numbers
    as the calendar given names them."""

    cohort: int
    since: int
    customers: int


@dataclass(frozen=True, slots=True)
class UserUse:
    """One user: the last day with any event, and in the window the days with a counted event and their weight."""

    user: int
    last_day: int
    active_days: int
    events: int


@dataclass(frozen=True, slots=True)
class UserWeeks:
    """One user: in how many of 26 weeks active, weeks since the last of them (None: in none), and of 90 days the
    counted events and the acts of administration."""

    user: int
    weeks: int
    gap: int | None
    core: int
    admin: int


@dataclass(frozen=True, slots=True)
class FeatureUser:
    """What one user (None: nobody named) of a customer did with one thing in the window: how often, and the first and
    the last day."""

    feature: str
    user: int | None
    events: int
    first_day: int
    last_day: int
