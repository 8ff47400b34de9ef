"""Lives of customers from the ledger's days, and how many were lost at which renewal age."""

from __future__ import annotations

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


def ages_of(lives: Iterable[Life], *, on: date, grace_days: int) -> Ages:
    """Return the customers by renewal age. An anniversary counts once the grace after it is over, for everyone alike:
    were the prompt payers counted sooner, those who still may pay would be missing."""
    observed: dict[int, int] = {}
    ended: dict[tuple[int, int], int] = {}
    last = on - timedelta(days=grace_days)
    for life in lives:
        years = years_between(life.starts_on, last) if life.starts_on <= last else 0
        if years < 1:
            continue
        observed[years] = observed.get(years, 0) + 1
        if life.left_on is not None:
            age = years_between(life.starts_on, life.left_on - timedelta(days=1)) + 1
            if age <= years:
                ended[years, age] = ended.get((years, age), 0) + 1
    most = max(observed, default=0)
    lost = [sum(count for (_years, age), count in ended.items() if age == at) for at in range(1, most + 1)]
    at_risk = []
    for at in range(1, most + 1):
        gone = sum(count for (years, age), count in ended.items() if years >= at and age < at)
        at_risk.append(sum(count for years, count in observed.items() if years >= at) - gone)
    while at_risk and not at_risk[-1]:  # all had left before: nothing was observed at this age
        at_risk.pop()
    points = len(at_risk)
    entered = [observed.get(years, 0) for years in range(1, most + 1)]
    if points and points < most:
        entered = [*entered[: points - 1], sum(entered[points - 1 :])]
    return Ages(tuple(entered[:points]), tuple(at_risk), tuple(lost[:points]))
