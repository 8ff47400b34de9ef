"""How far a score may be off because a part of it was assumed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perennial.health.terms import MILLION, Bools, Floats, Ints

NINETY_PER_CENT = 1.64
UNIFORM = 100 / np.sqrt(12)  # the spread of points of which nothing at all is known


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviations and correlations of the measures' points, and how many customers each rests on."""

    deviations: Floats
    correlations: Floats
    pairs: Floats


def error_of(points: Ints, known: Bools, share: Ints, segments: Ints, smallest: int) -> Floats:
    """Return the half-width of the 90 % interval of each score: 1.64 √(u′Ru), u = assumed share of the weight × spread.

    `share` is weight × (1 − trust) in millionths (customers × measures). Spread and correlations R are the segment's
    where `smallest` customers show them, else the fleet's; where nobody does, 28.9 points and no correlation. Unit:
    points. Source: analytics 1.1.
    """
    z = points / MILLION
    fleet = _spread(z, known)
    error = np.zeros(len(z))
    for segment in np.unique(segments):
        rows = segments == segment
        own = _spread(z[rows], known[rows])
        counts = np.diag(own.pairs)
        overall = np.where(np.diag(fleet.pairs) >= 2, fleet.deviations, UNIFORM)
        deviations = np.where(counts >= smallest, own.deviations, overall)
        together = np.where(fleet.pairs >= smallest, fleet.correlations, np.eye(z.shape[1]))
        correlations = np.where(own.pairs >= smallest, own.correlations, together)
        u = share[rows] / MILLION * deviations
        # Correlations of measures that are not known for the same customers may not fit together: never below 0.
        error[rows] = NINETY_PER_CENT * np.sqrt(np.maximum(((u @ correlations) * u).sum(axis=1), 0))
    return error


def _spread(z: Floats, known: Bools) -> Spread:
    seen = known.astype(np.float64)
    x = np.where(known, z, 0.0)
    pairs = seen.T @ seen
    count = np.maximum(pairs, 1)
    mean = (x.T @ seen) / count  # of the row's measure, over customers that know the column's too
    variance = np.maximum((x**2).T @ seen / count - mean**2, 0)
    covariance = x.T @ x / count - mean * mean.T
    scale = np.sqrt(variance * variance.T)
    varies = scale > 1e-9
    correlations = np.where(varies, np.clip(covariance / np.where(varies, scale, 1), -1, 1), 0.0)
    np.fill_diagonal(correlations, 1.0)
    return Spread(np.sqrt(np.diag(variance)), correlations, pairs)
