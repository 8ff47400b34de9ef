"""Several currencies in one sum: every conversion names a dated rate, and what rates did to balances is `fx`.

`fx` is computed from the lines that were held while a rate changed, never as what is missing to the closing balance
(analytics 3.1).
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
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
        return steps[known - 1][1] * Fraction(minor_per_major(self.currency), minor_per_major(currency))


@dataclass(frozen=True, slots=True)
class Quote:
    """What one major unit of `base` is worth in `currency`, from a day on."""

    base: str
    currency: str
    on: date
    rate: Fraction


_Steps = list[tuple[date, Fraction]]


def dated_rates(currency: str, quotes: Iterable[Quote]) -> DatedRates:
    """Return the rates of `currency` that quotes tell: of the pair itself, read from either side, or over one currency
    that both are quoted in (a file of the European Central Bank quotes all against EUR).

    A pair that is quoted itself never goes over another. Over another, each day on which either rate changed is a step.
    """
    pairs: dict[tuple[str, str], dict[date, Fraction]] = defaultdict(dict)
    for one in quotes:
        pairs[one.base, one.currency][one.on] = one.rate
        pairs[one.currency, one.base].setdefault(one.on, 1 / one.rate)
    steps: dict[str, _Steps] = {}
    for foreign in sorted({base for base, _ in pairs} - {currency}):
        if (foreign, currency) in pairs:
            steps[foreign] = sorted(pairs[foreign, currency].items())
            continue
        bridges = [middle for base, middle in pairs if base == foreign and (middle, currency) in pairs]
        if bridges:
            middle = max(sorted(bridges), key=lambda one: len(pairs[foreign, one]))
            steps[foreign] = _over(sorted(pairs[foreign, middle].items()), sorted(pairs[middle, currency].items()))
    return DatedRates(currency, steps)


def _over(first: _Steps, second: _Steps) -> _Steps:
    found: _Steps = []
    for day in sorted({day for day, _ in first} | {day for day, _ in second}):
        known = [bisect_right(leg, day, key=lambda step: step[0]) for leg in (first, second)]
        if all(known):
            found.append((day, first[known[0] - 1][1] * second[known[1] - 1][1]))
    return found


def held_through(
    opening: Fraction, changes: Iterable[tuple[date, Fraction]], period: Period, rate: Callable[[date], Fraction]
) -> Fraction:
    """Return what the rate's changes within the period did to a balance of one currency, in ours.

    `opening` is the balance before the period and `changes` are its movements within, by day, in minor units of its
    currency; `rate` tells what one is worth on a day. The sum over the period's days of balance(day before) × (rate of
    the day - rate of the day before), told for each stretch over which the balance stood.
    """
    moved, balance, since = Fraction(0), opening, day_before(period.since)
    for day, amount in sorted([*changes, (day_before(period.until), Fraction(0))]):
        if balance and day > since:
            moved += balance * (rate(day) - rate(since))
        balance, since = balance + amount, day
    return moved


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
