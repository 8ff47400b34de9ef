"""The plain ways that `bench/usage.py` measures against: DuckDB asked by hand, NumPy over dense arrays, a bare log."""
# ruff: noqa: S608 (names and numbers only)

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from bench.made import CUSTOMERS, DAYS, FROM_DAY, USERS
from perennial.lake.algebra import Aggregate, Metric, measures_of
from perennial.lake.durable import digest, write_parquet
from perennial.lake.engine import Target, files_sql
from perennial.lake.engines.duckdb import DuckSession
from perennial.lake.facts import FACT_DAY, FACT_EVENT, FACT_TABLES, FACT_USER, INPUT, fact_schema, fact_sql, lay_out
from perennial.lake.manifest import DataFile
from perennial.lake.rewriting import rewrite
from perennial.lake.spans import Span
from perennial.lake.storage.folder import Folder
from perennial.lake.terms import EVENT_SCHEMA

FEATURES = 30


def windows(lake: Any, metrics: tuple[Metric, ...], day: int) -> None:
    """Group the facts of just the windows that the metrics need, by hand and without an expression."""
    plan, live = lake._live().plan, lake._live()
    core, every, login, error = _columns(metrics)

    def facts(table: str, back: int) -> str:
        paths = [file.path for file in live.files(table, day - back + 1, day + 1)]
        low = day - back + 1
        return f"({files_sql(lake._root, paths, fact_schema(table, plan), where=f'day BETWEEN {low} AND {day}')})"

    with lake._engine.session() as connection:
        for sql in (
            f"SELECT customer, SUM({every}) FILTER (day > {day - 28}), SUM({every}) FILTER (day <= {day - 28}), "
            f"SUM({core}) FILTER (day > {day - 28}), SUM({error}) FILTER (day > {day - 28}), "
            f"SUM({login}) FILTER (day > {day - 7}), COUNT(*) FILTER ({core} > 0 AND day > {day - 28}) "
            f"FROM {facts(FACT_DAY, 56)} GROUP BY customer",
            f"SELECT customer, COUNT(*) FILTER (u28 > 0), COUNT(*) FILTER (u7 > 0), MAX(u28) FROM (SELECT customer, "
            f'"user", SUM({core}) AS u28, SUM({core}) FILTER (day > {day - 7}) AS u7 FROM {facts(FACT_USER, 28)} '
            'GROUP BY customer, "user") GROUP BY customer',
            "SELECT customer, COUNT(DISTINCT feature) FROM "
            f"{facts(FACT_EVENT, 28)} WHERE event <> 'login' GROUP BY customer",
            f"SELECT customer, MAX(day) FILTER ({core} > 0) FROM {facts(FACT_DAY, DAYS)} GROUP BY customer",
        ):
            connection.sql(sql).to_arrow_table()


def day_file(root: Folder, events: pa.Table) -> DataFile:
    """Write one day's events as the compaction leaves them."""
    rows = events.sort_by([("customer", "ascending"), ("ts", "ascending")])
    path, day = root.folder / "day.parquet", rows["day"][0].as_py()
    write_parquet(rows, path)
    return DataFile(path.name, Span(day, day + 1), rows.num_rows, digest(path))


def rolled_up(lake: Any, root: Folder, file: DataFile) -> None:
    """Roll up one day file to the three tables of facts, as the compaction does."""
    plan = lake._live().plan
    with lake._engine.session() as connection:
        session = DuckSession(connection)
        lay_out(session, files_sql(root, [file.path], INPUT), plan)
        for table, grain in FACT_TABLES.items():
            target = Target(root, table, 1, fact_schema(table, plan))
            rewrite(session, fact_sql(table, plan), target, {file.span.from_day: file.span}, grain)


def grouped(lake: Any, root: Folder, file: DataFile) -> None:
    """Ask DuckDB the plainest way for a day: a group by, a distinct, both written."""
    rows = f"({files_sql(root, [file.path], EVENT_SCHEMA)})"
    with lake._engine.session() as connection:
        for name, sql in (
            ("events", f"SELECT customer, event, feature, SUM(n) AS n FROM {rows} GROUP BY customer, event, feature"),
            ("users", f'SELECT customer, COUNT(DISTINCT "user") AS users FROM {rows} GROUP BY customer'),
        ):
            connection.execute(f"COPY ({sql} ORDER BY customer) TO '{root.folder / name}.parquet' (COMPRESSION zstd)")


def dense(lake: Any) -> list[np.ndarray]:
    """Compute the shipped metrics of every customer and day over dense arrays, from the same facts."""
    live = lake._live()
    core, every, login, error = _columns_of(live.plan)

    def read(table: str, names: list[str]) -> list[np.ndarray]:
        tables = [
            pq.read_table(lake._root.folder / file.path, columns=names, partitioning=None) for file in live.files(table)
        ]
        return [column.to_numpy() for column in pa.concat_tables(tables).columns]

    customer, day, *sums = read(FACT_DAY, ["customer", "day", core, every, login, error])
    counts = np.zeros((4, CUSTOMERS, DAYS), np.int32)
    for number, values in enumerate(sums):
        counts[number, customer - 1, day - FROM_DAY] = values
    n_core, n_every, n_login, n_error = counts
    found = [
        _last(n_login, 7), _last(n_core, 28) / _known(_last(n_core > 0, 28)),
        _last(n_every, 28) / _known(_before(_last(n_every, 28))), _since(n_core),
        1000 * _last(n_error, 28) / _known(_last(n_every, 28)),
    ]  # fmt: skip
    user, day, times = read(FACT_USER, ["user", "day", core])
    users = np.zeros((CUSTOMERS * USERS, DAYS), np.int32)
    users[user - 1, day - FROM_DAY] = times
    seven, month, top = (np.zeros((CUSTOMERS, DAYS), np.int32) for _three in range(3))
    for start in range(0, CUSTOMERS, 1000):
        theirs = users[start * USERS : (start + 1000) * USERS]
        monthly = _last(theirs, 28).reshape(-1, USERS, DAYS)
        seven[start : start + 1000] = (_last(theirs, 7) > 0).reshape(-1, USERS, DAYS).sum(1)
        month[start : start + 1000] = (monthly > 0).sum(1)
        top[start : start + 1000] = monthly.max(1)
    found += [seven, month, month / 10, top / _known(_last(n_core, 28))]
    customer, day, feature = read(FACT_EVENT, ["customer", "day", "feature"])
    _names, numbers = np.unique(feature.astype(str), return_inverse=True)
    breadth = np.zeros((CUSTOMERS, DAYS), np.int32)
    for number in range(FEATURES):
        used = np.zeros((CUSTOMERS, DAYS), np.int8)
        mine = numbers == number
        used[customer[mine] - 1, day[mine] - FROM_DAY] = 1
        breadth += _last(used, 28) > 0
    return [*found, breadth]


def busiest(lake: Any, day: int) -> int:
    """Return the customer with the most events in the 90 days up to a day."""
    paths = [file.path for file in lake._live().files(FACT_EVENT, day - 89, day + 1)]
    with lake._engine.session() as connection:
        sql = f"({files_sql(lake._root, paths, fact_schema(FACT_EVENT, ()))})"
        ((found,),) = connection.execute(
            f"SELECT customer FROM {sql} GROUP BY customer ORDER BY SUM(n) DESC, customer LIMIT 1"
        ).fetchall()
    return int(found)


def raw_counts(lake: Any, customer: int, from_day: int, until_day: int) -> None:
    """Count a customer's events by day, event and feature in the raw files."""
    paths = [file.path for file in lake._live().files("events", from_day, until_day)]
    within = f"customer = {customer} AND day >= {from_day} AND day < {until_day}"
    with lake._engine.session() as connection:
        connection.execute(
            "SELECT day, event, feature, SUM(n) FROM "
            f"({files_sql(lake._root, paths, EVENT_SCHEMA, where=within)}) GROUP BY day, event, feature"
        ).fetchall()


def messages(batch: pa.Table) -> list[dict[str, Any]]:
    """Return the rows as a handler has them once a request is parsed."""
    columns = [name for name in batch.column_names if name != "event_id"]
    ids = [value.hex() for value in batch["event_id"].to_pylist()]
    return [{"event_id": one, **row} for one, row in zip(ids, batch.select(columns).to_pylist(), strict=True)]


def appended(messages: list[dict[str, Any]], log: Path) -> None:
    """Append the rows as JSON lines to a file, and have them on disk."""
    lines = [orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE) for message in messages]
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, b"".join(lines))
        os.fdatasync(handle)
    finally:
        os.close(handle)


def _columns(metrics: tuple[Metric, ...]) -> tuple[str, str, str, str]:
    return _columns_of({measure.column: measure.where for measure in measures_of(metrics)
                        if measure.aggregate is not Aggregate.SUM})  # fmt: skip


def _columns_of(plan: dict[str, str]) -> tuple[str, str, str, str]:
    """Return the columns of core events, of all, of logins and of errors: told by their predicates."""
    every = next(name for name, where in plan.items() if where == "TRUE")
    login = next(name for name, where in plan.items() if "login" in where and "NOT" not in where.upper())
    error = next(name for name, where in plan.items() if "exception" in where and "NOT" not in where.upper())
    core = next(name for name, where in plan.items() if "login" in where and "NOT" in where.upper())
    return core, every, login, error


def _last(values: np.ndarray, window: int) -> np.ndarray:
    """Return the sums of the last `window` days along the last axis."""
    sums = np.cumsum(values, axis=-1, dtype=np.int32)
    sums[..., window:] -= sums[..., :-window].copy()
    return sums


def _before(sums: np.ndarray) -> np.ndarray:
    shifted = np.zeros_like(sums)
    shifted[..., 28:] = sums[..., :-28]
    return shifted


def _known(values: np.ndarray) -> np.ndarray:
    return np.where(values == 0, np.nan, values)


def _since(values: np.ndarray) -> np.ndarray:
    days = np.arange(values.shape[-1], dtype=np.int32)
    last = np.maximum.accumulate(np.where(values > 0, days, -1), axis=-1)
    return np.where(last < 0, np.nan, days - last)
