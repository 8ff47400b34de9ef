"""The calendar of the fleet: what each week was for everybody, so that a holiday is no customer's fall.

Made of the weekly users of the daily values, as they were frozen; of the days that are being computed, of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import log1p

import pyarrow as pa

from perennial.customers import queries as customers
from perennial.lake.algebra import Aggregate, Metric
from perennial.lake.calendars import EVERYBODY, NO_CALENDAR, Calendar, Factor
from perennial.lake.terms import Merged, day_number
from perennial.lake.trends import LEAST, WEEKS
from perennial.usage import queries
from perennial.usage.calculations.slopes import theil_sen
from perennial.usage.lake import METRICS_TABLE, definitions, lake

USERS = "active_users_7d"
NO_ROWS = pa.table({
    "customer": pa.array([], pa.int64()), "day": pa.array([], pa.int32()), USERS: pa.array([], pa.int64()),
})  # fmt: skip


def is_wanted(known: Iterable[Metric]) -> bool:
    """Return whether a metric asks what a week was for everybody."""
    return any(one.aggregate == Aggregate.ADJUSTED for metric in known for one in metric.measures.values())


def of_days(known: Iterable[Metric], periods: pa.Table, from_day: int, until_day: int, merged: Merged) -> Calendar:
    """Return the calendar that metrics of [from_day, until_day) read; an empty one where none asks. One query."""
    if not is_wanted(known):
        return NO_CALENDAR
    weekly = tuple(one for one in definitions() if one.key == USERS)
    if until_day - from_day > 1:
        fresh = lake().metrics_backfill(weekly, periods, from_day=from_day, until_day=until_day, merged=merged)
    else:
        fresh = lake().metrics_asof(weekly, periods, from_day, merged=merged)
    ahead = range(from_day - 7 * (WEEKS - 1), until_day)
    days = ahead if until_day - from_day > 1 else ahead[::7]
    return _calendar(days, fresh)


def up_to(day: int) -> Calendar:
    """Return the calendar of the thirteen weeks up to a day, of the daily values that are there; one query."""
    return _calendar(range(day - 7 * (WEEKS - 1), day + 1, 7), NO_ROWS)


def between(from_day: int, until_day: int) -> Calendar:
    """Return the calendar that metrics of [from_day, until_day) read, of the daily values that are there; one query."""
    return _calendar(range(from_day - 7 * (WEEKS - 1), until_day), NO_ROWS)


def _calendar(days: Sequence[int], fresh: pa.Table) -> Calendar:
    regions = customers.regions()
    codes = {region: code for code, region in enumerate(sorted(set(regions.values())))}
    parts = {customer: codes[region] for customer, region in regions.items()}
    with lake().analysis() as asked:
        found = asked.calendar(METRICS_TABLE, USERS, fresh, list(parts.items()), days)
    return Calendar({(one.part, one.day): one for one in found}, parts)


@dataclass(frozen=True, slots=True)
class Week:
    """A week by its last day: the users counted, what it was for everybody (None: too few customers), and the users
    after adjustment."""

    day: int
    users: float | None
    factor: Factor | None

    @property
    def adjusted(self) -> float | None:
        """Return users ÷ factor; the users themselves without one."""
        return None if self.users is None else self.users / (self.factor.value if self.factor else 1)


@dataclass(frozen=True)
class Weeks:
    """Thirteen weeks of a customer, the oldest first, and both slopes (None: below eight weeks that are known).
    `is_adjusted`: some week has a factor; `by_region`: one of the customer's region."""

    weeks: Sequence[Week]
    slope: float | None
    adjusted_slope: float | None

    @property
    def is_adjusted(self) -> bool:
        """Whether the fleet is large enough to say what a week was."""
        return any(one.factor for one in self.weeks)

    @property
    def by_region(self) -> bool:
        """Whether it is the customer's region that says so, each week."""
        return self.is_adjusted and all(one.factor and one.factor.part != EVERYBODY for one in self.weeks)

    @property
    def customers(self) -> int:
        """Of how many customers the last week's factor is the median; 0 without one."""
        factor = self.weeks[-1].factor
        return factor.customers if factor else 0


def of_customer(customer_id: int, on: date) -> Weeks:
    """Return a customer's thirteen weeks beside the calendar; one query."""
    last = day_number(on)
    weeks = weeks_of(customer_id, range(last - 7 * (WEEKS - 1), last + 1, 7))
    return Weeks(weeks, _slope([one.users for one in weeks]), _slope([one.adjusted for one in weeks]))


def weeks_of(customer_id: int, days: Sequence[int]) -> list[Week]:
    """Return a customer's weeks by their last days (numbers, ascending) beside the calendar; one query, none without a
    day."""
    if not days:
        return []
    rows = lake().read_days(METRICS_TABLE, customers=[customer_id], from_day=days[0], until_day=days[-1] + 1)
    users = {row["day"]: queries.number(row.get(USERS)) for row in rows.to_pylist()}
    calendar = _calendar(days, NO_ROWS)
    return [Week(day, users.get(day), calendar.of(customer_id, day)) for day in days]


def _slope(values: Sequence[float | None]) -> float | None:
    known = [(week, log1p(value)) for week, value in enumerate(values) if value is not None]
    return theil_sen(known) if len(known) >= LEAST else None
