"""The simulator says of itself what the documentation of it promises."""

from __future__ import annotations

import numpy as np
import pytest
from bench import simulator

from perennial.evidence.calculations.discrimination import auc


def test_an_oracle_before_the_decision_is_as_good_as_documented_and_the_due_day_is_a_leak() -> None:
    before, on_the_day, shares = [], [], []
    for seed in range(4):
        made = simulator.simulate(6000, seed)
        there = made.left >= made.renews
        lost = made.lost()[there]
        shares.append(lost.mean())
        before.append(auc(lost, made.oracle(13)[there]) or 0.0)
        on_the_day.append(auc(lost, -(made.seen(made.renews)[there] @ simulator.HAND)) or 0.0)
    assert np.mean(shares) == pytest.approx(0.10, abs=0.01)
    assert np.mean(before) == pytest.approx(0.80, abs=0.01)
    assert np.mean(on_the_day) > np.mean(before) + 0.05


def test_weights_sum_to_one_and_a_seed_gives_the_same_again() -> None:
    assert simulator.HAND.sum() == pytest.approx(1) and simulator.BAD.sum() == pytest.approx(1)
    one, two = (simulator.simulate(50, 3) for _time in range(2))
    assert (one.seen(one.renews - 13) == two.seen(two.renews - 13)).all()
    assert (one.left == two.left).all()


def test_nobody_leaves_twice_and_hazards_are_of_due_weeks() -> None:
    made = simulator.simulate(2000, 5, monthly=0.3)
    assert (made.hazard[~made.due].max()) < 0.005
    annual = made.renews >= 0
    assert made.due[np.flatnonzero(annual), made.renews[annual]].all()
    assert (made.renews[~annual] == -1).all()
