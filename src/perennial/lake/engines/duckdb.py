"""DuckDB in this process: the default, and the dialect that all others are carried from."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from perennial.lake.engine import Engine, files_sql
from perennial.lake.storage.terms import Storage


class DuckSession:
    """A session on a connection that somebody else opened and closes."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def files_sql(self, root: Storage, paths: Iterable[str], schema: pa.Schema, *, where: str = "TRUE") -> str:
        return files_sql(root, paths, schema, where=where)

    def register(self, name: str, rows: pa.Table) -> None:
        self._connection.register(name, rows)

    def view(self, name: str, sql: str) -> None:
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")

    def keep(self, name: str, sql: str) -> None:
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")

    def forget(self, name: str) -> None:
        self._connection.execute(f"DROP TABLE {name}")

    def rows(self, sql: str) -> pa.Table:
        return self._connection.sql(sql).to_arrow_table()

    def batches(self, sql: str, size: int, scratch: Path) -> Iterable[pa.RecordBatch]:
        batches: Iterable[pa.RecordBatch] = self._connection.sql(sql).to_arrow_reader(size)
        return batches


class InProcess:
    """The door to this process's DuckDB."""

    folds = True

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def session(self, rows: int) -> Iterator[DuckSession]:
        with self._engine.session() as connection:
            yield DuckSession(connection)
