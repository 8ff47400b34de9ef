"""Spark over the lake's own files, for when one machine is not enough. Every worker must see the lake under its path.

The session decides what a row is (zone, strict arithmetic); memory, cores and shuffles are the cluster's, set where
Spark looks for them: `spark-defaults.conf` in SPARK_CONF_DIR.
"""

import os
import re
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from perennial.lake.engines.dialects import carried
from perennial.lake.engines.terms import NoEngine
from perennial.lake.storage.terms import Storage

_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # an overflow is an error there too, never a wrapped number
    "spark.sql.caseSensitive": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
    "spark.ui.showConsoleProgress": "false",
}
_GLOB = re.compile(r"([\\{}\[\]*?])")


class SparkSession:
    """A session of its own on the process's Spark."""

    def __init__(self, spark: Any) -> None:
        self._spark = spark
        self._kept: list[tuple[str, Any]] = []
        self._files = 0

    def files_sql(self, root: Storage, paths: Iterable[str], schema: pa.Schema, *, where: str = "TRUE") -> str:
        wanted = ", ".join(f"`{field.name}` {_spark_type(field.type)}" for field in schema)
        # A path is a pattern to Spark, and `day=…` in it would become a column of its own.
        names = ["file:" + _GLOB.sub(r"\\\1", str(path)) for path in root.here(paths)]
        reader = self._spark.read.schema(wanted).option("recursiveFileLookup", "true")
        rows = reader.parquet(*names) if names else self._spark.createDataFrame([], wanted)
        self._files += 1
        rows.createOrReplaceTempView(f"files_{self._files}")
        columns = ", ".join(f'"{name}"' for name in schema.names)
        return f"SELECT {columns} FROM files_{self._files} WHERE {where}"  # noqa: S608 (names; `where` is the lake's own)

    def register(self, name: str, rows: pa.Table) -> None:
        self._spark.createDataFrame(rows).createOrReplaceTempView(name)

    def view(self, name: str, sql: str) -> None:
        self._made(sql).createOrReplaceTempView(name)

    def keep(self, name: str, sql: str) -> None:
        rows = self._made(sql).persist()
        self._kept.append((name, rows))
        rows.createOrReplaceTempView(name)

    def forget(self, name: str) -> None:
        for _name, rows in [each for each in self._kept if each[0] == name]:
            rows.unpersist()  # what is kept of it and not made yet is made from its source

    def rows(self, sql: str) -> pa.Table:
        found = self._made(sql).toArrow()
        return found.cast(pa.schema([pa.field(field.name, field.type) for field in found.schema]))

    def batches(self, sql: str, size: int, scratch: Path) -> Iterator[pa.RecordBatch]:
        """The workers sort and write into `scratch`, where a part that a lost one left half done never appears; the
        driver holds a batch at a time."""
        folder = scratch / uuid4().hex
        try:
            self._made(sql).write.parquet(f"file:{folder.absolute()}")
            for part in sorted(folder.glob("part-*.parquet")):
                with pq.ParquetFile(part) as file:
                    yield from file.iter_batches(size)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Let the workers forget what was kept."""
        for _name, rows in self._kept:
            rows.unpersist()

    def _made(self, sql: str) -> Any:
        return self._spark.sql(carried(sql, "spark"))


class Cluster:
    """The door to a Spark master; one connection a process, made on first use."""

    folds = True

    def __init__(self, master: str, settings: Mapping[str, str] | None = None) -> None:
        self._master = master
        self._settings = _SETTINGS | dict(settings or {})
        self._lock = threading.Lock()
        self._spark: Any = None
        self._process = 0

    @contextmanager
    def session(self, rows: int) -> Iterator[SparkSession]:
        """Yield a session whose relations nobody else sees.

        :raises NoEngine: pyspark is not installed.
        """
        with self._lock:
            if self._spark is None or self._process != os.getpid():
                self._spark, self._process = self._connected(), os.getpid()
            session = SparkSession(self._spark.newSession())
        try:
            yield session
        finally:
            session.close()

    def stop(self) -> None:
        """Leave the cluster; the next session connects anew."""
        with self._lock:
            if self._spark is not None and self._process == os.getpid():
                self._spark.stop()
            self._spark = None

    def _connected(self) -> Any:
        try:
            from pyspark.sql import SparkSession as Builder
        except ImportError as error:
            raise NoEngine("Spark needs pyspark and Java 17: pip install 'perennial[spark]'") from error
        builder = Builder.builder.master(self._master).appName("perennial")
        for name, value in self._settings.items():
            builder = builder.config(name, value)
        return builder.getOrCreate()


def _spark_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP"
    if pa.types.is_fixed_size_binary(kind):
        return "BINARY"
    if pa.types.is_list(kind):
        return f"ARRAY<{_spark_type(kind.value_type)}>"
    return {pa.int64(): "BIGINT", pa.int32(): "INT", pa.float64(): "DOUBLE", pa.string(): "STRING"}[kind]
