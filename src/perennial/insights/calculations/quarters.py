"""The weeks and quarters of the forecast."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from perennial.kernel.periods import Period, add_months, fiscal_quarter


def week_of(day: date) -> date:
    """Return the Monday of the day's week: what a frozen week is called by."""
    return day - timedelta(days=day.weekday())


def quarters_in(span: Period, first_month: int) -> Iterator[Period]:
    """Yield the fiscal quarters that hold a day of the span, whole ones, in order."""
    quarter = fiscal_quarter(span.since, first_month).period
    while quarter.since < span.until:
        yield quarter
        quarter = Period(quarter.until, add_months(quarter.until, 3))


def horizon(on: date, first_month: int, *, late_days: int, months: int) -> Period:
    """Return the fiscal quarters whose terms are open or to come: from the one in which paper may still be late, to the
    one that holds the day `months` on."""
    first = fiscal_quarter(on - timedelta(days=late_days), first_month).period
    return Period(first.since, fiscal_quarter(add_months(on, months), first_month).period.until)


def closed_quarters(first_open: date, first_month: int, *, count: int) -> list[Period]:
    """Return the last quarters in which nothing is open any more, the oldest first. `first_open`: the first day on
    which a term may have ended that still is."""
    last = fiscal_quarter(first_open, first_month).period
    return [Period(add_months(last.since, -3 * back), add_months(last.since, 3 - 3 * back))
            for back in range(count, 0, -1)]  # fmt: skip


def weeks_before(quarter: Period, weeks: int) -> date:
    """Return the Monday of the week so many weeks before the quarter's end."""
    return week_of(quarter.until - timedelta(weeks=weeks))
