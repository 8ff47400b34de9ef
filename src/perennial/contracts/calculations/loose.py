"""Movements of the few customers who stand apart from the columns: row by row, exact fractions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from perennial.contracts.calculations.columns import Booked, Happened
from perennial.contracts.terms import MovementKind
from perennial.kernel.periods import Period

Slot = tuple[int, str]
"""A customer and the currency that it pays in."""
Row = tuple[int, int | None, date, MovementKind, str, Fraction]
"""A movement: customer, product, day, kind, currency and amount."""


@dataclass(frozen=True)
class Loose:
    """The movements of some customers."""

    rows: Sequence[Row]

    def only(self, ids: Collection[int]) -> Loose:
        """Return those of these customers."""
        return Loose([row for row in self.rows if row[0] in ids])

    def paying_in(self) -> dict[str, int]:
        """Return how many movements are in each currency."""
        return Counter(row[4] for row in self.rows)

    def held(self, day: date) -> dict[Slot, Fraction]:
        """Return what each customer pays at the end of a day, by currency."""
        held: dict[Slot, Fraction] = defaultdict(Fraction)
        for customer_id, _product, on, _kind, currency, amount in self.rows:
            if on <= day:
                held[customer_id, currency] += amount
        return dict(held)

    def held_by_product(self, day: date) -> dict[tuple[int, int | None, str], Fraction]:
        """Return the same of each customer's products."""
        held: dict[tuple[int, int | None, str], Fraction] = defaultdict(Fraction)
        for customer_id, product, on, _kind, currency, amount in self.rows:
            if on <= day:
                held[customer_id, product, currency] += amount
        return dict(held)

    def booked(self, months: Sequence[Period], as_of: date, currency: str) -> Booked:
        """Return the months as they were booked, up to a day; each sum in `currency` once, on the month's first day."""
        since, until = months[0].since, min(months[-1].until, as_of + timedelta(days=1))
        moved = [(row[2], row[0], *row[3:]) for row in self.rows if since <= row[2] < until]
        told = booked(months, self.held(since - timedelta(days=1)), moved)
        sums: dict[tuple[date, MovementKind, str], Fraction] = defaultdict(Fraction)
        for on, kind, theirs, amount in told.moved:
            sums[on.replace(day=1) if theirs == currency else on, kind, theirs] += amount
        return replace(told, moved=[(*key, amount) for key, amount in sums.items()])


def booked(
    months: Sequence[Period], before: Mapping[Slot, Fraction],
    happened: Iterable[tuple[date, int, MovementKind, str, Fraction]],
) -> Booked:  # fmt: skip
    """Return the months as they were booked, from what was held `before` them and what happened to whom within."""
    by_month: dict[date, list[tuple[date, int, MovementKind, str, Fraction]]] = defaultdict(list)
    for one in happened:
        by_month[one[0].replace(day=1)].append(one)
    held: dict[int, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    totals: dict[str, Fraction] = defaultdict(Fraction)
    for (customer_id, currency), amount in before.items():
        held[customer_id][currency] += amount
        totals[currency] += amount
    live = {customer_id for customer_id, amounts in held.items() if _is_live(amounts)}
    moved: list[Happened] = []
    customers: list[int] = []
    for month in months:
        touched = set()
        for on, customer_id, kind, currency, amount in by_month.get(month.since, ()):
            held[customer_id][currency] += amount
            moved.append((on, kind, currency, amount))
            touched.add(customer_id)
        for customer_id in touched:
            (live.add if _is_live(held[customer_id]) else live.discard)(customer_id)
        customers.append(len(live))
    return Booked(dict(totals), moved, customers)


def _is_live(held: Mapping[str, Fraction]) -> bool:
    return any(amount > 0 for amount in held.values())
