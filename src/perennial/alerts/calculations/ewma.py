"""How far a customer's last weeks lie below what was usual for it: an exponentially weighted mean (analytics 2.2).

Weeks are columns, the oldest first; users of a week may be fractions after calendar adjustment, NaN is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from perennial.alerts.calculations.calendar import Floats, medians

RECENT, BASELINE = 8, 26
REACH = RECENT + BASELINE
"""Weeks that a statistic reads: eight recent ones, and the 26 before them as the baseline."""
LEAST_BASELINE = 13
WEIGHT = 0.25
CLIP = 3.0
OWN_WEIGHT, FLEET_WEIGHT = 26, 13
MOST_ALPHA = 4.0


@dataclass(frozen=True, slots=True)
class Weekly:
    """Of each customer in some weeks (customers × the asked weeks): the statistic, the usual users (the baseline's
    median) and the spread of one week's square root. NaN: too little is known."""

    weeks: tuple[int, ...]
    statistic: Floats
    usual: Floats
    spread: Floats

    def at(self, week: int) -> int:
        """Return the place of a week."""
        return self.weeks.index(week)


def spread(usual: Floats, alpha: Floats) -> Floats:
    """Return the standard deviation of √(users + ¼) of a week, by the delta method: negative binomial of mean `usual`
    with variance usual + alpha · usual²."""
    return np.asarray(np.sqrt((usual + alpha * usual**2) / (4 * (usual + 0.25))), dtype=np.float64)


def alphas(baseline: Floats) -> Floats:
    """Return each customer's over-dispersion by moments over its baseline weeks, shrunk to the fleet's median: 26 weeks
    of its own against 13 of the fleet's. At least 0 (Poisson); NaN where fewer than 13 weeks are known."""
    known = np.sum(~np.isnan(baseline), axis=1)
    filled = np.nan_to_num(baseline)
    mean = filled.sum(axis=1) / np.maximum(known, 1)
    off = np.where(np.isnan(baseline), 0.0, baseline - mean[:, None])
    variance = (off**2).sum(axis=1) / np.maximum(known - 1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.clip((variance - mean) / mean**2, 0.0, MOST_ALPHA)
    own = np.where((known >= LEAST_BASELINE) & (mean > 0), own, np.nan)
    told = own[~np.isnan(own)]
    fleet = float(np.median(told)) if told.size else 0.0
    return np.asarray((OWN_WEIGHT * own + FLEET_WEIGHT * fleet) / (OWN_WEIGHT + FLEET_WEIGHT), dtype=np.float64)


def lately(adjusted: Floats) -> Floats:
    """Return each customer's users of the last eight weeks as the statistic weighs them: a mean with ¾ of the weight of
    the week after; NaN where one of them is unknown. Unit: users a week, after calendar adjustment."""
    weights = (1 - WEIGHT) ** np.arange(RECENT - 1, -1, -1)
    return np.asarray(adjusted[:, -RECENT:] @ weights / weights.sum(), dtype=np.float64)


def weekly(adjusted: Floats, weeks: Iterable[int]) -> Weekly:
    """Return the statistics of some weeks (columns of `adjusted`; each needs 33 weeks before it, else it is unknown).

    s_u = clip((√(X_u + ¼) − √(m + ¼)) ÷ s, ±3) of the last eight weeks u, weighted by ¼ · ¾^age; below 0 is a fall.
    A week whose eight recent weeks are not all known, or whose baseline has fewer than 13 known, is unknown.
    """
    asked = tuple(weeks)
    shape = (len(adjusted), len(asked))
    statistic, usual, wide = (np.full(shape, np.nan) for _ in range(3))
    ages = np.arange(RECENT - 1, -1, -1)
    weights = WEIGHT * (1 - WEIGHT) ** ages
    for place, week in enumerate(asked):
        start = week - REACH + 1
        if start < 0:
            continue
        baseline = adjusted[:, start : start + BASELINE]
        recent = adjusted[:, week - RECENT + 1 : week + 1]
        m = medians(baseline, LEAST_BASELINE)
        s = spread(m, alphas(baseline))
        with np.errstate(divide="ignore", invalid="ignore"):
            off = (np.sqrt(recent + 0.25) - np.sqrt(m + 0.25)[:, None]) / s[:, None]
        statistic[:, place] = np.clip(off, -CLIP, CLIP) @ weights
        usual[:, place], wide[:, place] = m, s
    return Weekly(asked, statistic, usual, wide)
