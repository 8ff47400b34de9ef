"""Reads of the ledger: MRR and its movements, over exactly the customers that the reader may see.

`rows` is the condition of those customers' rows (access.revenue_of): every total here is the sum over them. Sums are
exact; SQL adds numerators of one denominator, and what is left is added as fractions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from django.db.models import Min, Q, QuerySet, Sum

from perennial.contracts.calculations.retention import Retention
from perennial.contracts.calculations.retention import retention as retention_of
from perennial.contracts.calculations.waterfall import waterfall
from perennial.contracts.models import Line, Movement, Product
from perennial.contracts.terms import Movement as Moved
from perennial.contracts.terms import MovementKind
from perennial.kernel.periods import Period, months_of


@dataclass(frozen=True, slots=True)
class MovementRow:
    """One month in whole minor units: opening + movements = closing. `customers` paid at closing."""

    period: Period
    opening: int
    movements: dict[MovementKind, int]
    closing: int
    customers: int


def first_day(rows: Q) -> date | None:
    """Return the day of the first movement; None where there is none. One query."""
    found: date | None = Movement.objects.filter(rows).aggregate(first=Min("on"))["first"]
    return found


def balances_before(day: date, rows: Q) -> dict[int, Fraction]:
    """Return the MRR of each customer at the start of the day, before its movements; 0 where it left. One query."""
    sums = (
        Movement.objects.filter(rows, on__lt=day).values_list("customer_id", "denominator").annotate(n=Sum("numerator"))
    )
    held: dict[int, Fraction] = defaultdict(Fraction)
    for customer_id, denominator, numerator in sums:
        held[customer_id] += Fraction(int(numerator), denominator)
    return dict(held)


def movement_rows(span: Period, rows: Q, *, as_of: date) -> list[MovementRow]:
    """Return a row for each month that holds a day of the span. Two queries, however many customers.

    What lies after `as_of` has not happened: such movements are left out.
    """
    months = list(months_of(span))
    if not months:
        return []
    held = defaultdict(Fraction, balances_before(months[0].since, rows))
    opening = sum(held.values(), Fraction(0))
    live = sum(amount > 0 for amount in held.values())
    sums: dict[tuple[date, MovementKind], Fraction] = defaultdict(Fraction)
    customers: list[int] = []
    happened = _by_month(_happened(months[0].since, months[-1].until, rows, as_of))
    for month in months:
        were_live: dict[int, bool] = {}
        for customer_id, kind, amount in happened.get(month.since, ()):
            were_live.setdefault(customer_id, held[customer_id] > 0)
            held[customer_id] += amount
            sums[month.since, kind] += amount
        live += sum((held[customer_id] > 0) - was for customer_id, was in were_live.items())
        customers.append(live)
    booked = [
        Moved(customer_id=0, product_id=None, on=on, kind=kind, amount=amount, currency="")
        for (on, kind), amount in sums.items()
    ]
    return [
        MovementRow(row.period, row.opening, row.movements, row.closing, count)
        for row, count in zip(waterfall(opening, booked, months), customers, strict=True)
    ]


Happened = tuple[date, int, MovementKind, Fraction]


def _happened(since: date, until: date, rows: Q, as_of: date) -> Iterator[Happened]:
    until = min(until, as_of + timedelta(days=1))
    found = Movement.objects.filter(rows, on__gte=since, on__lt=until)
    for on, customer_id, kind, numerator, denominator in found.values_list(
        "on", "customer_id", "kind", "numerator", "denominator"
    ):
        yield on, customer_id, MovementKind(kind), Fraction(numerator, denominator)


def _by_month(happened: Iterable[Happened]) -> dict[date, list[tuple[int, MovementKind, Fraction]]]:
    by_month: dict[date, list[tuple[int, MovementKind, Fraction]]] = defaultdict(list)
    for on, customer_id, kind, amount in happened:
        by_month[on.replace(day=1)].append((customer_id, kind, amount))
    return by_month


def retention(first: date, last: date, rows: Q) -> Retention:
    """Return what the customers with MRR above zero on the first day hold on the last one. Two queries.

    Each day is told at its end: a line counts on the day it starts and not on the day it ends (analytics 3.2).
    """
    return retention_of(balances_on(first, rows), balances_on(last, rows))


def balances_on(day: date, rows: Q) -> dict[int, Fraction]:
    """Return the MRR of each customer at the end of the day; 0 where it left. One query."""
    return balances_before(day + timedelta(days=1), rows)


def balances_by_product(day: date, rows: Q) -> dict[tuple[int, int | None], Fraction]:
    """Return the MRR of each customer and product at the end of the day; 0 where it left. One query.

    Together they are `balances_on`: a movement names its product.
    """
    sums = (
        Movement.objects.filter(rows, on__lte=day)
        .values_list("customer_id", "product_id", "denominator")
        .annotate(n=Sum("numerator"))
    )
    held: dict[tuple[int, int | None], Fraction] = defaultdict(Fraction)
    for customer_id, product_id, denominator, numerator in sums:
        held[customer_id, product_id] += Fraction(int(numerator), denominator)
    return dict(held)


def customer_ids(rows: Q) -> QuerySet[Movement, int]:
    """Return the customers in the ledger that the reader may see, as a subquery for other tables. No query."""
    return Movement.objects.filter(rows).values_list("customer_id", flat=True)


def product_names() -> dict[int, str]:
    """Return what each product is called; one query."""
    return {pk: name or code for pk, name, code in Product.objects.values_list("id", "name", "code")}


@dataclass(frozen=True, slots=True)
class NamedCustomer:
    """A customer as lists name it."""

    id: int
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A line behind a movement: its contract's number, or else its own external id, its product and tax rate."""

    paper: str
    product: str
    tax_rate: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One movement of a customer, exact minor units, with the lines behind it and the movement's tags."""

    on: date
    kind: MovementKind
    amount: Fraction
    causes: tuple[Cause, ...]
    tags: tuple[str, ...]


def changes(span: Period, rows: Q, *, as_of: date, kind: MovementKind | None = None) -> dict[int, list[Change]]:
    """Return the movements of the span's days by customer, each with its lines, by day. Two queries.

    `kind` None: of every kind.
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
        amount = Fraction(one.numerator, one.denominator)
        by_customer[one.customer_id].append(Change(one.on, MovementKind(one.kind), amount, behind, tuple(one.tags)))
    return dict(by_customer)


def causes(line_facts: Iterable[str]) -> dict[str, Cause]:
    """Return what lists call each line; unknown ones are left out. One query for 500."""
    ordered, found = sorted(set(line_facts)), {}
    for start in range(0, len(ordered), 500):
        lines = Line.objects.current().filter(fact__in=ordered[start : start + 500])
        for fact, number, external_id, product, rate in lines.values_list(
            "fact", "contract__number", "external_id", "product__name", "tax_rate"
        ):
            found[str(fact)] = Cause(number or external_id or "", product or "", Fraction(rate) if rate else None)
    return found


def named(customer_ids: Iterable[int], rows: Q) -> dict[int, NamedCustomer]:
    """Return key and name of those of the customers that have movements in `rows`. One query for 500."""
    ordered, found = sorted(set(customer_ids)), {}
    for start in range(0, len(ordered), 500):
        chunk = Movement.objects.filter(rows, customer_id__in=ordered[start : start + 500])
        for customer_id, key, name in chunk.values_list("customer_id", "customer__key", "customer__name").distinct():
            found[customer_id] = NamedCustomer(customer_id, key, name)
    return found
