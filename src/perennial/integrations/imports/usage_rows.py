"""Staged usage rows, resolved and checked by SQL over the staged files, and staged again in the lake's own form.

Nothing is held but what repeats: rows stay in their files, and are read anew for each question.
"""
# ruff: noqa: S608 - the only texts in the SQL are paths that this package made

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from perennial.contracts.queries import LineSpan
from perennial.integrations.imports.staging import Refusal
from perennial.lake.inbox import import_id_sql, import_scope

MOST_REFUSED = 100_000
BATCH = 100_000
MEMORY = "400MB"


@dataclass(frozen=True)
class Known:
    """What usage rows may refer to: customers by external id of the source, and its lines by theirs."""

    customers: Mapping[str, int]
    lines: Mapping[str, LineSpan]

    def digest(self) -> str:
        """Return a mark of all that is known; whatever differs has another."""
        told = repr((sorted(self.customers.items()), sorted(self.lines.items())))
        return sha256(told.encode()).hexdigest()

    def whose(self) -> list[int]:
        """Return the customers of whom there may be rows."""
        return sorted({*self.customers.values(), *(line.customer_id for line in self.lines.values())})


@dataclass(frozen=True)
class Resolved:
    """What the SQL found: rows to store, and rows refused (at most MOST_REFUSED are listed, all are counted)."""

    stored: int
    repeats: int
    refused: int
    refusals: list[Refusal]


@contextmanager
def session(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection for one run over the staged rows of a folder; what memory does not hold goes beside them."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "temp_directory": str(folder / "spilled"),
        "threads": 2,
        "preserve_insertion_order": False,
    }
    with duckdb.connect(config=settings) as connection:
        connection.execute("SET TimeZone = 'UTC'")  # an id that is made of a row's content has its time in it
        yield connection


def resolve(
    connection: duckdb.DuckDBPyConnection, folder: Path, known: Known, *, unknown: str = "unknown_customer"
) -> Resolved:
    """Make relation `judged` of the staged rows: the customer's number, the day's exact repeat dropped.

    Refused are rows whose customer nobody knows (for the reason `unknown`), and rows whose id stands before with other
    content (the first stays). A row without an id of its own gets one from its content and how often that content stood
    before it, so that the same file twice changes nothing and two equal events stay two.
    """
    _know(connection, "known_customer", {"external": list(known.customers), "id": list(known.customers.values())})
    spans = list(known.lines.values())
    _know(connection, "known_line", {"external": list(known.lines), "id": [span.customer_id for span in spans],
          "starts_on": [span.starts_on for span in spans], "ends_on": [span.ends_on for span in spans]})  # fmt: skip
    files = str(folder / "*.parquet").replace("'", "''")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW staged AS {_STAGED.format(files=files)}")
    connection.execute(_DOUBLES)
    connection.execute(_REPEATED.format(content=_CONTENT))
    everything = f"{_once(connection, files)} UNION ALL BY NAME SELECT * FROM repeated"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW judged AS {_JUDGED.format(every=everything)}")
    count = _one(connection, "SELECT count(*) FILTER (verdict = 'kept'), count(*) FILTER (verdict = 'repeat'), "
                             "count(*) FILTER (verdict NOT IN ('kept', 'repeat')) FROM judged")  # fmt: skip
    rows = connection.execute(
        "SELECT file, sheet, row, coalesce(customer, line, ''), coalesce(event_id, ''), verdict, first_row FROM judged "
        f"WHERE verdict NOT IN ('kept', 'repeat') ORDER BY file, sheet, row LIMIT {MOST_REFUSED}"
    ).fetchall()
    refusals = [
        Refusal(file, sheet, row, "", event_id, verdict, {"first": first}) if verdict == "conflict"
        else Refusal(file, sheet, row, "", who, unknown)
        for file, sheet, row, who, event_id, verdict, first in rows
    ]  # fmt: skip
    return Resolved(stored=count[0], repeats=count[1], refused=count[2], refusals=refusals)


def _know(connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, list[Any]]) -> None:
    given = pa.table({key: pa.array(values, _KNOWN[key]) for key, values in columns.items()})
    connection.register("given", given)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM given")
    connection.unregister("given")


_KNOWN = {"external": pa.string(), "id": pa.int64(), "starts_on": pa.date32(), "ends_on": pa.date32()}


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    (found,) = connection.execute(sql).fetchall()
    return tuple(found)


_CONTENT = """md5(concat_ws(chr(31), coalesce(s.customer, ''), coalesce(s.line, ''), coalesce(s."user", ''),
  coalesce(s.event, ''), coalesce(s.feature, ''), epoch_us(s.at), coalesce(s."count", 1),
  coalesce(s.value::VARCHAR, ''), coalesce(s.errors, 0)))"""
_STAGED = """SELECT *, CASE WHEN s.event_id IS NULL
  THEN hash(coalesce(s.customer, ''), coalesce(s.line, ''), coalesce(s."user", ''), coalesce(s.event, ''),
            coalesce(s.feature, ''), s.at, coalesce(s."count", 1), s.value, coalesce(s.errors, 0))
  ELSE hash(s.event_id) END AS mark
FROM read_parquet('{files}') AS s"""
_DOUBLES = """CREATE OR REPLACE TEMP TABLE doubles AS
SELECT mark FROM staged GROUP BY mark HAVING count(*) > 1"""
_REPEATED = """CREATE OR REPLACE TEMP TABLE repeated AS
WITH named AS (
  SELECT s.*, {content} AS content FROM staged AS s SEMI JOIN doubles AS d ON d.mark = s.mark
), told AS (
  SELECT *, coalesce(event_id, content || ':' ||
           (row_number() OVER (PARTITION BY event_id IS NULL, content ORDER BY file, sheet, row))) AS message
  FROM named
), ranked AS (
  SELECT *, first_value(content) OVER w AS first_content, first_value(row) OVER w AS first_row,
         row_number() OVER w AS place
  FROM told WINDOW w AS (PARTITION BY message ORDER BY file, sheet, row)
)
SELECT * EXCLUDE (content, first_content, place, mark),
       CASE WHEN place = 1 THEN 'kept' WHEN content = first_content THEN 'repeat' ELSE 'conflict' END AS judgement
FROM ranked"""
_ONCE = """SELECT s.* EXCLUDE (mark), coalesce(s.event_id, {content} || ':1') AS message, s.row AS first_row,
       'kept' AS judgement
FROM ({staged}) AS s {alone}"""
_JUDGED = """SELECT e.*, coalesce(c.id, l.id) AS customer_id, l.starts_on, l.ends_on,
       CASE WHEN coalesce(c.id, l.id) IS NULL THEN 'unknown_customer' ELSE e.judgement END AS verdict
FROM ({every}) AS e
LEFT JOIN known_customer AS c ON c.external = e.customer
LEFT JOIN known_line AS l ON l.external = e.line"""


def _once(connection: duckdb.DuckDBPyConnection, files: str) -> str:
    """Return SELECT of the rows of some staged files that stand alone: neither repeated nor repeating."""
    is_any_double = _one(connection, "SELECT count(*) > 0 FROM doubles")[0]
    alone = "ANTI JOIN doubles AS d ON d.mark = s.mark" if is_any_double else ""
    return _ONCE.format(content=_CONTENT, staged=_STAGED.format(files=files), alone=alone)


def message_ids(connection: duckdb.DuckDBPyConnection, *, source: str) -> Iterator[pa.Array]:
    """Yield the lake's ids of the kept rows."""
    sql = f"SELECT {import_id_sql('message')} AS id FROM judged WHERE verdict = 'kept'"
    for batch in connection.sql(sql, params={"scope": import_scope(source)}).to_arrow_reader(BATCH):
        yield batch.column("id").cast(pa.binary(16))


def users(connection: duckdb.DuckDBPyConnection) -> list[tuple[int, str]]:
    """Return each (customer, external user id) of the kept rows."""
    sql = """SELECT DISTINCT customer_id, "user" FROM judged WHERE verdict = 'kept' AND "user" IS NOT NULL"""
    return [(int(customer), str(user)) for customer, user in connection.execute(sql).fetchall()]


@dataclass(frozen=True)
class Part:
    """Kept rows as the lake's events, and the ids of those that stand for a row: a row that only counts errors beside
    its uses is two events."""

    events: pa.Table
    ids: pa.Array


def lake_parts(
    connection: duckdb.DuckDBPyConnection, folder: Path, ids: Mapping[tuple[int, str], int], stamp: Stamp
) -> Iterator[Callable[[], Part]]:
    """Yield what makes each part of the lake's events: one for each staged file, the last of the rows that repeat.

    The parts are the same on every run over the same files, so that a run that died goes on behind its last part.
    Within a part the days go up, which makes folding cheap. A row that only counts errors beside its uses becomes two
    events: the use with its count, and `error` with its own. `received_at` is the event's own time where the mapping
    declares "known at its own date", else the stamp's.
    """
    given = {
        "customer_id": pa.array([customer for customer, _user in ids], pa.int64()),
        "user": pa.array([user for _customer, user in ids], pa.string()),
        "user_id": pa.array(list(ids.values()), pa.int64()),
    }
    connection.register("user_ids_given", pa.table(given))
    connection.execute("CREATE OR REPLACE TEMP TABLE user_ids AS SELECT * FROM user_ids_given")
    connection.unregister("user_ids_given")
    connection.execute("SET preserve_insertion_order = true")  # history mostly comes in order: then nothing is sorted
    paths = [str(path).replace("'", "''") for path in sorted(folder.glob("*.parquet"))]
    for every in (*(_once(connection, path) for path in paths), "SELECT * FROM repeated"):
        yield partial(_part, connection, _JUDGED.format(every=every), stamp)


@dataclass(frozen=True)
class Stamp:
    """What all events of an import carry: source, import, the zone of their days, and when they were received."""

    source: str
    import_id: int
    zone: ZoneInfo
    at: datetime


def _part(connection: duckdb.DuckDBPyConnection, judged: str, stamp: Stamp) -> Part:
    given = {"zone": stamp.zone.key, "at": stamp.at.isoformat(), "scope": import_scope(stamp.source)}
    rows = connection.sql(_EVENTS.format(judged=judged), params=given).to_arrow_table()
    own = _events(rows, "event_id", stamp)
    wrong = rows.filter(pc.greater(rows.column("errors"), 0))
    both = pa.concat_tables([own, _errors(wrong, stamp)]) if wrong.num_rows else own
    days = np.asarray(both.column("day"))
    if np.any(days[1:] < days[:-1]):
        both = both.take(pa.array(np.argsort(days, kind="stable")))
    return Part(both, own.column("event_id"))


def _errors(rows: pa.Table, stamp: Stamp) -> pa.Table:
    """Return the second events of rows that count errors."""
    changed = {
        "event": pa.repeat("error", rows.num_rows),
        "n": rows.column("errors"),
        "value": pa.nulls(rows.num_rows, rows.schema.field("value").type),
    }
    for name, column in changed.items():
        rows = rows.set_column(rows.schema.get_field_index(name), name, column)
    return _events(rows, "error_id", stamp)


def _events(rows: pa.Table, mark: str, stamp: Stamp) -> pa.Table:
    names = ("customer", "user", "event", "feature", "ts", "day", "n", "value")
    return pa.table(
        {
            "event_id": rows.column(mark).cast(pa.binary(16)),
            **{name: rows.column(name) for name in names},
            "props": pa.nulls(rows.num_rows, pa.string()),
            "received_at": rows.column("received_at"),
            "source": pa.repeat(stamp.source, rows.num_rows),
            "import_id": pa.repeat(stamp.import_id, rows.num_rows),
        }
    )


_EVENTS = f"""
SELECT j.customer_id AS customer, u.user_id AS "user", coalesce(j.event, CASE WHEN j.feature IS NULL THEN 'use' ELSE
       'feature' END) AS event, j.feature, j.at AS ts,
       (CAST(timezone($zone, j.at) AS DATE) - DATE '1970-01-01')::INTEGER AS day,
       coalesce(j."count", 1)::INTEGER AS n, j.value::DECIMAL(18, 6) AS value,
       {import_id_sql("j.message")} AS event_id,
       CASE WHEN j.errors > 0 THEN {import_id_sql("concat(j.message, ':error')")} END AS error_id,
       coalesce(j.errors, 0)::INTEGER AS errors,
       CASE WHEN j.learned THEN j.at ELSE CAST($at AS TIMESTAMPTZ) END AS received_at
FROM ({{judged}}) AS j LEFT JOIN user_ids AS u ON u.customer_id = j.customer_id AND u."user" = j."user"
WHERE j.verdict = 'kept'
"""


@dataclass(frozen=True)
class Outside:
    """Kept rows outside the days of the very line that they name: how many, and the first few places."""

    before: int
    after: int
    before_examples: list[str]
    after_examples: list[str]


def outside_lines(connection: duckdb.DuckDBPyConnection, *, zone: ZoneInfo) -> Outside:
    """Return what lies before the named line's first day, or on or after its end (days of `zone`)."""
    day = f"CAST(timezone('{zone.key}', j.at) AS DATE)"
    early, late = f"{day} < j.starts_on", f"{day} >= j.ends_on"
    kept = "FROM judged AS j WHERE j.verdict = 'kept'"
    before, after = _one(connection, f"SELECT count(*) FILTER ({early}), count(*) FILTER ({late}) {kept}")
    examples = [
        [f"{file}:{row} {line}" for file, row, line in connection.execute(
            f"SELECT file, row, line {kept} AND {condition} ORDER BY file, row LIMIT 5").fetchall()] if number else []
        for condition, number in ((early, before), (late, after))
    ]  # fmt: skip
    return Outside(before, after, *examples)


def days_by_customer(connection: duckdb.DuckDBPyConnection) -> dict[int, tuple[datetime, datetime]]:
    """Return the first and last instant of each customer's kept rows, for the quality report."""
    sql = (
        "SELECT customer_id, epoch_us(min(j.at)), epoch_us(max(j.at)) FROM judged AS j "
        "WHERE verdict = 'kept' GROUP BY 1"
    )
    start = datetime(1970, 1, 1, tzinfo=UTC)  # numbers, since DuckDB gives instants to Python only by way of pytz
    return {
        int(customer): (start + timedelta(microseconds=first), start + timedelta(microseconds=last))
        for customer, first, last in connection.execute(sql).fetchall()
    }
