"""Scores of forecasts, worked by hand."""

from __future__ import annotations

from datetime import date

import pytest

from perennial.insights.calculations.accuracy import brier, calibration, coverage, pinball
from perennial.insights.calculations.quarters import closed_quarters, horizon, quarters_in, week_of, weeks_before
from perennial.kernel.periods import Period
from perennial.renewals.calculations.categories import derived, in_force, one_step_from
from perennial.renewals.terms import Category

COMMIT, BEST, RISK, LOST = Category


def test_pinball_is_worked_by_hand() -> None:
    assert pinball((80, 100, 110), 90) == pytest.approx((1 + 5 + 2) / 3)
    assert pinball((90, 90, 90), 90) == 0


def test_coverage_counts_edges_and_has_wilsons_interval() -> None:
    found = coverage([((80, 90, 100), 100), ((80, 90, 100), 101), ((80, 90, 100), 85)])
    assert (found.inside, found.count) == (2, 3)
    assert found.interval == pytest.approx((0.2077, 0.9385), abs=1e-4)
    assert coverage([]).interval is None


def test_brier_and_calibration() -> None:
    assert brier([(0.9, True), (0.6, False)]) == pytest.approx(0.185)
    assert brier([]) is None
    assert calibration([]) is None
    found = calibration([(0.9, True)] * 34 + [(0.8, False)] * 6)
    assert found is not None
    assert (found.kept, found.count, round(found.expected, 3)) == (34, 40, 0.885)
    assert found.interval == pytest.approx((0.7093, 0.9294), abs=1e-4)


def test_categories_are_derived_and_moved_by_one_step() -> None:
    assert [derived(p, has_veto=False) for p in (0.9, 0.8999, 0.7, 0.6999)] == [COMMIT, BEST, BEST, RISK]
    assert derived(0.99, has_veto=True) is BEST
    assert one_step_from(COMMIT) == (BEST,)
    assert one_step_from(RISK) == (BEST, LOST)
    assert in_force(BEST, COMMIT) is COMMIT
    assert in_force(BEST, None) is BEST
    assert in_force(COMMIT, RISK) is COMMIT, "two steps away: the call has lapsed"


def test_quarters_and_weeks_of_a_fiscal_year_from_april() -> None:
    assert week_of(date(2026, 3, 1)) == date(2026, 2, 23)
    assert [one.since for one in quarters_in(Period(date(2026, 3, 31), date(2026, 4, 2)), 4)] == [
        date(2026, 1, 1), date(2026, 4, 1),
    ]  # fmt: skip
    assert horizon(date(2026, 4, 10), 4, late_days=30, months=12) == Period(date(2026, 1, 1), date(2027, 7, 1))
    closed = closed_quarters(date(2026, 3, 11), 4, count=2)
    assert closed == [Period(date(2025, 7, 1), date(2025, 10, 1)), Period(date(2025, 10, 1), date(2026, 1, 1))]
    assert weeks_before(closed[1], 13) == date(2025, 9, 29)
