"""The customers behind a number of Revenue, the largest amount first, adding up to what is printed. Whose they are and
how much is told of all in arrays; names and movements are asked of those that are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import Q

from perennial.contracts import behind as parts
from perennial.contracts import changes, reported
from perennial.contracts.calculations.amounts import Amounts
from perennial.contracts.calculations.parts import Ints
from perennial.contracts.changes import Change, NamedCustomer
from perennial.contracts.terms import MovementKind
from perennial.kernel.money import round_half_even
from perennial.kernel.periods import Period, day_before
from perennial.reports import revenue
from perennial.reports.revenue import Book
from perennial.reports.revenue_figures import TERMS, Figure


@dataclass(frozen=True)
class CustomerBehind:
    """A customer behind a figure. `amount` is what it contributes, in whole minor units that add up to the figure.

    `opening` and `closing` are told for retention, `changes` for movements.
    """

    customer: NamedCustomer
    amount: int
    opening: int | None = None
    closing: int | None = None
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Behind:
    """The customers behind a figure, the largest amount first: their numbers, what each contributes in whole minor
    units, and what each pays at the start and holds at the end where the figure is a rate. `kind`: of movements of that
    kind within `span`."""

    book: Book
    ids: Ints
    amount: Ints
    opening: Ints | None = None
    closing: Ints | None = None
    kind: MovementKind | None = None
    span: Period | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def total(self) -> dict[str, int]:
        """Return the sums of the columns, in whole minor units."""
        columns = {"opening": self.opening, "closing": self.closing, "amount": self.amount}
        return {name: 0 if values is None else sum(values.tolist()) for name, values in columns.items()}

    def first(self, count: int | None = None) -> list[CustomerBehind]:
        """Return the first so many (None: all) with their names and movements; of equals by name. Two queries for 500,
        five more for movements."""
        ids = self.ids[:count].tolist()
        names = named(ids, self.book)
        moved = _changes(self.book, self.kind, self.span, None if count is None else ids)
        opening, closing = ([None] * len(ids) if values is None else values[:count].tolist()
                            for values in (self.opening, self.closing))  # fmt: skip
        found = [
            CustomerBehind(names[one], amount, before, after, tuple(moved.get(one, ())))
            for one, amount, before, after in zip(ids, self.amount[:count].tolist(), opening, closing, strict=True)
        ]
        return sorted(found, key=lambda one: (-abs(one.amount), -(one.opening or 0), one.customer.name))


def named(ids: Sequence[int], book: Book) -> dict[int, NamedCustomer]:
    """Return what customers of the ledger are called. One query for 500, two where only former movements are left of
    somebody."""
    names = changes.named(ids, book.rows)
    return names if names.keys() >= set(ids) else reported.named(ids, book.lines) | names


def behind(book: Book, figure: Figure, span: Period) -> Behind:
    """Return the customers behind a figure. At most eight queries, however many customers.

    `span`: for retention its two days (`trailing_year`), for any other figure whole months.
    """
    if figure.kind is not None:
        return _moved(book, figure.kind, span)
    if figure.key in TERMS:
        split = revenue.under_terms_of(book, span)
        return _of(book, split.terms if figure.key == "terms" else split.others)
    if figure.key == "in_grace":
        return _of(book, Amounts.of(revenue.in_grace(book)))
    if figure.is_rate:
        days = span.since, min(span.until, book.as_of)
        return cohort(book, figure, *parts.cohort(days, book.source, capped=figure.key == "grr"))
    return _balance(book, figure, span)


def cohort(
    book: Book, figure: Figure, opening: Amounts, closing: Amounts, printed: tuple[int, int] | None = None
) -> Behind:
    """Return the cohort behind a rate: what each paid at the start and holds at the end, capped for GRR already.

    Both columns add up to what is printed: `printed`, or the rounded sums.
    """
    wholes = printed or (round_half_even(opening.total()), round_half_even(closing.total()))
    before, after = opening.printed(wholes[0]), closing.printed(wholes[1])
    ids = opening.customers
    order = _order(ids, after - before, before)
    return Behind(book, ids[order], (after - before)[order], before[order], after[order])


def _of(book: Book, held: Amounts) -> Behind:
    ids, amount = held.customers, held.printed(round_half_even(held.total()))
    order = _order(ids, amount)
    return Behind(book, ids[order], amount[order])


def _order(ids: Ints, amount: Ints, opening: Ints | None = None) -> Ints:
    """Return the places from the largest amount to the smallest; of equals the larger opening, then the earlier
    customer."""
    if amount.dtype == object:
        first = np.zeros(len(ids), np.int64) if opening is None else opening
        told = list(zip(amount.tolist(), first.tolist(), ids.tolist(), strict=True))
        order = sorted(range(len(told)), key=lambda at: (-abs(told[at][0]), -told[at][1], told[at][2]))
        return np.array(order, np.int64)
    return np.lexsort((ids, -abs(amount)) if opening is None else (ids, -opening, -abs(amount)))


def _balance(book: Book, figure: Figure, span: Period) -> Behind:
    day = span.since if figure.key == "opening" else min(span.until, book.tomorrow)
    held = parts.held(day_before(day), book.source)
    held = held.positive() if figure.key == "customers" else held.nonzero()
    return _of(book, held.times(12) if figure.key == "arr" else held)


def _moved(book: Book, kind: MovementKind, span: Period) -> Behind:
    """Each customer's part of each printed month, by largest remainder: the list adds up to what was printed."""
    rows = revenue.movements(book, span)
    told = parts.moved([row.period for row in rows], kind, book.source, as_of=book.as_of)
    each = [(told[month], row.movements[kind]) for row in rows for month in [row.period.since] if month in told]
    ids = np.concatenate([np.zeros(0, np.int64), *(one.customers for one, _printed in each)])
    amounts = np.concatenate([np.zeros(0, np.int64), *(one.printed(printed) for one, printed in each)])
    customers, which = np.unique(ids, return_inverse=True)
    amount = np.zeros(len(customers), amounts.dtype)
    np.add.at(amount, which.reshape(-1), amounts)
    order = _order(customers, amount)
    return Behind(book, customers[order], amount[order], kind=kind, span=span)


def _changes(
    book: Book, kind: MovementKind | None, span: Period | None, ids: Sequence[int] | None
) -> Mapping[int, Sequence[Change]]:
    """Return the movements of a kind of some customers (None: of all), each with its lines."""
    if kind is None or span is None:
        return {}
    entries = book.entries
    if entries is not None:
        entries = entries if ids is None else entries.of(ids)
        if kind is MovementKind.FX:
            return reported.fx_changes(span, entries, book.exchange)
        return reported.changes(span, entries, book.exchange, kind=kind)
    rows = book.rows if ids is None else book.rows & Q(customer_id__in=ids)
    if kind is MovementKind.FX:
        return changes.fx_changes(span, rows, book.exchange, as_of=book.as_of)
    return changes.changes(span, rows, book.exchange, as_of=book.as_of, kind=kind)
