"""The portfolio: exact counts where nothing is shared, and honest intervals where a quarter shares its luck."""

from __future__ import annotations

import numpy as np
import pytest
from tests.insights.portfolios import covered

from perennial.insights.calculations import shock
from perennial.insights.calculations.shock import BIASES, SPREADS, Quarter


def test_the_golden_poisson_binomial() -> None:
    found = shock.poisson_binomial([0.9, 0.8, 0.5])
    assert found.tolist() == pytest.approx([0.01, 0.14, 0.49, 0.36])
    assert shock.count_quantiles(found) == (1, 2, 3)
    assert shock.poisson_binomial([]).tolist() == [1]


def mean_bias(weights: shock.Floats) -> float:
    return float(weights.sum(axis=1) @ BIASES)


def mean_spread(weights: shock.Floats) -> float:
    return float(weights.sum(axis=0) @ SPREADS)


def test_without_a_quarter_the_posterior_is_the_prior() -> None:
    assert np.allclose(shock.posterior([]), shock.prior())
    assert mean_bias(shock.prior()) == pytest.approx(0)


def test_quarters_that_fell_short_teach_a_bias_and_quarters_that_differ_a_spread() -> None:
    short = Quarter([0.9] * 100, [True] * 70 + [False] * 30)
    fine = Quarter([0.9] * 100, [True] * 90 + [False] * 10)
    over = Quarter([0.9] * 100, [True] * 99 + [False])
    assert mean_bias(shock.posterior([short] * 6)) < -0.8
    assert mean_spread(shock.posterior([fine] * 6)) < 0.25
    assert mean_spread(shock.posterior([short, over] * 3)) > 0.5


def test_a_portfolio_falls_together_and_the_same_seed_draws_the_same() -> None:
    p, same, amounts = np.full(200, 0.9), np.zeros(200, dtype=np.int64), np.ones((200, 1))
    alone = np.zeros_like(shock.prior())
    alone[np.argmin(abs(BIASES)), 0] = 1
    shared = np.zeros_like(alone)
    shared[np.argmin(abs(BIASES)), -1] = 1
    narrow, wide = (shock.fan(shock.totals(p, same, amounts, weights, seed=1))[:, 0] for weights in (alone, shared))
    assert narrow[1] == pytest.approx(180, abs=2)
    assert narrow[2] - narrow[0] < 14
    assert wide[2] - wide[0] > 40
    again = shock.fan(shock.totals(p, same, amounts, shared, seed=1))[:, 0]
    assert again.tolist() == wide.tolist()


def test_quarters_have_shocks_of_their_own() -> None:
    p, amounts = np.full(400, 0.8), np.repeat(np.eye(2), 200, axis=0)
    shared = np.zeros_like(shock.prior())
    shared[np.argmin(abs(BIASES)), -1] = 1
    apart = shock.totals(p, np.repeat([0, 1], 200), amounts, shared, seed=3)
    together = shock.totals(p, np.zeros(400, dtype=np.int64), amounts, shared, seed=3)
    assert abs(np.corrcoef(apart.T)[0, 1]) < 0.1
    assert np.corrcoef(together.T)[0, 1] > 0.8


def test_eighty_percent_intervals_hold_eight_in_ten_where_a_shock_is_shared_and_independent_ones_do_not() -> None:
    """The short form of `./run proof forecast` (150 runs at 40, 120 and 400 contracts)."""
    found = covered(120, 50, seed=11)
    assert 0.70 <= found.by_posterior <= 0.92
    assert found.by_chance_alone < 0.75
