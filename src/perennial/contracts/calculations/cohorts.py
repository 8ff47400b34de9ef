"""Cohorts: what becomes of the customers who first paid in one month or quarter, period by period (analytics 3.2, M4).

A cohort's revenue is last period's, less what was churned, with what was expanded. What a customer counts against is
its initial deal: what it paid at the end of its first paid day, so that who left within the first period is not
missed. A period is told at its end, the last one as far as it has come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate

from perennial.contracts.calculations.courses import Course, Courses
from perennial.contracts.calculations.retention import Retention, of_sums
from perennial.kernel.money import exact_sum
from perennial.kernel.periods import Period, add_months

YEAR_MONTHS = 12


class Step(StrEnum):
    """How long the periods of cohorts are."""

    MONTH = "month"
    QUARTER = "quarter"

    @property
    def months(self) -> int:
        """Return its months."""
        return 1 if self is Step.MONTH else 3

    def number(self, day: date) -> int:
        """Return the number of the calendar period that holds the day."""
        return (day.year * YEAR_MONTHS + day.month - 1) // self.months

    def period(self, number: int) -> Period:
        """Return the calendar period of a number."""
        year, month = divmod(number * self.months, YEAR_MONTHS)
        since = date(year, month + 1, 1)
        return Period(since, add_months(since, self.months))


@dataclass(frozen=True, slots=True)
class Age:
    """A cohort in its n-th period after the first: revenue a month at its end (`closing`), `kept` of it at most as much
    as each customer began with, and what was churned and expanded in the period, customer by customer. Exact."""

    closing: Fraction
    kept: Fraction
    customers: int
    churned: Fraction
    expanded: Fraction


@dataclass(frozen=True, slots=True)
class Cohort:
    """The customers who first paid in a period. `opening`: their initial deals a month. `ages[0]` is that period;
    the first `ended` of the ages are over."""

    period: Period
    customers: int
    opening: Fraction
    ages: tuple[Age, ...]
    ended: int

    def before(self, age: int) -> Fraction:
        """Return last period's revenue: at age 0 the initial deals."""
        return self.ages[age - 1].closing if age else self.opening

    def retention(self, age: int) -> Retention:
        """Return what is left of the cohort at an age."""
        at = self.ages[age]
        return of_sums(self.opening, at.kept, at.closing, self.customers, at.customers)


def cohorts(found: Courses, *, on: date, step: Step) -> list[Cohort]:
    """Return the cohorts as of a day, the first one first; periods in which nobody began are left out."""
    by_period: dict[int, list[Course]] = defaultdict(list)
    for course in found.members:
        by_period[step.number(course.starts_on)].append(course)
    return [_cohort(number, found.of(by_period[number]), on, step) for number in sorted(by_period)]


def _cohort(number: int, found: Courses, on: date, step: Step) -> Cohort:
    last = step.number(on)
    size = last - number + 1
    parts = _Parts(*([0] * size for _ in range(5)))
    for course in found.members:
        _add(course, number, parts, step)
    opening = sum(one.initial for one in found.members)
    rows = zip(accumulate(parts.closing, initial=opening), accumulate(parts.kept, initial=opening),
               accumulate(parts.customers, initial=len(found.members)), strict=True)  # fmt: skip
    next(rows)
    is_over = step.period(last).until == date.fromordinal(on.toordinal() + 1)
    return Cohort(
        period=step.period(number),
        customers=len(found.members),
        opening=found.exact(opening),
        ages=tuple(
            Age(found.exact(closing), found.exact(kept), customers, found.exact(churned), found.exact(expanded))
            for (closing, kept, customers), churned, expanded in zip(rows, parts.churned, parts.expanded, strict=True)
        ),
        ended=size if is_over else size - 1,
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """What changed at each age."""

    closing: list[int]
    kept: list[int]
    customers: list[int]
    churned: list[int]
    expanded: list[int]


def _add(course: Course, number: int, parts: _Parts, step: Step) -> None:
    """Book what changed for one customer, at the ends of the periods in which anything did."""
    moved: dict[int, int] = defaultdict(int)
    for on, amount in course.changes:
        moved[step.number(on) - number] += amount
    balance = held = course.initial
    for age, amount in moved.items():
        balance += amount
        before, held = held, max(balance, 0)
        parts.closing[age] += held - before
        parts.kept[age] += min(held, course.initial) - min(before, course.initial)
        parts.customers[age] += (held > 0) - (before > 0)
        parts.expanded[age] += max(held - before, 0)
        parts.churned[age] += max(before - held, 0)


@dataclass(frozen=True, slots=True)
class Together:
    """All cohorts that are old enough, at one age: their initial deals, last period's revenue, what was churned and
    expanded, and what is left. last - churned + expanded = left.closing."""

    cohorts: int
    last: Fraction
    churned: Fraction
    expanded: Fraction
    left: Retention


def together(found: Sequence[Cohort]) -> list[Together]:
    """Return for each age all cohorts whose period of that age is over, as one."""
    oldest = max((one.ended for one in found), default=0)
    return [_together([one for one in found if age < one.ended], age) for age in range(oldest)]


def _together(old: Sequence[Cohort], age: int) -> Together:
    at = [one.ages[age] for one in old]
    left = of_sums(
        exact_sum(one.opening for one in old),
        exact_sum(one.kept for one in at),
        exact_sum(one.closing for one in at),
        sum(one.customers for one in old),
        sum(one.customers for one in at),
    )
    return Together(
        cohorts=len(old),
        last=exact_sum(one.before(age) for one in old),
        churned=exact_sum(one.churned for one in at),
        expanded=exact_sum(one.expanded for one in at),
        left=left,
    )


@dataclass(frozen=True, slots=True)
class Earned:
    """Recurring revenue of some customers so far: what they hold at the end of each month that is over, summed.
    `deal`: their initial deals, a year of each; `of_deal` of the revenue is the initial deals' own, in the first twelve
    months at most as much as was first agreed. Exact minor units."""

    customers: int
    deal: Fraction
    revenue: Fraction
    of_deal: Fraction

    @property
    def times(self) -> Fraction | None:
        """Return revenue so far for each unit of the initial deals (M4: reference 6). None without one."""
        return self.revenue / self.deal if self.deal else None

    @property
    def after_share(self) -> Fraction | None:
        """Return the share of the revenue that came after and above the initial deals (M4: 90 %). None without any."""
        return 1 - self.of_deal / self.revenue if self.revenue else None


def earned(found: Courses, *, on: date) -> Earned:
    """Return what customers brought so far. A month counts with what is held at its end, as the movements' closing."""
    last = Step.MONTH.number(date.fromordinal(on.toordinal() + 1)) - 1  # the last month that is over
    deals = revenue = own = 0
    for course in found.members:
        deals += YEAR_MONTHS * course.initial
        for balance, months, first in _stretches(course, last):
            revenue += balance * months
            own += min(max(balance, 0), course.initial) * first
    return Earned(len(found.members), found.exact(deals), found.exact(revenue), found.exact(own))


def _stretches(course: Course, last: int) -> Iterable[tuple[int, int, int]]:
    """Yield what is held at so many month ends, and how many of them lie within the first twelve."""
    first = Step.MONTH.number(course.starts_on)
    balance, since = course.initial, first
    for on, amount in (*course.changes, (date.max, 0)):
        until = min(Step.MONTH.number(on), last + 1)
        if until > since:
            yield balance, until - since, max(0, min(until, first + YEAR_MONTHS) - since)
            since = until
        balance += amount
