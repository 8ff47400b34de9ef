"""Rates of a period's movements: what was lost, what was won, and what a customer is worth by them.

All are exact ratios or minor units, and None where their denominator is nothing: unknown is not zero. Movements are
those of the period, in one currency; transfers and fx are nobody's loss and never count.
"""

from collections.abc import Iterable
from fractions import Fraction

from perennial.contracts.terms import GAINS, LOSSES, ChurnBase, Movement, MovementKind, PolicySwitches

_BACK = frozenset({MovementKind.REACTIVATION, MovementKind.RESUME})


def gross_mrr_churn_rate(opening: Fraction, movements: Iterable[Movement]) -> Fraction | None:
    """Return churn, contraction, lower prices and pauses as a share of the opening MRR."""
    return _of(opening, -_sum(movements, LOSSES))


def net_mrr_churn_rate(opening: Fraction, movements: Iterable[Movement]) -> Fraction | None:
    """Return the losses less what present and returning customers added, as a share of the opening MRR.

    Negative where they added more than was lost. New customers do not count.
    """
    return _of(opening, -_sum(movements, LOSSES | GAINS - {MovementKind.NEW}))


def customer_churn_rate(opening: int, new: int, lost: int, switches: PolicySwitches) -> Fraction | None:
    """Return the customers lost as a share of those at the start, or of these and the new by `customer_churn_over`."""
    base = opening + new if switches.customer_churn_over is ChurnBase.START_AND_NEW else opening
    return _of(base, lost)


def quick_ratio(movements: Iterable[Movement], switches: PolicySwitches) -> Fraction | None:
    """Return MRR won for each unit lost. Who came back counts by `reactivation_in_quick_ratio`. None without losses."""
    booked = list(movements)
    gains = GAINS if switches.reactivation_in_quick_ratio else GAINS - _BACK
    return _of(-_sum(booked, LOSSES), _sum(booked, gains))


def average_revenue_per_account(mrr: Fraction, customers: int) -> Fraction | None:
    """Return the MRR of an average customer, in minor units."""
    return _of(customers, mrr)


def naive_lifetime_value(revenue_per_account: Fraction, churn_rate: Fraction) -> Fraction | None:
    """Return revenue per account / churn rate of the same span, in minor units. None where nobody churned.

    The field's usual figure, 33 to 87 % off where the rate is the first year's (analytics 3.5); shown with that label.
    """
    return _of(churn_rate, revenue_per_account)


def _of(whole: Fraction | int, part: Fraction | int) -> Fraction | None:
    return Fraction(part) / whole if whole else None


def _sum(movements: Iterable[Movement], kinds: frozenset[MovementKind]) -> Fraction:
    return sum((one.amount for one in movements if one.kind in kinds), Fraction(0))
