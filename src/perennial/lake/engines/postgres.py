"""PostgreSQL, for those who want one database only: the files' rows are loaded into tables of a schema of its own.

A file never changes once it is named, so that its rows are loaded once; those of files gone from disk are deleted with
the next load. Beyond about ten million events the files alone are smaller and faster.
"""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from perennial.lake.engines.dialects import carried
from perennial.lake.storage.terms import Storage

SCHEMA = "perennial_lake"
_LOADING = 736_620_155  # the advisory lock of whoever loads; any number that nobody else takes
_LIST = f"{SCHEMA}.file"
_TYPES = {
    "int8": pa.int64(),
    "int4": pa.int32(),
    "float8": pa.float64(),
    "text": pa.string(),
    "bool": pa.bool_(),
    "numeric": pa.decimal128(38, 6),
}
Connection = psycopg.Connection[tuple[Any, ...]]


class ServerSession:
    """A session on one connection; its relations are temporary ones."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def files_sql(self, root: Storage, paths: Iterable[str], schema: pa.Schema, *, where: str = "TRUE") -> str:
        table = f"{SCHEMA}.rows_{blake2b(_columns(schema).encode(), digest_size=8).hexdigest()}"
        numbers = self._loaded(table, [str(path) for path in root.here(paths)], schema)
        columns = ", ".join(f'"{name}"' for name in schema.names)
        return f"SELECT {columns} FROM {table} WHERE file IN ({', '.join(map(str, numbers)) or 'NULL'}) AND {where}"

    def register(self, name: str, rows: pa.Table) -> None:
        self._drop("TABLE", name)
        self._run(f"CREATE TEMP TABLE {name} ({_columns(rows.schema)})")
        self._copy(name, rows)
        self._run(f"ANALYZE pg_temp.{name}")

    def view(self, name: str, sql: str) -> None:
        self._drop("VIEW", name)
        self._run(f"CREATE TEMP VIEW {name} AS {carried(sql, 'postgres')}")

    def keep(self, name: str, sql: str) -> None:
        self._drop("TABLE", name)
        self._run(f"CREATE TEMP TABLE {name} AS {carried(sql, 'postgres')}")
        self._run(f"ANALYZE pg_temp.{name}")

    def forget(self, name: str) -> None:
        self._drop("TABLE", name)

    def rows(self, sql: str) -> pa.Table:
        found = self._run(carried(sql, "postgres"))
        columns = found.description or []
        kinds = [_TYPES[self._connection.adapters.types[column.type_code].name] for column in columns]
        rows = list(zip(*found.fetchall(), strict=True)) or [()] * len(kinds)
        return pa.table(
            {column.name: pa.array(row, kind) for column, row, kind in zip(columns, rows, kinds, strict=True)}
        )

    def batches(self, sql: str, size: int, scratch: Path) -> Iterable[pa.RecordBatch]:
        batches: Iterable[pa.RecordBatch] = self.rows(sql).to_batches(size)
        return batches

    def _loaded(self, table: str, paths: list[str], schema: pa.Schema) -> list[int]:
        """Load what is not there yet, and return the numbers of all the files."""
        numbers = self._numbers(table)
        if not numbers.keys() >= set(paths) or not numbers:
            with self._connection.transaction():
                self._run(f"SELECT pg_advisory_xact_lock({_LOADING})")
                self._run(f"CREATE TABLE IF NOT EXISTS {table} (file INTEGER, {_columns(schema)})")
                self._run(f"CREATE INDEX IF NOT EXISTS {table.partition('.')[2]}_file ON {table} (file)")
                self._forget_gone_files()
                for path in sorted(set(paths) - self._numbers(table).keys()):
                    self._load(table, path, schema)
                self._run(f"ANALYZE {table}")
            numbers = self._numbers(table)
        return [numbers[path] for path in paths]

    def _numbers(self, table: str) -> dict[str, int]:
        rows = self._connection.execute(f"SELECT path, number FROM {_LIST} WHERE rows_in = %s", [table])
        return dict(rows.fetchall())

    def _load(self, table: str, path: str, schema: pa.Schema) -> None:
        listed = self._connection.execute(
            f"INSERT INTO {_LIST} (path, rows_in) VALUES (%s, %s) RETURNING number",
            [path, table],
        )
        ((number,),) = listed.fetchall()
        # By its own name: the folders look like Hive partitions.
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=schema.names):
                rows = pa.Table.from_batches([batch]).select(schema.names)
                self._copy(table, rows.add_column(0, "file", pa.repeat(pa.scalar(number, pa.int32()), rows.num_rows)))

    def _forget_gone_files(self) -> None:
        for number, path, table in self._run(f"SELECT number, path, rows_in FROM {_LIST}").fetchall():
            if not Path(path).exists():
                self._run(f"DELETE FROM {table} WHERE file = {number}")
                self._run(f"DELETE FROM {_LIST} WHERE number = {number}")

    def _copy(self, name: str, rows: pa.Table) -> None:
        columns = ", ".join(f'"{column}"' for column in rows.schema.names)
        with self._connection.cursor().copy(f"COPY {name} ({columns}) FROM STDIN") as copy:
            for row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
                copy.write_row(row)

    def _drop(self, kind: str, name: str) -> None:
        """Drop what this session made under a name; never what stands outside it."""
        self._run(f"DROP {kind} IF EXISTS pg_temp.{name} CASCADE")

    def _run(self, sql: str) -> psycopg.Cursor[tuple[Any, ...]]:
        return self._connection.execute(sql.encode())


class Server:
    """The door to a PostgreSQL; a connection for each session, the schema made on first use.

    It folds nothing: all that ever came, with ids and properties, would lie in its tables a second time, and what was
    erased would stay in their pages until a VACUUM. Facts name no event.
    """

    folds = False

    def __init__(self, address: str) -> None:
        self._address = address

    @contextmanager
    def session(self, rows: int) -> Iterator[ServerSession]:
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute("SET client_min_messages = warning")
            with connection.transaction():
                connection.execute(f"SELECT pg_advisory_xact_lock({_LOADING})".encode())
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}".encode())
                connection.execute(
                    f"CREATE TABLE IF NOT EXISTS {_LIST} (number SERIAL PRIMARY KEY, "
                    'path TEXT COLLATE "C" NOT NULL, rows_in TEXT NOT NULL, UNIQUE (rows_in, path))'.encode()
                )
            yield ServerSession(connection)


def _columns(schema: pa.Schema) -> str:
    return ", ".join(f'"{field.name}" {_postgres_type(field.type)}' for field in schema)


def _postgres_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"NUMERIC({kind.precision}, {kind.scale})"
    # Texts in the order of their bytes, as everywhere in the lake.
    types = {pa.int64(): "BIGINT", pa.int32(): "INTEGER", pa.float64(): "FLOAT8", pa.string(): 'TEXT COLLATE "C"'}
    return types[kind]
