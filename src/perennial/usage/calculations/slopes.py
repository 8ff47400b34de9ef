"""A slope that no single week can turn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from statistics import median


def theil_sen(points: Sequence[tuple[float, float]]) -> float | None:
    """Return the median of the slopes between any two points (x, y) whose x differ; None without two."""
    slopes = [(y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in combinations(points, 2) if x1 != x0]
    return median(slopes) if slopes else None
