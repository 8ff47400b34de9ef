"""Facts of many customers on many days at once: a row for each customer, a column for each day.

A fact is a row of its own: whose it is (the customer's place) and on which of the days it holds, from a first place up
to an end. Everything is counted in one pass over the facts, whatever the number of days.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from perennial.health.terms import Floats, Ints

_FIRST, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
NEVER = np.iinfo(np.int64).max
"""An instant that no day reaches."""


def instants(times: Sequence[datetime | None]) -> Ints:
    """Return instants as microseconds, whole numbers, so that they compare as they are; None is NEVER."""
    return np.array([NEVER if at is None else (at - _FIRST) // _MICROSECOND for at in times], dtype=np.int64)


def held(whose: Ints, start: Ints, end: Ints, shape: tuple[int, int]) -> Ints:
    """Return how many facts hold for each customer on each day: those of [start, end), places of days.

    Whose [0, 0, 1], start [0, 1, 2], end [2, 3, 3] over three days: [[1, 2, 1], [0, 0, 1]].
    """
    found = np.zeros((shape[0], shape[1] + 1), dtype=np.int64)
    some = start < end
    np.add.at(found, (whose[some], start[some]), 1)
    np.add.at(found, (whose[some], end[some]), -1)
    return np.cumsum(found[:, :-1], axis=1)


def last_of(whose: Ints, start: Ints, shape: tuple[int, int]) -> Ints:
    """Return which fact was each customer's last on each day, -1 where none was: facts come in the order of time, each
    from `start` on (the count of days: on none of them)."""
    found = np.full((shape[0], shape[1] + 1), -1, dtype=np.int64)
    np.maximum.at(found, (whose, start), np.arange(len(whose)))
    return np.maximum.accumulate(found[:, :-1], axis=1)


def mean_of(whose: Ints, values: Floats, start: Ints, end: Ints, shape: tuple[int, int]) -> Floats:
    """Return the mean of the values that hold for each customer on each day, NaN where none does. Each day is summed by
    itself: a running sum would keep what was taken away again as rounding."""
    found = np.full(shape, np.nan)
    for day in range(shape[1]):
        holds = (start <= day) & (day < end)
        count = np.bincount(whose[holds], minlength=shape[0])
        total = np.bincount(whose[holds], weights=values[holds], minlength=shape[0])
        there = count > 0
        found[there, day] = total[there] / count[there]
    return found
