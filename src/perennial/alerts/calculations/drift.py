"""Whether what a score reads, or what came of it, is no longer what it was (analytics 1.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.stats import chi2

from perennial.alerts.calculations.calendar import Bools, Floats
from perennial.alerts.calculations.fleet import benjamini_hochberg

CLASSES = 10
LEAST_PSI = 0.1
FLOOR_AT = 0.99
LEAST_VALUES = 20
Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Psi:
    """A measure then and now: the index, the floor that noise alone reaches in one of a hundred, in how many classes,
    of how many customers each time, and the chance of it while nothing changed. `value` None: too few are known."""

    value: float | None
    floor: float | None
    p: float | None
    classes: int
    before: int
    now: int


def psi(before: Floats, now: Floats) -> Psi:
    """Return the population stability index of a measure against an earlier day, over up to ten classes of the earlier
    day's values; unknown values count not.

    Classes hold like shares of the earlier day; ties make fewer of them. Half a customer is added to each class, so
    that an empty one is no infinity. Source: analytics 1.5.
    """
    old, new = before[~np.isnan(before)], now[~np.isnan(now)]
    if min(old.size, new.size) < LEAST_VALUES:
        return Psi(None, None, None, 0, int(old.size), int(new.size))
    edges = np.unique(np.quantile(old, np.linspace(0, 1, CLASSES + 1)[1:-1]))
    was = np.bincount(np.searchsorted(edges, old, "left"), minlength=len(edges) + 1)
    is_ = np.bincount(np.searchsorted(edges, new, "left"), minlength=len(edges) + 1)
    used = (was + is_) > 0
    classes = int(used.sum())
    if classes < 2:
        return Psi(0.0, 0.0, 1.0, classes, int(old.size), int(new.size))
    p = (was[used] + 0.5) / (old.size + 0.5 * classes)
    q = (is_[used] + 0.5) / (new.size + 0.5 * classes)
    value = float(np.sum((q - p) * np.log(q / p)))
    noise = 1 / old.size + 1 / new.size
    return Psi(value, floor(classes, int(old.size), int(new.size)), float(chi2.sf(value / noise, classes - 1)),
               classes, int(old.size), int(new.size))  # fmt: skip


def floor(classes: int, before: int, now: int, at: float = FLOOR_AT) -> float:
    """Return what the index reaches by noise alone: the quantile of χ² with classes − 1 degrees · (1/n + 1/m)."""
    return float(chi2.ppf(at, classes - 1)) * (1 / before + 1 / now)


def drifted(found: Sequence[Psi], share: float = 0.05) -> Bools:
    """Return which measures drifted: above the noise floor and above 0.1, and on Benjamini-Hochberg's list of all."""
    p = np.array([np.nan if one.p is None else one.p for one in found], dtype=np.float64)
    beyond = [one.value is not None and one.floor is not None and one.value > max(one.floor, LEAST_PSI)
              for one in found]  # fmt: skip
    return benjamini_hochberg(p, share) & np.array(beyond, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Ratio:
    """Observed over expected events with exact limits; None where nothing was expected."""

    observed: int
    expected: float
    value: float | None
    low: float | None
    high: float | None

    @property
    def is_off(self) -> bool:
        """Whether the limits exclude 1."""
        return self.low is not None and self.high is not None and not self.low <= 1 <= self.high


def observed_over_expected(observed: int, expected: float, level: float = 0.95) -> Ratio:
    """Return O/E with exact Poisson limits (Garwood): χ² quantiles of 2O and 2O + 2 degrees, halved, over E."""
    if expected <= 0:
        return Ratio(observed, expected, None, None, None)
    tail = (1 - level) / 2
    low = float(chi2.ppf(tail, 2 * observed)) / 2 if observed else 0.0
    high = float(chi2.ppf(1 - tail, 2 * observed + 2)) / 2
    return Ratio(observed, expected, observed / expected, low / expected, high / expected)


def rolling(observed: Sequence[int], expected: Sequence[float], span: int) -> list[Ratio]:
    """Return O/E of each stretch of `span` periods in a row, the oldest first."""
    return [observed_over_expected(sum(observed[at : at + span]), sum(expected[at : at + span]))
            for at in range(len(observed) - span + 1)]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slope:
    """The calibration slope with its 95 % limits: 1 is right, below 1 too sure of itself."""

    value: float
    low: float
    high: float

    @property
    def is_off(self) -> bool:
        """Whether the limits exclude 1."""
        return not self.low <= 1 <= self.high


def calibration_slope(outcomes: Bools, p: Floats) -> Slope | None:
    """Return the slope of a logistic regression of outcomes on the logit of their forecasts, by Newton's method; None
    where one of both outcomes is missing, all forecasts are alike, or no slope is best."""
    if outcomes.all() or not outcomes.any():
        return None
    x = np.log(np.clip(p, 1e-6, 1 - 1e-6) / (1 - np.clip(p, 1e-6, 1 - 1e-6)))
    if np.ptp(x) == 0:
        return None
    design, y, beta = np.column_stack([np.ones_like(x), x]), outcomes.astype(np.float64), np.array([0.0, 1.0])
    for _ in range(50):
        told = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        hessian = (design * (told * (1 - told))[:, None]).T @ design
        if np.linalg.cond(hessian) > 1e12:
            return None
        step = np.linalg.solve(hessian, design.T @ (y - told))
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            error = sqrt(float(np.linalg.inv(hessian)[1, 1]))
            return Slope(float(beta[1]), float(beta[1]) - Z95 * error, float(beta[1]) + Z95 * error)
    return None
