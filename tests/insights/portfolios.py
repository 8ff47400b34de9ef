"""Portfolios whose truth is known: probabilities that are off by a bias, and quarters that share a shock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perennial.insights.calculations import shock
from perennial.insights.calculations.shock import Floats, Quarter

BIAS, BIAS_SD, SHOCK_SD = -0.2, 0.2, 0.35
"""Of the truth, on the logit scale (analytics 4)."""
QUARTERS = 8


@dataclass(frozen=True)
class Covered:
    """How often the 80 % interval held what came, in amount and alone by independent draws."""

    by_posterior: float
    by_chance_alone: float
    width: float
    loss: float


def covered(due: int, runs: int, *, seed: int, quarters: int = QUARTERS) -> Covered:
    """Return the coverage over runs: in each the posterior learns from past quarters and foretells the next."""
    chance = np.random.default_rng(seed)
    inside, alone, widths, losses = [], [], [], []
    for run in range(runs):
        bias = chance.normal(BIAS, BIAS_SD)
        past = []
        for _quarter in range(quarters):
            p, renewed, _amounts = _quarter_of(chance, due, bias)
            past.append(Quarter(p.tolist(), renewed.tolist()))
        p, renewed, amounts = _quarter_of(chance, due, bias)
        actual = float(amounts[renewed].sum())
        same = np.zeros(due, dtype=np.int64)
        fan = shock.fan(shock.totals(p, same, amounts[:, None], shock.posterior(past), seed=run))[:, 0]
        free = np.quantile((chance.random((2000, due)) < p) @ amounts, shock.QUANTILES)
        inside.append(fan[0] <= actual <= fan[2])
        alone.append(free[0] <= actual <= free[2])
        widths.append((fan[2] - fan[0]) / amounts.sum())
        losses.append(abs(fan[1] - actual) / amounts.sum())
    return Covered(float(np.mean(inside)), float(np.mean(alone)), float(np.mean(widths)), float(np.mean(losses)))


def _quarter_of(chance: np.random.Generator, due: int, bias: float) -> tuple[Floats, np.ndarray, Floats]:
    odds = chance.normal(2.0, 1.0, due)
    truth = 1 / (1 + np.exp(-(odds + bias + SHOCK_SD * chance.standard_normal())))
    return 1 / (1 + np.exp(-odds)), chance.random(due) < truth, chance.lognormal(0.0, 1.0, due)
