"""A real Spark cluster on this machine, a master and two workers, against DuckDB over one lake: no row differs.

The rollup of events to facts, the metrics as of a day, the backfill of many days, and the backfill again while a worker
with its executors is killed half-way. Needs pyspark and Java 17; `./run proof spark` fetches pyspark once (456 MB).
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from tests.lake.agreeing import EVERY, differing, events, fact_rows
from tests.lake.builders import AT, DAY, periods

from bench.proofs.standalone import Standalone
from perennial.lake.engines.spark import Cluster
from perennial.lake.engines.terms import Door
from perennial.lake.store import Lake

Result = TypeVar("Result")

EVENTS, CUSTOMERS, DAYS = 300_000, 3_000, 200
FIRST, UNTIL = DAY + 80, DAY + DAYS
SETTINGS = {
    "spark.driver.memory": "1g",
    "spark.executor.memory": "1g",
    "spark.executor.cores": "1",
    "spark.sql.shuffle.partitions": "8",
    "spark.ui.enabled": "false",
    "spark.log.level": "OFF",  # a dying worker has much to say
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}
HOW = f"{EVENTS:,} events of up to {CUSTOMERS:,} customers, {len(EVERY)} metrics; doubles by their bits"


def rows() -> Iterator[dict[str, Any]]:
    """Yield how many rows differ from DuckDB's, for each thing computed."""
    if importlib.util.find_spec("pyspark") is None or shutil.which("java") is None:
        raise SystemExit("This proof needs pyspark and Java 17 (Debian: apt-get install openjdk-17-jre-headless).")
    with (
        tempfile.TemporaryDirectory(prefix="proof-spark-") as folder,
        Standalone(Path(folder) / "cluster") as standalone,
    ):
        door = Cluster(standalone.master, SETTINGS)
        try:
            yield from _against_duckdb(Path(folder), door, standalone)
        finally:
            door.stop()


def _against_duckdb(folder: Path, door: Door, standalone: Standalone) -> Iterator[dict[str, Any]]:
    came = events(EVENTS, customers=CUSTOMERS, first_day=DAY, days=DAYS)
    one, other = Lake(folder / "duckdb"), Lake(folder / "spark", engine=door)
    for lake in (one, other):
        lake.accept(came, writer="w1")
    one.compact(EVERY, at=AT)
    _done, took = _timed(lambda: other.compact(EVERY, at=AT))
    pairs = list(zip(fact_rows(folder / "duckdb").values(), fact_rows(folder / "spark").values(), strict=True))
    count = sum(mine.num_rows for mine, _theirs in pairs)
    yield _row("rollup to facts", sum(differing(*pair) for pair in pairs), f"{count:,} rows, {took:.0f} s; {HOW}")

    given = periods(*range(1, CUSTOMERS + 1), seats=7)
    expected = one.metrics_asof(EVERY, given, UNTIL)
    theirs, took = _timed(lambda: other.metrics_asof(EVERY, given, UNTIL))
    yield _row("as of a day", differing(expected, theirs), f"{expected.num_rows:,} rows, {took:.0f} s")
    before = other.metrics_asof(EVERY, given, UNTIL - 1)
    planted = differing(expected, before.set_column(1, "day", expected["day"]))
    yield {"name": "Spark, a planted difference: every window a day off", "value": planted, "unit": "rows differing",
           "reach": "> 0", "ok": planted > 0, "how": "so that equal rows mean something"}  # fmt: skip

    def backfilled(lake: Lake) -> Any:
        return lake.metrics_backfill(EVERY, given, from_day=FIRST, until_day=UNTIL)

    expected, quick = _timed(lambda: backfilled(one))
    theirs, took = _timed(lambda: backfilled(other))
    how = f"{expected.num_rows:,} rows, {took:.0f} s; DuckDB {quick:.1f} s"
    yield _row("backfill", differing(expected, theirs), how)
    theirs, again = _timed(lambda: standalone.lose_a_worker(lambda: backfilled(other), after=took / 4))
    killed = standalone.killed_after
    how = (
        f"killed {killed:.0f} s in, over after {again:.0f} s"
        if killed
        else f"over after {again:.0f} s, before the kill"
    )
    row = _row("backfill while a worker is killed", differing(expected, theirs), f"{expected.num_rows:,} rows; {how}")
    yield row | {"ok": row["ok"] and killed is not None}


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    started = time.monotonic()
    return work(), time.monotonic() - started


def _row(name: str, value: int, how: str) -> dict[str, Any]:
    return {"name": f"Spark, {name}", "value": value, "unit": "rows differing", "reach": 0, "ok": value == 0,
            "how": how}  # fmt: skip
