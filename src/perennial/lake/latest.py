"""Raw events as they came in: the newest ones, and what came for a few numbers. For the intake's own pages only; every
other screen reads facts."""
# ruff: noqa: S608 (names and numbers only; what a person typed goes as a parameter)

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import reduce
from operator import add
from typing import Any

import duckdb

from perennial.lake.engine import excluding_sql, files_sql
from perennial.lake.facts import FACT_EVENT, FACT_USER
from perennial.lake.reading import Snapshot
from perennial.lake.terms import EVENT_SCHEMA, Counts, Subject
from perennial.lake.work import EVENTS, REJECTED

NEWEST_WAITING = 2_000
"""Files of the inbox that the newest events are looked for in; a file holds up to 1,000 events."""
NEWEST_FOLDED = 12
"""Day files that are looked into besides: those that the last compactions wrote."""
_COLUMNS = 'event_id, customer, "user", event, feature, ts AS "at", n, value, props, received_at, source'


@dataclass(frozen=True)
class Arrival:
    """One event as it came in. `customer` below zero is an unconfirmed; `is_repeat`: an event with its id came before
    it, so that it counts no second time."""

    event_id: bytes
    customer: int
    user: int | None
    event: str
    feature: str | None
    at: datetime
    n: int
    value: Decimal | None
    props: str | None
    received_at: datetime
    source: str
    is_repeat: bool = False


@dataclass(frozen=True)
class Wanted:
    """Which arrivals are wanted; an empty part asks for nothing. `event` is a part of the name, in any case."""

    sources: Collection[str] = ()
    customers: Collection[int] | None = None
    users: Collection[int] | None = None
    event: str = ""


@dataclass(frozen=True)
class Seen:
    """What came for one number: how many events, of how many users, and the last day."""

    events: int
    users: int
    last_day: int


@dataclass(frozen=True)
class Tally:
    """What became of every event that was taken: folded ones by their fate, and those that still wait in the inbox."""

    folded: Counts
    waiting: int


class Arrivals:
    """One reader's view of what came in through the intake; imports are left out."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> None:
        self._connection = connection
        self._snapshot = snapshot

    def newest(self, wanted: Wanted, *, limit: int) -> list[Arrival]:
        """Return the events received last, the last first, among those that lately came in and were lately folded."""
        came = self._lately()
        where, given = _where(wanted)
        rows = self._rows(
            f"SELECT {_COLUMNS} FROM ({came}) WHERE {where} ORDER BY received_at DESC, ts DESC, event_id LIMIT {limit}",
            given,
        )
        return self._judged([Arrival(**row) for row in rows], came)

    def _judged(self, rows: list[Arrival], came: str) -> list[Arrival]:
        """Tell apart what came again: of the events with one id the first received counts."""
        ids = sorted({row.event_id for row in rows})
        marks = ", ".join("?" for _id in ids) or "NULL"
        shared = self._rows(
            "SELECT event_id, MIN(received_at) AS first_at FROM "
            f"({came}) WHERE event_id IN ({marks}) GROUP BY event_id HAVING COUNT(*) > 1",
            ids,
        )
        first = {row["event_id"]: row["first_at"] for row in shared}
        found: list[Arrival] = []
        counted: set[bytes] = set()
        for row in reversed(rows):
            is_repeat = row.event_id in counted or first.get(row.event_id, row.received_at) < row.received_at
            counted.add(row.event_id)
            found.append(replace(row, is_repeat=is_repeat))
        return found[::-1]

    def seen(self, numbers: Collection[int], *, from_day: int) -> dict[int, Seen]:
        """Return what came for these numbers since a day; who has nothing is left out. Repeats in the inbox count."""
        if not numbers:
            return {}
        mine = f"customer IN ({_listed(numbers)}) AND day >= {from_day}"
        events = self._snapshot.fact_sql(FACT_EVENT, from_day=from_day)
        users = self._snapshot.fact_sql(FACT_USER, from_day=from_day)
        came = self._waiting()
        rows = self._connection.execute(
            "SELECT customer, SUM(n), COUNT(DISTINCT person), MAX(day) FROM ("
            f"SELECT customer, n, NULL::BIGINT AS person, day FROM ({events}) WHERE {mine} UNION ALL "
            f'SELECT customer, 0, "user", day FROM ({users}) WHERE {mine} UNION ALL '
            f'SELECT customer, n, "user", day FROM ({came}) WHERE {mine}) GROUP BY customer'
        ).fetchall()
        return {customer: Seen(int(count), people, day) for customer, count, people, day in rows}

    def users(self, numbers: Collection[int]) -> dict[int, set[int]]:
        """Return the users that ever acted for these numbers; who had none is left out."""
        if not numbers:
            return {}
        mine = f'customer IN ({_listed(numbers)}) AND "user" IS NOT NULL'
        rows = self._connection.execute(
            f'SELECT DISTINCT customer, "user" FROM ({self._snapshot.fact_sql(FACT_USER)}) WHERE {mine} UNION '
            f'SELECT DISTINCT customer, "user" FROM ({self._waiting(most=None)}) WHERE {mine}'
        ).fetchall()
        found: dict[int, set[int]] = {}
        for customer, user in rows:
            found.setdefault(customer, set()).add(user)
        return found

    def strange_numbers(self, users: Collection[int]) -> dict[int, set[int]]:
        """Return the numbers below zero for which each of these users ever acted; who acted for none is left out."""
        if not users:
            return {}
        theirs = f'customer < 0 AND "user" IN ({_listed(users)})'
        rows = self._connection.execute(
            f'SELECT DISTINCT "user", customer FROM ({self._snapshot.fact_sql(FACT_USER)}) WHERE {theirs} UNION '
            f'SELECT DISTINCT "user", customer FROM ({self._waiting(most=None)}) WHERE {theirs}'
        ).fetchall()
        found: dict[int, set[int]] = {}
        for user, number in rows:
            found.setdefault(user, set()).add(number)
        return found

    def last_received(self) -> dict[str, datetime]:
        """Return when the last event of each source came in, as far as that was lately."""
        rows = self._rows(f"SELECT source, MAX(received_at) AS last_at FROM ({self._lately()}) GROUP BY source")
        return {row["source"]: row["last_at"] for row in rows}

    def conflicts(self, *, limit: int) -> list[Arrival]:
        """Return the newest events kept aside because their id was taken by another content, the last first."""
        files = [file.path for file in self._snapshot.live.files(REJECTED)]
        kept = files_sql(self._snapshot.root, files, EVENT_SCHEMA, where=self._live_only)
        rows = self._rows(f"SELECT {_COLUMNS} FROM ({kept}) ORDER BY received_at DESC, event_id LIMIT {limit}")
        return [Arrival(**row) for row in rows]

    def tally(self) -> Tally:
        """Return what became of all events of the intake since the beginning."""
        live = self._snapshot.live
        imported: Counts = reduce(add, live.imports.values(), Counts())
        ((waiting,),) = self._connection.execute(f"SELECT COUNT(*) FROM ({self._waiting(most=None)})").fetchall()
        return Tally(live.totals + imported * -1, int(waiting))

    def _rows(self, sql: str, given: Sequence[Any] = ()) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._connection.sql(sql, params=list(given)).to_arrow_table().to_pylist()
        return found

    @property
    def _live_only(self) -> str:
        """Return the predicate that leaves out imports and everything erased."""
        unerased = [excluding_sql(subject.value, self._snapshot.live.erased(subject)) for subject in Subject]
        return " AND ".join(["import_id IS NULL", *unerased])

    def _lately(self) -> str:
        """Return SELECT over what came in lately: the newest files of the inbox, and of the day files those that the
        last compactions wrote, whatever days they are of: a late event stands in an old day's file."""
        folded = sorted(self._snapshot.live.files(EVENTS), key=lambda file: _generation(file.path), reverse=True)
        files = [*self._unfolded(NEWEST_WAITING), *(file.path for file in folded[:NEWEST_FOLDED])]
        return files_sql(self._snapshot.root, files, EVENT_SCHEMA, where=self._live_only)

    def _waiting(self, *, most: int | None = NEWEST_WAITING) -> str:
        return files_sql(self._snapshot.root, self._unfolded(most), EVENT_SCHEMA, where=self._live_only)

    def _unfolded(self, most: int | None) -> list[str]:
        """Return the files of the inbox (not of imports), the newest first."""
        adopted = set(self._snapshot.live.adopted)
        names = [name for name in self._snapshot.unfolded if name not in adopted]
        if most is not None and len(names) > most:
            names = self._snapshot.root.newest(names)
        return names[:most]


def _where(wanted: Wanted) -> tuple[str, list[Any]]:
    parts, given = ["TRUE"], list[Any]()
    if wanted.sources:
        parts.append(f"source IN ({', '.join('?' for _source in wanted.sources)})")
        given += list(wanted.sources)
    if wanted.event:
        parts.append("contains(lower(event), lower(?))")
        given.append(wanted.event)
    whose = [
        f'"{column}" IN ({_listed(numbers) or "NULL"})'
        for column, numbers in (("customer", wanted.customers), ("user", wanted.users))
        if numbers is not None
    ]
    if whose:
        parts.append(f"({' OR '.join(whose)})")
    return " AND ".join(parts), given


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(str(int(number)) for number in sorted(numbers))


def _generation(path: str) -> int:
    """Return the number of the compaction that wrote a file: its name."""
    return int(path.rpartition("/")[2].partition(".")[0])
