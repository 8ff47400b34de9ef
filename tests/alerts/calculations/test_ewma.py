"""The statistic, worked by hand (analytics 2.2)."""

from __future__ import annotations

import numpy as np
import pytest

from perennial.alerts.calculations import calendar, ewma

WEEKS = ewma.REACH


def _constant(users: float) -> list[float]:
    return [users] * WEEKS


def test_one_week_at_nine_of_sixteen_counts_a_quarter_of_its_two_deviations() -> None:
    users = np.array([[*_constant(16)[:-1], 9.0]])
    found = ewma.weekly(users, [WEEKS - 1])
    # s = √(16 ÷ 65) = .496139; (√9.25 − √16.25) ÷ s = −1.994901; a quarter of it
    assert found.statistic[0, 0] == pytest.approx(-0.498725, abs=1e-5)
    assert found.usual[0, 0] == 16
    assert found.spread[0, 0] == pytest.approx(0.496139, abs=1e-6)


def test_a_week_counts_three_deviations_at_most() -> None:
    users = np.array([[*_constant(400)[:-1], 0.0]])
    assert ewma.weekly(users, [WEEKS - 1]).statistic[0, 0] == pytest.approx(-0.75)


def test_lately_weighs_the_weeks_as_the_statistic_does() -> None:
    users = np.array([[0.0] * 7 + [10.0], [4.0] * 8])
    assert ewma.lately(users) == pytest.approx([10 / sum(0.75**age for age in range(8)), 4])


def test_an_older_week_counts_three_quarters_of_the_one_after_it() -> None:
    users = np.array([[*_constant(400)[:-2], 0.0, 400.0]])
    assert ewma.weekly(users, [WEEKS - 1]).statistic[0, 0] == pytest.approx(-0.75 * 0.75)


def test_dispersion_is_the_own_one_shrunk_to_the_fleet() -> None:
    found = ewma.alphas(np.array([[10.0, 20.0] * 13, [10.0] * 26]))
    # own: (26 − 15) ÷ 225 = .048889 and 0; the fleet's median .024444
    assert found == pytest.approx([0.040741, 0.008148], abs=1e-6)


def test_what_is_not_known_is_not_judged() -> None:
    users = np.full((3, WEEKS), 20.0)
    users[0, -3] = np.nan  # a recent week
    users[1, :14] = np.nan  # twelve weeks of baseline are left
    users[2, :13] = np.nan  # thirteen are
    assert np.isnan(ewma.weekly(users, [WEEKS - 1]).statistic[:, 0]).tolist() == [True, True, False]
    assert np.isnan(ewma.weekly(users, [WEEKS - 2]).statistic).all()


def test_a_median_is_of_what_is_known() -> None:
    found = calendar.medians(np.array([[1.0, np.nan, 3.0, np.nan], [5.0, 1.0, 4.0, 2.0], [np.nan] * 4]))
    assert found[:2].tolist() == [2.0, 3.0]
    assert np.isnan(found[2])


def test_a_week_is_divided_by_what_it_was_for_everybody() -> None:
    users = np.full((60, 10), 9.0)
    users[:, 9] = 4
    found = calendar.factors(users, np.zeros(60, dtype=np.int64))
    assert found[0] == pytest.approx([1] * 9 + [4.5 / 9.5])


def test_a_region_has_its_own_weeks_where_fifty_say_so() -> None:
    users, parts = np.full((120, 10), 9.0), np.repeat([0, 1, 2], [60, 49, 11])
    users[parts == 0, 9] = 4
    found = calendar.factors(users, parts)[:, 9]
    assert found[parts == 0] == pytest.approx(4.5 / 9.5)
    assert found[parts != 0] == pytest.approx((1 + 4.5 / 9.5) / 2)  # 60 of 120: the median lies between both


def test_below_fifty_customers_nobody_says_what_a_week_was() -> None:
    users = np.full((49, 10), 9.0)
    users[:, 9] = 4
    assert (calendar.factors(users, np.zeros(49, dtype=np.int64)) == 1).all()
