"""One reader's view of the lake: a manifest, and the inbox files that it does not yet hold."""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from perennial.lake import inbox
from perennial.lake.engine import excluding_sql, files_sql
from perennial.lake.facts import FACT_DAY, FACT_EVENT, FACT_TABLES, fact_schema
from perennial.lake.manifest import Manifest
from perennial.lake.storage.terms import Storage
from perennial.lake.terms import EVENT_SCHEMA, Event, EventCount, EventDays, Subject
from perennial.lake.work import EVENTS, REJECTED


@dataclass(frozen=True)
class Snapshot:
    """The lake at one moment; its files stay on disk for the grace, which outlasts every query."""

    root: Storage
    live: Manifest
    unfolded: tuple[str, ...]

    @classmethod
    def of(cls, root: Storage, live: Manifest) -> "Snapshot":
        """Complete a manifest just read with the inbox, in this order: see the manifest's protocol."""
        waiting = [name for name in inbox.waiting(root, is_fresh=False) if name not in live.retired]
        return cls(root, live, (*waiting, *live.adopted))

    def fact_sql(
        self,
        table: str,
        columns: Iterable[str] = (),
        *,
        from_day: int | None = None,
        until_day: int | None = None,
        files: Callable[..., str] = files_sql,
    ) -> str:
        """Return SELECT of a fact table's grain and columns over files that may hold these days, without the erased.

        `files`: what makes SELECT over files, where that is another engine than DuckDB.
        """
        paths = [file.path for file in self.live.files(table, from_day, until_day)]
        where = excluding_sql("customer", self.live.erased(Subject.CUSTOMER))
        if "user" in FACT_TABLES[table]:
            where += f" AND {excluding_sql('user', self.live.erased(Subject.USER))}"
        return files(self.root, paths, fact_schema(table, columns), where=where)

    def events_sql(self, customer: int, from_day: int, until_day: int) -> str:
        """Return SELECT over a customer's events, the inbox included, without repeats and without the erased."""
        stored = [file.path for file in self.live.files(EVENTS, from_day, until_day)]
        mine = f"customer = {customer} AND day >= {from_day} AND day < {until_day}"
        seen = " AND ".join(excluding_sql(subject.value, self.live.erased(subject)) for subject in Subject)
        old = files_sql(self.root, stored, EVENT_SCHEMA, where=f"{mine} AND {seen}")
        new = files_sql(self.root, self.unfolded, EVENT_SCHEMA, where=f"{mine} AND {seen}")
        both = f"SELECT *, FALSE AS is_new FROM ({old}) UNION ALL SELECT *, TRUE AS is_new FROM ({new})"
        turn = "ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY is_new, received_at, ts)"
        return f"SELECT * FROM ({both}) QUALIFY NOT is_new OR {turn} = 1"


def events(
    connection: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    customer: int,
    *,
    from_day: int,
    until_day: int,
    limit: int,
) -> list[Event]:
    """Return a customer's newest events of the days [from_day, until_day), the inbox included."""
    rows = connection.sql(
        'SELECT "user", event, feature, ts AS "at", day, n, props, source '
        f"FROM ({snapshot.events_sql(customer, from_day, until_day)}) ORDER BY ts DESC, event_id LIMIT {limit}"
    )
    return [Event(**row) for row in rows.to_arrow_table().to_pylist()]


def event_counts(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, customers: list[int], *, from_day: int, until_day: int
) -> list[EventCount]:
    """Return the counts of some customers together per day, event and feature over [from_day, until_day), from the
    facts."""
    theirs = f"customer IN ({', '.join(map(str, customers)) or 'NULL'})"
    facts = snapshot.fact_sql(FACT_EVENT, from_day=from_day, until_day=until_day)
    rows = connection.execute(
        f"SELECT day, event, feature, CAST(SUM(n) AS BIGINT) FROM ({facts}) WHERE {theirs} AND day >= {from_day} "
        f"AND day < {until_day} GROUP BY day, event, feature ORDER BY day, event, feature NULLS FIRST"
    ).fetchall()
    return [EventCount(*row) for row in rows]


def event_days(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> dict[int, EventDays]:
    """Return every customer's first and last day with an event; a customer without events is absent."""
    rows = connection.execute(
        f"SELECT customer, MIN(day), MAX(day) FROM ({snapshot.fact_sql(FACT_DAY)}) GROUP BY customer"
    ).fetchall()
    return {customer: EventDays(first, last) for customer, first, last in rows}


def last_day(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> int | None:
    """Return the last day that has an event, None where there is none."""
    newest = snapshot.live.files(FACT_DAY)[-1:]
    since = newest[0].span.from_day if newest else 0
    ((day,),) = connection.execute(f"SELECT MAX(day) FROM ({snapshot.fact_sql(FACT_DAY, from_day=since)})").fetchall()
    return None if day is None else int(day)


def trail(
    connection: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    *,
    customers: Iterable[int] | None = None,
    users: Iterable[int] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield all events of some customers or users, the rejected and the inbox included, without the erased."""
    rows = f"SELECT * FROM ({_trail_sql(snapshot, customers, users)}) ORDER BY ts, event_id"
    return iter(connection.sql(rows).to_arrow_reader(10_000))


def trail_size(
    connection: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    *,
    customers: Iterable[int] | None = None,
    users: Iterable[int] | None = None,
) -> int:
    """Return how many rows `trail` would yield."""
    ((count,),) = connection.execute(f"SELECT COUNT(*) FROM ({_trail_sql(snapshot, customers, users)})").fetchall()
    return int(count)


def _trail_sql(snapshot: Snapshot, customers: Iterable[int] | None, users: Iterable[int] | None) -> str:
    whose = [
        f'"{column}" IN ({", ".join(str(int(one)) for one in sorted(ids))})'
        for column, ids in (("customer", list(customers or ())), ("user", list(users or ())))
        if ids
    ]
    seen = " AND ".join(excluding_sql(subject.value, snapshot.live.erased(subject)) for subject in Subject)
    where = f"({' OR '.join(whose) or 'FALSE'}) AND {seen}"
    parts = {
        "events": [file.path for file in snapshot.live.files(EVENTS)],
        "waiting": list(snapshot.unfolded),
        "conflicts": [file.path for file in snapshot.live.files(REJECTED)],
    }
    return " UNION ALL ".join(
        f"SELECT '{name}' AS \"table\", * FROM ({files_sql(snapshot.root, files, EVENT_SCHEMA, where=where)})"
        for name, files in parts.items()
    )


def known(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, ids: Iterable[pa.Array]) -> int:
    """Return how many of these event ids the lake has accepted, folded or not; none is made for an empty lake."""
    files = [*(file.path for file in snapshot.live.files(EVENTS)), *snapshot.unfolded]
    if not files:
        return 0
    connection.execute("CREATE TEMP TABLE asked (event_id BLOB)")
    for batch in ids:
        connection.register("batch", pa.table({"event_id": batch}))
        connection.execute("INSERT INTO asked SELECT event_id FROM batch")
        connection.unregister("batch")
    there = files_sql(snapshot.root, files, EVENT_SCHEMA)
    ((count,),) = connection.execute(
        f"SELECT COUNT(*) FROM asked WHERE event_id IN (SELECT event_id FROM ({there}))"
    ).fetchall()
    return int(count)


def rejected(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, *, limit: int) -> pa.Table:
    """Return rejected events, the last received first, without the erased."""
    files = [file.path for file in snapshot.live.files(REJECTED)]
    seen = " AND ".join(excluding_sql(subject.value, snapshot.live.erased(subject)) for subject in Subject)
    rows = files_sql(snapshot.root, files, EVENT_SCHEMA, where=seen)
    return connection.sql(f"{rows} ORDER BY received_at DESC, event_id LIMIT {limit}").to_arrow_table()
