"""Whether probabilities mean what they say (analytics 1.2): Brier, log-loss, intercept and slope, reliability."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

import numpy as np

from perennial.evidence.calculations.intervals import Z95, Estimate, share
from perennial.health.terms import Bools, Floats

LEAST = 1e-9
ENDLESS = 1e4
"""A slope of which so little is known that lost and kept ones are simply told apart."""
_STEPS, _CLOSE = 100, 1e-10


def logit(p: Floats) -> Floats:
    """Return log(p / (1 - p)), kept finite."""
    clipped = np.clip(p, LEAST, 1 - LEAST)
    found: Floats = np.log(clipped / (1 - clipped))
    return found


def expit(x: Floats) -> Floats:
    """Return 1 / (1 + e^-x) without overflow."""
    found: Floats = 0.5 * (1 + np.tanh(0.5 * x))
    return found


def brier(lost: Bools, p: Floats) -> float:
    """Return the mean squared distance of probabilities from what happened. The golden case: .1610."""
    return float(np.mean((p - lost) ** 2))


def brier_skill(lost: Bools, p: Floats, base: float | None = None) -> float | None:
    """Return 1 - Brier ÷ Brier of the base rate: 0 is no better than saying the same of everybody. `base`: the rate
    that was known before (None: that of these rows). None where nothing or everything was lost."""
    rate = float(lost.mean()) if base is None else base
    alone = brier(lost, np.full(len(lost), rate))
    return None if alone == 0 else 1 - brier(lost, p) / alone


def log_losses(lost: Bools, p: Floats) -> Floats:
    """Return each row's -log of the probability of what happened."""
    clipped = np.clip(p, LEAST, 1 - LEAST)
    found: Floats = -np.where(lost, np.log(clipped), np.log1p(-clipped))
    return found


def log_loss(lost: Bools, p: Floats) -> float:
    """Return the mean of `log_losses`. The golden case: .4734."""
    return float(log_losses(lost, p).mean())


def intercept_and_slope(lost: Bools, p: Floats) -> tuple[float, Estimate] | None:
    """Return calibration in the large (the shift of the logit by which the mean is right) and the slope of the logit
    with its 95 % interval: 0 and 1 are right; a slope below 1 says that probabilities are too extreme.

    None where nothing or everything was lost, all have one probability, or the slope has no end (they are told apart).
    """
    x = logit(p)
    if not lost.any() or lost.all() or np.ptp(x) < LEAST:
        return None
    shift, _variance = _newton(np.ones((len(x), 1)), lost, x)
    found, variance = _newton(np.column_stack([np.ones(len(x)), x]), lost, np.zeros(len(x)))
    if not 0 <= variance[1, 1] < ENDLESS:
        return None
    half = Z95 * sqrt(variance[1, 1])
    return float(shift[0]), Estimate(float(found[1]), float(found[1] - half), float(found[1] + half))


def _newton(design: Floats, lost: Bools, offset: Floats) -> tuple[Floats, Floats]:
    """Return the likeliest coefficients of a logistic curve, and their variance."""
    found = np.zeros(design.shape[1])
    for _step in range(_STEPS):
        p = expit(design @ found + offset)
        weights = np.maximum(p * (1 - p), 1e-12)
        information = design.T @ (design * weights[:, None])
        step = np.linalg.solve(information, design.T @ (lost - p))
        found = found + np.clip(step, -5, 5)
        if np.abs(step).max() < _CLOSE:
            break
    variance: Floats = np.asarray(np.linalg.inv(information), dtype=np.float64)
    return found, variance


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of the reliability plot: rows, the mean probability told, and the share lost with Wilson's interval."""

    count: int
    told: float
    lost: int
    happened: Estimate


def reliability(lost: Bools, p: Floats, most: int = 10) -> list[Bin]:
    """Return at most `most` bins of equally many rows, by probability; equals are never parted."""
    order = np.argsort(p, kind="stable")
    ordered = p[order]
    edges = [0]
    for number in range(1, most + 1):
        at = round(len(p) * number / most)
        while 0 < at < len(p) and ordered[at] == ordered[at - 1]:
            at += 1
        if at > edges[-1]:
            edges.append(at)
    bins = []
    for start, end in pairwise(edges):
        rows = order[start:end]
        gone = int(lost[rows].sum())
        happened = share(gone, len(rows))
        assert happened is not None
        bins.append(Bin(len(rows), float(p[rows].mean()), gone, happened))
    return bins
