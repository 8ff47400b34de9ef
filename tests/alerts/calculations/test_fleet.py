"""Who is listed: by hand, and on fleets of which the truth is known (analytics 2.2, 9 row 8)."""

from __future__ import annotations

import numpy as np
import pytest
from tests.alerts import fleets

from perennial.alerts.calculations import fleet
from perennial.alerts.calculations.ewma import Weekly

BH = (0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216)


def test_false_discoveries_are_held_to_a_share() -> None:
    assert fleet.benjamini_hochberg(np.array(BH), 0.05).sum() == 2  # golden, analytics 10
    assert fleet.benjamini_hochberg(np.array([0.04, np.nan, 0.06]), 0.1).tolist() == [True, False, True]
    assert not fleet.benjamini_hochberg(np.array([np.nan])).any()


def test_p_counts_the_fleets_past_of_one_size() -> None:
    statistic = np.array([[-1.0, 0.0, -2.0], [-3.0, 1.0, 0.5], [-9.0, -9.0, -9.0]])
    usual = np.array([[20.0] * 3, [30.0] * 3, [9.0] * 3])  # the last one is too small, then and now
    past = Weekly((0, 1, 2), statistic, usual, usual)
    p, against = fleet.chances(past, 2)
    assert p[:2] == pytest.approx([(1 + 1) / 5, (1 + 3) / 5])
    assert np.isnan(p[2])
    assert against.tolist() == [4, 4, 0]


def test_who_is_as_low_counts_as_lower() -> None:
    tied = np.full((2, 2), -1.0)
    p, _against = fleet.chances(Weekly((0, 1), tied, np.full((2, 2), 20.0), tied), 1)
    assert p.tolist() == [1.0, 1.0]


def test_sizes_are_held_against_their_like() -> None:
    count = fleet.POOLED_BELOW
    usual = np.repeat(np.arange(10.0, 10 + count)[:, None], 2, axis=1)
    statistic = np.column_stack([usual[:, 0], np.full(count, 150.0)])  # the past: each its own size
    p, against = fleet.chances(Weekly((0, 1), statistic, usual, usual), 1)
    assert against.tolist() == [100] * count
    assert p[0] == 1  # all hundred of the smallest class are as low
    assert p[-1] == pytest.approx(1 / 101)


def test_few_customers_are_not_judged() -> None:
    few = fleets.quiet(40, fleet.WHOLE_REACH, 3)
    found = fleet.judge(few.users, few.parts)
    assert (found.judged, found.expected, found.watch.sum(), found.act.sum()) == (0, 0.0, 0, 0)
    assert np.isnan(found.p).all()


def test_one_real_fall_is_listed_and_a_quiet_customer_is_not() -> None:
    level = np.ones((300, fleet.WHOLE_REACH))
    level[0, -5:] = 0.1
    made = fleets.quiet(300, fleet.WHOLE_REACH, 5, level=level)
    made.users[0] = np.round(100 * level[0])
    found = fleet.judge(made.users, made.parts)
    assert found.watch[0]
    assert found.act[0]
    assert found.p[0] == pytest.approx(1 / (1 + found.against[0]))
    assert found.watch.sum() <= 1 + 3 * max(1, found.expected)


def test_week_by_week_is_the_same_as_a_week_alone() -> None:
    made = fleets.quiet(200, fleet.WHOLE_REACH + 3, 7)
    told = list(fleets.judged(made, 3))
    for one in told:
        alone = fleet.judge(made.users, made.parts, one.week)
        assert np.array_equal(alone.p, one.p, equal_nan=True)


def test_false_alarms_are_what_is_printed() -> None:
    by_chance, acted = fleets.false_alarms(1000, 26, 19)
    assert 3.5 <= by_chance <= 6.5
    assert acted <= 0.1


def test_a_holiday_of_everybody_is_nobodys_fall() -> None:
    assert fleets.in_a_holiday(1000, 19) <= 8 < fleets.in_a_holiday(1000, 19, adjusted=False)


def test_a_lost_half_is_found_within_twelve_weeks() -> None:
    share, count = fleets.found_after(0.5, 2000, 23)
    assert count > 20
    assert share >= 0.85
