"""Cohorts by first paid month or quarter as one member sees them: what is left at each age, the company's own curve of
revenue beside the method's four, and what came after the initial deal. Page, file and API answer these same rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from perennial.contracts import behind as parts
from perennial.contracts.calculations import cohorts as calculations
from perennial.contracts.calculations.cohorts import YEAR_MONTHS, Cohort, Earned, Step, Together, earned
from perennial.contracts.calculations.courses import Course, Courses, Move, courses
from perennial.contracts.changes import NamedCustomer
from perennial.kernel.money import largest_remainder, round_half_even
from perennial.kernel.periods import Period, day_before
from perennial.reports import revenue_behind
from perennial.reports.revenue import Book
from perennial.reports.revenue_behind import Behind
from perennial.reports.revenue_figures import Figure


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference shape (M4): what is churned and expanded of last year's revenue, as shares of it."""

    key: str
    churned: Fraction
    expanded: Fraction

    def at(self, months: int) -> float:
        """Return what is left after so many months, as a share of the start: a shape, told in floats."""
        left: float = float(1 - self.churned + self.expanded) ** (months / YEAR_MONTHS)
        return left


REFERENCES = (
    Reference("negative_churn", Fraction(5, 100), Fraction(15, 100)),
    Reference("break_even", Fraction(10, 100), Fraction(10, 100)),
    Reference("early_team", Fraction(15, 100), Fraction(5, 100)),
    Reference("none", Fraction(25, 100), Fraction(0)),
)
"""The four curves of M4. The method names the shapes: more expanded than churned, as much, less, and nobody who works
against churn. The shares a year are ours, round ones that tell the four apart; they are no benchmark."""


@dataclass(frozen=True, slots=True)
class Told:
    """Cohorts, the first one first; all that are old enough at each age; what each brought (`deals`, in their order)
    and what all did; and of each the printed deal and revenue, minor units that add up to those of all."""

    step: Step
    cohorts: list[Cohort]
    together: list[Together]
    deals: list[Earned]
    whole: Earned
    printed: list[tuple[int, int, int]]


def told(book: Book, moves: Sequence[Move], step: Step) -> Told:
    """Return the cohorts as of the book's day. `moves` is its ledger (retention.moves_of); no query more.

    Amounts are valued at the rates of each customer's first paid day.
    """
    found = courses(moves, book.exchange.value)
    made = calculations.cohorts(found, on=book.as_of, step=step)
    by_period: dict[Period, list[Course]] = defaultdict(list)
    for course in found.members:
        by_period[step.period(step.number(course.starts_on))].append(course)
    deals = [earned(found.of(by_period[one.period]), on=book.as_of) for one in made]
    whole = earned(found, on=book.as_of)
    return Told(step, made, calculations.together(made), deals, whole, _printed(deals, whole))


def _printed(deals: Sequence[Earned], whole: Earned) -> list[tuple[int, int, int]]:
    """Return (deal, revenue, the deal's own part of it): own part and what came after add up to the revenue."""
    own, after = largest_remainder([whole.of_deal, whole.revenue - whole.of_deal], round_half_even(whole.revenue))
    agreed = largest_remainder([one.deal for one in deals], round_half_even(whole.deal))
    owns = largest_remainder([one.of_deal for one in deals], own)
    afters = largest_remainder([one.revenue - one.of_deal for one in deals], after)
    return [(deal, part + rest, part) for deal, part, rest in zip(agreed, owns, afters, strict=True)]


def cohort_of(found: Told, first: date) -> Cohort | None:
    """Return the cohort whose period holds a day; None where nobody began in it."""
    return next((one for one in found.cohorts if first in one.period), None)


def ends_on(book: Book, cohort: Cohort, step: Step, age: int) -> date:
    """Return the last day of a cohort's period of an age, or the as-of day where that comes first."""
    return min(book.as_of, day_before(step.period(step.number(cohort.period.since) + age).until))


def _members(book: Book, moves: Sequence[Move], period: Period | None) -> Courses:
    found = courses(moves, book.exchange.value)
    return found if period is None else found.of(one for one in found.members if one.starts_on in period)


def behind(book: Book, moves: Sequence[Move], figure: Figure, period: Period, day: date) -> Behind:
    """Return the customers of a cohort: what each began with and, capped for GRR, holds at the end of a day. No query.
    Both columns add up to the cohort's."""
    found = _members(book, moves, period)
    opening = {one.customer_id: found.exact(one.initial) for one in found.members}
    closing = {one.customer_id: found.exact(one.held_on(day)) for one in found.members}
    return revenue_behind.cohort(book, figure, *parts.cohort_of(opening, closing, capped=figure.key == "grr"))


@dataclass(frozen=True, slots=True)
class Brought:
    """A customer with its initial deal, its revenue so far, and the deal's own part of it, in printed minor units."""

    customer: NamedCustomer
    starts_on: date
    deal: int
    revenue: int
    of_deal: int


def brought(book: Book, moves: Sequence[Move], period: Period | None) -> list[Brought]:
    """Return what each customer of a cohort brought, or of all (None), the most first. One query for 500."""
    found = _members(book, moves, period)
    each = [earned(found.of([one]), on=book.as_of) for one in found.members]
    printed = _printed(each, earned(found, on=book.as_of)) if each else []
    starts = {one.customer_id: one.starts_on for one in found.members}
    amounts = dict(zip(starts, printed, strict=True))
    names = revenue_behind.named([*starts], book)
    told = [Brought(names[one], starts[one], *amounts[one]) for one in starts]
    return sorted(told, key=lambda one: (-abs(one.revenue), one.customer.name))
