"""Lifetime value, CAC and stages (analytics 3.5 and 10, M1)."""

import pytest

from perennial.insights.calculations import worth
from perennial.insights.terms import Check, Curve, Stage, Verdict

PASSED, FAILED = Verdict.PASSED, Verdict.FAILED


def test_the_golden_case_of_value_and_cost_is_a_model_that_repeats():
    value = worth.naive_value(24_000, 0.8, 0.12)
    months = worth.payback_months(18_000, 24_000 / 12, 0.8)
    assert value == pytest.approx(160_000)
    assert value / 18_000 == pytest.approx(8.89, abs=0.005)
    assert months == pytest.approx(11.25)
    assert [one.verdict for one in worth.economy_test(value / 18_000, 4.1, months)] == [PASSED, PASSED]


def test_a_value_is_discounted_years_times_gross_profit():
    assert worth.tenure([1, 0.8, 0.6], 0.10) == pytest.approx(1 + 0.8 / 1.1 + 0.6 / 1.21)
    assert worth.lifetime_value(3.0, 24_000, 0.8) == pytest.approx(57_600)


def test_years_beyond_the_horizon_do_not_count():
    curve = Curve(None, (1.0, 0.5, 0.5), (1, 0.4, 0.3), (1, 0.6, 0.6), ((1.0, 0.4, 0.3), (1.0, 0.6, 0.6)))
    assert worth.tenures(curve, 0.0, 2) == (pytest.approx(1.5), pytest.approx((1.4, 1.6)))
    assert worth.tenures(curve, 0.0, 10) == (pytest.approx(2.0), pytest.approx((1.7, 2.2)))


def test_nothing_is_divided_by_nothing():
    assert worth.naive_value(24_000, 0.8, 0) is None
    assert worth.payback_months(100, 0, 0.8) is None
    assert worth.flattens((10, 9), (1, 1)) is None


def test_a_point_estimate_over_three_is_not_yet_certain_where_its_lower_bound_is_not():
    assert [one.verdict for one in worth.economy_test(3.4, 2.9, 11)] == [Verdict.NOT_YET_CERTAIN, PASSED]
    assert [one.verdict for one in worth.economy_test(3.0, 2.9, 12)] == [FAILED, FAILED]
    assert [one.verdict for one in worth.economy_test(None, None, None)] == [Verdict.UNKNOWN, Verdict.UNKNOWN]


def test_a_curve_flattens_where_the_last_two_ages_lose_at_most_half_of_the_first():
    assert worth.flattens((100, 60, 50, 45), (40, 10, 5, 4)) == pytest.approx((9 / 95, 0.4))
    assert [one.verdict for one in worth.fit_test((100, 60, 50, 45), (40, 10, 5, 4), 30)] == [PASSED, PASSED]
    assert [one.verdict for one in worth.fit_test((29, 20, 18), (9, 4, 4), 30)] == [FAILED, FAILED]


def test_scale_wants_four_quarters_and_a_steady_grr():
    good, bad = worth.economy_test(5, 4, 9), worth.economy_test(5, 2, 9)
    assert [one.verdict for one in worth.scale_test([good] * 4, [0.9, 0.91, 0.9, 0.92], 0.03)] == [PASSED, PASSED]
    assert [one.verdict for one in worth.scale_test([good] * 3 + [bad], [0.9, 0.8, 0.9, 0.9], 0.03)] == [FAILED, FAILED]
    assert worth.scale_test([good] * 4, [0.9, None, 0.9, 0.9], 0.03)[1].verdict is Verdict.UNKNOWN


def test_a_stage_is_reached_with_all_before_it_and_only_for_certain():
    yes, no, maybe = [Check("a", PASSED)], [Check("a", FAILED)], [Check("a", Verdict.NOT_YET_CERTAIN)]
    assert worth.stage_of(no, yes, yes) is Stage.SEARCHING
    assert worth.stage_of(yes, maybe, yes) is Stage.PMF
    assert worth.stage_of(yes, yes, no) is Stage.REPEATABLE
    assert worth.stage_of(yes, yes, yes) is Stage.SCALE
