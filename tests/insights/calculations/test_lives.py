"""First lives from the ledger's days, and renewal ages."""

from datetime import date
from fractions import Fraction

import pytest

from perennial.insights.calculations.lives import ages_of, life_of, stayed, years_between
from perennial.insights.terms import Ages, Life

ON = date(2024, 6, 30)


def told(*days, on=ON):
    return life_of(1, [(day, Fraction(change), is_pause) for day, change, is_pause in days], on=on, grace_days=30)


def test_a_life_ends_on_the_first_day_without_pay():
    start, day = (date(2021, 1, 1), 100, False), date(2022, 1, 1)
    assert told(start, (day, -100, False)) == Life(1, date(2021, 1, 1), day)
    assert told(start, (day, -60, False)) == Life(1, date(2021, 1, 1))
    assert told() is None


def test_late_paper_is_no_departure_and_a_return_after_the_grace_is_another_life():
    start, gone = (date(2021, 1, 1), 100, False), (date(2022, 1, 1), -100, False)
    assert told(start, gone, (date(2022, 1, 31), 100, False)) == Life(1, date(2021, 1, 1))
    assert told(start, gone, (date(2022, 2, 1), 100, False)) == Life(1, date(2021, 1, 1), date(2022, 1, 1), True)


def test_who_left_within_the_grace_may_still_pay():
    start, gone = (date(2021, 1, 1), 100, False), (date(2024, 5, 31), -100, False)
    assert told(start, gone) == Life(1, date(2021, 1, 1))
    assert told(start, gone, on=date(2024, 7, 1)) == Life(1, date(2021, 1, 1), date(2024, 5, 31))


def test_a_pause_is_no_departure():
    paused, back = (date(2022, 1, 1), -100, True), (date(2022, 6, 1), 100, False)
    assert told((date(2021, 1, 1), 100, False), paused, back) == Life(1, date(2021, 1, 1))


@pytest.mark.parametrize(
    ("first", "day", "years"),
    [
        (date(2021, 3, 5), date(2022, 3, 4), 0),
        (date(2021, 3, 5), date(2022, 3, 5), 1),
        (date(2020, 2, 29), date(2021, 2, 28), 1),
        (date(2020, 2, 29), date(2021, 2, 27), 0),
        (date(2021, 3, 5), date(2021, 3, 4), -1),
    ],
)
def test_whole_years_are_anniversaries(first, day, years):
    assert years_between(first, day) == years


def test_ages_count_who_was_observed_and_who_was_lost():
    lives = [
        Life(1, date(2021, 1, 1), date(2022, 1, 1)),  # gone at the first renewal, observed for three
        Life(2, date(2021, 1, 1), date(2023, 12, 31)),  # gone within the third year
        Life(3, date(2021, 1, 1)),
        Life(4, date(2022, 3, 1)),  # two anniversaries
        Life(5, date(2023, 6, 1)),  # the first anniversary and its grace have just passed
        Life(6, date(2023, 6, 2)),  # the grace is not over
        Life(7, date(2024, 7, 9)),  # has not come yet
    ]
    assert ages_of(lives, on=date(2024, 7, 1), grace_days=30) == Ages((1, 1, 3), (5, 3, 2), (1, 0, 1))


def test_customers_that_were_all_lost_end_the_ages_where_nobody_was_left():
    lives = [Life(number, date(2018, 1, 1), date(2020, 1, 1)) for number in range(4)]
    assert ages_of(lives, on=ON, grace_days=30) == Ages((0, 4), (4, 4), (0, 4))
    assert ages_of([], on=ON, grace_days=30) == Ages()


def test_a_cohort_tells_of_each_age_who_was_observed_and_who_had_stayed():
    lives = [Life(1, date(2021, 1, 1), date(2022, 1, 1)), Life(2, date(2021, 6, 1)), Life(3, date(2021, 12, 1))]
    assert stayed(lives, on=date(2023, 7, 1), grace_days=30) == ((3, 2), (2, 1))
    assert stayed([], on=ON, grace_days=30) == ((), ())
