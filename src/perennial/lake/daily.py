"""Daily tables: frozen rows of one day and customer (metrics, scores, their inputs), as they were known then."""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

import re
from collections.abc import Iterable
from datetime import datetime

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from perennial.lake import manifest
from perennial.lake.engine import Engine, Target, excluding_sql, sql_type
from perennial.lake.engines.duckdb import DuckSession
from perennial.lake.engines.terms import Door, Session, answers
from perennial.lake.manifest import DataFile, Manifest, Rewrite
from perennial.lake.rewriting import rewrite
from perennial.lake.spans import SUMS, spans_to_write
from perennial.lake.storage.terms import Storage
from perennial.lake.terms import Subject

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KEYS = pa.schema([("customer", pa.int64()), ("day", pa.int32())])
_ORDER = ("customer", "day")  # one customer's year is read far more often than one day's customers


def write_days(
    root: Storage,
    engine: Engine,
    name: str,
    rows: pa.Table,
    *,
    from_day: int,
    until_day: int,
    at: datetime,
    customers: Iterable[int] | None = None,
) -> None:
    """Replace all rows of the days [from_day, until_day) of a daily table, in one commit; with `customers` only theirs.

    `rows` has `customer` INT64, `day` INT32 and columns of its own; other days, and other customers, keep theirs.
    """
    hers = None if customers is None else sorted(set(customers))
    if not _NAME.fullmatch(name):
        raise ValueError(f"a daily table's name is a-z, 0-9 and _: {name!r}")
    _check(rows, from_day, until_day, hers)
    table = f"daily/{name}"
    with root.lease("lease"):
        live = manifest.read(root)
        spans = spans_to_write((file.span for file in live.tables.get(table, ())), range(from_day, until_day), SUMS)
        present = [file for file in live.files(table) if file.span.from_day in spans]
        with engine.session() as connection:
            connection.register("given", rows)
            others = "FALSE" if hers is None else excluding_sql("customer", hers)
            kept = f"SELECT * FROM ({rows_sql(root, present)}) WHERE day < {from_day} OR day >= {until_day} OR {others}"
            sql = f"{kept} UNION ALL BY NAME SELECT * FROM given" if present else "SELECT * FROM given"
            target = Target(root, table, live.generation + 1, _schema(root, present, rows.schema))
            done = rewrite(DuckSession(connection), sql, target, spans, _ORDER)
        root.keep(file.path for file in done.files)
        manifest.commit(root, lambda current: current.with_rewrite(done, at=at))


def write_columns(
    root: Storage, engine: Engine, name: str, rows: pa.Table, *, from_day: int, until_day: int, at: datetime,
    keep: Iterable[str],
) -> None:  # fmt: skip
    """Put the columns of `rows` beside those that a daily table has on the days [from_day, until_day), in one commit.

    No row comes or goes; of these days' rows, one that `rows` does not know has nothing in the columns. Columns of the
    table that `keep` does not name leave the files that are written.
    """
    _check(rows, from_day, until_day, None)
    added = [column for column in rows.column_names if column not in ("customer", "day")]
    if not all(_NAME.fullmatch(column) for column in added):
        raise ValueError(f"a column's name is a-z, 0-9 and _: {added}")
    table = f"daily/{name}"
    with root.lease("lease"):
        live = manifest.read(root)
        spans = spans_to_write((file.span for file in live.tables.get(table, ())), range(from_day, until_day), SUMS)
        present = [file for file in live.files(table) if file.span.from_day in spans]
        if not present:
            return
        old = _schema(root, present)
        kept = [column for column in old.names if column in {"customer", "day", *keep} - set(added)]
        within = f"o.day >= {from_day} AND o.day < {until_day}"
        columns = [f'o."{column}"' for column in kept]
        columns += [
            f'CASE WHEN {within} THEN g."{column}" ELSE o."{column}" END AS "{column}"' if column in old.names
            else f'g."{column}"' for column in added
        ]  # fmt: skip
        with engine.session() as connection:
            connection.register("given", rows)
            both = f"({rows_sql(root, present)}) AS o LEFT JOIN given AS g ON g.customer = o.customer AND g.day = o.day"
            sql = f"SELECT {', '.join(columns)} FROM {both}"
            schema = pa.unify_schemas([pa.schema([old.field(c) for c in kept]), rows.schema.remove_metadata()])
            done = rewrite(
                DuckSession(connection), sql, Target(root, table, live.generation + 1, schema), spans, _ORDER
            )
        root.keep(file.path for file in done.files)
        manifest.commit(root, lambda current: current.with_rewrite(done, at=at))


def rows_sql(root: Storage, files: list[DataFile]) -> str:
    """Return SELECT over files of one daily table (at least one), whose columns may have changed over the years."""
    names = ", ".join("'" + str(path).replace("'", "''") + "'" for path in root.here(file.path for file in files))
    return f"SELECT * FROM read_parquet([{names}], hive_partitioning = false, union_by_name = true)"


def read_days(
    connection: duckdb.DuckDBPyConnection,
    root: Storage,
    live: Manifest,
    name: str,
    *,
    customers: list[int] | None,
    from_day: int,
    until_day: int,
) -> pa.Table:
    """Return the rows of some customers (None: all) and the days [from_day, until_day), by customer and day."""
    files = live.files(f"daily/{name}", from_day, until_day)
    if not files:
        return pa.table({"customer": pa.array([], pa.int64()), "day": pa.array([], pa.int32())})
    wanted = ["TRUE"] if customers is None else [f"customer IN ({', '.join(map(str, customers)) or 'NULL'})"]
    wanted.append(excluding_sql("customer", live.erased(Subject.CUSTOMER)))
    return connection.sql(
        f"SELECT * FROM ({rows_sql(root, files)}) WHERE day >= {from_day} AND day < {until_day} "
        f"AND {' AND '.join(wanted)} ORDER BY customer, day"
    ).to_arrow_table()


def without_erased(folds: Door, root: Storage, live: Manifest) -> list[Rewrite]:
    """Write anew the files of every daily table that hold rows of customers erased since the last compaction."""
    erased = [stone.id for stone in live.pending if stone.subject == Subject.CUSTOMER]
    rewrites = []
    for table in [table for table in live.tables if table.startswith("daily/") and erased and live.tables[table]]:
        files = live.files(table)
        hers = f"customer IN ({', '.join(map(str, erased))})"
        with folds.session(sum(file.rows for file in files)) as session:
            found = answers(session, f"SELECT DISTINCT day FROM ({_keys_sql(session, root, files)}) WHERE {hers}")
            spans = spans_to_write((file.span for file in files), [day for (day,) in found], SUMS)
            present = [file for file in files if file.span.from_day in spans]
            if present:
                target = Target(root, table, live.generation + 1, _schema(root, present))
                sql = f"SELECT * FROM ({_whole_sql(session, root, present, target.schema)}) WHERE NOT {hers}"
                rewrites.append(rewrite(session, sql, target, spans, _ORDER))
    return rewrites


def _keys_sql(session: Session, root: Storage, files: list[DataFile]) -> str:
    return session.files_sql(root, [file.path for file in files], _KEYS)


def _whole_sql(session: Session, root: Storage, files: list[DataFile], schema: pa.Schema) -> str:
    """Return SELECT of all columns over files some of which do not know all: one part for each set of columns."""
    by_columns: dict[tuple[str, ...], list[str]] = {}
    for file in files:
        by_columns.setdefault(tuple(_schema(root, [file]).names), []).append(file.path)
    parts = []
    for known, paths in by_columns.items():
        rows = session.files_sql(root, paths, pa.schema([schema.field(name) for name in known]))
        columns = (
            f'"{field.name}"' if field.name in known else f'CAST(NULL AS {sql_type(field.type)}) AS "{field.name}"'
            for field in schema
        )
        parts.append(f"SELECT {', '.join(columns)} FROM ({rows}) AS part")
    return " UNION ALL ".join(parts)


def _schema(root: Storage, present: list[DataFile], *more: pa.Schema) -> pa.Schema:
    """Return the schema of old and new rows together; a later one's columns come last."""
    schemas = [pq.read_schema(path) for path in root.here(file.path for file in present)]
    return pa.unify_schemas([schema.remove_metadata() for schema in [*schemas, *more]])


def first_day(live: Manifest, name: str) -> int | None:
    """Return the first day of a daily table's first file, None where it has none."""
    return next((file.span.from_day for file in live.files(f"daily/{name}") if file.rows), None)


def last_day(connection: duckdb.DuckDBPyConnection, root: Storage, live: Manifest, name: str) -> int | None:
    """Return the last day of a daily table that has a row, None where none has."""
    for file in reversed(live.files(f"daily/{name}")):
        if file.rows:
            ((day,),) = connection.execute(f"SELECT MAX(day) FROM ({rows_sql(root, [file])})").fetchall()
            return int(day)
    return None


def _check(rows: pa.Table, from_day: int, until_day: int, customers: list[int] | None) -> None:
    if rows.schema.field("customer").type != pa.int64() or rows.schema.field("day").type != pa.int32():
        raise ValueError("customer must be INT64 and day INT32")
    if rows.num_rows == 0:
        return
    span = pc.min_max(rows["day"]).as_py()
    if customers is not None and not set(rows["customer"].unique().to_pylist()) <= set(customers):
        raise ValueError("rows of customers that are not to be replaced")
    if not from_day <= span["min"] <= span["max"] < until_day:
        raise ValueError(f"days {span['min']} to {span['max']} lie outside [{from_day}, {until_day})")
