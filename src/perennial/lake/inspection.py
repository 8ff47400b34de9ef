"""Is the lake what its manifest says? Files, row counts, and the sum that must come out."""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from perennial.lake import durable, inbox
from perennial.lake.engine import excluding_sql, files_sql
from perennial.lake.facts import FACT_EVENT, FACT_USE, columns_of, fact_schema
from perennial.lake.manifest import Manifest
from perennial.lake.storage.terms import Storage
from perennial.lake.terms import EVENT_SCHEMA, Counts, Holdings
from perennial.lake.work import EVENTS, REJECTED


def check(connection: duckdb.DuckDBPyConnection, root: Storage, live: Manifest) -> list[str]:
    """Return what is wrong, one sentence each; an empty list is a sound lake."""
    wrong = root.faults([*(file.path for files in live.tables.values() for file in files), *live.adopted])
    if wrong:
        return wrong
    wrong = [problem for table in live.tables for problem in _files(root.folder, live, table)]
    wrong += [f"{name} is published but gone" for name in live.adopted if not (root.folder / name).is_file()]
    return wrong or [*_totals(root, live), *_weights(connection, root, live)]


def holdings(root: Storage, live: Manifest) -> Holdings:
    """Return what the lake holds: how many files and bytes, its days, and what became of all that arrived."""
    files = [file.path for table in live.tables.values() for file in table]
    waiting = inbox.waiting(root, is_fresh=False)
    return Holdings(
        generation=live.generation,
        files=len(files),
        bytes=root.size(files),
        first_day=min((file.span.from_day for file in live.files(EVENTS)), default=None),
        waiting=sum(name not in live.retired for name in waiting) + len(live.adopted),
        counts=live.totals,
        kept_from=live.kept_from,
        aged=live.aged.stored + live.aged.conflicts,
    )


def _files(root: Path, live: Manifest, table: str) -> list[str]:
    wrong = []
    for file in live.files(table):
        path = root / file.path
        if not path.is_file():
            wrong.append(f"{file.path} is missing")
        elif (rows := _rows_of(path)) is None:
            wrong.append(f"{file.path} is damaged: it is no Parquet file any more")
        elif rows != file.rows:
            wrong.append(f"{file.path} has {rows} rows, the manifest says {file.rows}")
        elif file.digest and durable.digest(path) != file.digest:
            wrong.append(f"{file.path} is damaged: its bytes are not those that were written")
    return wrong


def _rows_of(path: Path) -> int | None:
    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowInvalid, OSError):
        return None


def _totals(root: Storage, live: Manifest) -> list[str]:
    totals, aged = live.totals, live.aged
    stored = sum(file.rows for file in live.files(EVENTS))
    conflicts = sum(file.rows for file in live.files(REJECTED))
    wrong = []
    if totals.accepted != totals.stored + totals.duplicates + totals.conflicts + totals.erased + totals.expired:
        wrong.append(f"the counts do not add up: {totals}")
    if (totals.stored - aged.stored, totals.conflicts - aged.conflicts) != (stored, conflicts):
        gone = f" and {aged} of them gone" if aged != Counts() else ""
        wrong.append(f"{stored} events and {conflicts} rejected in the files, the manifest counted {totals}{gone}")
    early = [file.path for table in (EVENTS, REJECTED) for file in live.files(table, until_day=live.kept_from or 0)]
    if live.kept_from is not None:
        wrong += [
            f"{path} holds events whose time is over" for path in early if _first_day(root, path) < live.kept_from
        ]
    return wrong


def _first_day(root: Storage, path: str) -> int:
    """Return the first day of a file's events, from its statistics."""
    found = pq.read_metadata(root.folder / path)
    column = found.schema.to_arrow_schema().names.index("day")
    return min(int(found.row_group(group).column(column).statistics.min) for group in range(found.num_row_groups))


def _weights(connection: duckdb.DuckDBPyConnection, root: Storage, live: Manifest) -> list[str]:
    """Compare events with facts day by day, as far as events are kept: all of them, then those that count as use."""
    kept = "TRUE" if live.kept_from is None else f"day >= {live.kept_from}"
    counted = excluding_sql("user", list(live.left_out))
    events = files_sql(root, [file.path for file in live.files(EVENTS)], EVENT_SCHEMA, where=f"{counted} AND {kept}")
    wrong = _apart(connection, events, _facts(root, live, FACT_EVENT, "n", kept), "facts")
    for name in columns_of(FACT_USE, live.plan):
        known = f"day >= {live.since[name]}" if name in live.since else "TRUE"
        used = f"SELECT day, n FROM ({events}) WHERE n > 0 AND ({live.plan[name]}) AND {known}"
        facts = _facts(root, live, FACT_USE, name, f"{kept} AND {known}")
        wrong += _apart(connection, used, facts, f"facts of use ({name})")
    return wrong


def _facts(root: Storage, live: Manifest, table: str, column: str, where: str) -> str:
    paths = [file.path for file in live.files(table, live.kept_from)]
    rows = files_sql(root, paths, fact_schema(table, [column]), where=where)
    return f'SELECT day, "{column}" AS n FROM ({rows})'


def _apart(connection: duckdb.DuckDBPyConnection, events: str, facts: str, named: str) -> list[str]:
    rows = connection.execute(
        f"SELECT day, COALESCE(e.n, 0), COALESCE(f.n, 0) FROM (SELECT day, SUM(n) AS n FROM ({events}) GROUP BY day) "
        f"AS e FULL JOIN (SELECT day, SUM(n) AS n FROM ({facts}) GROUP BY day) AS f USING (day) "
        "WHERE COALESCE(e.n, 0) <> COALESCE(f.n, 0) ORDER BY day"
    ).fetchall()
    return [f"day {day}: events weigh {events_n}, {named} {facts_n}" for day, events_n, facts_n in rows]
