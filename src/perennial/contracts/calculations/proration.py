"""Proration: cash for part of a period. It is never MRR: an item of 125 for half a month is an MRR of 250.

A source that lists invoices gives prorated items; `full_period_amount` scales them up before they become a line.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from perennial.contracts.calculations.mrr import share_a_month
from perennial.contracts.terms import LineTerms, PolicySwitches
from perennial.kernel.periods import Period


@dataclass(frozen=True, slots=True)
class Proration:
    """What a change within a paid period costs now, in exact minor units: the credit is negative."""

    credit: Fraction
    charge: Fraction

    @property
    def net(self) -> Fraction:
        """Return what is billed."""
        return self.credit + self.charge


def prorated(old_minor: int, new_minor: int, share_left: Fraction) -> Proration:
    """Return credit and charge for going from one price to another with that share of the paid period left."""
    return Proration(credit=-old_minor * share_left, charge=new_minor * share_left)


def over_the_term(line: LineTerms, switches: PolicySwitches) -> Fraction | None:
    """Return what a line with a price by the month or year costs until its end, in exact minor units as it is stated:
    what is charged for a co-termed line. None where it has no end, or its price is for the whole term."""
    if line.ends_on is None or line.amount_months is None or line.ends_on == line.starts_on:
        return None
    once = replace(line, amount_months=None, gift_months=0)
    return line.amount_minor * share_a_month(line, switches) / share_a_month(once, switches)


def full_period_amount(item: Fraction, service: Period, cycle: Period) -> Fraction | None:
    """Return what a prorated item would have been for the whole billing cycle. None for an item of no days."""
    return item * cycle.days / service.days if service.days else None
