"""Intervals of shares, counts and of whatever lives between 0 and 1. scipy is loaded only in the worker."""

from __future__ import annotations

from math import exp, inf, log
from typing import NamedTuple

from perennial.contracts.calculations.retention import wilson_interval

Z95 = 1.959963984540054


class Estimate(NamedTuple):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def share(hits: int, count: int) -> Estimate | None:
    """Return hits of count with Wilson's interval; None of nothing. 34 of 40: .85, .7093 to .9294 (analytics 10)."""
    found = wilson_interval(hits, count)
    return None if found is None else Estimate(hits / count, *found)


def jeffreys(hits: float, count: float, level: float = 0.95) -> Estimate | None:
    """Return hits of count with the Jeffreys interval; None of nothing. 0 of 12: 0 to .1853 (analytics 10)."""
    from scipy.special import betaincinv

    if count <= 0:
        return None
    tail, a, b = (1 - level) / 2, hits + 0.5, count - hits + 0.5
    low = 0.0 if hits <= 0 else float(betaincinv(a, b, tail))
    high = 1.0 if hits >= count else float(betaincinv(a, b, 1 - tail))
    return Estimate(hits / count, low, high)


def observed_to_expected(observed: int, expected: float, level: float = 0.95) -> Estimate | None:
    """Return observed ÷ expected with the exact Poisson limits of the count (analytics 1.5); None of nothing expected.

    10 of 8 expected: 1.25, .5994 to 2.2988.
    """
    from scipy.special import gammaincinv

    if expected <= 0:
        return None
    tail = (1 - level) / 2
    low = float(gammaincinv(observed, tail)) if observed else 0.0
    high = float(gammaincinv(observed + 1, 1 - tail))
    return Estimate(observed / expected, low / expected, high / expected)


def on_logit_scale(value: float, error: float, z: float = Z95) -> Estimate:
    """Return a figure between 0 and 1 with value ± z × error taken on the logit scale: it stays between them."""
    middle = log(value / (1 - value))
    half = z * error / (value * (1 - value))
    return Estimate(value, _expit(middle - half), _expit(middle + half))


def _expit(x: float) -> float:
    if x in (inf, -inf):
        return 1.0 if x > 0 else 0.0
    return 1 / (1 + exp(-x)) if x > -700 else 0.0
