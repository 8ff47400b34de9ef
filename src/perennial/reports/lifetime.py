"""Lifetime value as one member sees it: how long customers stay, what that is worth, what winning one costs, and how
far the company is. Page, file and API answer these same rows.

A curve that is not fitted yet is named in `pending`: a job fits it, never a request. Until then, and where there is too
little for a curve, what was observed stands in its place and nothing is extrapolated. Money is exact up to the curve.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from perennial.blueprint import queries as blueprint
from perennial.blueprint.lifetime_terms import LifetimeRules
from perennial.blueprint.terms import Scope
from perennial.contracts import ledger
from perennial.contracts.access import ABILITY
from perennial.customers.access import visible_fields
from perennial.insights import queries
from perennial.insights.calculations import lives as aging
from perennial.insights.calculations import survival, worth
from perennial.insights.queries import Origin, Spent
from perennial.insights.terms import LEAST_LOGOS, Ages, Check, Curve, Fitted, Life, Stage
from perennial.kernel.money import round_half_even
from perennial.kernel.periods import Period, add_months, day_before, month_of
from perennial.members import access
from perennial.members.models import Member
from perennial.reports.revenue import Book

YEAR_MONTHS = 12


class Dimension(StrEnum):
    """What lifetime value is told apart by."""

    SEGMENT = "segment"
    CHANNEL = "channel"

    @property
    def label(self) -> str | Promise:
        """Return what it is called."""
        return _("Segment") if self is Dimension.SEGMENT else pgettext_lazy("of customers won", "Channel")

    def of(self, one: Origin | Spent) -> str:
        """Return the value that a customer or an amount has."""
        return one.segment if self is Dimension.SEGMENT else one.channel


@dataclass(frozen=True)
class Cost:
    """What winning customers cost: minor units spent in `months` months, and the customers won by it a sales cycle
    later. `each` None: nobody was won."""

    spent: int
    won: int
    months: int
    each: Fraction | None


@dataclass(frozen=True)
class Group:
    """Some customers and what one of them is worth; None is unknown throughout.

    `years` are discounted, with their 90 % interval; `revenue` minor units a year and paying customer, exact. `value`
    in minor units. `is_floor`: nothing was extrapolated, so the value is what the observed years alone are worth.
    `is_pending`: its curve is being fitted.
    """

    value: str
    customers: int
    paying: int
    ages: Ages
    fitted: Fitted | None
    curve: Curve
    observed: Curve
    years: float
    draws: tuple[float, ...]
    revenue: Fraction | None
    cost: Cost | None
    rules: LifetimeRules

    @property
    def is_pending(self) -> bool:
        """Say whether there is enough for a curve and none is kept yet."""
        return self.fitted is None and self.ages.is_enough

    @property
    def is_floor(self) -> bool:
        """Say whether the value is of the observed years alone."""
        return self.fitted is None

    @property
    def years_interval(self) -> tuple[float, float]:
        """Return the 90 % interval of the discounted years."""
        low, high = worth.quantile(self.draws, 0.05), worth.quantile(self.draws, 0.95)
        return min(low, self.years), max(high, self.years)

    @property
    def worth(self) -> int | None:
        """Return the lifetime value of a customer, in minor units."""
        return self._worth(self.years)

    @property
    def worth_interval(self) -> tuple[int, int] | None:
        """Return its 90 % interval: of how long customers stay; revenue and margin are taken as they are."""
        low, high = (self._worth(years) for years in self.years_interval)
        return None if low is None or high is None else (low, high)

    @property
    def payback(self) -> float | None:
        """Return in how many months a customer repays what winning it cost."""
        if self.revenue is None or self.cost is None or self.cost.each is None:
            return None
        return worth.payback_months(float(self.cost.each), float(self.revenue) / YEAR_MONTHS, self.rules.gross_margin)

    @property
    def ratio(self) -> float | None:
        """Return LTV : CAC."""
        return self._ratio(self.worth)

    @property
    def ratio_low(self) -> float | None:
        """Return the lower end of the 80 % interval of LTV : CAC."""
        return self._ratio(self._worth(worth.quantile(self.draws, worth.CERTAIN_SIDE)))

    def _worth(self, years: float) -> int | None:
        if self.revenue is None or not self.ages.points:
            return None
        value = worth.lifetime_value(years, float(self.revenue), self.rules.gross_margin)
        return round_half_even(Fraction(value))

    def _ratio(self, value: int | None) -> float | None:
        if value is None or self.cost is None or not self.cost.each:
            return None
        return value / float(self.cost.each)


@dataclass(frozen=True)
class Cohort:
    """The customers who first paid in a year: at each age how many were observed, and how many of them stayed."""

    year: int
    customers: int
    observed: tuple[int, ...]
    stayed: tuple[int, ...]


@dataclass(frozen=True)
class Staged:
    """How far the company is, with each test behind it."""

    stage: Stage
    fit: list[Check]
    economy: list[Check]
    scale: list[Check]


@dataclass(frozen=True)
class Told:
    """The whole and its parts, the largest first and the unknown one last; cohorts by first paid year; the stage, which
    only who sees all customers is told; `unallocated`: spend in minor units that names no part; `pending`: curves to be
    fitted."""

    by: Dimension
    rules: LifetimeRules
    whole: Group
    parts: list[Group]
    cohorts: list[Cohort]
    staged: Staged | None
    unallocated: int
    pending: list[Ages]


def dimensions_of(member: Member) -> list[Dimension]:
    """Return what the member may tell apart by: a channel, and the segment where his role sees that field."""
    seen = visible_fields(member)
    return [one for one in Dimension if one is Dimension.CHANNEL or one.value in seen]


def sees_all(member: Member) -> bool:
    """Say whether the member sees every customer's revenue: spend is the whole house's, and so is what it bought."""
    return access.scope_of(member, ABILITY) == Scope.ALL


def told(book: Book, by: Dimension, *, is_whole: bool) -> Told | None:
    """Return lifetime value on the book's day; None before anybody paid. Six queries for a part of the customers; with
    spend (`is_whole`: the book holds all of them) up to twelve more, for the four quarters."""
    rules = blueprint.lifetime()
    lives = queries.lives(book.rows, on=book.as_of)
    if not lives:
        return None
    origins = queries.origins(ledger.customer_ids(book.rows), rules.channel_fields)
    held = ledger.balances_on(book.as_of, book.rows, book.exchange)
    spent = _spent(book.as_of, rules, book.currency) if is_whole else []
    split: dict[str, list[Life]] = defaultdict(list)
    for life in lives:
        split[by.of(origins[life.customer_id])].append(life)
    counted = {value: _ages(some, book.as_of, book) for value, some in split.items()}
    whole_ages, quarters = _ages(lives, book.as_of, book), _quarters(book.as_of) if spent else []
    past = {day: _ages(lives, day, book) for day in quarters}
    fits = queries.fits([whole_ages, *counted.values(), *past.values()])
    make = _Maker(book.as_of, rules, held, fits)
    whole = make.group("", lives, whole_ages, spent or None)
    parts = [make.group(value, some, counted[value], _of(by, value, spent)) for value, some in split.items()]
    earlier = [make.at(day, lives, past[day], ledger.balances_on(day, book.rows, book.exchange), spent_on)
               for day in quarters for spent_on in [_spent(day, rules, book.currency)]]  # fmt: skip
    asked = [one.ages for one in (whole, *parts, *earlier) if one.is_pending]
    return Told(
        by=by,
        rules=rules,
        whole=whole,
        parts=sorted(parts, key=lambda one: (not one.value, -one.customers, one.value)),
        cohorts=_cohorts(lives, book),
        staged=_staged(whole, earlier, quarters, book) if is_whole else None,
        unallocated=sum(one.amount for one in spent if not by.of(one)),
        pending=list(dict.fromkeys(asked)),
    )


def _ages(lives: Iterable[Life], on: date, book: Book) -> Ages:
    return aging.ages_of(lives, on=on, grace_days=book.switches.grace_days)


def won_months(on: date) -> Period:
    """Return the last twelve whole months by the day: of whom winning cost what was spent a sales cycle before."""
    month = month_of(on)
    until = month.until if on == day_before(month.until) else month.since
    return Period(add_months(until, -YEAR_MONTHS), until)


def spent_months(on: date, rules: LifetimeRules) -> Period:
    """Return the months whose spend won the customers of `won_months`."""
    won = won_months(on)
    return Period(add_months(won.since, -rules.sales_cycle_months), add_months(won.until, -rules.sales_cycle_months))


def _spent(on: date, rules: LifetimeRules, currency: str) -> list[Spent]:
    return queries.spend(spent_months(on, rules), currency)


def _of(by: Dimension, value: str, spent: Sequence[Spent]) -> list[Spent] | None:
    """Return the spend of a part; None where none names it: what a part cost is then unknown, not nothing."""
    mine = [one for one in spent if value and by.of(one).casefold() == value.casefold()]
    return mine or None


def cost_of(spent: Sequence[Spent], lives: Iterable[Life], rules: LifetimeRules) -> Cost:
    """Return what a customer cost: only months whose spend is known count, each with whom it won a cycle later."""
    months = {one.month for one in spent}
    bought = {add_months(month, rules.sales_cycle_months) for month in months}
    won = sum(life.starts_on.replace(day=1) in bought for life in lives)
    amount = sum(one.amount for one in spent)
    return Cost(amount, won, len(months), Fraction(amount, won) if won else None)


@dataclass(frozen=True)
class _Maker:
    """Makes groups as of one day: what the customers hold on it (`held`, MRR), and the curves that are kept."""

    on: date
    rules: LifetimeRules
    held: Mapping[int, Fraction]
    fits: Mapping[Ages, Fitted]

    def group(self, value: str, lives: Sequence[Life], ages: Ages, spent: Sequence[Spent] | None) -> Group:
        fitted = self.fits.get(ages)
        observed = survival.observed_curve(ages)
        curve = survival.fitted_curve(fitted, self.rules.horizon_years) if fitted else observed
        years, draws = worth.tenures(curve, self.rules.discount_rate, self.rules.horizon_years)
        paying = [amount for life in lives if (amount := self.held.get(life.customer_id, Fraction(0))) > 0]
        return Group(
            value=value,
            customers=len(lives),
            paying=len(paying),
            ages=ages,
            fitted=fitted,
            curve=curve,
            observed=observed,
            years=years,
            draws=draws,
            revenue=YEAR_MONTHS * sum(paying, Fraction(0)) / len(paying) if paying else None,
            cost=cost_of(spent, lives, self.rules) if spent is not None else None,
            rules=self.rules,
        )

    def at(
        self, on: date, lives: Sequence[Life], ages: Ages, held: Mapping[int, Fraction], spent: Sequence[Spent]
    ) -> Group:
        """Return the whole as of an earlier day."""
        then = _Maker(on, self.rules, held, self.fits)
        return then.group("", [life for life in lives if life.starts_on <= on], ages, spent or None)


def _quarters(on: date) -> list[date]:
    """Return the days three, six and nine months before: with the present one, four quarters."""
    return [add_months(on, -months) for months in (3, 6, 9)]


def _staged(whole: Group, earlier: Sequence[Group], quarters: Sequence[date], book: Book) -> Staged:
    fit = worth.fit_test(whole.ages.at_risk, whole.ages.lost, LEAST_LOGOS)
    economies = [_economy(one) for one in (whole, *earlier)]
    gross = [_gross(day, book) for day in (book.as_of, *quarters)] if quarters else []
    scale = worth.scale_test(economies, gross, whole.rules.steady_grr)
    return Staged(worth.stage_of(fit, economies[0], scale), fit, economies[0], scale)


def _economy(group: Group) -> list[Check]:
    """A value of the observed years alone can show that the model repeats, but not that it does not."""
    is_enough = group.ratio is not None and (not group.is_floor or group.ratio > worth.ENOUGH_RATIO)
    return worth.economy_test(group.ratio if is_enough else None, group.ratio_low, group.payback)


def _gross(on: date, book: Book) -> float | None:
    found = ledger.retention(add_months(on, -YEAR_MONTHS), on, book.rows, book.exchange).gross
    return None if found is None else float(found)


def _cohorts(lives: Sequence[Life], book: Book) -> list[Cohort]:
    by_year: dict[int, list[Life]] = defaultdict(list)
    for life in lives:
        by_year[life.starts_on.year].append(life)
    return [
        Cohort(year, len(some), *aging.stayed(some, on=book.as_of, grace_days=book.switches.grace_days))
        for year, some in sorted(by_year.items())
    ]
