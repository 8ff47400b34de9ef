"""How days are grouped into files: one file a day while recent, one a month once old; sums also one a week between."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from perennial.lake.terms import day_date, day_number

WEEK = 7


@dataclass(frozen=True)
class Ages:
    """So many days before the table's last day a month must have ended to become one file; a week likewise (None: its
    days stay apart until the month is old)."""

    month: int
    week: int | None = None


RAW = Ages(month=35)
"""Of events: a late one has its whole month written anew, so that a month stays in days for long."""
SUMS = Ages(month=5, week=3)
"""Of facts and daily values: small enough to be written anew, and read by the dozen files."""


@dataclass(frozen=True, order=True)
class Span:
    """The half-open days [from_day, until_day) of one file: a day, a week within a month, or a calendar month."""

    from_day: int
    until_day: int

    @property
    def label(self) -> str:
        """The folder's name: `day=2024-01-31`, `week=2024-01-08` or `month=2024-01`."""
        on = day_date(self.from_day).isoformat()
        if self.until_day - self.from_day == 1:
            return f"day={on}"
        return f"month={on[:7]}" if self == month_of(self.from_day) else f"week={on}"

    @property
    def days(self) -> range:
        """Return the days."""
        return range(self.from_day, self.until_day)

    def overlaps(self, from_day: int, until_day: int) -> bool:
        """Say whether any day lies in both."""
        return self.from_day < until_day and from_day < self.until_day


def month_of(day: int) -> Span:
    """Return the calendar month around a day."""
    first = day_date(day).replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return Span(day_number(first), day_number(following))


def week_of(day: int) -> Span:
    """Return the seven days around a day, counted from the 1st of its month, so that none lies in two months."""
    month = month_of(day)
    first = day - (day - month.from_day) % WEEK
    return Span(first, min(first + WEEK, month.until_day))


def spans_to_write(present: Iterable[Span], touched: Iterable[int], ages: Ages = RAW) -> dict[int, Span]:
    """Return day → span for every day to rewrite: the touched days, and days whose month (or week) has become old.

    `present` are the spans of the table's live files. A month once written stays a month, and a week stays one until it
    is part of a month, so that each present span lies wholly inside one returned span or outside all of them.
    """
    present = list(present)
    touched = set(touched)
    months = {span.from_day for span in present if span == month_of(span.from_day)}
    weeks = {span.from_day for span in present if span.until_day - span.from_day > 1} - months
    last_day = max([span.until_day - 1 for span in present if span.from_day not in months] + list(touched), default=0)

    def span_of(day: int) -> Span:
        month, week = month_of(day), week_of(day)
        if month.until_day + ages.month <= last_day or month.from_day in months:
            return month
        is_old = ages.week is not None and week.until_day + ages.week <= last_day
        return week if is_old or week.from_day in weeks else Span(day, day + 1)

    rewritten = {span_of(day) for day in touched}
    rewritten |= {span_of(span.from_day) for span in present if span_of(span.from_day) != span}
    return {day: span for span in rewritten for day in span.days}
