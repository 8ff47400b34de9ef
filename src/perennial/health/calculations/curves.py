"""From a raw value to points, and from its age to trust."""

from __future__ import annotations

import numpy as np

from perennial.blueprint.terms import Measure
from perennial.health.terms import MILLION, Floats, Ints


def points_of(values: Floats, points: tuple[tuple[float, float], ...]) -> Ints:
    """Return the points that a curve gives: straight between its points, level outside.

    Unit: millionths of a point, rounded half-even. NaN gives 0; ask `trust_of` whether a value counts. Source:
    analytics 1.1.
    """
    known = np.where(np.isnan(values), points[0][0], values)
    z = np.interp(known, [x for x, _ in points], [z for _, z in points])
    return np.where(np.isnan(values), 0, np.rint(z * MILLION)).astype(np.int64)


def trust_of(values: Floats, ages: Floats, measure: Measure) -> Ints:
    """Return how much a value still counts: wholly while fresh, then less each day, not at all from the largest age on.

    Unit: millionths. 0 where the value or its age is unknown; an observation of tomorrow is no observation yet.
    Source: analytics 1.1.
    """
    share = (measure.max_age_days - ages) / (measure.max_age_days - measure.fresh_days)
    counts = ~np.isnan(values) & (ages >= 0)
    return np.where(counts, np.rint(np.clip(share, 0, 1) * MILLION), 0).astype(np.int64)
