"""Base rates: Jeffreys where a kind stands alone, borrowed and counted down where it is small."""

from __future__ import annotations

import pytest
from scipy.stats import beta

from perennial.insights.calculations.base_rate import (
    Kind,
    Tally,
    age_at,
    most_borrowed,
    rate_of,
    stand_at,
    stands_passed,
)
from perennial.insights.calculations.beta import beta_below, beta_quantile, jeffreys


@pytest.mark.parametrize(("a", "b"), [(0.5, 12.5), (34.5, 6.5), (3.0, 1.0), (0.5, 0.5), (900.5, 100.5)])
def test_the_beta_distribution_is_scipys(a: float, b: float) -> None:
    for share in (0.025, 0.1, 0.5, 0.975):
        assert beta_quantile(share, a, b) == pytest.approx(beta.ppf(share, a, b), abs=1e-9)
        assert beta_below(share, a, b) == pytest.approx(beta.cdf(share, a, b), abs=1e-9)


def test_the_golden_interval_of_none_of_twelve() -> None:
    low, high = jeffreys(0, 12)
    assert (low, round(high, 4)) == (0, 0.1853)
    assert jeffreys(12, 12)[1] == 1


def test_a_kind_alone_has_its_own_jeffreys_rate_and_nothing_borrowed() -> None:
    rate = rate_of(Kind("a", 1, 2), {Kind("a", 1, 2): Tally(9, 12)}, 20)
    assert (rate.p, rate.kept, rate.count, rate.borrowed) == (9.5 / 13, 9, 12, 0)
    assert (rate.low, rate.high) == pytest.approx(beta.ppf([0.025, 0.975], 9.5, 3.5).tolist())


def test_a_small_kind_borrows_first_from_its_age_then_from_all_and_never_across_standpoints() -> None:
    tallies = {
        Kind("a", 1, 2): Tally(1, 2),
        Kind("b", 1, 2): Tally(8, 10),
        Kind("b", 3, 2): Tally(50, 100),
        Kind("b", 1, 0): Tally(0, 500),
    }
    of_its_age = rate_of(Kind("a", 1, 2), tallies, 5)
    assert (of_its_age.p, of_its_age.borrowed) == (pytest.approx((1 + 4 + 0.5) / (2 + 5 + 1)), 5)
    of_all = rate_of(Kind("a", 1, 2), tallies, 20)
    assert (of_all.p, of_all.borrowed) == (pytest.approx((1 + 8 + 5 + 0.5) / (2 + 20 + 1)), 20)


def test_nothing_known_is_a_half_from_none_to_all() -> None:
    rate = rate_of(Kind("a", 1, 2), {}, 20)
    assert (rate.p, rate.low, rate.high, rate.count) == (0.5, 0, 1, 0)


def test_kinds_that_differ_borrow_little_and_kinds_that_agree_much() -> None:
    differ = {Kind(name, 1, 2): Tally(kept, 100) for name, kept in (("a", 98), ("b", 50), ("c", 10), ("d", 80))}
    agree = {Kind(name, 1, 2): Tally(kept, 100) for name, kept in (("a", 80), ("b", 81), ("c", 79), ("d", 80))}
    assert most_borrowed(differ) == 10
    assert most_borrowed(agree) == 200


def test_a_term_is_evidence_for_every_standpoint_at_which_it_was_unsigned() -> None:
    assert [stands_passed(days) for days in (100, 28, 0, -3, None)] == [(2,), (2, 1), (2, 1), (2, 1, 0), (2, 1, 0)]
    assert [stand_at(days) for days in (29, 28, 0, -1)] == [2, 1, 1, 0]


def test_ages_are_whole_years_with_half_a_month_of_grace_up_to_four() -> None:
    assert [age_at(days) for days in (0, 364, 365, 714, 730, 1095, 4000)] == [1, 1, 1, 1, 2, 3, 4]
