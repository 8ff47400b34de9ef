"""A portfolio whose truth is known, for proofs of evidence (analytics 9, rows 5 to 7). Our own, fixed seeds.

**Latent value.** Account i has v_i(t) = mu_i + u_i(t), weekly: mu ~ N(0, .6), u an AR(1) with variance .4 and .97
from one week to the next; so v has variance 1.
**Decision.** An account decides eight weeks before each due week, on what it is worth then: the hazard of a due week
is expit(a - 1.38 v(due - 8) - .25 (tenure in sd) + c_segment), c = 0, .2, -.2; that of a month of a monthly contract
is the same with a lower by ln 12. In all other weeks it is expit(-9.5 - .5 v): one in ten thousand a week
(insolvency). `a` is found by bisection so that of the annual due weeks the wanted share is lost.
**Wind-down.** Who decided to leave lets go: what can be seen of v sinks from the decision to the due week, by 0.8 in
all. That is the leak: a feature read on the due day knows the outcome.
**Proxies.** Thirteen measures x = l v + sqrt(1 - l²) e, e half of the account and half of the week; points 100
Phi(x). Loadings in `PROXIES`; each is unknown with the probability beside it, and takes the mean of the known then.
**Oracle.** Who knows all parameters, mu and v up to the as-of week: the hazard averaged over v(due - 8), by
quadrature.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from scipy.stats import norm

from perennial.evidence.calculations.calibration import expit
from perennial.health.terms import Bools, Floats, Ints

PROXIES: dict[str, tuple[float, float, float, float]] = {
    # loading on v, share unknown, weight by hand, bad weight
    "seat_use": (0.77, 0.10, 12, 3), "trend": (0.66, 0.10, 12, 3), "depth": (0.61, 0.10, 8, 3),
    "breadth": (0.55, 0.10, 8, 3), "stickiness": (0.33, 0.15, 4, 20), "recency": (0.39, 0.10, 5, 20),
    "champion": (0.72, 0.20, 12, 4), "tickets": (0.39, 0.15, 6, 4), "overdue_tickets": (0.39, 0.15, 6, 4),
    "nps": (0.33, 0.50, 4, 25), "contact": (0.55, 0.20, 8, 4), "sentiment": (0.66, 0.30, 9, 4),
    "payment": (0.44, 0.10, 6, 3),
}  # fmt: skip
LOADINGS = np.array([one[0] for one in PROXIES.values()])
UNKNOWN = np.array([one[1] for one in PROXIES.values()])
HAND = np.array([one[2] for one in PROXIES.values()]) / 100
BAD = np.array([one[3] for one in PROXIES.values()]) / 100
OF_VALUE, OF_TENURE, OF_SEGMENT = -1.38, -0.25, np.array([0.0, 0.2, -0.2])
DECIDED, WEEKS, YEAR, MONTH = 8, 160, 52, 4
KEEPS, STEADY = 0.97, 0.6
ELSEWHEN, ELSEWHEN_OF_VALUE = -9.5, -0.5
SINKS = 0.8


@dataclass(frozen=True)
class Portfolio:
    """Accounts by week. `due`: accounts × weeks, an opportunity to leave; `hazard`: the true probability of leaving in
    that week, of who is still there; `left`: the week of leaving, WEEKS where it stayed; `renews`: the week of the
    annual term that is looked at, -1 where contracts are monthly."""

    value: Floats
    steady: Floats
    tenure: Floats
    segment: Ints
    due: Bools
    hazard: Floats
    left: Ints
    renews: Ints
    seed: int

    def lost(self) -> Bools:
        """Return who left at the annual term that is looked at."""
        found: Bools = self.left == self.renews
        return found

    def seen(self, week: Ints) -> Floats:
        """Return the points of the measures (accounts × 13) as of each account's week, unknown ones filled with the
        mean of the known."""
        rows = np.arange(len(self.left))
        let_go = np.clip((week - (self.left - DECIDED)) / DECIDED, 0, 1) * (self.left < WEEKS)
        seen = self.value[rows, week] - SINKS * let_go
        steady, passing, missing = (
            np.random.default_rng([self.seed, 7, part, 0 if part == 0 else int(week.sum())]) for part in (0, 1, 2)
        )
        size = (len(rows), len(LOADINGS))
        noise = sqrt(0.5) * steady.normal(size=size) + sqrt(0.5) * passing.normal(size=size)
        points = 100 * norm.cdf(LOADINGS * seen[:, None] + np.sqrt(1 - LOADINGS**2) * noise)
        unknown = missing.random(size) < UNKNOWN
        means = np.nanmean(np.where(unknown, np.nan, points), axis=0)
        found: Floats = np.where(unknown, means, points)
        return found

    def context(self) -> Floats:
        """Return what is known besides measures: tenure in standard deviations, two segments."""
        return np.column_stack([self.tenure, self.segment == 1, self.segment == 2]).astype(float)

    def oracle(self, ahead: int) -> Floats:
        """Return the probability of loss of who knows everything `ahead` weeks before the due week."""
        rows, between = np.arange(len(self.left)), ahead - DECIDED
        now = self.value[rows, self.renews - ahead]
        if between <= 0:
            return self.hazard[rows, self.renews]
        mean = self.steady + KEEPS**between * (now - self.steady)
        spread = sqrt((1 - STEADY) * (1 - KEEPS ** (2 * between)))
        nodes, weights = np.polynomial.hermite_e.hermegauss(15)
        decided = self.value[rows, self.renews - DECIDED]
        odds = np.log(self.hazard[rows, self.renews] / (1 - self.hazard[rows, self.renews])) - OF_VALUE * decided
        chances = expit(odds[:, None] + OF_VALUE * (mean[:, None] + spread * nodes))
        found: Floats = chances @ (weights / weights.sum())
        return found


def simulate(accounts: int, seed: int, *, churn: float = 0.10, monthly: float = 0.0) -> Portfolio:
    """Return a portfolio of which `churn` of the annual terms are lost on average; `monthly`: share with such
    contracts."""
    random = np.random.default_rng([seed, 1])
    steady = random.normal(0, sqrt(STEADY), accounts)
    value = np.empty((accounts, WEEKS))
    moving = random.normal(0, sqrt(1 - STEADY), accounts)
    for week in range(WEEKS):
        value[:, week] = steady + moving
        moving = KEEPS * moving + random.normal(0, sqrt((1 - STEADY) * (1 - KEEPS**2)), accounts)
    tenure, segment = random.normal(size=accounts), random.integers(0, 3, accounts)
    is_monthly = random.random(accounts) < monthly
    first = random.integers(YEAR, 2 * YEAR, accounts)
    weeks = np.arange(WEEKS)
    annual = (weeks - first[:, None]) % YEAR == 0
    due = np.where(is_monthly[:, None], (weeks - first[:, None]) % MONTH == 0, annual)
    due[:, : YEAR // 2] = False
    earlier = value[:, np.maximum(weeks - DECIDED, 0)]
    odds = OF_VALUE * earlier + (OF_TENURE * tenure + OF_SEGMENT[segment])[:, None]
    start = _level(churn)
    of_due = expit(odds + np.where(is_monthly, start - log(12), start)[:, None])
    hazard = np.where(due, of_due, expit(ELSEWHEN + ELSEWHEN_OF_VALUE * earlier))
    leaves = random.random((accounts, WEEKS)) < hazard
    # The annual term that is looked at is each account's second year; who left before it began again.
    leaves[np.arange(WEEKS) < first[:, None] - YEAR // 2] = False
    left = np.where(leaves.any(axis=1), leaves.argmax(axis=1), WEEKS)
    return Portfolio(value, steady, tenure, segment, due, hazard, left, np.where(is_monthly, -1, first), seed)


def _level(churn: float) -> float:
    """Return the level `a` at which `churn` of annual terms are lost, over what v, tenure and segment may be."""
    random = np.random.default_rng(42)
    odds = OF_VALUE * random.normal(size=200_000) + OF_TENURE * random.normal(size=200_000)
    odds = odds + OF_SEGMENT[random.integers(0, 3, 200_000)]
    low, high = -15.0, 5.0
    for _step in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(odds + middle).mean() < churn else (low, middle)
    return low
