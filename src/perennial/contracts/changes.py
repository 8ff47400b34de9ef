"""What customers moved, one movement after the other, with the lines behind each, and what customers are called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from django.db.models import Q

from perennial.contracts.calculations.loose import Slot
from perennial.contracts.causes import Cause, causes
from perennial.contracts.ledger import Happened, fx_of, happened, held_before
from perennial.contracts.models import Movement
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import MovementKind
from perennial.kernel.periods import Period, day_before, months_of


@dataclass(frozen=True, slots=True)
class NamedCustomer:
    """A customer as lists name it."""

    id: int
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Change:
    """One movement of a customer, exact minor units, with the lines behind it and the movement's tags."""

    on: date
    kind: MovementKind
    amount: Fraction
    causes: tuple[Cause, ...]
    tags: tuple[str, ...]


def changes(
    span: Period, rows: Q, exchange: Exchange, *, as_of: date, kind: MovementKind | None = None
) -> dict[int, list[Change]]:
    """Return the movements of the span's days by customer, each with its lines, by day, valued on its day. Two queries,
    one more where somebody pays in another currency.

    `kind` None: of every kind that customers caused; what rates did is told by `fx_changes`.
    """
    until = min(span.until, as_of + timedelta(days=1))
    found = Movement.objects.filter(rows, on__gte=span.since, on__lt=until)
    if kind is not None:
        found = found.filter(kind=kind.value)
    moved = list(found.order_by("on", "id"))
    known = causes({fact for one in moved for fact in one.line_facts})
    by_customer: dict[int, list[Change]] = defaultdict(list)
    for one in moved:
        behind = tuple(known[fact] for fact in one.line_facts if fact in known)
        amount = exchange.value(Fraction(one.numerator, one.denominator), one.currency, one.on)
        by_customer[one.customer_id].append(Change(one.on, MovementKind(one.kind), amount, behind, tuple(one.tags)))
    return dict(by_customer)


def fx_changes(span: Period, rows: Q, exchange: Exchange, *, as_of: date) -> dict[int, list[Change]]:
    """Return what rates did to each customer's MRR, month by month, on the last day of each that has happened.

    Two queries, and the rates; only who pays in another currency is read.
    """
    foreign = rows & ~Q(currency=exchange.currency)
    months = [Period(one.since, min(one.until, as_of + timedelta(days=1))) for one in months_of(span)]
    months = [one for one in months if one.since < one.until]
    if not months:
        return {}
    held: dict[Slot, Fraction] = defaultdict(Fraction, held_before(months[0].since, foreign))
    by_month: dict[date, list[Happened]] = defaultdict(list)
    for one in happened(months[0].since, months[-1].until, foreign, as_of):
        by_month[one[0].replace(day=1)].append(one)
    found: dict[int, list[Change]] = defaultdict(list)
    for month in months:
        moved: dict[Slot, list[tuple[date, Fraction]]] = defaultdict(list)
        for on, customer_id, _kind, currency, amount in by_month.get(month.since, ()):
            moved[customer_id, currency].append((on, amount))
        for customer_id, currency in sorted(held.keys() | moved.keys()):
            slot = customer_id, currency
            did = fx_of({currency: held[slot]}, {currency: moved[slot]}, month, exchange)
            if did:
                found[customer_id].append(Change(day_before(month.until), MovementKind.FX, did, (), ()))
            held[slot] += sum((amount for _on, amount in moved[slot]), Fraction(0))
    return dict(found)


def named(customer_ids: Iterable[int], rows: Q) -> dict[int, NamedCustomer]:
    """Return key and name of those of the customers that have movements in `rows`. One query for 500."""
    ordered, found = sorted(set(customer_ids)), {}
    for start in range(0, len(ordered), 500):
        chunk = Movement.objects.filter(rows, customer_id__in=ordered[start : start + 500])
        for customer_id, key, name in chunk.values_list("customer_id", "customer__key", "customer__name").distinct():
            found[customer_id] = NamedCustomer(customer_id, key, name)
    return found
