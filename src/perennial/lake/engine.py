"""DuckDB in memory inside each process: it reads explicit lists of Parquet files and writes one file per span."""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from perennial.lake import durable
from perennial.lake.manifest import DataFile
from perennial.lake.spans import Span
from perennial.lake.storage.terms import Storage

_BATCH = durable.ROW_GROUP * 8


class Engine:
    """One DuckDB per process, made on first use and again after a fork; each user gets a session of its own."""

    def __init__(self, *, memory: str, threads: int, spill: Path | None = None) -> None:
        self._settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory,
            "threads": threads,
            "preserve_insertion_order": False,  # half the memory; whoever needs an order says so
            "TimeZone": "UTC",
            "autoinstall_known_extensions": False,  # never reaches for the network
            "parquet_metadata_cache": True,  # files never change once they are named
        }
        if spill is not None:  # else DuckDB puts what memory does not hold below the working directory
            self._settings["temp_directory"] = str(spill)
        self._lock = threading.Lock()
        self._database: duckdb.DuckDBPyConnection | None = None
        self._process = 0

    @contextmanager
    def session(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection whose temporary tables and views nobody else sees."""
        with self._lock:
            if self._database is None or self._process != os.getpid():
                self._database, self._process = duckdb.connect(config=self._settings), os.getpid()
            connection = self._database.cursor()
        try:
            yield connection
        finally:
            connection.close()


def files_sql(root: Storage, paths: Iterable[str], schema: pa.Schema, *, where: str = "TRUE") -> str:
    """Return SELECT over Parquet files of one schema; an empty relation of that schema where there are none."""
    names = ", ".join("'" + str(path).replace("'", "''") + "'" for path in root.here(paths))
    if not names:
        columns = ", ".join(f'NULL::{sql_type(field.type)} AS "{field.name}"' for field in schema)
        return f"SELECT {columns} WHERE FALSE"
    columns = ", ".join(f'"{name}"' for name in schema.names)
    # The folders look like Hive partitions (day=…), which would shadow the column of that name.
    return f"SELECT {columns} FROM read_parquet([{names}], hive_partitioning = false) WHERE {where}"


def excluding_sql(column: str, ids: list[int]) -> str:
    """Return a predicate that leaves out rows of these surrogates; a null is kept."""
    return f'("{column}" IS NULL OR "{column}" NOT IN ({", ".join(map(str, ids))}))' if ids else "TRUE"


@dataclass(frozen=True)
class Target:
    """Where a table's files go: the table's folder, the name of new files, and the rows' schema."""

    root: Storage
    table: str
    generation: int
    schema: pa.Schema

    def path(self, span: Span) -> str:
        """Return the relative path of the file of a span."""
        return f"{self.table}/{span.label}/{self.generation}.parquet"


def write_spans(batches: Iterable[pa.RecordBatch], target: Target, spans: dict[int, Span]) -> list[DataFile]:
    """Write rows, sorted by their span's first day in column `span`, into one file per span; not yet durable.

    One pass and bounded memory: rows wait only until they fill a few row groups.
    """
    written: list[DataFile] = []
    current: _SpanFile | None = None
    for span, rows in _pieces(batches, spans):
        if current is None or current.span != span:
            written += [current.close()] if current else []
            current = _SpanFile(target, span)
        current.add(rows)
    return [*written, *([current.close()] if current else [])]


class _SpanFile:
    """One file being written, in full row groups however the rows arrive."""

    def __init__(self, target: Target, span: Span) -> None:
        self.span = span
        self._path, self._root = target.path(span), target.root
        self._schema = target.schema
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0
        self._written = 0
        self._where = target.root.folder / self._path
        self._where.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(self._where, self._schema, **durable.encoding(self._schema))

    def add(self, rows: pa.RecordBatch) -> None:
        self._waiting.append(rows)
        self._rows += rows.num_rows
        if self._rows - self._written >= _BATCH:
            self._flush()

    def close(self) -> DataFile:
        self._flush()
        self._writer.close()
        digest = durable.digest(self._where)
        if (name := self._root.named(self._path, digest)) != self._path:
            self._where.rename(self._root.folder / name)
        return DataFile(name, self.span, self._rows, digest)

    def _flush(self) -> None:
        if self._waiting:
            table = pa.Table.from_batches(self._waiting).select(self._schema.names).cast(self._schema)
            self._writer.write_table(table, durable.ROW_GROUP)
        self._waiting, self._written = [], self._rows


def _pieces(batches: Iterable[pa.RecordBatch], spans: dict[int, Span]) -> Iterator[tuple[Span, pa.RecordBatch]]:
    """Cut sorted batches where the span changes."""
    for batch in batches:
        keys = batch.column("span").to_numpy()
        edges = [0, *(np.flatnonzero(np.diff(keys)) + 1).tolist(), batch.num_rows]
        for start, end in pairwise(edges):
            if end > start:
                yield spans[int(keys[start])], batch.slice(start, end - start)


def sql_type(kind: pa.DataType) -> str:
    """Return a column's type in SQL."""
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMPTZ"
    if pa.types.is_fixed_size_binary(kind):
        return "BLOB"
    if pa.types.is_list(kind):
        return f"{sql_type(kind.value_type)}[]"
    return {pa.int64(): "BIGINT", pa.int32(): "INTEGER", pa.float64(): "DOUBLE", pa.string(): "VARCHAR"}[kind]
