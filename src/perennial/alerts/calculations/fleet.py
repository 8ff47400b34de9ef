"""How unusual a statistic is by the fleet's own past, and which customers are listed (analytics 2.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perennial.alerts.calculations.calendar import LEAST_CUSTOMERS, Bools, Floats, Ints, factors
from perennial.alerts.calculations.ewma import Weekly, weekly

FAR, NEAR = 26, 4
"""The past that a statistic is held against: the weeks from 26 to 4 before it."""
LEAST_USERS = 10
"""Below so many usual users a week there is no change-point: only the rule of silence speaks."""
WATCH = 0.005
SHARE_FALSE = 0.10
BINS, POOLED_BELOW = 5, 500
WHOLE_REACH = 85
"""Weeks after which nothing further back matters: 26 of calendar, 34 of a statistic, 26 of the fleet's past, the ends
counted once."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A week's verdicts, one row a customer. `p`: chance of so low a statistic while nothing changed, NaN where not
    judged; `watch`, `act`: on which list; `judged`: how many were; `against`: with how many past ones each was
    compared; `weekly`: that week's statistic, usual users and spread; `adjusted`: customers × weeks after adjustment.
    """

    p: Floats
    watch: Bools
    act: Bools
    judged: int
    against: Ints
    statistic: Floats
    usual: Floats
    spread: Floats
    adjusted: Floats
    factors: Floats

    @property
    def expected(self) -> float:
        """How many customers stand on the watch list by chance alone, on average, in a week in which nobody changed."""
        return WATCH * self.judged


def benjamini_hochberg(p: Floats, share: float = SHARE_FALSE) -> Bools:
    """Return which are listed so that at most `share` of the list is false on average; NaN never is.

    The k smallest, for the largest k with p_(k) ≤ share · k ÷ (how many are known).
    """
    known = np.flatnonzero(~np.isnan(p))
    found = np.zeros(len(p), dtype=np.bool_)
    if known.size == 0:
        return found
    order = known[np.argsort(p[known], kind="stable")]
    below = np.flatnonzero(p[order] <= share * np.arange(1, known.size + 1) / known.size)
    if below.size:
        found[order[: below[-1] + 1]] = True
    return found


def bins(usual: Floats, count: int) -> Floats:
    """Return the inner edges between so many classes of like size, by the usual users of those judged now."""
    return np.quantile(usual, np.linspace(0, 1, count + 1)[1:-1]) if usual.size and count > 1 else np.empty(0)


def chances(past: Weekly, now: int) -> tuple[Floats, Ints]:
    """Return p of each customer in a week (its place among `past.weeks`), and with how many past ones it was compared.

    p = (1 + how many of the other weeks' statistics, of customers in the same class of size, are as low) ÷ (1 + how
    many there are). Fewer than 500 customers are one class. Who has fewer than ten usual users, then or now, counts
    not.
    """
    level, statistic = past.usual[:, now], past.statistic[:, now]
    judged = ~np.isnan(statistic) & (level >= LEAST_USERS)
    p, against = np.full(len(level), np.nan), np.zeros(len(level), dtype=np.int64)
    before = [place for place in range(len(past.weeks)) if place != now]
    then, sizes = past.statistic[:, before].ravel(), past.usual[:, before].ravel()
    with np.errstate(invalid="ignore"):
        told = ~np.isnan(then) & (sizes >= LEAST_USERS)
    edges = bins(level[judged], BINS if judged.sum() >= POOLED_BELOW else 1)
    of_then, of_now = np.searchsorted(edges, sizes[told], "right"), np.searchsorted(edges, level, "right")
    for one in range(len(edges) + 1):
        reference = np.sort(then[told][of_then == one])
        mine = judged & (of_now == one)
        p[mine] = (1 + np.searchsorted(reference, statistic[mine], "right")) / (1 + reference.size)
        against[mine] = reference.size
    return p, against


def judge(users: Floats, parts: Ints, week: int | None = None) -> Judged:
    """Return the verdicts of a week (None: the last) over customers × weeks of weekly users, the oldest week first.

    Nobody is judged where fewer than 50 customers could be: there is no fleet to be held against.
    """
    last = users.shape[1] - 1 if week is None else week
    start = max(0, last + 1 - WHOLE_REACH)
    window = users[:, start : last + 1]
    divided = factors(window, parts)
    return of_adjusted(window / divided, divided)


def of_adjusted(adjusted: Floats, divided: Floats) -> Judged:
    """Return the verdicts of the last week of customers × weeks that are adjusted already by `divided`."""
    last = adjusted.shape[1] - 1
    past = weekly(adjusted, [*(last - back for back in range(FAR, NEAR - 1, -1) if back <= last), last])
    now = past.at(last)
    p, against = chances(past, now)
    if (~np.isnan(p)).sum() < LEAST_CUSTOMERS:
        p = np.full(len(p), np.nan)
    watch = np.nan_to_num(p, nan=1.0) < WATCH
    return Judged(
        p, watch, benjamini_hochberg(p), int((~np.isnan(p)).sum()), against,
        past.statistic[:, now], past.usual[:, now], past.spread[:, now], adjusted, divided,
    )  # fmt: skip
