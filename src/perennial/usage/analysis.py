"""Reads over many customers at once: metrics on some days, features, months of first use, and a customer's users.

All from facts and daily values. Only people that a customer's own count: own staff, bots and tests are in no fact.
One query on the records where facts are read (who counts for whom), and one more where users are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from perennial.blueprint import queries as blueprint
from perennial.customers.aliases import aliases
from perennial.lake.algebra import USERS, Aggregate, Measure, Metric
from perennial.lake.analysis import Analysis
from perennial.lake.answers import CohortCell, CustomerUse, FeaturePoint, FeatureUse, Point
from perennial.lake.plans import readable_sql
from perennial.lake.terms import day_date, day_number
from perennial.usage import counted, own
from perennial.usage.lake import METRICS_TABLE, USE, WINDOW, definitions, lake

CORE = Measure(Aggregate.COUNT, where=blueprint.core_predicate())
"""Core events; its column is in the facts because the metrics are made of it."""


def adds_up(metric: str) -> bool:
    """Return whether a metric may be summed over customers: counts and numbers of users may, since no user is of two
    customers; ratios, means, days since and numbers of different features may not."""
    measure = _lone(metric)
    return measure is not None and (
        measure.aggregate in (Aggregate.COUNT, Aggregate.SUM)
        or (measure.aggregate is Aggregate.DISTINCT and measure.of == "user")
    )


def is_by_feature(metric: str) -> bool:
    """Return whether a metric can be told apart by feature: it counts events. Facts know users, and days with use, by
    customer alone."""
    measure = _lone(metric)
    return measure is not None and measure.aggregate is Aggregate.COUNT


def sql_of(metric: str, on: date) -> str:
    """Return the SQL by which a metric is computed as of a day, for a person to read."""
    return _sql(metric, _column(metric), day_number(on))


@lru_cache(maxsize=64)
def _sql(metric: str, column: str, day: int) -> str:
    return readable_sql((replace(_computed(metric, column), key=metric),), day)


@lru_cache(maxsize=128)
def _computed(metric: str, _column: str) -> Metric:
    """Return a metric as it is computed. A column always means the same way of computing, so it is parsed once."""
    shipped = next((one for one in definitions() if one.key == metric), None)
    if shipped is not None:
        return shipped
    mine = next(one for one in own.served() if one.key == metric)
    return own.as_metric(mine.column, mine.algebra)


def _column(metric: str) -> str:
    return next((one.column for one in own.served() if one.key == metric), metric)


def _lone(metric: str) -> Measure | None:
    found = _computed(metric, _column(metric))
    return None if found.expression or len(found.measures) != 1 else next(iter(found.measures.values()))


def last_computed_on() -> date | None:
    """Return the last day that has daily values, None before any. No query."""
    day = lake().last_day_of(METRICS_TABLE)
    return None if day is None else day_date(day)


def points(metric: str, days: Sequence[date], parts: Sequence[tuple[int, int]]) -> list[Point]:
    """Return a metric on some days by part and for all customers together (part None). No query.

    `parts`: (customer, part). The sum where it adds up, else the median of the customers of whom it is known.
    """
    with lake().analysis() as asked:
        wanted = [day_number(day) for day in days]
        return asked.points(METRICS_TABLE, _column(metric), wanted, parts, adds_up=adds_up(metric))


def features_on(metric: str, days: Sequence[date], customer_ids: Sequence[int]) -> list[FeaturePoint]:
    """Return a metric that counts events on some days by feature, of these customers together. One query."""
    measure = _counting(metric)
    with lake().analysis() as asked:
        return asked.features_on(measure, _members(customer_ids), days=[day_number(day) for day in days])


def of_feature(metric: str, feature: str, customer_ids: Sequence[int], *, on: date) -> Mapping[int, int]:
    """Return what of a metric that counts events one feature is, by customer; who has none is left out. One query."""
    measure = _counting(metric)
    with lake().analysis() as asked:
        return asked.of_feature(measure, feature, _members(customer_ids), day=day_number(on))


def _counting(metric: str) -> Measure:
    measure = _lone(metric)
    assert measure is not None and is_by_feature(metric), metric
    return measure


def features(customer_ids: Sequence[int], *, on: date) -> list[FeatureUse]:
    """Return each feature that these customers used in the 28 days up to a day, or in the 28 before. One query."""
    with lake().analysis() as asked:
        return asked.features(CORE.where, _members(customer_ids), day=day_number(on), window=WINDOW)


def customers_of(feature: str, customer_ids: Sequence[int], *, on: date) -> list[CustomerUse]:
    """Return what each of these customers did with a feature in those days; who did nothing at all is left out. One
    query."""
    with lake().analysis() as asked:
        return asked.customers_of(CORE.where, feature, _members(customer_ids), day=day_number(on), window=WINDOW)


def cohorts(customer_ids: Sequence[int], *, on: date) -> list[CohortCell]:
    """Return how many customers of each month of first use were active in each month since, up to a day. One query.

    A month is a number: `month_number`.
    """
    with lake().analysis() as asked:
        return asked.cohorts(CORE.column, _calendar(asked, on), _members(customer_ids))


def cohort(customer_ids: Sequence[int], *, on: date, begun: int, month: int) -> Mapping[int, int]:
    """Return the customers first active in month `begun`, each with its core events in `month`. One query."""
    with lake().analysis() as asked:
        return asked.cohort(CORE.column, _calendar(asked, on), _members(customer_ids), cohort=begun, month=month)


def funnel(steps: Sequence[str], customer_ids: Sequence[int], *, on: date, back: int, within: int) -> Mapping[int, int]:
    """Return how many of the steps (features, in order) each customer came through in the `back` days up to a day, at
    most `within` days after the first; who did not begin is left out. One query."""
    last = day_number(on)
    with lake().analysis() as asked:
        return asked.funnel(steps, CORE.where, _members(customer_ids), days=(last - back + 1, last), within=within)


def month_number(on: date) -> int:
    """Return months since the year 0."""
    return on.year * 12 + on.month - 1


def month_date(number: int) -> date:
    """Return the first day of a month by its number."""
    return date(number // 12, number % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class UserDays:
    """A user of one customer: the last day with any event; of 28 days those with a core event, and how many."""

    user_id: int
    last_on: date
    active_days: int
    events: int


def users(customer_id: int, *, on: date) -> list[UserDays]:
    """Return every user that a customer ever had up to a day, in no order. Two queries."""
    by = aliases()
    with lake().analysis() as asked:
        found = asked.users(
            USERS.column, CORE.column, by.family([customer_id]), counted.merged(by), day=day_number(on), window=WINDOW
        )
    return [UserDays(one.user, day_date(one.last_day), one.active_days, one.events) for one in found]


@dataclass(frozen=True, slots=True)
class FeatureUser:
    """What a user (None: nobody named) did with a feature in 28 days: core events, and the first and the last day."""

    feature: str
    user_id: int | None
    events: int
    first_on: date
    last_on: date


def users_of_features(customer_id: int, *, on: date, feature: str | None = None) -> list[FeatureUser] | None:
    """Return who of a customer used which feature in the 28 days up to a day, the most events first; None where nobody
    knows any more (raw events of these days were gone when such facts came). Two queries."""
    by = aliases()
    with lake().analysis() as asked:
        found = asked.users_of_features(
            USE.column, by.family([customer_id]), counted.merged(by), day=day_number(on), window=WINDOW, feature=feature
        )
    if found is None:
        return None
    return [FeatureUser(one.feature, one.user, one.events, day_date(one.first_day), day_date(one.last_day))
            for one in found]  # fmt: skip


def _members(customer_ids: Sequence[int]) -> list[tuple[int, int]]:
    absorbed = aliases().absorbed()
    return [(number, one) for one in customer_ids for number in (one, *absorbed.get(one, ()))]


def _calendar(asked: Analysis, on: date) -> dict[int, int]:
    first = asked.first_fact_day()
    if first is None:
        return {}
    return {day: month_number(day_date(day)) for day in range(first, day_number(on) + 1)}
