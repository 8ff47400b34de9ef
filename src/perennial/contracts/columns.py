"""The ledger's copy in columns, for houses with many movements: made at night, never stale. One file of the home for
what is known now, and one for what was reported where that differs (`reported.py`).

A row of `LedgerColumns` names the file in force. Whose movements were rebuilt since stands in `LedgerChange`, and is
asked of the records; both are read in one query, so that what is read is what held at one moment.
Where there is no file here (a small ledger, another machine, a restored home) the records answer everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import uuid4

import numpy as np
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet, Subquery, Value

from perennial.contracts import term_rows
from perennial.contracts.calculations.columns import (
    KINDS,
    NOBODY,
    Booked,
    Columns,
    Groups,
    as_reported,
    numbers,
)
from perennial.contracts.calculations.loose import Loose, Slot
from perennial.contracts.calculations.parts import Ints
from perennial.contracts.calculations.retention import Tally
from perennial.contracts.ledger_files import READ, REPORTED, TERMS, Read, beside, folder, opened, rows_of, write
from perennial.contracts.models import FormerMovement, LedgerChange, LedgerColumns, Movement
from perennial.customers.models import Customer, PortfolioRow
from perennial.kernel.joined import Joined
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import Period, day_of_number
from perennial.lake.durable import digest_of

WORTH_COPYING = 50_000
"""Movements from which on there is a copy."""
MOST_BESIDE = 5_000
"""Changed customers that are asked of the records beside the copy; with more it is left alone until it is made anew."""
CHUNK, MOST_KEPT = 5_000, 500
PORTFOLIO = "customer__portfolio__"
DAYS = {"on", "reported_on", "superseded_on"}


@dataclass(frozen=True)
class Part:
    """Some customers of a file: those in columns and those apart; `ids` as the database tells them, None for all. The
    same is summed once for each file, which never changes."""

    file: str
    columns: Columns
    apart: Loose
    ids: str | None = None

    @cached_property
    def rows(self) -> Columns:
        """Return the rows of those in columns."""
        return self.columns if self.ids is None else self.columns.only(numbers(self.ids))

    @cached_property
    def loose(self) -> Loose:
        """Return the rows of those apart."""
        return self.apart if self.ids is None else self.apart.only(set(numbers(self.ids).tolist()))

    @cached_property
    def _key(self) -> str:
        return self.file if self.ids is None else self.file + digest_of(self.ids.encode())

    def _once(self, what: tuple[Any, ...], make: Callable[[], Kept]) -> Kept:
        key = self._key, *what
        found = _KEPT[key] = _KEPT.pop(key) if key in _KEPT else make()
        while len(_KEPT) > MOST_KEPT:
            _KEPT.pop(next(iter(_KEPT)), None)
        return cast(Kept, found)

    def first_day(self, but: Sequence[int]) -> date | None:
        """Return the day of the first movement of all but a few; None without any."""
        ids, days = self._once(("first",), lambda: (self.rows.ids, self.rows.first_days()))
        found = days[~np.isin(ids, but)] if but else days
        told = [row[2] for row in self.loose.rows if row[0] not in but]
        return min([day_of_number(int(found.min())), *told] if len(found) else told, default=None)

    def paying_in(self) -> Counter[str]:
        """Return how many customers, or movements of those apart, are in each currency."""
        return self._once(("paying",), lambda: Counter(self.rows.paying_in()) + Counter(self.loose.paying_in()))

    def booked(self, months: Sequence[Period], as_of: date, currency: str) -> Booked:
        """Return the months as they were booked (`Columns.booked`)."""
        return self._once(
            ("booked", *months, as_of, currency),
            lambda: self.rows.booked(months, as_of, currency).plus(self.loose.booked(months, as_of, currency)),
        )

    def tallies(self, first: date, last: date, groups: Groups) -> dict[tuple[Any, str], Tally]:
        """Return `Columns.tallies` by the groups' values, of those in columns."""
        told = self._once(
            ("tallies", first, last, groups.key),
            lambda: self.rows.tallies(first, last, groups.numbered(self.rows.ids)),
        )
        return {(groups.values[number], currency): one for (number, currency), one in told.items()}

    def tallies_by_product(self, first: date, last: date) -> dict[tuple[int, str], Tally]:
        """Return `Columns.tallies_by_product`, of those in columns."""
        return self._once(("products", first, last), lambda: self.rows.tallies_by_product(first, last))

    def apart_by(self, groups: Groups) -> dict[Any, list[int]]:
        """Return those apart by the groups' values."""
        ids = sorted({row[0] for row in self.loose.rows})
        return self._once(("apart", groups.key), lambda: groups.split(ids))

    def held(self, day: date) -> dict[Slot, Fraction]:
        """Return what those apart pay at the end of a day, by currency."""
        return self._once(("held", day), lambda: self.loose.held(day))

    def held_by_product(self, day: date) -> dict[tuple[int, int | None, str], Fraction]:
        """Return the same of their products."""
        return self._once(("held by product", day), lambda: self.loose.held_by_product(day))


Kept = TypeVar("Kept")
_KEPT: dict[tuple[Any, ...], Any] = {}


@dataclass(frozen=True)
class Seen:
    """Where movements that meet a condition are read: in parts of columns, each added (1) or taken away (-1), and of
    the records (`rest`; None: nothing), which tell of the customers that `changed`. Of the ledger as it was reported
    `reported.Entries` are the records."""

    rows: Q
    rest: Q | None
    parts: tuple[tuple[int, Part], ...] = ()
    changed: tuple[int, ...] = ()


def seen(rows: Q | Seen) -> Seen:
    """Return where the movements of a condition are read. One query, one more for a condition on customers and one
    where any of them changed.

    Columns know whose movements they are and nothing else of a customer: they answer conditions on portfolio rows.
    """
    if isinstance(rows, Seen):
        return rows
    portfolio = of_portfolio(rows)
    found = _in_force() if portfolio is not None else None
    if portfolio is None or found is None:
        return Seen(rows, rows)
    theirs = PortfolioRow.objects.filter(portfolio)
    return _seen(rows, found, lambda among: _joined(_among(theirs, "customer_id", among)) if portfolio else None)


def seen_as_reported(rows: Q, former: Q) -> Seen:
    """Return where the ledger as it was reported is read: movements of a condition with the former ones of the same
    customers and of those merged into them (`former`). Queries: `seen`, two for one on customers."""
    portfolio = of_portfolio(rows)
    found = _in_force(REPORTED) if portfolio is not None else None
    if portfolio is None or found is None:
        return Seen(rows, rows)
    theirs = PortfolioRow.objects.filter(portfolio)
    merged = Customer.objects.filter(of_customers(former), merged_into__isnull=False)

    def ids(among: Ints | None) -> str | None:
        if not portfolio:
            return None
        told = _joined(_among(theirs, "customer_id", among)), _joined(_among(merged, "id", among), "id")
        return ",".join(text for text in told if text)

    return _seen(rows, found, ids)


def _seen(rows: Q, found: tuple[Part, Ints], ids: Callable[[Ints | None], str | None]) -> Seen:
    """Return where a condition is read, which `ids` tells as customers (None: all; of some of them)."""
    whole, changed = found
    parts = [(1, replace(whole, ids=ids(None)))]
    if not len(changed):
        return Seen(rows, None, tuple(parts))
    since, among = tuple(changed.tolist()), ids(changed)
    parts.append((-1, replace(whole, ids=",".join(map(str, since)) if among is None else among)))
    return Seen(rows, rows & Q(customer_id__in=since), tuple(parts), since)


def _among(rows: QuerySet[Any], column: str, ids: Ints | None) -> QuerySet[Any]:
    return rows if ids is None else rows.filter(**{f"{column}__in": ids.tolist()})


def _joined(rows: QuerySet[Any], column: str = "customer_id") -> str:
    return rows.aggregate(ids=Joined(column))["ids"] or ""


def of_portfolio(rows: Q) -> Q | None:
    """Return a condition on movements as one on portfolio rows; None where it is none. No query."""
    children: list[Any] = []
    for child in rows.children:
        if isinstance(child, Q):
            inner = of_portfolio(child)
            if inner is None:
                return None
            children.append(inner)
        elif isinstance(child, tuple) and child[0].startswith(PORTFOLIO):
            children.append((child[0].removeprefix(PORTFOLIO), child[1]))
        else:
            return None
    return Q(*children, _connector=rows.connector, _negated=rows.negated)


def of_customers(rows: Q) -> Q:
    """Return a condition on rows with a `customer` as one on customers."""
    children: list[Any] = [
        of_customers(one) if isinstance(one, Q) else (one[0].removeprefix("customer__"), one[1])
        for one in cast(list[Any], rows.children)
    ]
    return Q(*children, _connector=rows.connector, _negated=rows.negated)


def seen_terms(rows: Q) -> tuple[Seen, date] | None:
    """Return where what is under terms is read (`term_rows`), and the day on which that was known; None where no file
    tells it. One query, one more for a condition on customers and one where any of them changed."""
    portfolio = of_portfolio(rows)
    found = _in_force(TERMS) if portfolio is not None else None
    if portfolio is None or found is None:
        return None
    theirs = PortfolioRow.objects.filter(portfolio)
    where = _seen(rows, found, lambda among: _joined(_among(theirs, "customer_id", among)) if portfolio else None)
    return where, date.fromisoformat(opened(folder() / found[0].file).told["on"])


def _in_force(what: str = "") -> tuple[Part, Ints] | None:
    """Return the columns in force, of what is known now, of what was reported or of what is under terms, and who
    changed since, in order. One query."""
    changed = LedgerChange.objects.order_by().values(one=Value(1)).annotate(ids=Joined("customer_id")).values("ids")
    told = LedgerColumns.objects.annotate(changed=Subquery(changed)).values_list("name", "changed").first()
    if told is None:
        return None
    try:
        path = folder() / told[0]
        file = opened(path)
        if what == TERMS or (what == REPORTED and file.told["reported"]):
            file = opened(beside(path, what))
    except FileNotFoundError:
        return None
    since = numbers(told[1])
    return (Part(file.name, file.columns, file.apart), since) if len(since) <= MOST_BESIDE else None


def changed(customer_ids: Sequence[int]) -> None:
    """Say that the movements of these customers were written: until the columns are made anew the records are asked
    for them. In the transaction that writes them; one query for 500."""
    LedgerChange.objects.bulk_create([LedgerChange(customer_id=one) for one in customer_ids], batch_size=CHUNK)


def make(*, at: datetime, least: int = WORTH_COPYING) -> int:
    """Make the columns anew where anything changed and there are `least` movements; return how many they hold, 0 where
    none were made. Safe to run twice, and at once: who comes second leaves things as they are. A night's work: reads
    every movement.

    Changes are read before the movements: what comes between is in both, and asked of the records.
    """
    previous = LedgerColumns.objects.values_list("name", flat=True).first()
    settled = dict(LedgerChange.objects.values_list("id", "customer_id"))
    is_worth = Movement.objects.count() >= least
    if is_worth and not settled and previous is not None and (folder() / previous).exists():
        return 0
    name = f"{uuid4().hex}.arrow"
    count = _write(folder() / name) if is_worth else 0
    if count:
        _write_terms(folder() / name, previous, list(settled.values()), at)
    name = name if count else ""
    try:
        _put_in_force(name, previous, list(settled), at)
    except IntegrityError:
        for what in ("", REPORTED, TERMS):
            beside(folder() / name, what).unlink(missing_ok=True)
        return 0
    _remove_all_but(name)
    return count


def _remove_all_but(name: str) -> None:
    kept = {beside(Path(name), what).name for what in ("", REPORTED, TERMS)} if name else set()
    for path in folder().glob("*.arrow"):
        if path.name not in kept:
            path.unlink(missing_ok=True)


@transaction.atomic
def _put_in_force(name: str, previous: str | None, settled: Sequence[int], at: datetime) -> None:
    """Name the file that holds from now on ("": none) and forget the changes that it knows.

    :raises IntegrityError: somebody else did so meanwhile; nothing is changed.
    """
    if previous is not None and not LedgerColumns.objects.filter(name=previous).update(name=name, made_at=at):
        raise IntegrityError("the columns were made by somebody else")
    if previous is None and name:
        LedgerColumns.objects.create(id=1, name=name, made_at=at)
    if not name:
        LedgerColumns.objects.all().delete()
    for start in range(0, len(settled), CHUNK):
        LedgerChange.objects.filter(id__in=settled[start : start + CHUNK]).delete()


def _write(path: Path) -> int:
    """Write the files; return how many movements are known now, 0 and no file where too many customers stand apart."""
    now, reported, currencies = _read()
    if reported is not None and not write(beside(path, REPORTED), reported, currencies):
        return 0
    return write(path, now, currencies, reported=reported is not None)


def _write_terms(path: Path, previous: str | None, changed: Sequence[int], at: datetime) -> None:
    """Write what is under terms beside what is known now: anew of the customers who changed since the previous file,
    of all where there is none."""
    try:
        kept, currencies = rows_of(opened(beside(folder() / (previous or ""), TERMS)), np.array(changed, np.int64))
        who: Sequence[int] | None = sorted(set(changed))
    except FileNotFoundError:
        kept, currencies, who = {name: np.zeros(0, np.int64) for name in READ}, [], None
    on = house().today(at)
    fresh, currencies = term_rows.read(who, currencies, on=on)
    told = {name: np.append(kept[name], fresh[name]) for name in READ}
    write(beside(path, TERMS), told, currencies, on=on.isoformat())


def _read() -> tuple[Read, Read | None, list[str]]:
    """Return all movements as they are known now and as they were reported (None: the same), each column an array, and
    the currencies that they count. Two queries, each of what held at once."""
    currencies: dict[str, int] = {}
    now = _packed(Movement.objects.order_by().values_list(*READ, "reported_on", "restates"), currencies)
    gone = _packed(
        FormerMovement.objects.order_by().values_list(*READ, "reported_on", "restates", "superseded_on"), currencies
    )
    told = as_reported(now, gone)
    same = len(told["customer"]) == len(now["customer"]) and all((told[name] == now[name]).all() for name in READ)
    return {name: now[name] for name in READ}, None if same else told, list(currencies)


def _packed(found: QuerySet[Any, tuple[Any, ...]], currencies: dict[str, int]) -> Read:
    """Return rows (READ, `reported_on`, `restates`, and `superseded_on` of former ones) as arrays; a currency new to
    `currencies` gets a place there."""
    kinds = {kind.value: place for place, kind in enumerate(KINDS)}
    plain: dict[str, Callable[[Any], Any]] = {
        "product": lambda one: NOBODY if one is None else one,
        "kind": kinds.__getitem__,
        "currency": lambda one: currencies.setdefault(one, len(currencies)),
    }
    names = (*READ, "reported_on", "restates", "superseded_on")
    chunks: dict[str, list[Ints]] = {name: [np.zeros(0, np.int64)] for name in names}
    left = found.iterator(chunk_size=CHUNK)
    while rows := list(islice(left, 20 * CHUNK)):
        for name, values in zip(names, zip(*rows, strict=True), strict=False):
            if name in DAYS:
                chunks[name].append(np.array(values, "datetime64[D]").astype(np.int64))
            else:
                of = plain.get(name)
                chunks[name].append(np.array([of(one) for one in values] if of else values, np.int64))
    return {name: np.concatenate(arrays) for name, arrays in chunks.items()}
