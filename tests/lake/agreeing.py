"""Lakes whose facts and metrics must be the same on every engine, and the count of rows that are not."""

import random
from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from tests.lake.builders import AT, METRICS

from perennial.lake import manifest
from perennial.lake.algebra import Metric, parse_metrics
from perennial.lake.facts import FACT_TABLES
from perennial.lake.inbox import event_ids
from perennial.lake.storage.folder import Folder
from perennial.lake.terms import EVENT_SCHEMA

SUMS = parse_metrics(
    [
        {"key": "paid_28d", "measures": {"paid": {"aggregate": "sum", "window": 28}}},
        {
            "key": "paid_per_event",
            "measures": {
                "paid": {"aggregate": "sum", "window": 90, "where": "feature IS NOT NULL"},
                "events": {"aggregate": "count", "window": 90},
            },
            "expression": "0.1 * paid / (events - 2)",
        },
        {"key": "kinds", "measures": {"kinds": {"aggregate": "distinct", "of": "event", "window": 2, "offset": 1}}},
        {
            "key": "kinds_with_backslash",
            "measures": {
                "kinds": {"aggregate": "distinct", "of": "event", "where": r"event LIKE 'a\_%'", "window": 30},
            },
        },
        {
            "key": "top_feature",
            "measures": {"top": {"aggregate": "largest", "of": "feature", "window": 7, "offset": 3}},
        },
        {
            "key": "adopted",
            "measures": {
                "features": {"aggregate": "adopted", "of": "bought", "where": "event <> 'login'", "window": 28},
            },
            "expression": "features / features_bought",
        },
        {
            "key": "odd_names",
            "measures": {
                "odd": {
                    "aggregate": "count",
                    "where": r"event LIKE 'a\_%' OR feature IN ('it''s', '导出') OR NOT feature <> 'c:\new'",
                    "window": 60,
                }
            },
        },
    ]
)
EVERY: tuple[Metric, ...] = (*METRICS, *SUMS)
_EVENTS = ("use", "use", "use", "login", "error", r"a\_b", r"a\bc", "a_b", "aXb", "Ünï")
_OTHER = (("n", 3), ("user", None), ("feature", None), ("feature", "é"), ("value", None), ("props", "{}"),
          ("customer", 2), ("value", Decimal("0.000001")))  # fmt: skip
_FEATURES = (None, "search", "Search", "export", "导出", "it's", r"c:\new", "")


def events(count: int, *, customers: int, first_day: int, days: int, seed: int = 7) -> pa.Table:
    """Return events of few customers with many and many with few, some without a user, some of weight 0 or with a
    value; after the first third a customer may fall silent."""
    dice = random.Random(seed)
    columns: dict[str, list[Any]] = {name: [] for name in EVENT_SCHEMA.names}
    for _number in range(count):
        customer = min(int(dice.paretovariate(0.7)), customers)
        day = first_day + dice.randrange(days if customer % 3 else max(1, days // 3))
        at = day * 86_400_000_000 + dice.randrange(86_400_000_000)
        row = {
            "customer": customer,
            "user": None if dice.random() < 0.1 or customer % 17 == 0 else dice.randrange(1, 2 + customer % 20),
            "event": dice.choice(_EVENTS),
            "feature": dice.choice(_FEATURES),
            "ts": at,
            "day": day,
            "n": dice.choice((0, 1, 1, 1, 1, 2, 40)),
            "value": None if dice.random() < 0.7 else dice.randrange(-(10**9), 10**9),
            "props": None,
            "received_at": AT,
            "source": "test",
            "import_id": None,
        }
        for name, value in row.items():
            columns[name].append(value)
    ids = event_ids("agreeing", [str(number) for number in range(count)])
    values = pa.array(columns["value"], pa.int64())
    arrays = [
        ids if field.name == "event_id" else _millionths(values) if field.name == "value"
        else pa.array(columns[field.name], field.type)
        for field in EVENT_SCHEMA
    ]  # fmt: skip
    return pa.Table.from_arrays(arrays, schema=EVENT_SCHEMA)


def resent(rows: pa.Table, *, seed: int = 8) -> pa.Table:
    """Return what came under the ids of some events besides: the same again, other content, clocks corrected, days
    within the window and beyond it, received before or after or at once, some of it imported, some of it twice."""
    dice = random.Random(seed)
    found: list[dict[str, Any]] = []
    for row in rows.to_pylist():
        for _time in range(dice.choice((0, 1, 1, 2, 4))):
            days = dice.choice((0, 0, 0, 0, 1, 29, 30, 31, 70))
            again = row | {
                "received_at": AT + timedelta(seconds=dice.choice((-9, 0, 0, 9, 60))),
                "ts": row["ts"] + timedelta(days=days, seconds=dice.choice((0, 0, 0, 60, 61))),
                "day": row["day"] + days,
                "import_id": dice.choice((None, None, None, 1, 2)),
                "source": dice.choice(("test", "other")),
            }
            if dice.random() < 0.5:
                name, value = dice.choice(_OTHER)
                again[name] = value
            found += [again] * dice.choice((1, 1, 1, 2))
    dice.shuffle(found)
    return pa.Table.from_pylist(found, EVENT_SCHEMA)


def live_rows(root: Path, tables: Collection[str] | None = None) -> dict[str, pa.Table]:
    """Return the rows of the live files of some tables (None: of all that have one), in the order in which they stand
    there; a column that some files do not have is null in these."""
    live = manifest.read(Folder(root))
    return {
        table: pa.concat_tables(
            [pq.ParquetFile(root / file.path).read() for file in live.files(table)], promote_options="default"
        )
        for table in (live.tables if tables is None else tables)
        if live.files(table)
    }


def fact_rows(root: Path) -> dict[str, pa.Table]:
    """Return the same of the tables of facts."""
    return live_rows(root, FACT_TABLES)


def lakes_differing(one: Path, other: Path) -> int:
    """Return how many rows of all tables stand in one of two lakes only, and how many files hold other days."""
    spans = [
        {(table, file.span) for table, files in manifest.read(Folder(root)).tables.items() for file in files}
        for root in (one, other)
    ]
    ours, theirs = live_rows(one), live_rows(other)
    rows = sum(differing(ours[table], theirs[table]) for table in ours.keys() & theirs.keys())
    return rows + len(spans[0] ^ spans[1])


def differing(one: pa.Table, other: pa.Table) -> int:
    """Return how many rows stand in one of two tables only; all of them where the columns or types differ.

    Doubles are compared by their bits.
    """
    if not one.schema.equals(other.schema):
        return max(one.num_rows + other.num_rows, 1)
    with duckdb.connect() as connection:
        connection.register("one", _by_bits(one))
        connection.register("other", _by_bits(other))
        both = (
            "(SELECT * FROM one EXCEPT ALL SELECT * FROM other)",
            "(SELECT * FROM other EXCEPT ALL SELECT * FROM one)",
        )
        ((count,),) = connection.execute(f"SELECT COUNT(*) FROM ({' UNION ALL '.join(both)})").fetchall()
    return int(count)


def _by_bits(table: pa.Table) -> pa.Table:
    columns = [
        column.combine_chunks().view(pa.int64()) if pa.types.is_float64(column.type) else column
        for column in table.columns
    ]
    return pa.table(columns, names=table.schema.names)


def _millionths(values: pa.Array) -> pa.Array:
    exact = [None if value is None else Decimal(value).scaleb(-6) for value in values.to_pylist()]
    return pa.array(exact, pa.decimal128(18, 6))
