"""Several currencies in one sum: every conversion names a dated rate, and what rates did to balances is `fx`.

`fx` is computed from the lines that were held while a rate changed, never as what is missing to the closing balance
(analytics 3.1).
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from perennial.contracts.calculations.mrr import Stretch
from perennial.contracts.terms import Movement, MovementKind
from perennial.kernel.money import minor_per_major
from perennial.kernel.periods import Period, day_before


class MissingRate(LookupError):
    """No rate is known for a currency on a day: amounts are not summed without one."""

    def __init__(self, currency: str, day: date) -> None:
        super().__init__(f"no rate for {currency} on {day}")
        self.currency, self.day = currency, day


@dataclass(frozen=True, slots=True)
class DatedRates:
    """What one major unit of a currency is worth in `currency`, each rate from its day until the next one's.

    `steps` maps a currency to (day, rate) pairs in order of days. Its own currency needs none.
    """

    currency: str
    steps: Mapping[str, Sequence[tuple[date, Fraction]]] = field(default_factory=dict)

    def on(self, currency: str, day: date) -> Fraction:
        """Return what one minor unit of `currency` is worth in minor units of ours on the day.

        :raises MissingRate: no rate is that old.
        """
        if currency == self.currency:
            return Fraction(1)
        steps = self.steps.get(currency, ())
        known = bisect_right(steps, day, key=lambda step: step[0])
        if not known:
            raise MissingRate(currency, day)
        return steps[known - 1][1] * minor_per_major(self.currency) / minor_per_major(currency)


def converted(movements: Iterable[Movement], rates: DatedRates) -> list[Movement]:
    """Return the movements in the rates' currency, each at the rate of its own day.

    :raises MissingRate: a movement is older than its currency's first rate.
    """
    return [
        one
        if one.currency == rates.currency
        else replace(one, amount=one.amount * rates.on(one.currency, one.on), currency=rates.currency)
        for one in movements
    ]


def fx_movements(stretches: Iterable[Stretch], rates: DatedRates, period: Period) -> list[Movement]:
    """Return what the rates' changes within the period did to each customer's and product's MRR, on its last day.

    It is the sum over the period's days of balance(day before) x (rate of the day - rate of the day before), which
    for a line held all along is its MRR x (last rate - first rate). In constant currency the list is empty.
    """
    moved: dict[tuple[int, int | None], Fraction] = defaultdict(Fraction)
    keys: dict[tuple[int, int | None], set[str]] = defaultdict(set)
    last_day = day_before(period.until)
    for stretch in stretches:
        line = stretch.line
        since = max(stretch.since, day_before(period.since))
        until = last_day if stretch.until is None else min(stretch.until, last_day)
        if line.currency == rates.currency or not stretch.mrr or since >= until:
            continue
        change = rates.on(line.currency, until) - rates.on(line.currency, since)
        if change:
            moved[line.customer_id, line.product_id] += stretch.mrr * change
            keys[line.customer_id, line.product_id].add(line.line_key)
    return [
        Movement(
            customer_id=customer_id,
            product_id=product_id,
            on=last_day,
            kind=MovementKind.FX,
            amount=amount,
            currency=rates.currency,
            line_keys=tuple(sorted(keys[customer_id, product_id])),
        )
        for (customer_id, product_id), amount in moved.items()
        if amount
    ]
