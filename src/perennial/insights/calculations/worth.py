"""What a customer is worth and what it costs to win one (analytics 3.5, M1). Years are paid at their start."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perennial.insights.terms import Check, Curve, Stage, Verdict

ENOUGH_RATIO = 3.0
ENOUGH_MONTHS = 12.0
CERTAIN_SIDE = 0.10
"""The lower end of an 80 % interval: nine of ten draws lie above it."""


def tenure(survival: Sequence[float], discount: float) -> float:
    """Return the discounted years of a customer: the sum of S(t) / (1 + d)^t over ages 0, 1, … of the curve."""
    return float(sum(stays / (1 + discount) ** age for age, stays in enumerate(survival)))


def tenures(curve: Curve, discount: float, years: int) -> tuple[float, tuple[float, ...]]:
    """Return the discounted years within so many first years, and those of each draw of the bootstrap."""
    weights = (1 + discount) ** -np.arange(min(years, len(curve.survival)), dtype=float)
    size = len(weights)
    drawn = np.array(curve.draws)[:, :size] @ weights
    return float(np.array(curve.survival[:size]) @ weights), tuple(drawn.tolist())


def quantile(draws: Sequence[float], share: float) -> float:
    """Return the value below which the share of the draws lies."""
    return float(np.quantile(np.array(draws), share))


def lifetime_value(tenure: float, revenue_a_year: float, margin: float) -> float:
    """Return discounted years × revenue per customer and year × gross margin, in the revenue's unit."""
    return tenure * revenue_a_year * margin


def naive_value(revenue_a_year: float, margin: float, churn: float) -> float | None:
    """Return revenue × margin ÷ churn, the field's usual figure; None without churn (24,000 × .8 ÷ .12 = 160,000)."""
    return revenue_a_year * margin / churn if churn else None


def payback_months(cost: float, revenue_a_month: float, margin: float) -> float | None:
    """Return in how many months a new customer's gross profit repays what it cost; None where it makes none."""
    profit = revenue_a_month * margin
    return cost / profit if profit > 0 else None


def flattens(at_risk: Sequence[int], lost: Sequence[int]) -> tuple[float, float] | None:
    """Return the share that left at the last two renewal ages and at the first one; None below three ages.

    Product/market fit: the later share is at most half of the first one.
    """
    if len(at_risk) < 3 or not at_risk[0]:
        return None
    later = at_risk[-1] + at_risk[-2]
    return (lost[-1] + lost[-2]) / later, lost[0] / at_risk[0]


def fit_test(at_risk: Sequence[int], lost: Sequence[int], least_logos: int) -> list[Check]:
    """Return the two tests of product/market fit."""
    logos = at_risk[0] if at_risk else 0
    enough = Check("logos", Verdict.PASSED if logos >= least_logos else Verdict.FAILED, logos, least_logos)
    shares = flattens(at_risk, lost)
    if shares is None:
        return [enough, Check("flattens", Verdict.UNKNOWN)]
    later, first = shares
    return [enough, Check("flattens", Verdict.PASSED if later <= first / 2 else Verdict.FAILED, later, first / 2)]


def economy_test(ratio: float | None, lower: float | None, months: float | None) -> list[Check]:
    """Return the two tests of a model that repeats: LTV over 3 × CAC, also at its 80 % lower bound, and payback."""
    if ratio is None or lower is None:
        return [Check("ratio", Verdict.UNKNOWN, limit=ENOUGH_RATIO), _paid_back(months)]
    if ratio <= ENOUGH_RATIO:
        verdict = Verdict.FAILED
    else:
        verdict = Verdict.PASSED if lower > ENOUGH_RATIO else Verdict.NOT_YET_CERTAIN
    return [Check("ratio", verdict, ratio, ENOUGH_RATIO), _paid_back(months)]


def _paid_back(months: float | None) -> Check:
    if months is None:
        return Check("payback", Verdict.UNKNOWN, limit=ENOUGH_MONTHS)
    return Check("payback", Verdict.PASSED if months < ENOUGH_MONTHS else Verdict.FAILED, months, ENOUGH_MONTHS)


def scale_test(quarters: Sequence[Sequence[Check]], gross: Sequence[float | None], most_swing: float) -> list[Check]:
    """Return the two tests of a company that may grow: four quarters of a model that repeats, and a steady GRR.

    `quarters` are `economy_test` at four quarter ends; `gross` the trailing GRR at the same days.
    """
    passed = [all(test.verdict is Verdict.PASSED for test in tests) for tests in quarters]
    lasting = Check("quarters", Verdict.PASSED if len(passed) >= 4 and all(passed) else Verdict.FAILED, sum(passed), 4)
    known = [one for one in gross if one is not None]
    if len(known) < 4:
        return [lasting, Check("steady", Verdict.UNKNOWN, limit=most_swing)]
    swing = max(known) - min(known)
    return [lasting, Check("steady", Verdict.PASSED if swing <= most_swing else Verdict.FAILED, swing, most_swing)]


def stage_of(fit: Sequence[Check], economy: Sequence[Check], scale: Sequence[Check]) -> Stage:
    """Return the furthest stage whose tests, and those of every stage before it, are passed for certain."""
    stage = Stage.SEARCHING
    for reached, tests in ((Stage.PMF, fit), (Stage.REPEATABLE, economy), (Stage.SCALE, scale)):
        if not all(test.verdict is Verdict.PASSED for test in tests):
            return stage
        stage = reached
    return stage
