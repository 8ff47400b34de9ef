"""Days and periods. A period is half-open, [since, until): its last day is the day before `until`.

Instants are cut into days in the organisation's zone, once, by `day_in_zone`; everything after that is days.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days from `since` up to, not including, `until`. Equal ends make an empty period.

    :raises ValueError: it would end before it begins.
    """

    since: date
    until: date

    def __post_init__(self) -> None:
        if self.until < self.since:
            raise ValueError(f"a period from {self.since} cannot end on {self.until}")

    def __contains__(self, day: date) -> bool:
        return self.since <= day < self.until

    @property
    def days(self) -> int:
        """Return how many days it has."""
        return (self.until - self.since).days

    def overlap(self, other: "Period") -> "Period | None":
        """Return the days in both; None where they share none."""
        since, until = max(self.since, other.since), min(self.until, other.until)
        return Period(since, until) if since < until else None


@dataclass(frozen=True, slots=True)
class FiscalQuarter:
    """A quarter of a business year. `year` is the calendar year in which that business year began."""

    year: int
    number: int
    period: Period


@lru_cache(maxsize=2**16)
def add_months(day: date, months: int) -> date:
    """Return the same day of the month, that many months on; the month's last day where it has no such day.

    31 January + 1 = 28 February (29 in a leap year), 29 February + 12 = 28 February. Count from the first day each
    time: 31 January + 2 is 31 March, which two steps of one month would miss.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if day.day <= 28:  # every month has it: most days, in calculations that ask for a fleet's terms
        return date(year, month + 1, day.day)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months_between(since: date, until: date) -> int:
    """Return the complete months from one day to a later one; negative and complete where it is an earlier one."""
    if until < since:
        return -months_between(until, since)
    months = (until.year - since.year) * 12 + until.month - since.month
    return months if add_months(since, months) <= until else months - 1


def whole_months(period: Period) -> int | None:
    """Return the period's length in months where it is a whole number of them, else None. An empty one has none."""
    months = months_between(period.since, period.until)
    return months if months and add_months(period.since, months) == period.until else None


def month_of(day: date) -> Period:
    """Return the calendar month that holds the day."""
    first = day.replace(day=1)
    return Period(first, add_months(first, 1))


def months_of(period: Period) -> Iterator[Period]:
    """Yield the calendar months that hold a day of the period, whole ones, in order."""
    month = month_of(period.since)
    while month.since < period.until:
        yield month
        month = month_of(month.until)


def share_passed(period: Period, day: date) -> Fraction | None:
    """Return the share of the period's days that lie before the day: 0 on its first day, 1 from `until` on.

    None for an empty period.
    """
    if not period.days:
        return None
    return Fraction(min(max((day - period.since).days, 0), period.days), period.days)


def fiscal_quarter(day: date, first_month: int = 1) -> FiscalQuarter:
    """Return the quarter that holds the day, in business years that begin with the given month (1 to 12)."""
    months_in = (day.month - first_month) % 12
    year = day.year if day.month >= first_month else day.year - 1
    since = add_months(date(year, first_month, 1), months_in // 3 * 3)
    return FiscalQuarter(year=year, number=months_in // 3 + 1, period=Period(since, add_months(since, 3)))


def day_number(day: date) -> int:
    """Return the days since 1970-01-01, which is day 0: how the lake stores a day."""
    return day.toordinal() - _EPOCH


def day_of_number(number: int) -> date:
    """Return the day with that number: the way back from `day_number`."""
    return date.fromordinal(number + _EPOCH)


def day_in_zone(instant: datetime, zone: ZoneInfo) -> date:
    """Return the day on which the instant falls in the zone.

    :raises ValueError: the instant names no zone of its own, so nobody knows when it was.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no zone")
    return instant.astimezone(zone).date()


def day_before(day: date) -> date:
    """Return the day before: the last day of a period that ends on `day`."""
    return day - timedelta(days=1)
