"""What each week was for everybody, over whole tables of weekly users (analytics 2.1, calendar adjustment).

The same rule as the lake's (`lake/calendars.py`), which answers for days of the daily tables; here for a grid of weeks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

WEEKS, LEAST_WEEKS, LEAST_CUSTOMERS = 26, 8, 50


def medians(values: Floats, least: int = 1) -> Floats:
    """Return the median of each row's known values, NaN where fewer than `least` are known (a value for each row).

    By one sort of all rows: numpy's own nanmedian takes many times as long.
    """
    if values.shape[1] == 0:
        return np.full(len(values), np.nan)
    ordered = np.sort(values, axis=1)  # NaN last
    known = values.shape[1] - np.isnan(values).sum(axis=1)
    low, high = np.maximum(known - 1, 0) // 2, known // 2
    rows = np.arange(len(values))
    found = (ordered[rows, low] + ordered[rows, np.minimum(high, values.shape[1] - 1)]) / 2
    return np.where(known >= max(least, 1), found, np.nan)


def factors(users: Floats, parts: Ints) -> Floats:
    """Return by what each customer's weeks are divided: the median over its part of (users + 0.5) ÷ (own median of 26
    weeks + 0.5); customers × weeks, the oldest week first, NaN users unknown.

    `parts`: each customer's region, any whole number. A region of fewer than 50 customers with a ratio in that week has
    everybody's factor; where everybody is fewer, 1. Who had users in less than half of the weeks, or has fewer than
    eight known weeks, says nothing. Unit: a ratio. Source: analytics 2.1.
    """
    found = np.ones_like(users)
    regions = np.unique(parts)
    for week in range(users.shape[1]):
        usual = medians(users[:, max(0, week - WEEKS + 1) : week + 1], LEAST_WEEKS)
        with np.errstate(invalid="ignore"):
            ratio = np.where(usual > 0, (users[:, week] + 0.5) / (usual + 0.5), np.nan)
        told = ~np.isnan(ratio)
        if told.sum() < LEAST_CUSTOMERS:
            continue
        found[:, week] = np.median(ratio[told])
        for region in regions if len(regions) > 1 else ():
            of = parts == region
            if (told & of).sum() >= LEAST_CUSTOMERS:
                found[of, week] = np.median(ratio[told & of])
    return found
