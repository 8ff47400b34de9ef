"""Retention as one member sees it: of the customers of a year ago, told three ways, told apart, and where it is going.
The ledger is read once, whatever is told of it. Page, file and API answer these same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from perennial.contracts import courses
from perennial.contracts.calculations.courses import (
    Move,
    Trailing,
    balances,
    balances_by_product,
    lost_within,
    trailing,
)
from perennial.contracts.calculations.retention import Retention
from perennial.contracts.calculations.retention import retention as retention_of
from perennial.kernel.money import exact_sum
from perennial.kernel.periods import Period, add_months, month_of
from perennial.reports import retention_by, revenue
from perennial.reports.retention_by import Dimension
from perennial.reports.revenue import Book
from perennial.usage.calculations.slopes import theil_sen

WINDOWS = 13
"""So many trailing years the trend is told from: the last one, and those that ended at the twelve month ends before."""
LEAST_WINDOWS = 6
STEADY = 0.01
"""A trend of less than a point a year is none."""
MONTH_DAYS = 365.25 / 12


class Direction(StrEnum):
    """Where churn is going."""

    RISING = "rising"
    FALLING = "falling"
    STEADY = "steady"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Flow:
    """The movement view: what was lost within the year, each loss on its day, over the opening balance. Exact."""

    opening: Fraction
    lost: Fraction

    @property
    def gross(self) -> Fraction | None:
        """Return 1 - lost / opening, which may fall below zero; None without opening."""
        return 1 - self.lost / self.opening if self.opening else None


@dataclass(frozen=True, slots=True)
class Trend:
    """Churn of trailing years, the earliest first, and its slope: what it gained a month, as a share (Theil-Sen: no
    single month can turn it). The years overlap, so it is a description and no test. None below six years."""

    windows: list[Trailing]
    slope: float | None

    @property
    def direction(self) -> Direction:
        """Say where churn is going."""
        if self.slope is None:
            return Direction.UNKNOWN
        if abs(12 * self.slope) < STEADY:
            return Direction.STEADY
        return Direction.RISING if self.slope > 0 else Direction.FALLING


@dataclass(frozen=True, slots=True)
class Told:
    """Retention of the twelve months of `year` (two days, told at their ends): of each customer and told apart
    (`apart`), of each customer and product (`by_product`), by movements (`flow`), and the trend."""

    year: Period
    apart: retention_by.Told
    by_product: Retention
    flow: Flow
    trend: Trend

    @property
    def whole(self) -> Retention:
        """Return the headline: every customer of the first day."""
        return self.apart.whole.found


def moves_of(book: Book) -> list[Move]:
    """Return the movements that have happened, of the customers that the member sees, as the book tells them. One
    query, three as reported or as known on an earlier day."""
    entries = book.entries
    if entries is None:
        return courses.read(book.rows, on=book.as_of)
    found = sorted(entries.between(date.min, book.tomorrow), key=lambda one: (one.day, one.row.pk))
    return [Move(one.day, one.row.customer_id, one.row.product_id, one.kind, one.row.currency, one.amount)
            for one in found]  # fmt: skip


def told(book: Book, moves: Sequence[Move], until: date, by: Dimension) -> Told:
    """Return the retention of the year that ends before `until`. One query besides the movements', to tell apart.

    The cohort is valued at the rates of its first day; by movements each loss at those of its own.
    """
    year = revenue.trailing_year(book, until)
    return Told(
        year=year,
        apart=retention_by.told(book, year, by, moves),
        by_product=by_product(book, moves, year),
        flow=flow(book, moves, year),
        trend=trend(book, moves, year.until),
    )


def of_days(book: Book, moves: Sequence[Move], span: Period) -> Retention:
    """Return what the customers who held something on the first day hold on the second (revenue.retention, of movements
    that were read)."""
    worth = book.exchange.fixed(span.since).value
    return retention_of(balances(moves, span.since, worth), balances(moves, span.until, worth))


def by_product(book: Book, moves: Sequence[Move], span: Period) -> Retention:
    """Return what customers hold of each product on the second day of the span that they held on its first."""
    worth = book.exchange.fixed(span.since).value
    opening, closing = (balances_by_product(moves, day, worth) for day in (span.since, span.until))
    return retention_of(opening, closing)


def flow(book: Book, moves: Sequence[Move], span: Period) -> Flow:
    """Return the movement view of a span of two days, both told at their end."""
    opening = exact_sum(balances(moves, span.since, book.exchange.fixed(span.since).value).values())
    happened = Period(add_days(span.since), add_days(span.until))
    return Flow(opening, lost_within(moves, happened, book.exchange.value))


def add_days(day: date, days: int = 1) -> date:
    """Return the day so many days on."""
    return date.fromordinal(day.toordinal() + days)


def trend(book: Book, moves: Sequence[Move], last: date) -> Trend:
    """Return churn of the trailing years that end on a day and at the twelve month ends before it. No query."""
    firsts = [add_months(month_of(last).since, -back) for back in range(WINDOWS - 1)]
    spans = [revenue.trailing_year(book, until) for until in (add_days(last), *firsts)]
    windows = [one for one in reversed(trailing(moves, spans, book.exchange.value)) if one.opening]
    points = [
        (one.span.until.toordinal() / MONTH_DAYS, float(one.churned)) for one in windows if one.churned is not None
    ]
    return Trend(windows, theil_sen(points) if len(points) >= LEAST_WINDOWS else None)
