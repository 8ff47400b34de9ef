"""How days are grouped into files: one file a day while recent, one file a month once old."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from perennial.lake.terms import day_date, day_number

HOT_DAYS = 35
"""A month that ended this many days before the table's last day becomes one file."""


@dataclass(frozen=True, order=True)
class Span:
    """The half-open days [from_day, until_day) of one file: a day or a calendar month."""

    from_day: int
    until_day: int

    @property
    def label(self) -> str:
        """The folder's name: `day=2024-01-31` or `month=2024-01`."""
        on = day_date(self.from_day).isoformat()
        return f"day={on}" if self.until_day - self.from_day == 1 else f"month={on[:7]}"

    def overlaps(self, from_day: int, until_day: int) -> bool:
        """Say whether any day lies in both."""
        return self.from_day < until_day and from_day < self.until_day


def month_of(day: int) -> Span:
    """Return the calendar month around a day."""
    first = day_date(day).replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return Span(day_number(first), day_number(following))


def spans_to_write(present: Iterable[Span], touched: Iterable[int], hot_days: int = HOT_DAYS) -> dict[int, Span]:
    """Return day → span for every day to rewrite: the touched days, and days whose month has become old.

    `present` are the spans of the table's live files. A month once written stays a month, so that each present
    span lies wholly inside one returned span or outside all of them.
    """
    present = list(present)
    touched = set(touched)
    months = {span.from_day for span in present if span.until_day - span.from_day > 1}
    last_day = max([span.until_day - 1 for span in present if span.from_day not in months] + list(touched), default=0)

    def span_of(day: int) -> Span:
        month = month_of(day)
        is_old = month.until_day + hot_days <= last_day
        return month if is_old or month.from_day in months else Span(day, day + 1)

    rewritten = {span_of(day) for day in touched}
    rewritten |= {span_of(span.from_day) for span in present if span_of(span.from_day) != span}
    return {day: span for span in rewritten for day in range(span.from_day, span.until_day)}
