"""One customer's time line: what happened, from every room, newest first, page by page.

Each room answers for one page in one query, from the mark on; the pages are the whole line, without gap or double. Days
(a line's start, a cancellation) stand at the beginning of their day in the organisation's zone, what was computed for a
day (a band, a tier, a stage) at its end, or when it was computed on that very day: on the day for which it holds, not
on the one of a later run.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from heapq import merge
from itertools import islice
from typing import Any

from perennial.contracts import queries as contracts
from perennial.customers.belonging import numbers
from perennial.engagement import queries as engagement
from perennial.kernel.journal import queries as journal
from perennial.kernel.recent import Mark
from perennial.reports.customer_file import File
from perennial.reports.portfolio import end_of
from perennial.support import queries as support
from perennial.voice import queries as voice

PAGE = 40
LAST_ID = 2**62


class Kind(StrEnum):
    """What the time line can be narrowed to."""

    TOUCHPOINTS = "touchpoints"
    TICKETS = "tickets"
    CONTRACTS = "contracts"
    ANSWERS = "answers"
    CHANGES = "changes"


# Entries of the journal that a reader of the file wants; a logged touchpoint stands there itself already.
CHANGES = (
    "customer.assigned", "customer.changed", "customer.merged", "customer.parted", "contact.added", "contact.changed",
    "task.added", "task.changed", "task.completed", "task.dropped", "task.reopened", "task.retitled", "today.done",
    "today.snoozed", "today.dismissed", "today.delegated", "today.put_away", "today.brought_back",
    "touchpoint.retracted", "touchpoint.restored",
)  # fmt: skip
# Only for who may see revenue.
AMENDMENTS = (
    "contract.amended",
)  # fmt: skip
MONEY = (
    "receivable.moved", "receivable.late", "receivable.hung", "receivable.written_off", "payment.matched",
    "payment.written", "payment.compared", "invoice.written",
)  # fmt: skip
# Entries of a day: written by a computation that may run much later than the day of which it speaks.
OF_A_DAY = ("customer.tier_changed", "customer.stage_changed", "health.band_fell", "health.band_rose",
            "health.card_changed")  # fmt: skip
MOST_OF_A_DAY = 2000  # years of daily changes; a customer has a few


@dataclass(frozen=True)
class Entry:
    """Something that happened. `what` names it (touchpoint, ticket_opened, line_started, …); `fact` is the room's row;
    `is_day`: only the day is known."""

    at: datetime
    rank: int
    id: int
    what: str
    kind: Kind
    fact: Any
    is_day: bool = False

    @property
    def place(self) -> tuple[datetime, int, int]:
        """Where it stands: the newest first; of one instant by source, then by number."""
        return (self.at, -self.rank, self.id)

    @property
    def mark(self) -> str:
        """Return the mark from which the next page follows."""
        return base64.urlsafe_b64encode(json.dumps([self.at.isoformat(), self.rank, self.id]).encode()).decode()


@dataclass(frozen=True)
class Page:
    """A page of the line; `older` is the mark of the next one, None on the last."""

    entries: Sequence[Entry]
    older: str | None


class BadMarkError(ValueError):
    """A mark that no page gave out."""


@dataclass(frozen=True)
class _Place:
    at: datetime
    rank: int
    id: int

    def before(self, rank: int) -> Mark:
        """Return where the rows of a source go on: of the same instant, only what stands behind this place."""
        if rank == self.rank:
            return (self.at, self.id)
        return (self.at, LAST_ID if rank > self.rank else -1)


def page(file: File, *, kind: Kind | None = None, mark: str | None = None, size: int = PAGE) -> Page:
    """Return one page; at most ten queries, however much happened. Contracts only for who may see revenue.

    Facts end with the as-of day; entries of the journal stand when they were written.
    :raises BadMarkError: a mark that no page gave out.
    """
    place = _place_of(mark)
    sources = [s for s in _SOURCES if kind in {None, s.kind} and (s.kind is not Kind.CONTRACTS or file.sees_revenue)]
    lists = [_from(source.read(file, _start(source, place, file), size + 1), place) for source in sources]
    found = list(islice(merge(*lists, key=lambda entry: entry.place, reverse=True), size + 1))
    more = len(found) > size
    return Page(entries=found[:size], older=found[size - 1].mark if more else None)


def _from(entries: list[Entry], place: _Place | None) -> list[Entry]:
    if place is None:
        return entries
    return [entry for entry in entries if entry.place < (place.at, -place.rank, place.id)]


def _start(source: _Source, place: _Place | None, file: File) -> Mark | None:
    if place is not None and (source.is_journal or place.at <= file.at):
        return place.before(source.rank)
    return None if source.is_journal else (file.at, LAST_ID)


def _place_of(mark: str | None) -> _Place | None:
    if not mark:
        return None
    try:
        at, rank, row_id = json.loads(base64.urlsafe_b64decode(mark))
        place = _Place(datetime.fromisoformat(at), int(rank), int(row_id))
    except (ValueError, TypeError, binascii.Error) as error:
        raise BadMarkError(mark) from error
    if place.at.tzinfo is None or abs(place.id) > LAST_ID:
        raise BadMarkError(mark)
    return place


def _touchpoints(file: File, start: Mark | None, size: int) -> list[Entry]:
    rows = engagement.touchpoints_of(file.customer.pk, limit=size, before=start)
    return [Entry(r.happened_at, 0, r.pk, "touchpoint", Kind.TOUCHPOINTS, r) for r in rows]


def _closed(file: File, start: Mark | None, size: int) -> list[Entry]:
    rows = support.closed_of(file.customer.pk, limit=size, before=start)
    return [Entry(r.closed_at, 1, r.pk, "ticket_closed", Kind.TICKETS, r) for r in rows if r.closed_at]


def _opened(file: File, start: Mark | None, size: int) -> list[Entry]:
    rows = support.opened_of(file.customer.pk, limit=size, before=start)
    return [Entry(r.opened_at, 2, r.pk, "ticket_opened", Kind.TICKETS, r) for r in rows]


def _answers(file: File, start: Mark | None, size: int) -> list[Entry]:
    rows = voice.answers_of(file.customer.pk, limit=size, before=start)
    return [Entry(r.answered_at, 3, r.pk, "answer", Kind.ANSWERS, r) for r in rows]


def _contracts(file: File, _start: Mark | None, _size: int) -> list[Entry]:
    """A customer has few lines: they are all read, and cut where the page begins."""
    found = []
    for one in file.lines:
        found.append(_day(file, one.line.starts_on, one.line.pk, "line_started", one.line))
        if one.line.ends_on is not None:
            found.append(_day(file, one.line.ends_on, -one.line.pk, "line_ended", one.line))
    for row in contracts.cancellations_of(file.customer.pk):
        found.append(_day(file, row.cancelled_on, LAST_ID - row.pk, "cancelled", row))
    return sorted((e for e in found if e.at <= file.at), key=lambda entry: entry.place, reverse=True)


def _amendments(file: File, start: Mark | None, size: int) -> list[Entry]:
    rows = journal.of_customer(numbers([file.customer.pk]), kinds=(*AMENDMENTS, *MONEY), limit=size,
                               before=start)  # fmt: skip
    return [Entry(r.at, 7, r.id, "contract_amended" if r.kind in AMENDMENTS else "money", Kind.CONTRACTS, r)
            for r in rows]  # fmt: skip


def _day(file: File, on: date, number: int, what: str, fact: Any) -> Entry:
    return Entry(datetime.combine(on, time(), file.house.timezone), 4, number, what, Kind.CONTRACTS, fact, is_day=True)


def _changes(file: File, start: Mark | None, size: int) -> list[Entry]:
    rows = journal.of_customer(numbers([file.customer.pk]), kinds=CHANGES, limit=size, before=start)
    return [Entry(r.at, 5, r.id, r.kind.replace(".", "_"), Kind.CHANGES, r) for r in rows]


def _of_a_day(file: File, _start: Mark | None, _size: int) -> list[Entry]:
    """A customer has few of them: they are all read, and cut where the page begins."""
    rows = journal.of_customer(numbers([file.customer.pk]), kinds=OF_A_DAY, limit=MOST_OF_A_DAY)
    days = [(row, day) for row in rows if (day := _day_of(row)) is not None and day <= file.on]
    found = [Entry(_stands_at(row, day, file), 6, row.id, row.kind.replace(".", "_"), Kind.CHANGES, row, is_day=True)
             for row, day in days]  # fmt: skip
    return sorted(found, key=lambda entry: entry.place, reverse=True)


def _stands_at(row: journal.Happening, day: date, file: File) -> datetime:
    return row.at if file.house.day_of(row.at) == day else end_of(day, file.house)


def _day_of(row: journal.Happening) -> date | None:
    """Return the day of which an entry speaks: health names it in the subject, the lifecycle in the data."""
    told = row.data.get("on") or row.subject.partition(":")[2]
    return date.fromisoformat(told) if told else None


@dataclass(frozen=True)
class _Source:
    rank: int
    kind: Kind
    read: Callable[[File, Mark | None, int], list[Entry]]

    @property
    def is_journal(self) -> bool:
        """Whether its entries stand when they were written, which may be after the as-of day."""
        return self.kind is Kind.CHANGES or self.read is _amendments


_SOURCES = (
    _Source(0, Kind.TOUCHPOINTS, _touchpoints),
    _Source(1, Kind.TICKETS, _closed),
    _Source(2, Kind.TICKETS, _opened),
    _Source(3, Kind.ANSWERS, _answers),
    _Source(4, Kind.CONTRACTS, _contracts),
    _Source(5, Kind.CHANGES, _changes),
    _Source(6, Kind.CHANGES, _of_a_day),
    _Source(7, Kind.CONTRACTS, _amendments),
)
