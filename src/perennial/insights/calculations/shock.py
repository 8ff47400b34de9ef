"""What a portfolio will renew, where contracts do not fail independently of each other (analytics 4).

logit p_i + u, with u = a + s z for all contracts of one quarter: `a` is how far off the probabilities have been on the
whole, `s` how much quarters differ. Both are learned from past frozen snapshots on a grid. Floats: statistics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BIASES: Floats = np.linspace(-1.2, 1.2, 25)
SPREADS: Floats = np.linspace(0.05, 1.2, 24)
SHOCKS: Floats = np.linspace(-4.0, 4.0, 101)
PRIOR_SD = 0.4
DRAWS = 4000
QUANTILES = (0.1, 0.5, 0.9)
SURE = 0.001
"""Nothing is surer than this: a probability of 1 would never be learned from."""
_AT_ONCE = 400
_FINE: Floats = np.linspace(-6.0, 6.0, 481)
_DENSITY: Floats = np.exp(-(SHOCKS**2) / 2) / np.exp(-(SHOCKS**2) / 2).sum()


@dataclass(frozen=True, slots=True)
class Quarter:
    """A past quarter: the frozen probabilities of the contracts that were open, and which of them renewed."""

    p: Sequence[float]
    renewed: Sequence[bool]


def logit(p: Floats) -> Floats:
    """Return log-odds; what is surer than SURE is taken as so sure."""
    held = np.clip(p, SURE, 1 - SURE)
    return np.asarray(np.log(held) - np.log1p(-held))


def prior() -> Floats:
    """Return the weights of (a, s) before any quarter, BIASES × SPREADS: a ~ N(0, .4), s ~ half-N(.4)."""
    weights = np.exp(-(BIASES[:, None] ** 2 + SPREADS[None, :] ** 2) / (2 * PRIOR_SD**2))
    return np.asarray(weights / weights.sum())


def posterior(quarters: Sequence[Quarter]) -> Floats:
    """Return the weights of (a, s), BIASES × SPREADS, after these quarters; the prior where there are none.

    Each quarter has one shock of its own, integrated over SHOCKS.
    """
    weights = np.log(prior())
    places = BIASES[:, None, None] + SPREADS[None, :, None] * SHOCKS[None, None, :]
    for quarter in quarters:
        if not quarter.p:
            continue
        odds = logit(np.asarray(quarter.p))[:, None] + _FINE[None, :]
        renewed = np.asarray(quarter.renewed, dtype=bool)[:, None]
        fine = -np.logaddexp(0.0, np.where(renewed, -odds, odds)).sum(axis=0)
        likely = np.exp(np.interp(places, _FINE, fine) - fine.max())
        weights += np.log(np.maximum(likely @ _DENSITY, 1e-300))
    found = np.exp(weights - weights.max())
    return np.asarray(found / found.sum())


def totals(
    p: Floats, quarter: NDArray[np.int64], amounts: Floats, weights: Floats, *, seed: int, draws: int = DRAWS
) -> Floats:
    """Return what renews in each draw: draws × columns of `amounts` (contracts × columns).

    `quarter`: whose shock a contract shares, 0, 1, …; `weights`: BIASES × SPREADS. The same seed gives the same draws.
    """
    chance = np.random.default_rng(seed)
    grid = chance.choice(weights.size, size=draws, p=weights.ravel())
    bias, spread = BIASES[grid // SPREADS.size], SPREADS[grid % SPREADS.size]
    quarters = int(quarter.max()) + 1 if quarter.size else 0
    shocks = np.exp(bias + spread * chance.standard_normal((quarters, draws))).astype(np.float32)
    odds = np.exp(logit(p)).astype(np.float32)
    found = np.zeros((amounts.shape[1], draws))
    for start in range(0, p.size, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        lifted = shocks[quarter[part]] * odds[part, None]
        dice = chance.random(lifted.shape, dtype=np.float32)
        dice *= 1 + lifted
        found += amounts[part].T @ (dice < lifted).astype(np.float64)
    return found.T


def fan(found: Floats) -> Floats:
    """Return the quantiles 10, 50 and 90 of each column of draws: QUANTILES × columns."""
    return np.asarray(np.quantile(np.ascontiguousarray(found.T), QUANTILES, axis=1))


def poisson_binomial(p: Sequence[float]) -> Floats:
    """Return the exact distribution of how many renew if nothing systematic happens: P(0) to P(n).

    [.9, .8, .5] gives .01, .14, .49, .36 (analytics 10).
    """
    found = np.ones(1)
    for one in p:
        found = np.convolve(found, (1 - one, one))
    return found


def count_quantiles(distribution: Floats) -> tuple[int, ...]:
    """Return the quantiles 10, 50 and 90 of a distribution of counts: the smallest count that reaches each."""
    below = np.cumsum(distribution)
    return tuple(int(np.searchsorted(below, share - 1e-12)) for share in QUANTILES)
