"""Golden cases of analytics 10, and what they say of ties, of nothing and of chance."""

from __future__ import annotations

import numpy as np
import pytest

from perennial.evidence.calculations import discrimination as found
from perennial.health.terms import Bools, Floats

LOST = np.array([1, 0, 0, 1, 0, 0, 0, 0, 1, 0], dtype=bool)
RISK = np.array([0.8, 0.1, 0.2, 0.3, 0.4, 0.05, 0.15, 0.25, 0.35, 0.6])


def drawn(count: int, gap: float, seed: int, share: float = 0.1) -> tuple[Bools, Floats]:
    """Return who left and a risk that is higher by `gap` standard deviations for those."""
    random = np.random.default_rng(seed)
    lost = np.zeros(count, dtype=bool)
    lost[: round(count * share)] = True
    return lost, random.normal(size=count) + gap * lost


def test_the_golden_case_has_its_auc_average_precision_and_lift() -> None:
    assert found.auc(LOST, RISK) == pytest.approx(17 / 21, abs=1e-12)
    assert found.average_precision(LOST, RISK) == pytest.approx(0.7, abs=1e-12)
    told = found.lift(LOST, RISK, 0.2)
    assert told is not None
    assert (told.count, told.hits) == (2, 1.0)
    assert told.lift.value == pytest.approx(1.667, abs=5e-4)
    assert told.recall == pytest.approx(1 / 3)


def test_equal_risks_count_half_and_share_the_edge() -> None:
    lost, same = np.array([True, False, False, True]), np.zeros(4)
    assert found.auc(lost, same) == 0.5
    assert found.average_precision(lost, same) == 0.5
    told = found.lift(lost, same, 0.5)
    assert told is not None
    assert (told.hits, told.lift.value) == (1.0, 1.0)


def test_without_lost_ones_there_is_no_figure() -> None:
    none = np.zeros(4, dtype=bool)
    risk = np.arange(4.0)
    assert found.auc(none, risk) is None
    assert found.auc(~none, risk) is None
    assert found.average_precision(none, risk) is None
    assert found.lift(none, risk) is None
    assert found.auc_with_interval(none, risk) is None
    assert found.difference(none, risk, risk) is None


def test_delongs_variance_is_that_of_all_pairs_counted_one_by_one() -> None:
    lost, risk = drawn(60, 0.8, seed=4, share=0.3)
    gone, kept = risk[lost], risk[~lost]
    wins = (gone[:, None] > kept) + 0.5 * (gone[:, None] == kept)
    parts = found.placements(lost, risk)
    assert parts.of_lost == pytest.approx(wins.mean(axis=1))
    assert parts.of_kept == pytest.approx(wins.mean(axis=0))


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    from scipy.stats import norm

    truth, inside, widths = norm.cdf(1.0 / np.sqrt(2)), 0, []
    for seed in range(300):
        told = found.auc_with_interval(*drawn(500, 1.0, seed))
        assert told is not None
        inside += told.low <= truth <= told.high
        widths.append(told.high - told.low)
    assert 0.92 <= inside / 300 <= 0.99
    assert np.mean(widths) == pytest.approx(0.14, abs=0.01)  # analytics 1.2: .14 at 500 and 10 %


def test_where_every_pair_is_right_the_interval_still_says_how_little_was_seen() -> None:
    lost, risk = np.array([True, True, False, False, False]), np.array([5.0, 4, 3, 2, 1])
    told = found.auc_with_interval(lost, risk)
    assert told is not None
    assert told.value == 1.0 and told.high == 1.0 and told.low < 0.95
    other = found.auc_with_interval(~lost, risk)
    assert other is not None and other.low == 0.0 and other.high == pytest.approx(1 - told.low)
    assert found.auc_with_interval(lost[1:], risk[1:]) == (1.0, 0.0, 1.0)


def test_a_paired_difference_is_narrower_than_two_intervals_say() -> None:
    lost, risk = drawn(800, 1.0, seed=7)
    other = risk + 0.3 * np.random.default_rng(8).normal(size=800)
    told, alone = found.difference(lost, risk, other), found.auc_with_interval(lost, risk)
    assert told is not None and alone is not None
    assert told.high - told.low < (alone.high - alone.low) / 2
    assert found.difference(lost, risk, risk) == (0.0, 0.0, 0.0)


def test_chance_lies_in_the_band_and_a_signal_does_not() -> None:
    lost, noise = drawn(400, 0.0, seed=3)
    low, high, p = found.permutation_band(lost, noise, seed=1, draws=400)
    told = found.auc(lost, noise)
    assert told is not None and low < told < high and p > 0.05
    low, high, p = found.permutation_band(*drawn(400, 1.0, seed=3), seed=1, draws=400)
    assert 0.40 < low < 0.45 and 0.55 < high < 0.60
    assert p == 1 / 401


def test_the_months_of_one_customer_are_dealt_out_together() -> None:
    groups = np.repeat(np.arange(40), 6)
    worth = np.random.default_rng(5).normal(size=40)
    lost = np.repeat(worth > 0.8, 6)
    risk = np.repeat(np.random.default_rng(6).normal(size=40), 6)
    alone = found.permutation_band(lost, risk, seed=1, draws=400)
    together = found.permutation_band(lost, risk, seed=1, draws=400, groups=groups)
    assert together[1] - together[0] > 1.8 * (alone[1] - alone[0])
    assert found.permutation_band(lost, risk, seed=1, draws=400, groups=groups) == together
