"""What stands in for the unknown: the mean of the segment, or of the fleet where the segment is too small."""

from __future__ import annotations

import numpy as np

from perennial.health.terms import MILLION, AssumedFrom, Bools, Ints

MEAN_OF = (AssumedFrom.SEGMENT, AssumedFrom.FLEET, AssumedFrom.NOBODY)
MIDDLE = 50 * MILLION


def means_of(points: Ints, known: Bools, segments: Ints, smallest: int) -> tuple[Ints, Ints]:
    """Return each customer's stand-in for each measure, and whose it is (index into MEAN_OF).

    The mean counts the customers of the segment whose value is known; with fewer than `smallest` of them the fleet's
    stands in, and where nobody's value is known 50 points. Unit: millionths of a point, rounded half-even. Source:
    analytics 1.1.
    """
    _, codes = np.unique(segments, return_inverse=True)
    size = int(codes.max()) + 1 if codes.size else 0
    means, whose = np.empty_like(points), np.empty_like(points)
    for column in range(points.shape[1]):
        seen = known[:, column]
        # Sums stay below 2**53, so that the doubles of bincount are exact.
        sums = np.bincount(codes, weights=np.where(seen, points[:, column], 0), minlength=size)
        counts = np.bincount(codes, weights=seen, minlength=size)
        fleet = np.rint(sums.sum() / counts.sum()) if counts.sum() else MIDDLE
        enough = counts >= smallest
        by_segment = np.where(enough, np.rint(sums / np.maximum(counts, 1)), fleet)
        source = np.where(enough, 0, 1 if counts.sum() else 2)
        means[:, column], whose[:, column] = by_segment[codes], source[codes]
    return means, whose
