"""Balances: who holds how much MRR on a day. Read from the stretches, not from the movements, so that
opening + movements = closing is a check and not a definition.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from fractions import Fraction

from perennial.contracts.calculations.exchange import DatedRates
from perennial.contracts.calculations.mrr import Stretch, Unit, unit_of
from perennial.contracts.terms import Level


def balances_on(
    stretches: Iterable[Stretch],
    day: date,
    rates: DatedRates,
    *,
    rates_of: date | None = None,
    level: Level = Level.CUSTOMER,
) -> dict[Unit, Fraction]:
    """Return the MRR of each unit at the end of the day, in exact minor units of `rates.currency`.

    The balance at the start of a period is that of the day before it. `rates_of` freezes the rates of another day,
    as retention asks. Units that hold nothing are left out.

    :raises MissingRate: a line's currency has no rate on that day.
    """
    held: dict[Unit, Fraction] = defaultdict(Fraction)
    for stretch in stretches:
        if stretch.mrr and stretch.holds(day):
            rate = rates.on(stretch.line.currency, rates_of or day)
            held[unit_of(stretch.line, level)] += stretch.mrr * rate
    return {unit: amount for unit, amount in held.items() if amount}
