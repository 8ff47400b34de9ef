"""What an engine can do for a plan, and nothing more."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from perennial.lake.storage.terms import Storage


class NoEngine(Exception):
    """The engine chosen cannot be used; the message says why."""


class Session(Protocol):
    """One user's relations on an engine, which nobody else sees; they go when it ends. All SQL is DuckDB's dialect."""

    def files_sql(self, root: Storage, paths: Iterable[str], schema: pa.Schema, *, where: str = "TRUE") -> str:
        """Return SELECT over Parquet files of one schema; an empty relation of that schema where there are none."""

    def register(self, name: str, rows: pa.Table) -> None:
        """Make a small table of the caller's known."""

    def view(self, name: str, sql: str) -> None:
        """Give a SELECT a name, in place of what had it."""

    def keep(self, name: str, sql: str) -> None:
        """Run a SELECT once and give its rows a name, in place of what had it."""

    def forget(self, name: str) -> None:
        """Let go of rows that were kept; nothing reads them any more."""

    def rows(self, sql: str) -> pa.Table:
        """Return the rows of a SELECT."""

    def batches(self, sql: str, size: int, scratch: Path) -> Iterable[pa.RecordBatch]:
        """Yield the rows of a SELECT in its order, about `size` at a time, however many they are; they may wait in
        files in the folder `scratch` and are gone from there at the end."""


def answers(session: Session, sql: str) -> list[tuple[Any, ...]]:
    """Return the few rows of a SELECT as tuples."""
    return list(zip(*(column.to_pylist() for column in session.rows(sql).columns), strict=True))


class Door(Protocol):
    """An engine, connected to on first use."""

    folds: bool
    """Whether raw events are folded there as well; else DuckDB does that in this process."""

    def session(self, rows: int) -> AbstractContextManager[Session]:
        """Yield a session for work on about so many rows."""
