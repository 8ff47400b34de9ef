"""Invented fleets of which the truth is known: weekly users that wander, with holidays, and drops where one says so.

Chosen before anything was measured with them: sizes are log-normal (median 20 users), users of a week negative binomial
with a dispersion of each customer's own (median .03), the logarithm of the rate an AR(1) of .9 with a deviation of .12,
and two weeks of holidays a year for each customer, at 60 % of the usual.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from perennial.alerts.calculations.calendar import Floats, Ints, factors
from perennial.alerts.calculations.ewma import weekly
from perennial.alerts.calculations.fleet import (
    FAR,
    LEAST_USERS,
    NEAR,
    WATCH,
    WHOLE_REACH,
    benjamini_hochberg,
    chances,
)

MEDIAN_USERS, SPREAD, DISPERSION = 20, 1.0, 0.03
WANDER, KEPT = 0.12, 0.9
HOLIDAYS, ON_HOLIDAY = 2 / 52, 0.6


@dataclass(frozen=True)
class Fleet:
    """Weekly users, customers × weeks."""

    users: Floats

    @property
    def parts(self) -> Ints:
        """All of one region."""
        return np.zeros(len(self.users), dtype=np.int64)


def quiet(customers: int, weeks: int, seed: int, *, level: Floats | None = None) -> Fleet:
    """Return a fleet in which nothing changes but chance; `level` (customers × weeks) multiplies its rates."""
    draw = np.random.default_rng(seed)
    size = np.exp(np.log(MEDIAN_USERS) + SPREAD * draw.standard_normal(customers))
    alpha = DISPERSION * np.exp(0.5 * draw.standard_normal(customers))
    wander = np.empty((customers, weeks))
    wander[:, 0] = WANDER * draw.standard_normal(customers)
    for week in range(1, weeks):
        fresh = WANDER * np.sqrt(1 - KEPT**2) * draw.standard_normal(customers)
        wander[:, week] = KEPT * wander[:, week - 1] + fresh
    rate = size[:, None] * np.exp(wander) * np.where(draw.random((customers, weeks)) < HOLIDAYS, ON_HOLIDAY, 1.0)
    if level is not None:
        rate = rate * level
    shape = (1 / alpha)[:, None]
    return Fleet(draw.poisson(draw.gamma(np.broadcast_to(shape, rate.shape), rate / shape)).astype(np.float64))


@dataclass(frozen=True)
class Week:
    """What one week's judgement said: p (NaN: not judged), and the usual users."""

    week: int
    p: Floats
    usual: Floats

    @property
    def watched(self) -> int:
        """How many are on the watch list."""
        return int((np.nan_to_num(self.p, nan=1) < WATCH).sum())

    @property
    def judged(self) -> int:
        """How many were judged."""
        return int((~np.isnan(self.p)).sum())

    @property
    def acted(self) -> int:
        """How many are on the act list."""
        return int(benjamini_hochberg(self.p).sum())


def judged(fleet: Fleet, weeks: int, *, adjusted: bool = True) -> Iterator[Week]:
    """Yield the last so many weeks' judgements as `fleet.judge` makes them, week by week; what weeks share is computed
    once (tests/alerts/calculations/test_fleet.py holds both to be equal)."""
    last = fleet.users.shape[1] - 1
    first = last - weeks + 1
    users = fleet.users / factors(fleet.users, fleet.parts) if adjusted else fleet.users
    found = weekly(users, range(max(0, first - FAR), last + 1))
    for week in range(first, last + 1):
        now = found.at(week)
        places = [place for place in range(now - FAR, now - NEAR + 1) if place >= 0]
        part = type(found)((*(found.weeks[p] for p in places), week), *(
            column[:, [*places, now]] for column in (found.statistic, found.usual, found.spread)))  # fmt: skip
        yield Week(week, chances(part, len(places))[0], found.usual[:, now])


def false_alarms(customers: int, weeks: int, seed: int) -> tuple[float, float]:
    """Return false alarms of the watch list for 1,000 judged customer-weeks, and of the act list a week, in a fleet in
    which nothing changes."""
    told = list(judged(quiet(customers, WHOLE_REACH + weeks, seed), weeks))
    return 1000 * sum(one.watched for one in told) / sum(one.judged for one in told), sum(
        one.acted for one in told
    ) / len(told)


def in_a_holiday(customers: int, seed: int, *, adjusted: bool = True) -> float:
    """Return false alarms for 1,000 customers in the last of one week in which everybody has 55 % of the usual users,
    and the three after it, on average of the four."""
    weeks = WHOLE_REACH + 4
    level = np.ones((customers, weeks))
    level[:, weeks - 4] = 0.55
    told = list(judged(quiet(customers, weeks, seed, level=level), 4, adjusted=adjusted))
    return 1000 * sum(one.watched for one in told) / sum(one.judged for one in told)


def found_after(drop: float, customers: int, seed: int, *, share: float = 0.03, within: int = 12) -> tuple[float, int]:
    """Return which share of those that truly lost `drop` of their use, and had ten usual users or more, stood on the
    watch list within so many weeks, and how many they were; `share` of the fleet drops in the same week."""
    weeks = WHOLE_REACH + within
    draw = np.random.default_rng(seed + 1)
    fell = draw.random(customers) < share
    level = np.ones((customers, weeks))
    level[fell, weeks - within :] = 1 - drop
    fleet, listed, large = quiet(customers, weeks, seed, level=level), np.zeros(customers, dtype=bool), None
    for one in judged(fleet, within):
        large = one.usual >= LEAST_USERS if large is None else large
        listed |= np.nan_to_num(one.p, nan=1) < WATCH
    assert large is not None
    return float(listed[fell & large].mean()), int((fell & large).sum())
