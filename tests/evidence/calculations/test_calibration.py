"""Golden cases of analytics 10: Brier, log-loss, intervals; calibration of probabilities whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from tests.evidence.calculations.test_discrimination import LOST, RISK

from perennial.evidence.calculations import calibration as found
from perennial.evidence.calculations import intervals
from perennial.evidence.calculations.colours import first_red, lead_time, ruled, share_lost


def test_the_golden_case_has_its_brier_and_log_loss() -> None:
    assert found.brier(LOST, RISK) == pytest.approx(0.1610, abs=5e-5)
    assert found.log_loss(LOST, RISK) == pytest.approx(0.4734, abs=5e-5)
    assert found.brier_skill(LOST, RISK) == pytest.approx(1 - 0.161 / 0.21, abs=1e-9)
    assert found.brier_skill(np.zeros(3, dtype=bool), np.zeros(3)) is None


def test_the_base_rate_has_no_skill() -> None:
    assert found.brier_skill(LOST, np.full(10, 0.3)) == pytest.approx(0.0)
    assert found.brier_skill(LOST, np.full(10, 0.3), base=0.5) == pytest.approx(1 - 0.21 / 0.25)


def test_intervals_are_those_of_the_golden_cases() -> None:
    assert intervals.share(34, 40) == pytest.approx((0.85, 0.7093, 0.9294), abs=5e-5)
    assert intervals.jeffreys(0, 12) == pytest.approx((0.0, 0.0, 0.1853), abs=5e-5)
    assert intervals.jeffreys(12, 12) == pytest.approx((1.0, 1 - 0.1853, 1.0), abs=5e-5)
    assert intervals.share(0, 0) is None and intervals.jeffreys(0, 0) is None


def test_observed_to_expected_has_the_exact_limits_of_a_count() -> None:
    from scipy.stats import poisson

    told = intervals.observed_to_expected(10, 8.0)
    assert told is not None
    assert told == pytest.approx((1.25, 0.5994, 2.2988), abs=5e-5)
    assert poisson.cdf(10, told.high * 8) == pytest.approx(0.025)
    assert poisson.sf(9, told.low * 8) == pytest.approx(0.025)
    none = intervals.observed_to_expected(0, 8.0)
    assert none is not None and none.low == 0.0
    assert intervals.observed_to_expected(3, 0.0) is None


def test_slope_and_intercept_find_what_was_done_to_true_probabilities() -> None:
    random = np.random.default_rng(2)
    odds = random.normal(-2, 1, 40_000)
    lost = random.random(40_000) < found.expit(odds)
    right, extreme = (found.intercept_and_slope(lost, found.expit(one)) for one in (odds, 2 * odds + 1))
    assert right is not None and extreme is not None
    assert right[0] == pytest.approx(0, abs=0.05) and right[1].low < 1 < right[1].high
    assert extreme[1].value == pytest.approx(0.5, abs=0.02)
    shift = found.intercept_and_slope(lost, found.expit(odds - 1))
    assert shift is not None and shift[0] == pytest.approx(1.0, abs=0.05)


def test_a_slope_without_end_or_of_one_value_is_none() -> None:
    assert found.intercept_and_slope(LOST, np.full(10, 0.3)) is None
    assert found.intercept_and_slope(np.zeros(10, dtype=bool), RISK) is None
    assert found.intercept_and_slope(LOST, np.where(LOST, 0.9, 0.1)) is None


def test_bins_hold_everybody_once_and_part_no_equals() -> None:
    p = np.repeat([0.1, 0.2, 0.7], [50, 3, 47])
    bins = found.reliability(p > 0.5, p)
    assert [one.count for one in bins] == [50, 50]
    assert [one.told for one in bins] == pytest.approx([0.1, (3 * 0.2 + 47 * 0.7) / 50])
    assert bins[0].happened == pytest.approx((0, 0, intervals.share(0, 50).high))  # type: ignore[union-attr]
    even = found.reliability(LOST, RISK, most=5)
    assert [one.count for one in even] == [2, 2, 2, 2, 2]
    assert sum(one.lost for one in even) == 3


def test_lead_time_is_the_median_of_those_that_were_warned() -> None:
    told = lead_time([120, None, 30, 90])
    assert (told.lost, told.warned, told.median_days) == (4, 3, 90.0)
    assert lead_time([None]).median_days is None


def test_of_green_ones_the_lost_are_counted_with_an_interval() -> None:
    bands, lost = ["green"] * 120 + ["red"] * 10, [True] * 5 + [False] * 115 + [True] * 4 + [False] * 6
    gone, count, told = share_lost(bands, lost, "green")
    assert (gone, count) == (5, 120) and told is not None
    assert (round(told.value, 2), round(told.low, 2), round(told.high, 2)) == (0.04, 0.02, 0.09)
    assert share_lost(bands, lost, "grey") == (0, 0, None)


def test_a_veto_is_a_rule_that_was_right_so_often_and_missed_so_many() -> None:
    told = ruled([True, True, False, False], [True, False, True, False])
    assert (told.met, told.right, told.missed) == (2, 1, 1)
    assert told.share is not None and told.share.value == 0.5
    assert ruled([False], [True]).share is None


def test_the_first_red_is_the_longest_before() -> None:
    assert first_red([(7, "red"), (90, "green"), (63, "red"), (120, None)]) == 63
    assert first_red([(7, "yellow"), (14, None)]) is None
