"""Lives of customers from the ledger's days, and how many were lost at which renewal age."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction

from perennial.insights.terms import Ages, Life

Day = tuple[date, Fraction, bool]
"""A day's change of a customer's MRR, and whether it was a pause that took the last of it."""


def life_of(customer_id: int, days: Iterable[Day], *, on: date, grace_days: int) -> Life | None:
    """Return a customer's first life as it shows on a day; None before it ever paid. `days` by day, one for each.

    A departure counts when nothing was paid for more than the grace; until then it is open, and nobody is lost.
    """
    held, starts_on, left_on = Fraction(0), None, None
    for day, change, is_pause in days:
        before, held = held, held + change
        if starts_on is None:
            starts_on = day if held > 0 else None
        elif before > 0 and held <= 0 and not is_pause:
            left_on = day
        elif before <= 0 and held > 0 and left_on is not None:
            if day - left_on > timedelta(days=grace_days):
                return Life(customer_id, starts_on, left_on, came_back=True)
            left_on = None
    if starts_on is None:
        return None
    is_certain = left_on is not None and on - left_on > timedelta(days=grace_days)
    return Life(customer_id, starts_on, left_on if is_certain else None)


def years_between(first: date, day: date) -> int:
    """Return the whole years from one day to another: how many anniversaries have come. 29 February's is the 28th."""
    born = (first.month, min(first.day, 28) if first.month == 2 else first.day)
    return day.year - first.year - ((day.month, day.day) < born)


def anniversaries(life: Life, *, on: date, grace_days: int) -> list[bool]:
    """Return of each anniversary that has come whether the customer was still there.

    One counts once the grace after it is over, for everyone alike: were the prompt payers counted sooner, those who
    still may pay would be missing.
    """
    last = on - timedelta(days=grace_days)
    observed = years_between(life.starts_on, last)
    stayed = observed if life.left_on is None else years_between(life.starts_on, life.left_on - timedelta(days=1))
    return [age <= stayed for age in range(1, observed + 1)]


def stayed(lives: Iterable[Life], *, on: date, grace_days: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return of each age how many customers were observed at it, and how many of these had stayed."""
    told = [anniversaries(life, on=on, grace_days=grace_days) for life in lives]
    most = max(map(len, told), default=0)
    observed = [[one[age] for one in told if age < len(one)] for age in range(most)]
    return tuple(map(len, observed)), tuple(map(sum, observed))


def ages_of(lives: Iterable[Life], *, on: date, grace_days: int) -> Ages:
    """Return the customers by renewal age. Ages that nobody lived to see are left out."""
    entered: Counter[int] = Counter()
    at_risk: Counter[int] = Counter()
    lost: Counter[int] = Counter()
    for life in lives:
        told = anniversaries(life, on=on, grace_days=grace_days)
        if not told:
            continue
        entered[len(told)] += 1
        lived = sum(told)
        for age in range(1, min(lived + 1, len(told)) + 1):
            at_risk[age] += 1
        if lived < len(told):
            lost[lived + 1] += 1
    points = max(at_risk, default=0)
    beyond = sum(count for years, count in entered.items() if years > points)
    ages = range(1, points + 1)
    return Ages(
        tuple(entered[age] + (beyond if age == points else 0) for age in ages),
        tuple(at_risk[age] for age in ages),
        tuple(lost[age] for age in ages),
    )
