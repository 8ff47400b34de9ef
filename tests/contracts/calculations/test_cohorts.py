"""Cohorts and courses: the golden ledger, a portfolio worked by hand, and what holds for any portfolio."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.calculations.lines import DEFAULT
from tests.contracts.calculations.test_invariants import portfolios
from tests.contracts.calculations.test_ledger import DAY_0, FOUND, PERIOD, RATES

from perennial.contracts.calculations.balances import balances_on
from perennial.contracts.calculations.cohorts import Step, cohorts, earned, together
from perennial.contracts.calculations.courses import (
    Move,
    balances,
    balances_by_product,
    courses,
    lost_within,
    trailing,
)
from perennial.contracts.calculations.exchange import DatedRates
from perennial.contracts.calculations.movements import movements
from perennial.contracts.calculations.mrr import stretches
from perennial.contracts.calculations.retention import retention
from perennial.contracts.terms import LineTerms, MovementKind
from perennial.kernel.periods import Period, day_before


def same(amount: Fraction, _currency: str, _day: date) -> Fraction:
    return amount


def moved(*told: tuple[str, int, int]) -> list[Move]:
    """Return movements: day, customer, amount. Kinds are told by sign."""
    found = [Move(date.fromisoformat(on), customer, None, MovementKind.NEW if amount > 0 else MovementKind.CHURN, "USD",
                  Fraction(amount)) for on, customer, amount in told]  # fmt: skip
    return sorted(found, key=lambda one: one.on)


def of_lines(lines: list[LineTerms]) -> list[Move]:
    booked = movements(stretches(lines, DEFAULT), DEFAULT)
    found = [Move(one.on, one.customer_id, one.product_id, one.kind, one.currency, one.amount) for one in booked]
    return sorted(found, key=lambda one: one.on)


GOLDEN = sorted(
    (Move(one.on, one.customer_id, one.product_id, one.kind, one.currency, one.amount)
     for one in movements(FOUND, DEFAULT)),
    key=lambda one: one.on,
)  # fmt: skip


def worth(amount: Fraction, currency: str, day: date) -> Fraction:
    return amount if currency == "USD" else amount * RATES.on(currency, day)


def frozen(amount: Fraction, currency: str, _day: date) -> Fraction:
    return worth(amount, currency, DAY_0)


def test_one_reading_tells_the_golden_ledger_both_ways() -> None:
    last = DAY_0 + timedelta(days=12)
    kept = retention(balances(GOLDEN, DAY_0, frozen), balances(GOLDEN, last, frozen))
    assert (kept.gross, kept.net, kept.logo) == (Fraction(86, 100), Fraction(29, 30), 1)
    [window] = trailing(GOLDEN, [Period(DAY_0, last)], worth)
    assert (window.churned, window.net_churned) == (Fraction(14, 100), Fraction(1, 30))
    assert (window.opening, window.kept, window.closing) == (kept.opening, kept.kept, kept.closing)
    assert 1 - lost_within(GOLDEN, PERIOD, worth) / kept.opening == Fraction(62, 100)


BOOK = moved(
    ("2024-01-10", 1, 100), ("2024-02-20", 1, 50), ("2024-04-01", 1, -150), ("2024-05-05", 1, 40),  # back in May
    ("2024-01-31", 2, 200), ("2024-03-01", 2, -80),
    ("2024-01-15", 3, 60), ("2024-01-20", 3, -60),  # never saw a month's end
    ("2024-03-31", 4, 500),
)  # fmt: skip


def test_cohorts_by_month_as_worked_by_hand() -> None:
    january, march = cohorts(courses(BOOK, same), on=date(2024, 5, 15), step=Step.MONTH)
    assert (january.customers, january.opening, january.ended) == (3, 360, 4)
    assert [(one.closing, one.kept, one.customers, one.churned, one.expanded) for one in january.ages] == [
        (300, 300, 2, 60, 0),  # customer 3 left within the month
        (350, 300, 2, 0, 50),
        (270, 220, 2, 80, 0),
        (120, 120, 1, 150, 0),
        (160, 160, 2, 0, 40),  # May, as far as it has come
    ]
    assert (march.period, march.customers, march.opening) == (Period(date(2024, 3, 1), date(2024, 4, 1)), 1, 500)
    assert january.retention(2).gross == Fraction(220, 360)
    assert january.retention(2).logo == Fraction(2, 3)


def test_all_cohorts_that_are_old_enough_are_told_as_one() -> None:
    found = together(cohorts(courses(BOOK, same), on=date(2024, 5, 15), step=Step.MONTH))
    assert [(one.cohorts, one.last, one.churned, one.expanded, one.left.closing) for one in found] == [
        (2, 860, 60, 0, 800),
        (2, 800, 0, 50, 850),
        (1, 350, 80, 0, 270),  # March has no age 2 that is over
        (1, 270, 150, 0, 120),
    ]
    assert found[1].left.net == Fraction(850, 860)


def test_by_quarter_the_ages_are_quarters() -> None:
    [one] = cohorts(courses(BOOK, same), on=date(2024, 6, 30), step=Step.QUARTER)
    assert (one.customers, one.opening, one.ended) == (4, 860, 2)
    assert [(age.closing, age.kept, age.customers) for age in one.ages] == [(770, 720, 3), (660, 660, 3)]


def test_what_came_after_the_initial_deal() -> None:
    book = moved(("2023-01-10", 1, 100), ("2023-07-01", 1, 50), ("2024-07-05", 1, -150), ("2024-06-15", 2, 10))
    found = earned(courses(book, same), on=date(2024, 7, 15))
    # customer 1: 6 × 100 + 12 × 150 to June 2024, of which 12 × 100 is the deal's; customer 2: June alone.
    assert (found.deal, found.revenue, found.of_deal) == (1200 + 120, 600 + 1800 + 10, 1200 + 10)
    assert found.times == Fraction(2410, 1320)
    assert found.after_share == 1 - Fraction(1210, 2410)
    assert earned(courses([], same), on=date(2024, 7, 15)).times is None


def test_red_lines_before_the_first_paid_day_are_part_of_its_balance() -> None:
    [course] = courses(moved(("2024-01-01", 1, -5), ("2024-02-01", 1, 30)), same).members
    assert (course.starts_on, course.initial) == (date(2024, 2, 1), 25)
    assert courses(moved(("2024-01-01", 1, -5)), same).members == ()


days = st.dates(date(2024, 1, 1), date(2025, 6, 30))


@given(portfolios(), days, st.sampled_from(list(Step)))
@settings(max_examples=150)
def test_every_cell_is_the_retention_of_its_customers(lines: list[LineTerms], on: date, step: Step) -> None:
    moves = [one for one in of_lines(lines) if one.on <= on]
    found = courses(moves, same)
    for cohort in cohorts(found, on=on, step=step):
        members = [one for one in found.members if one.starts_on in cohort.period]
        opening = {one.customer_id: found.exact(one.initial) for one in members}
        for age, at in enumerate(cohort.ages):
            day = min(on, day_before(step.period(step.number(cohort.period.since) + age).until))
            left = cohort.retention(age)
            assert left == retention(opening, balances(moves, day, same))
            assert left.gross is not None and left.net is not None and 0 <= left.gross <= min(1, left.net)
            assert cohort.before(age) - at.churned + at.expanded == at.closing


@given(portfolios(("USD", "EUR")), days, days)
@settings(max_examples=150)
def test_trailing_is_the_retention_of_its_two_days(lines: list[LineTerms], one: date, other: date) -> None:
    rates = DatedRates("USD", {"EUR": [(date(2020, 1, 1), Fraction(1, 3)), (date(2024, 7, 1), Fraction(5, 2))]})
    span = Period(min(one, other), max(one, other))
    moves = of_lines(lines)

    def value(amount: Fraction, currency: str, day: date) -> Fraction:
        return amount if currency == "USD" else amount * rates.on(currency, day)

    def fixed(amount: Fraction, currency: str, _day: date) -> Fraction:
        return value(amount, currency, span.since)

    [window] = trailing(moves, [span], value)
    kept = retention(balances(moves, span.since, fixed), balances(moves, span.until, fixed))
    assert (window.opening, window.kept, window.closing) == (kept.opening, kept.kept, kept.closing)


@given(portfolios(), days)
def test_one_reading_tells_the_balances_that_the_ledger_has(lines: list[LineTerms], day: date) -> None:
    moves, told = of_lines(lines), balances_on(stretches(lines, DEFAULT), day, DatedRates("USD"))
    found = balances(moves, day, same)
    assert sorted(amount for amount in found.values() if amount) == sorted(told.values())
    by_product = balances_by_product(moves, day, same)
    assert sum(by_product.values()) == sum(found.values())


@given(portfolios(), days, days)
def test_the_movement_view_never_flatters(lines: list[LineTerms], one: date, other: date) -> None:
    span, moves = Period(min(one, other), max(one, other)), of_lines(lines)
    [window] = trailing(moves, [span], same)
    happened = Period(*(date.fromordinal(day.toordinal() + 1) for day in (span.since, span.until)))
    opening = sum(balances(moves, span.since, same).values())
    if window.opening and opening == window.opening:
        assert 1 - lost_within(moves, happened, same) / opening <= window.kept / window.opening
