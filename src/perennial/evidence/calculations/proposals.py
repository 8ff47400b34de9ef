"""Weights proposed beside the hand's, with intervals (analytics 1.4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perennial.evidence.calculations.methods import Linear, blended
from perennial.evidence.calculations.samples import Sample
from perennial.health.terms import Floats

DRAWS = 200
NOTHING = 0.005


@dataclass(frozen=True, slots=True)
class Proposal:
    """Shares of the measures, summing to 1, with bootstrap intervals of 90 %. `keeps`: every hand weight lies within
    its interval, or off it by less than half a point of a hundred: there is nothing to change."""

    weights: Floats
    low: Floats
    high: Floats
    keeps: bool


def proposal(sample: Sample, blend: Linear, *, seed: int, draws: int = DRAWS) -> Proposal | None:
    """Return the proposal of a blend; None where no measure counts in it. Customers are drawn anew `draws` times, with
    the same lam."""
    weights = blend.weights
    if weights is None:
        return None
    random, found = np.random.default_rng(seed), []
    for _draw in range(draws):
        again = blended(sample.drawn(random), float(blend.told["lam"]), blend).weights
        if again is not None:
            found.append(again)
    low, high = np.quantile(found, [0.05, 0.95], axis=0)
    hand, close = sample.weights, NOTHING
    return Proposal(weights, low, high, bool(((hand >= low - close) & (hand <= high + close)).all()))
