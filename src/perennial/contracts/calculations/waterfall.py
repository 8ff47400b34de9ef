"""The printed ledger: a row for each period, whole minor units, every row adding up. The only rounding in this folder.

A closing balance is rounded half-even; the movements of its row by largest remainder, so that
opening + movements = closing holds on paper and a row's closing is the next row's opening.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from perennial.contracts.terms import Movement, MovementKind
from perennial.kernel.money import largest_remainder, round_half_even
from perennial.kernel.periods import Period


@dataclass(frozen=True, slots=True)
class WaterfallRow:
    """One period in whole minor units. `movements` holds every kind in the order of the enum, 0 where none happened."""

    period: Period
    opening: int
    movements: dict[MovementKind, int]
    closing: int


def waterfall(opening: Fraction, movements: Iterable[Movement], periods: Sequence[Period]) -> list[WaterfallRow]:
    """Return a row for each period. `opening` is the exact balance before the first one.

    Movements are in one currency, with `fx` among them; those outside the periods are left out.

    :raises ValueError: the periods leave a gap or overlap, so that no closing could be the next opening.
    """
    for earlier, later in pairwise(periods):
        if earlier.until != later.since:
            raise ValueError(f"{later.since} does not follow {earlier.until}")
    by_period: dict[Period, dict[MovementKind, Fraction]] = {
        period: dict.fromkeys(MovementKind, Fraction(0)) for period in periods
    }
    period_of_day = {}
    for one in movements:
        if one.on not in period_of_day:
            period_of_day[one.on] = next((period for period in periods if one.on in period), None)
        period = period_of_day[one.on]
        if period is not None:
            by_period[period][one.kind] += one.amount
    rows = []
    balance = opening
    for period in periods:
        exact = by_period[period]
        opened = round_half_even(balance)
        balance += sum(exact.values(), Fraction(0))
        closed = round_half_even(balance)
        printed = largest_remainder(list(exact.values()), closed - opened)
        rows.append(WaterfallRow(period, opened, dict(zip(exact, printed, strict=True)), closed))
    return rows
