"""The trend of weekly scores."""

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau, theilslopes

from perennial.health.calculations.trend import is_shown, kendall_p, theil_sen

GOLDEN = [100, 98, 97, 90, 91, 85, 84, 80, 120, 78, 75, 74, 70]


def test_the_golden_trend_is_not_moved_by_one_wild_week() -> None:
    weekly = np.array([GOLDEN], dtype=float)
    assert theil_sen(weekly)[0] == -2.5
    assert round(float(kendall_p(weekly)[0]), 4) == 0.0001


def test_fewer_than_eight_weeks_are_no_trend() -> None:
    weekly = np.array([[nan] * 6 + GOLDEN[6:], [nan] * 5 + GOLDEN[5:]], dtype=float)
    assert np.isnan(theil_sen(weekly)).tolist() == [True, False]
    assert np.isnan(kendall_p(weekly)).tolist() == [True, False]
    assert np.isnan(theil_sen(weekly[:, -3:])).all()


def test_a_level_line_has_no_trend() -> None:
    weekly = np.full((1, 13), 61.5)
    assert (theil_sen(weekly)[0], kendall_p(weekly)[0]) == (0, 1)


def test_an_arrow_needs_five_points_and_a_p_below_a_tenth() -> None:
    shown = is_shown(np.array([5.0, -5.0, 4.9, 9.0, nan]), np.array([0.09, 0.0999, 0.01, 0.10, nan]))
    assert shown.tolist() == [True, True, False, False, False]


@given(st.lists(st.one_of(st.just(nan), st.integers(0, 100).map(float)), min_size=13, max_size=13))
def test_the_trend_agrees_with_scipy_where_weeks_are_missing_or_tied(weekly: list[float]) -> None:
    known = [(week, score) for week, score in enumerate(weekly) if not isnan(score)]
    slope, p = theil_sen(np.array([weekly]))[0], kendall_p(np.array([weekly]))[0]
    if len(known) < 8:
        assert np.isnan(slope)
        return
    weeks, scores = zip(*known, strict=True)
    assert slope == pytest.approx(theilslopes(scores, weeks).slope, abs=1e-9)
    expected = kendalltau(weeks, scores).pvalue if len(set(scores)) > 1 else 1
    assert p == pytest.approx(expected, abs=1e-9)
