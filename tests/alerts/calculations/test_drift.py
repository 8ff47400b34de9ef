"""Drift, worked by hand (analytics 1.5)."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from perennial.alerts.calculations import drift


def test_the_noise_floor_is_the_one_of_the_analytics() -> None:
    # theory, 95 %: .338/.113/.034/.011 at n = 100/300/1000/3000
    found = [drift.floor(10, n, n, 0.95) for n in (100, 300, 1000, 3000)]
    assert [round(one, 3) for one in found] == [0.338, 0.113, 0.034, 0.011]


def test_the_index_of_two_classes_by_hand() -> None:
    before, now = np.array([0.0] * 50 + [1.0] * 50), np.array([0.0] * 20 + [1.0] * 80)
    p, q = 50.5 / 101, 20.5 / 101
    expected = (q - p) * log(q / p) + ((1 - q) - (1 - p)) * log((1 - q) / (1 - p))
    found = drift.psi(before, now)
    assert found.value == pytest.approx(expected)
    assert (found.classes, found.before, found.now) == (2, 100, 100)
    assert drift.drifted([found]).tolist() == [True]


def test_unknown_values_count_not_and_few_say_nothing() -> None:
    few = np.array([1.0] * 19 + [np.nan] * 50)
    assert drift.psi(few, few) == drift.Psi(None, None, None, 0, 19, 19)
    assert drift.drifted([drift.psi(few, few)]).tolist() == [False]


def test_a_measure_that_is_the_same_for_all_drifts_not() -> None:
    same = np.full(100, 3.0)
    assert drift.psi(same, same).value == 0


def test_without_drift_hardly_anything_is_flagged() -> None:
    draw = np.random.default_rng(3)
    flagged = [drift.drifted([drift.psi(draw.normal(size=100), draw.normal(size=100)) for _ in range(10)]).sum()
               for _ in range(40)]  # fmt: skip
    usual = [drift.psi(draw.normal(size=100), draw.normal(size=100)).value or 0 for _ in range(200)]
    assert sum(flagged) <= 4  # of 400
    assert np.mean(usual) > 0.1  # where the usual limit of .1 flags half of them


def test_a_real_shift_is_flagged() -> None:
    draw = np.random.default_rng(4)
    assert drift.drifted([drift.psi(draw.normal(size=300), draw.normal(0.8, size=300))]).all()


def test_observed_over_expected_has_exact_limits() -> None:
    found = drift.observed_over_expected(5, 10)
    assert [found.value or 0, found.low or 0, found.high or 0] == pytest.approx([0.5, 0.16235, 1.16683], abs=1e-5)
    assert not found.is_off
    assert drift.observed_over_expected(0, 4).is_off  # 0 … .9222
    assert drift.observed_over_expected(3, 0).value is None
    assert [one.observed for one in drift.rolling([1, 2, 3, 4], [2.0] * 4, 2)] == [3, 5, 7]


def test_the_slope_of_two_groups_by_hand() -> None:
    outcomes = np.array([True] * 30 + [False] * 70 + [True] * 70 + [False] * 30)
    p = np.repeat([0.2, 0.8], 100)
    found = drift.calibration_slope(outcomes, p)
    assert found is not None
    assert found.value == pytest.approx(log(0.7 / 0.3) / log(0.8 / 0.2))
    assert found.is_off
    assert drift.calibration_slope(np.array([True, True]), np.array([0.2, 0.4])) is None
    assert drift.calibration_slope(np.array([True, False]), np.array([0.3, 0.3])) is None


def test_what_noise_reaches_is_not_flagged_though_its_chance_is_small() -> None:
    below = drift.Psi(value=0.4, floor=0.433, p=0.016, classes=10, before=100, now=100)
    slight = drift.Psi(value=0.09, floor=0.02, p=0.0001, classes=10, before=3000, now=3000)
    beyond = drift.Psi(value=0.5, floor=0.433, p=0.001, classes=10, before=100, now=100)
    assert drift.drifted([below, slight, beyond]).tolist() == [False, False, True]
