"""What a customer holds of a product, and how a day's change of it is named (analytics 3.1).

A slot is one product in one currency. Its amount and quantity are sums over the lines that run, so how the lines are
cut never matters.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from perennial.contracts.calculations.mrr import Stretch
from perennial.contracts.terms import GAINS, LineTerms, Movement, MovementKind, Tag


class Slot(NamedTuple):
    """One product of one customer in one currency."""

    customer_id: int
    product_id: int | None
    currency: str


class Holding(NamedTuple):
    """MRR and quantity held in a slot. `unknown` counts the lines of unknown quantity: with any, the sum is unknown."""

    amount: Fraction = Fraction(0)
    quantity: Fraction = Fraction(0)
    unknown: Fraction = Fraction(0)

    def plus(self, other: "Holding") -> "Holding":
        """Return both together."""
        return Holding(self.amount + other.amount, self.quantity + other.quantity, self.unknown + other.unknown)

    def times(self, share: Fraction | int) -> "Holding":
        """Return a share of it; -1 takes it away."""
        return Holding(self.amount * share, self.quantity * share, self.unknown * share)


EMPTY = Holding()
Held = Mapping[Slot, Holding]


@dataclass(frozen=True, slots=True)
class Change:
    """What begins (or, negative, ends) in a slot on a day, and the line that it comes from."""

    slot: Slot
    by: Holding
    line: LineTerms
    begins: bool

    @classmethod
    def of(cls, stretch: Stretch) -> "Change":
        """Return the beginning of a stretch. A red line takes its quantity back, whatever sign it was typed with."""
        line = stretch.line
        known = Fraction(abs(line.quantity or 0)) * (-1 if stretch.mrr < 0 else 1)
        by = Holding(stretch.mrr, known, Fraction(line.quantity is None))
        return cls(Slot(line.customer_id, line.product_id, line.currency), by, line, begins=True)

    def taken_back(self) -> "Change":
        """Return the change that undoes this one: the end of a stretch."""
        return Change(self.slot, self.by.times(-1), self.line, begins=False)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one unit: the slots touched, before and after, and what changed them. `cotermed`: the keys of the
    lines that are added on the day to a term that runs, and end with it."""

    on: date
    before: Held
    after: Held
    changes: tuple[Change, ...]
    cotermed: frozenset[str] = frozenset()

    def in_one_go(self, kind: MovementKind) -> list[Movement]:
        """Name the whole change `kind`, because the unit begins or ends. A red line in it runs against that name."""
        return [
            self._booked(slot, kind if (delta > 0) == (kind in GAINS) else _volume(delta), delta)
            for slot, delta in self._deltas()
        ]

    def product_by_product(self, *, switch_is_net: bool) -> list[Movement]:
        """Name the change of each product of a unit that goes on: volume at the old price, the rest is price."""
        appeared = {slot: self.after[slot].amount for slot, _ in self._deltas() if not self.before[slot].amount}
        vanished = {slot: -self.before[slot].amount for slot, _ in self._deltas() if not self.after[slot].amount}
        booked = self._switched(appeared, vanished) if switch_is_net else []
        moved = {slot: Fraction(0) for slot in self.before}
        for one in booked:
            moved[Slot(one.customer_id, one.product_id, one.currency)] += one.amount
        for slot, delta in self._deltas():
            if slot in appeared or slot in vanished:
                rest = delta - moved[slot]
                tags = {Tag.CROSS_SELL} if slot in appeared and not moved[slot] and rest > 0 else set()
                booked += [self._booked(slot, _volume(rest), rest, tags)] if rest else []
            else:
                booked += self._repriced(slot, delta)
        return booked

    def _deltas(self) -> list[tuple[Slot, Fraction]]:
        deltas = ((slot, self.after[slot].amount - self.before[slot].amount) for slot in self.before)
        return [(slot, delta) for slot, delta in deltas if delta]

    def _repriced(self, slot: Slot, delta: Fraction) -> list[Movement]:
        before, after = self.before[slot], self.after[slot]
        volume = delta  # where the quantity is unknown, more money is more volume
        if not before.unknown and not after.unknown and before.quantity > 0:
            volume = before.amount * (after.quantity - before.quantity) / before.quantity
        price = delta - volume
        booked = [self._booked(slot, _volume(volume), volume)] if volume else []
        if price:
            kind = MovementKind.PRICE_UP if price > 0 else MovementKind.PRICE_DOWN
            booked.append(self._booked(slot, kind, price))
        return booked

    def _switched(self, appeared: dict[Slot, Fraction], vanished: dict[Slot, Fraction]) -> list[Movement]:
        """Carry what one product held over to the one that replaces it: a transfer pair that sums to zero.

        With several of them each side gives and takes by its share, so that the order of lines does not matter.
        """
        booked = []
        for currency in sorted({slot.currency for slot in appeared}):
            gains = {slot: gain for slot, gain in appeared.items() if slot.currency == currency and gain > 0}
            losses = {slot: loss for slot, loss in vanished.items() if slot.currency == currency and loss < 0}
            gained, lost = sum(gains.values(), Fraction(0)), -sum(losses.values(), Fraction(0))
            carried = min(gained, lost)
            for slot, amount in ((gains | losses).items()) if carried else ():
                part = amount * carried / (gained if amount > 0 else lost)
                booked.append(self._booked(slot, MovementKind.TRANSFER, part, {Tag.PRODUCT_SWITCH}))
        return booked

    def _booked(self, slot: Slot, kind: MovementKind, amount: Fraction, tags: Iterable[Tag] = ()) -> Movement:
        changes = [change for change in self.changes if change.slot == slot]
        ramp = any(change.begins and (change.line.ramp_step or 0) > 1 for change in changes)
        coterm = any(one.line.line_key in self.cotermed for one in changes)
        told = {Tag.RAMP: ramp, Tag.COTERM: coterm}
        return Movement(
            customer_id=slot.customer_id,
            product_id=slot.product_id,
            on=self.on,
            kind=kind,
            amount=amount,
            currency=slot.currency,
            line_keys=tuple(sorted({change.line.line_key for change in changes})),
            tags=frozenset(tags) | {tag for tag, holds in told.items() if holds},
        )


def _volume(delta: Fraction) -> MovementKind:
    return MovementKind.EXPANSION if delta > 0 else MovementKind.CONTRACTION
