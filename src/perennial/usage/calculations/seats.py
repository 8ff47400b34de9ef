"""The seats of several customers together, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

Stretch = tuple[int, int, int | None]
"""The half-open days [from, until) with so many seats; None: nobody knows how many."""


def together(of_each: Iterable[Sequence[Stretch]], *, from_day: int, until_day: int) -> list[Stretch]:
    """Return [from_day, until_day) in stretches without a gap, each with the sum of the seats that are known then.

    Nobody's seats known is unknown. A customer whose seats nobody knows adds none: its people often work on the seats
    that the customer above it bought.
    """
    clipped = [
        (max(start, from_day), min(end, until_day), count)
        for stretches in of_each
        for start, end, count in stretches
        if count is not None and max(start, from_day) < min(end, until_day)
    ]
    edges = sorted({from_day, until_day, *(day for start, end, _count in clipped for day in (start, end))})
    found: list[Stretch] = []
    for start, end in pairwise(edges):
        counts = [count for first, last, count in clipped if first <= start < last]
        found.append((start, end, sum(counts) if counts else None))
    return found
