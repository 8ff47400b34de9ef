"""How pressing a customer is: from the reasons, how late each is, and the money at stake.

points of a reason  = weight of its rule × (0.6 + 0.4 × lateness)
weight of the item  = (p₁ + p₂/2 + p₃/4 + …) × (1 + stake/2), the heaviest reason first

So several reasons add less than linearly: an item never weighs more than twice its heaviest reason before money, and
money never more than half as much again. What is unknown adds nothing: no date, no lateness; no ARR, no stake.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date

from perennial.blueprint.terms import TodayRule
from perennial.kernel.conditions.terms import FieldType, Op, conditions

AHEAD_DAYS = 90
PAST_DAYS = 60
LEAST_SHARE = 0.6


def points_of(rule: TodayRule, late: float) -> float:
    """Return the points of one reason; `late` from 0 (just began) to 1."""
    return rule.weight * (LEAST_SHARE + (1 - LEAST_SHARE) * late)


def lateness(rule: TodayRule, value: object, on: date, rhythm_days: int | None) -> float:
    """Return how late a reason is, 0 to 1, by the field that orders its rule.

    A day ahead: 1 on the day itself, 0 from 90 days before, and 1 afterwards where the rule counts down to its day. Any
    other day past: 1 from 60 days after; for the last touch 1 at twice the tier's rhythm. A number: its distance from
    the rule's threshold as a share of the threshold; above a threshold of 0, n ÷ (n + 1). 0 where the value is unknown.
    """
    if isinstance(value, date):
        days = (on - value).days
        if days < 0:
            return max(0.0, 1 + days / AHEAD_DAYS)
        if rule.orders_by == "last_touch_on" and rhythm_days:
            return min(1.0, max(0.0, days / rhythm_days - 1))
        ahead = _looks_ahead(rule)
        return 1.0 if ahead is not None and (days == 0 or ahead > 0) else min(1.0, days / PAST_DAYS)
    threshold = _threshold(rule)
    if threshold is None or not isinstance(value, int | float):
        return 0.0
    excess = abs(value - threshold)
    return min(1.0, excess / abs(threshold)) if threshold else excess / (excess + 1)


def stake_of(arr: int | None, others: Sequence[int]) -> float:
    """Return the share of the customers (`others`: their ARR, rising) whose ARR is not above this one's, 0 to 1."""
    return bisect_right(others, arr) / len(others) if arr is not None and arr > 0 and others else 0.0


def weight_of(points: Sequence[float], stake: float) -> float:
    """Return the weight of an item by the points of its reasons and its stake, with two decimals."""
    together = sum(one / (1 << place) for place, one in enumerate(sorted(points, reverse=True)))
    return round(together * (1 + stake / 2), 2)


def _looks_ahead(rule: TodayRule) -> float | None:
    """Return how many days before its day a rule begins to count, None where it only looks back."""
    asked = (c.value for c in conditions(rule.when) if c.field == rule.orders_by and c.op is Op.WITHIN_DAYS)
    return max((float(days) for days in asked if isinstance(days, int | float)), default=None)


def _threshold(rule: TodayRule) -> float | None:
    asked = (c for c in conditions(rule.when) if c.field == rule.orders_by)
    wanted = (c.value for c in asked if c.type in (FieldType.NUMBER, FieldType.INTEGER))
    return next((float(value) for value in wanted if isinstance(value, int | float)), None)
