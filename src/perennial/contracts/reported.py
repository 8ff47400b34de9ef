"""Reads of the ledger as it was reported, and as it was known on a day: movements with the former ones (analytics 3.3).

As reported, a movement counts on the day on which it was known (`reported_on`), and a former one is taken back on the
day on which it was found not to hold: in the same month under its own kind, later as `restated`. So no day that is over
ever changes. As known on a day, movements count on their own days, as far as they were known.

`rows` is the condition of the movements that the reader may see (access.revenue_of), `former` that of the former ones,
those of customers merged since among them (access.facts_of).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet, Sum

from perennial.contracts import ledger
from perennial.contracts.calculations.columns import Booked
from perennial.contracts.calculations.loose import Slot, booked
from perennial.contracts.causes import causes
from perennial.contracts.changes import Change, NamedCustomer
from perennial.contracts.columns import Seen, seen_as_reported
from perennial.contracts.ledger import Happened, Move, MovementRow, fx_of
from perennial.contracts.models import FormerMovement, Movement
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import MovementKind
from perennial.kernel.periods import Period, day_before, months_of

Held = dict[tuple[int, int | None, str], Fraction]
"""MRR by customer, product and currency."""


@dataclass(frozen=True)
class _Part:
    """Rows that count, with a sign, on the day in one of their columns."""

    rows: QuerySet[Any, Any]
    day: str
    sign: int = 1


@dataclass(frozen=True)
class Entries:
    """A ledger: what counts on which day. Nothing after `as_of` has happened."""

    parts: tuple[_Part, ...]
    as_of: date
    where: Seen | None = None

    @property
    def has_columns(self) -> bool:
        """Say whether columns tell of it, and the records only of who changed since."""
        return self.where is not None and bool(self.where.parts)

    @cached_property
    def beside(self) -> Entries:
        """Return what the columns do not tell: all of it where there are none."""
        if self.where is None or not self.where.parts:
            return self
        return self.of(self.where.changed)

    def of(self, customer_ids: Sequence[int]) -> Entries:
        """Return the entries of some customers, of the records."""
        theirs = Q(customer_id__in=customer_ids)
        return Entries(tuple(replace(part, rows=part.rows.filter(theirs)) for part in self.parts), self.as_of)

    def booked(self, months: Sequence[Period], as_of: date) -> Booked:
        """Return months as they were booked. Four to six queries."""
        held: dict[Slot, Fraction] = defaultdict(Fraction)
        for (customer_id, _product, currency), amount in self.held_before(months[0].since).items():
            held[customer_id, currency] += amount
        until = min(months[-1].until, as_of + timedelta(days=1))
        return booked(months, held, (one.happened for one in self.between(months[0].since, until)))

    def balances_on(self, day: date, exchange: Exchange) -> dict[int, Fraction]:
        """Return the MRR of each customer at the end of a day. Two or three queries."""
        return balances_before(day + timedelta(days=1), self, exchange)

    def balances_by_product(self, day: date, exchange: Exchange) -> dict[tuple[int, int | None], Fraction]:
        """Return the MRR of each customer and product at the end of a day. Two or three queries."""
        return balances_by_product(day, self, exchange)

    def moved(self, span: Period, *, kind: MovementKind | None = None, but: str | None = None) -> Iterable[Move]:
        """Return what counts within a span. Two or three queries."""
        return [
            (one.day, one.row.customer_id, one.row.currency, one.amount)
            for one in self.between(span.since, span.until)
            if kind in {None, one.kind} and one.row.currency != but
        ]

    def held_in_others(self, day: date, currency: str) -> dict[Slot, Fraction]:
        """Return what each customer pays in other currencies at the start of a day. Two or three queries."""
        held: dict[Slot, Fraction] = defaultdict(Fraction)
        for (customer_id, _product, theirs), amount in self.held_before(day).items():
            if theirs != currency:
                held[customer_id, theirs] += amount
        return held

    def held_before(self, day: date) -> Held:
        """Return what is held at the start of a day; two or three queries."""
        held: Held = defaultdict(Fraction)
        until = min(day, self.as_of + timedelta(days=1))
        for part in self.parts:
            sums = part.rows.filter(**{f"{part.day}__lt": until}).order_by()
            for customer_id, product_id, currency, denominator, numerator in sums.values_list(
                "customer_id", "product_id", "currency", "denominator"
            ).annotate(n=Sum("numerator")):
                held[customer_id, product_id, currency] += Fraction(part.sign * int(numerator), denominator)
        return held

    def between(self, since: date, until: date) -> Iterator[Entry]:
        """Return what counts within [since, until); two or three queries."""
        until = min(until, self.as_of + timedelta(days=1))
        for part in self.parts:
            found = part.rows.filter(**{f"{part.day}__gte": since, f"{part.day}__lt": until})
            for row in found.order_by(part.day, "id"):
                yield Entry(row, getattr(row, part.day), part.sign, by_report=part.day != "on")


@dataclass(frozen=True, slots=True)
class Entry:
    """A movement as it counts on a day, or, with the sign -1, as it is taken back."""

    row: Any
    day: date
    sign: int
    by_report: bool

    @property
    def kind(self) -> MovementKind:
        """Return what it is called: what concerns an earlier month's report is `restated`."""
        is_late = self.sign < 0 and self.row.reported_on.replace(day=1) != self.day.replace(day=1)
        if self.by_report and (self.row.restates or is_late):
            return MovementKind.RESTATED
        return MovementKind(self.row.kind)

    @property
    def amount(self) -> Fraction:
        """Return what it adds, in its own currency."""
        return Fraction(self.sign * self.row.numerator, self.row.denominator)

    @property
    def happened(self) -> Happened:
        """Return it as the walk through the months takes it."""
        return self.day, self.row.customer_id, self.kind, self.row.currency, self.amount


def as_reported(rows: Q, former: Q, *, as_of: date) -> Entries:
    """Return the ledger as it was reported up to a day. Queries: `columns.seen_as_reported`."""
    gone = FormerMovement.objects.filter(former)
    told = _Part(Movement.objects.filter(rows), "reported_on"), _Part(gone, "reported_on")
    return Entries((*told, _Part(gone, "superseded_on", -1)), as_of, seen_as_reported(rows, former))


def as_known(rows: Q, former: Q, *, on: date) -> Entries:
    """Return the ledger as it was known at the end of a day, each movement on its own day."""
    gone = FormerMovement.objects.filter(former, reported_on__lte=on, superseded_on__gt=on)
    return Entries((_Part(Movement.objects.filter(rows, reported_on__lte=on), "on"), _Part(gone, "on")), on)


def movement_rows(span: Period, entries: Entries, exchange: Exchange) -> list[MovementRow]:
    """Return a row for each month that holds a day of the span: opening + movements = closing (`ledger.movement_rows`).
    Four to six queries; a change in another currency is worth what it is on the day on which it counts."""
    where = entries.where or Seen(Q(), Q())
    return ledger.movement_rows(span, where, exchange, as_of=entries.as_of, records=entries.beside)


def balances_before(day: date, entries: Entries, exchange: Exchange) -> dict[int, Fraction]:
    """Return the MRR of each customer at the start of a day, at the rates of the day before. Two or three queries."""
    held: dict[int, Fraction] = defaultdict(Fraction)
    for (customer_id, _product, currency), amount in entries.held_before(day).items():
        held[customer_id] += exchange.value(amount, currency, day_before(day))
    return dict(held)


def balances_by_product(
    day: date, entries: Entries, exchange: Exchange
) -> dict[tuple[int, int | None], Fraction]:  # fmt: skip
    """Return the MRR of each customer and product at the end of a day. Two or three queries."""
    held: dict[tuple[int, int | None], Fraction] = defaultdict(Fraction)
    for (customer_id, product_id, currency), amount in entries.held_before(day + timedelta(days=1)).items():
        held[customer_id, product_id] += exchange.value(amount, currency, day)
    return dict(held)


def changes(span: Period, entries: Entries, exchange: Exchange, *, kind: MovementKind) -> dict[int, list[Change]]:
    """Return the movements of a kind that count within the span by customer, by day, each with its lines. Three or four
    queries."""
    found = [one for one in entries.between(span.since, span.until) if one.kind is kind]
    known = causes({fact for one in found for fact in one.row.line_facts})
    by_customer: dict[int, list[Change]] = defaultdict(list)
    for one in sorted(found, key=lambda one: (one.day, one.row.pk)):
        behind = tuple(known[fact] for fact in one.row.line_facts if fact in known)
        amount = exchange.value(one.amount, one.row.currency, one.day)
        by_customer[one.row.customer_id].append(Change(one.day, one.kind, amount, behind, tuple(one.row.tags)))
    return dict(by_customer)


def fx_changes(span: Period, entries: Entries, exchange: Exchange) -> dict[int, list[Change]]:
    """Return what rates did to each customer's MRR, month by month (`ledger.fx_changes`). Four to six queries."""
    months = [Period(one.since, min(one.until, entries.as_of + timedelta(days=1))) for one in months_of(span)]
    months = [one for one in months if one.since < one.until]
    if not months:
        return {}
    held: dict[Slot, Fraction] = defaultdict(Fraction)
    for (customer_id, _product, currency), amount in entries.held_before(months[0].since).items():
        held[customer_id, currency] += amount
    moved: dict[date, dict[Slot, list[tuple[date, Fraction]]]] = defaultdict(lambda: defaultdict(list))
    for one in sorted(entries.between(months[0].since, months[-1].until), key=lambda one: one.day):
        moved[one.day.replace(day=1)][one.row.customer_id, one.row.currency].append((one.day, one.amount))
    found: dict[int, list[Change]] = defaultdict(list)
    for month in months:
        of_month = moved[month.since]
        for slot in sorted(held.keys() | of_month.keys()):
            changed = of_month.get(slot, [])
            did = fx_of({slot[1]: held[slot]}, {slot[1]: changed}, month, exchange)
            if did:
                found[slot[0]].append(Change(day_before(month.until), MovementKind.FX, did, (), ()))
            held[slot] += sum((amount for _on, amount in changed), Fraction(0))
    return dict(found)


def named(customer_ids: Iterable[int], former: Q) -> dict[int, NamedCustomer]:
    """Return key and name of those of the customers that have former movements. One query for 500."""
    ordered, found = sorted(set(customer_ids)), {}
    for start in range(0, len(ordered), 500):
        chunk = FormerMovement.objects.filter(former, customer_id__in=ordered[start : start + 500])
        for customer_id, key, name in chunk.values_list("customer_id", "customer__key", "customer__name").distinct():
            found[customer_id] = NamedCustomer(customer_id, key, name)
    return found


@dataclass(frozen=True, slots=True)
class Later:
    """A movement that the two ledgers tell of different months. `effect`: what the span's restated movements have more
    than the reported ones because of it; `superseded_on` None: it holds."""

    customer_id: int
    on: date
    kind: MovementKind
    amount: Fraction
    reported_on: date
    superseded_on: date | None
    effect: Fraction


def later(span: Period, rows: Q, former: Q, exchange: Exchange, *, as_of: date) -> list[Later]:
    """Return what became known later, of the movements that either ledger counts within the span, the latest first. Two
    queries, and the rates. Amounts are at the rates of the movement's own day."""
    until = min(span.until, as_of + timedelta(days=1))
    now = Movement.objects.filter(rows, on__lt=until, reported_on__gte=span.since).exclude(reported_on__gt=as_of)
    gone = FormerMovement.objects.filter(former, superseded_on__gte=span.since, superseded_on__lte=as_of,
                                         reported_on__lt=until)  # fmt: skip
    found = [_later(one, None, span, exchange, as_of) for one in now if one.on < _month_of(one.reported_on)]
    found += [_later(one, one.superseded_on, span, exchange, as_of) for one in gone]
    told = [one for one in found if one is not None]
    return sorted(told, key=lambda one: (one.superseded_on or one.reported_on, one.customer_id), reverse=True)


def _month_of(day: date) -> date:
    return day.replace(day=1)


def _later(row: Any, superseded_on: date | None, span: Period, exchange: Exchange, as_of: date) -> Later | None:
    amount = exchange.value(Fraction(row.numerator, row.denominator), row.currency, row.on)
    until = min(span.until, as_of + timedelta(days=1))
    inside = [span.since <= day < until if day is not None else False
              for day in (row.on if superseded_on is None else None, row.reported_on, superseded_on)]  # fmt: skip
    times = inside[0] - inside[1] + inside[2]
    if not any(inside) or (superseded_on and _month_of(superseded_on) == _month_of(row.reported_on)):
        return None
    kind = MovementKind(row.kind)
    return Later(row.customer_id, row.on, kind, amount, row.reported_on, superseded_on, times * amount)
