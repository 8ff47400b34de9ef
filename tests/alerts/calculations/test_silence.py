"""Silence beyond chance (analytics 2.1, 10)."""

from __future__ import annotations

import numpy as np
import pytest

from perennial.alerts.calculations import silence


def test_the_golden_gaps() -> None:
    active, gap = np.array([22, 22]), np.array([3, 2])
    assert silence.chance(active, gap) == pytest.approx([0.0057, 0.0319], abs=5e-5)
    assert silence.is_silent(active, gap).tolist() == [True, False]


def test_weeks_are_counted_from_the_last_one() -> None:
    users = np.array([[1.0] * 23 + [0.0] * 3, [0.0] * 25 + [2.0], [np.nan] * 26])
    active, gap = silence.gaps(users)
    assert active.tolist() == [23, 1, 0]
    assert gap.tolist() == [3, 0, 26]
    assert silence.is_silent(active, gap).tolist() == [True, False, False]
