"""Writes of usage: product users, and the daily values of every customer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime

import pyarrow as pa
from django.db import transaction

from perennial.contracts import queries as contracts
from perennial.customers.aliases import Aliases, aliases
from perennial.kernel.inserting import insert
from perennial.kernel.journal import actions as journal
from perennial.lake.algebra import Metric
from perennial.lake.terms import EventDays, Merged, Stale, day_number
from perennial.usage import calendar, champions, counted, own
from perennial.usage.lake import METRICS_TABLE, USE, definitions, lake
from perennial.usage.models import ProductUser
from perennial.usage.periods import periods
from perennial.usage.terms import Brought, UserKind

CHUNK, MANY = 500, 50_000
STRETCH_ROWS, STRETCH_DAYS = 4_000_000, 31
"""Many days are computed so many rows at a time (customers × days), and not less than a month: memory stays bounded,
and a small house has its years in one go. Each stretch reads the two months before it anew, so that few are cheaper."""
FEW_DAYS = 4
"""Up to here days are computed one by one: a stretch costs as much as about six days."""
Report = Callable[[int, int], None]


@transaction.atomic
def user_ids(source: str, users: Iterable[tuple[int, str]], *, at: datetime) -> dict[tuple[int, str], int]:
    """Return the lake's id of each (customer, external user id) of a source; unknown ones are made. Set-wise."""
    wanted = sorted(set(users))
    found: dict[tuple[int, str], int] = {}
    size = CHUNK if len(wanted) <= CHUNK else MANY
    for start in range(0, len(wanted), size):
        chunk = wanted[start : start + size]
        there = _users_of(source, chunk)
        new = [{"source": source, "customer_id": c, "external_id": u, "learned_at": at} for c, u in chunk
               if (c, u) not in there]  # fmt: skip
        insert(ProductUser, new, unless_there=True)
        found |= _users_of(source, chunk) if new else there
    return {key: found[key] for key in wanted}


def _users_of(source: str, chunk: Sequence[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Return what is kept of some users in order; of many, all users of the customers from the first to the last."""
    rows = ProductUser.objects.filter(source=source)
    if len(chunk) > CHUNK:
        rows = rows.filter(customer_id__gte=chunk[0][0], customer_id__lte=chunk[-1][0])
    else:
        rows = rows.filter(customer_id__in={c for c, _u in chunk}, external_id__in={u for _c, u in chunk})
    return {(c, u): i for i, c, u in rows.values_list("id", "customer_id", "external_id")}


@transaction.atomic
def classify(*, user_ids: Sequence[int], kind: UserKind, by: int | None, at: datetime) -> int:
    """Say whose users these are; return how many that changed. The next `bring_up_to` makes their days anew."""
    rows = ProductUser.objects.select_for_update().filter(id__in=list(user_ids)).exclude(kind=kind.value)
    changed = sorted(rows.values_list("id", flat=True))
    if changed:
        ProductUser.objects.filter(id__in=changed).update(kind=kind.value)
        journal.record("users.classified", by=by, at=at, data={"users": changed, "kind": kind.value})
    return len(changed)


@contextmanager
def folding(*, at: datetime) -> Iterator[Future[float]]:
    """Fold what arrived aside, while the caller does what needs no usage; yield how many seconds it will have taken.

    The fold asks the records nothing. `bring_up_to` waits for it, since only one process or thread folds at a time, and
    finds nothing left to fold.
    """
    wanted, left_out = folded(), counted.left_out()

    def fold() -> float:
        started = time.monotonic()
        lake().compact(wanted, at=at, left_out=left_out)
        return time.monotonic() - started

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="fold") as aside:
        yield aside.submit(fold)


def computed() -> tuple[Metric, ...]:
    """Return everything that is computed each day: the metrics that ship, and the columns of own ones; one query."""
    return (*definitions(), *(one.metric for one in own.kept()))


def folded(known: tuple[Metric, ...] | None = None) -> tuple[Metric, ...]:
    """Return everything that facts are made for: what is computed each day (`known`, else one query), and who uses
    which feature."""
    return (*(computed() if known is None else known), Metric("adopted", {"features": USE}))


def bring_up_to(on: date, *, at: datetime, report: Report | None = None, book: contracts.Book | None = None) -> Brought:
    """Fold what arrived and compute the daily values of every day that it touched, up to `on`; return what that was.

    Safe to run twice: days that nothing touched and that are computed already stay as they are (frozen rows). A late
    event changes its day and as many days after it as the longest window reaches back, so that everything from the
    first changed day on is computed anew: for the customers concerned where they are few, else for everybody. So do a
    user of another kind and a merge. `book`: the contracts of all customers, where they are at hand.
    """
    with lake().writing(METRICS_TABLE):
        return _brought(on, at=at, report=report, book=book)


def _brought(on: date, *, at: datetime, report: Report | None, book: contracts.Book | None) -> Brought:
    store, by, known = lake(), aliases(), computed()
    store.compact(folded(known), at=at, left_out=counted.left_out())
    newest, stale, days = store.last_day_of(METRICS_TABLE), store.stale(), store.event_days()
    last = max(day_number(on), newest or 0)
    late = _late(stale, store.counted_as(), by, days)
    stretches = _to_compute([day for day in stale.days if day <= last], late, newest, last)
    if stretches:
        known_terms = contracts.Book.read() if book is None else book
        everyone = together(days, by)
        merged, until = counted.merged(by), last + 1
        for first, end, some in stretches:
            theirs = everyone if some is None else {c: everyone[c] for c in some if c in everyone}
            given = periods(known_terms, theirs, until=until)
            length = stretch_days(len(theirs))
            for start in range(first, end, length):
                stop = min(start + length, end)
                rows = values(known, given, start, stop, merged)
                store.write_days(METRICS_TABLE, rows, from_day=start, until_day=stop, at=at, customers=some)
                if report is not None:
                    report(stop - stretches[0][0], until - stretches[0][0])
    store.freshen(_until(last, stale), counted_as=by.into)
    everybody = any(some is None for _first, _end, some in stretches)
    concerned = sorted({customer for _first, _end, some in stretches for customer in some or ()})
    made = list(range(stretches[0][0], last + 1)) if stretches else []
    return Brought(days=made, customers=None if everybody else concerned)


def _until(last: int, stale: Stale) -> Stale:
    """Return what is stale up to a day."""
    customers = {customer: day for customer, day in stale.customers.items() if day <= last}
    return replace(stale, days=tuple(day for day in stale.days if day <= last), customers=customers)


Stretch = tuple[int, int, list[int] | None]  # from, until, customers (None: all)


def _to_compute(days: list[int], late: Mapping[int, int], computed: int | None, last: int) -> list[Stretch]:
    """Return what to compute, the earliest first: some customers' days before those that are computed for all. Who is
    late by the last of these days alone (an event of today, live) has no earlier one made anew for another's sake.
    """
    late = {customer: day for customer, day in late.items() if day <= last}
    if computed is None:
        return [(min([*days, *late.values(), last]), last + 1, None)]
    first = min([*days, *([computed + 1] if computed < last else [])], default=last + 1)
    some = {customer: day for customer, day in late.items() if day < first}
    found: list[Stretch] = []
    if earlier := {customer: day for customer, day in some.items() if day < first - 1}:
        found.append((min(earlier.values()), first, sorted(earlier)))
    if rest := sorted(some.keys() - earlier.keys()):
        found.append((first - 1, first, rest))
    return [*found, (first, last + 1, None)] if first <= last else found


def _late(stale: Stale, before: Mapping[int, int], by: Aliases, days: Mapping[int, EventDays]) -> dict[int, int]:
    """Return the customers whose values changed, each with the first such day: by late events, and by merges."""
    late: dict[int, int] = {}
    changes = [(by.of(number), day) for number, day in stale.customers.items()]
    for number in before.keys() | by.into.keys():
        if before.get(number) != by.into.get(number) and number in days:
            concerned = {number, before.get(number, number), by.of(number)}
            changes += [(customer, days[number].first_day) for customer in concerned]
    for customer, day in changes:
        late[customer] = min(day, late.get(customer, day))
    return late


def stretch_days(customers: int) -> int:
    """Return how many days of so many customers are computed at a time."""
    return max(STRETCH_DAYS, STRETCH_ROWS // max(customers, 1))


def together(days: Mapping[int, EventDays], by: Aliases) -> dict[int, EventDays]:
    """Return the first and last day of each customer with those merged into it."""
    found: dict[int, EventDays] = {}
    for number, one in days.items():
        other = found.get(by.of(number), one)
        found[by.of(number)] = EventDays(min(one.first_day, other.first_day), max(one.last_day, other.last_day))
    return found


def values(known: tuple[Metric, ...], given: pa.Table, from_day: int, until_day: int, merged: Merged) -> pa.Table:
    """Return the daily values of [from_day, until_day): few days cost less one by one, many in one go."""
    store, named = lake(), champions.beside(given, known, merged)
    weeks = calendar.of_days(known, named, from_day, until_day, merged)
    if until_day - from_day > FEW_DAYS:
        return store.metrics_backfill(
            known, named, from_day=from_day, until_day=until_day, merged=merged, calendar=weeks
        )
    days = range(from_day, until_day)
    return pa.concat_tables([store.metrics_asof(known, named, day, merged=merged, calendar=weeks) for day in days])
