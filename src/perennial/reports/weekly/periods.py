"""Which days the meeting is about, and which of last year's they compare with."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from perennial.kernel.periods import Period, add_months, fiscal_quarter


class Span(StrEnum):
    """What a reader chooses: a month, quarter or year of the business year, or days of his own."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    CUSTOM = "custom"


MONTHS = {Span.MONTH: 1, Span.QUARTER: 3, Span.YEAR: 12}


def period_with(day: date, span: Span, fiscal_start_month: int) -> Period:
    """Return the month, quarter or business year that holds the day."""
    if span is Span.MONTH:
        return Period(day.replace(day=1), add_months(day.replace(day=1), 1))
    if span is Span.QUARTER:
        return fiscal_quarter(day, fiscal_start_month).period
    year = day.year if day.month >= fiscal_start_month else day.year - 1
    return Period(date(year, fiscal_start_month, 1), date(year + 1, fiscal_start_month, 1))


def a_year_before(period: Period, as_of: date) -> Period:
    """Return last year's same days: those that have passed by the as-of day, or all of a period not yet begun."""
    until = min(period.until, as_of + timedelta(days=1))
    if until <= period.since:
        until = period.until
    return Period(add_months(period.since, -12), add_months(until, -12))
