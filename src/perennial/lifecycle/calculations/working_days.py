"""Working days: Monday to Friday. Public holidays and working Saturdays come with their calendars."""

from __future__ import annotations

from datetime import date, timedelta

_SATURDAY = 5


def is_working_day(day: date) -> bool:
    """Whether people work on that day."""
    return day.weekday() < _SATURDAY


def add_working_days(day: date, count: int) -> date:
    """Return the `count`-th working day after a day; with 0 the day itself, or the next working day.

    :raises ValueError: a negative count.
    """
    if count < 0:
        raise ValueError("count forward")
    while count > 0 or not is_working_day(day):
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day


def working_days_between(since: date, until: date) -> int:
    """Return the working days in [since, until); 0 where until is not later."""
    return sum(is_working_day(since + timedelta(days=offset)) for offset in range((until - since).days))
