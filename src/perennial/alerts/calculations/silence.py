"""How likely a stretch of silence is while nothing changed (analytics 2.1, the rule of the champion's gap)."""

from __future__ import annotations

import numpy as np

from perennial.alerts.calculations.calendar import Bools, Floats, Ints

WEEKS, CHANCE, LEAST_GAP = 26, 0.01, 3


def gaps(users: Floats) -> tuple[Ints, Ints]:
    """Return of each customer in how many of the last 26 weeks anybody came, and how many weeks ago it was last; 26 for
    all longer. Customers × weeks, the oldest first; an unknown week is no week of use."""
    used = np.nan_to_num(users[:, -WEEKS:]) > 0
    active = used.sum(axis=1)
    last = np.argmax(used[:, ::-1], axis=1)
    return active.astype(np.int64), np.where(active > 0, last, WEEKS).astype(np.int64)


def chance(active: Ints, gap: Ints) -> Floats:
    """Return (1 − r)^gap with r = (active weeks + 1) ÷ (26 + 2)."""
    return np.asarray((1 - (active + 1) / (WEEKS + 2)) ** gap, dtype=np.float64)


def is_silent(active: Ints, gap: Ints) -> Bools:
    """Return who is silent beyond chance: three weeks or more, of which less than one in a hundred would come about."""
    return np.asarray((active > 0) & (gap >= LEAST_GAP) & (chance(active, gap) < CHANCE), dtype=np.bool_)
