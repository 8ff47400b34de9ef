"""Proration: cash for part of a period. It is never MRR: an item of 125 for half a month is an MRR of 250.

A source that lists invoices gives prorated items; `full_period_amount` scales them up before they become a line.
"""

from dataclasses import dataclass
from fractions import Fraction

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


def full_period_amount(item: Fraction, service: Period, cycle: Period) -> Fraction | None:
    """Return what a prorated item would have been for the whole billing cycle. None for an item of no days."""
    return item * cycle.days / service.days if service.days else None
