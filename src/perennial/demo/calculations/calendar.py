"""Days on which nobody works: weekends and the holidays that a reader of a usage chart expects to see."""

from __future__ import annotations

from datetime import date, timedelta

_SPRING_FESTIVALS = {
    date(2023, 1, 22), date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17), date(2027, 2, 6), date(2028, 1, 26),
    date(2029, 2, 13), date(2030, 2, 3),
}  # fmt: skip
_CHINESE_FIXED = {(1, 1), *((5, day) for day in range(1, 6)), *((10, day) for day in range(1, 5)), (4, 4), (4, 5)}
_AMERICAN_FIXED = {(1, 1), (7, 4), *((12, day) for day in range(24, 32))}


def is_holiday(day: date, country: str) -> bool:
    """Return whether hardly anybody works on the day, weekends aside."""
    if country == "中国":
        festival = any(timedelta(-1) <= day - new_year <= timedelta(5) for new_year in _SPRING_FESTIVALS)
        return festival or (day.month, day.day) in _CHINESE_FIXED
    thanksgiving = day.month == 11 and day.weekday() in (3, 4) and 22 <= day.day - (day.weekday() - 3) <= 28
    labour = day.month == 9 and day.weekday() == 0 and day.day <= 7
    return thanksgiving or labour or (day.month, day.day) in _AMERICAN_FIXED


def is_working_day(day: date, country: str) -> bool:
    """Return whether people work on the day."""
    return day.weekday() < 5 and not is_holiday(day, country)


def working_day_from(day: date, country: str) -> date:
    """Return the day itself where people work on it, else the next one."""
    while not is_working_day(day, country):
        day += timedelta(1)
    return day


def working_day_until(day: date, country: str) -> date:
    """Return the day itself where people work on it, else the last one before."""
    while not is_working_day(day, country):
        day -= timedelta(1)
    return day
