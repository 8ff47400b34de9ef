"""The trend of weekly scores: Theil-Sen slope, and Kendall's test of whether there is one."""

from __future__ import annotations

from functools import cache
from math import erfc, sqrt

import numpy as np

from perennial.health.terms import Bools, Floats

WEEKS_A_QUARTER = 13
LEAST_WEEKS = 8
LEAST_SLOPE = 5.0
LARGEST_P = 0.10


def theil_sen(weekly: Floats) -> Floats:
    """Return the median slope over all pairs of weeks, per customer (customers × weeks, oldest first, NaN unknown).

    Unit: points a week. NaN with fewer than 8 known weeks. Source: analytics 1.1, 2.1.
    """
    if weekly.shape[1] < LEAST_WEEKS:
        return np.full(len(weekly), np.nan)
    first, second = np.triu_indices(weekly.shape[1], 1)
    slopes = np.sort((weekly[:, second] - weekly[:, first]) / (second - first), axis=1)
    weeks = (~np.isnan(weekly)).sum(axis=1)
    pairs = weeks * (weeks - 1) // 2
    enough = weeks >= LEAST_WEEKS
    rows = np.arange(len(weekly))
    low, high = np.maximum(pairs - 1, 0) // 2, pairs // 2
    high = np.minimum(high, slopes.shape[1] - 1)
    return np.where(enough, (slopes[rows, low] + slopes[rows, high]) / 2, np.nan)


def kendall_p(weekly: Floats) -> Floats:
    """Return the two-sided p of Kendall's tau against time: exact without ties, else by the normal approximation.

    NaN with fewer than 8 known weeks, 1 where all weeks are equal. Source: analytics 1.1; agrees with scipy's
    kendalltau.
    """
    first, second = np.triu_indices(weekly.shape[1], 1)
    signs = np.sign(weekly[:, second] - weekly[:, first])
    score = np.abs(np.nansum(signs, axis=1))
    weeks = (~np.isnan(weekly)).sum(axis=1)
    tied = (signs == 0).any(axis=1)
    found = np.full(len(weekly), np.nan)
    for n in np.unique(weeks[weeks >= LEAST_WEEKS]):
        plain = (weeks == n) & ~tied
        found[plain] = _tail(int(n))[score[plain].astype(int)]
    some = (weeks >= LEAST_WEEKS) & tied
    found[some] = _normal_p(weekly[some], score[some], weeks[some].astype(float))
    return found


def is_shown(per_quarter: Floats, p: Floats) -> Bools:
    """Return where an arrow is shown: at least 5 points a quarter, and p below .10."""
    shown: Bools = (np.abs(per_quarter) >= LEAST_SLOPE) & (p < LARGEST_P)
    return shown


def _normal_p(weekly: Floats, score: Floats, n: Floats) -> Floats:
    # Each member of a tie of t weeks carries (t − 1)(2t + 5), so that a tie carries t(t − 1)(2t + 5).
    ties = (weekly[:, :, None] == weekly[:, None, :]).sum(axis=2)
    lost = np.where(ties > 0, (ties - 1) * (2 * ties + 5), 0).sum(axis=1)
    variance = (n * (n - 1) * (2 * n + 5) - lost) / 18
    z = np.where(variance > 0, score / np.sqrt(np.maximum(variance, 1e-9)), 0.0)
    return np.array([erfc(one / sqrt(2)) for one in z])  # few rows have ties, and scipy takes a second to load


@cache
def _tail(n: int) -> Floats:
    """Return P(|concordant − discordant| ≥ s) for s = 0 … n(n−1)/2 over all orders of n weeks."""
    ways = [1]
    for size in range(2, n + 1):
        ways = [sum(ways[max(0, i - size + 1) : i + 1]) for i in range(len(ways) + size - 1)]
    pairs, orders = len(ways) - 1, sum(ways)
    return np.array([sum(w for i, w in enumerate(ways) if abs(pairs - 2 * i) >= s) / orders for s in range(pairs + 1)])
