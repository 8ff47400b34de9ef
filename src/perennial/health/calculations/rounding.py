"""The one rule by which a score is rounded: tenths of a point, ties to the even one. Bands and trends are judged on it.

So no page shows 70.0 beside a yellow that begins below 70, and the trend follows from the weeks that are shown.
"""

from __future__ import annotations

import numpy as np

from perennial.health.terms import POINT, Ints

TENTH = POINT // 10


def half_even(amounts: Ints, unit: int) -> Ints:
    """Return whole units, ties to the even one."""
    whole, rest = np.divmod(amounts, unit)
    rounded: Ints = whole + ((2 * rest > unit) | ((2 * rest == unit) & (whole % 2 == 1)))
    return rounded


def to_tenths(amounts: Ints) -> Ints:
    """Return amounts (unit POINT) as they are printed: whole tenths of a point, still in POINT."""
    tenths: Ints = half_even(amounts, TENTH) * TENTH
    return tenths
