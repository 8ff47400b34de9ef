"""A real Spark cluster on this machine, a master and two workers, against DuckDB over one lake: no row differs.

Events folded and rolled up to facts, the metrics as of a day, the backfill of many days, and the backfill again while a
worker with its executors is killed half-way; then a compaction of repeats and conflicts, and an erasure, in which a
worker is killed as well. Needs pyspark and Java 17; `./run proof spark` fetches pyspark once (456 MB).
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import pyarrow as pa
import pyarrow.compute as pc
from tests.lake.agreeing import EVERY, differing, events, lakes_differing, live_rows, resent
from tests.lake.builders import AT, DAY, periods

from bench.proofs.standalone import Standalone
from perennial.lake import dedupe
from perennial.lake.engines.spark import Cluster
from perennial.lake.engines.terms import Door
from perennial.lake.store import Lake
from perennial.lake.terms import Subject, Tombstone

Result = TypeVar("Result")

EVENTS, CUSTOMERS, DAYS = 300_000, 3_000, 200
FIRST, UNTIL = DAY + 80, DAY + DAYS
RESENT = 60_000
"""Events of which some come again."""
ERASED = (*(Tombstone(Subject.CUSTOMER, number) for number in (1, 5, 44)), Tombstone(Subject.USER, 3))
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
    count = sum(rows.num_rows for rows in live_rows(folder / "spark").values())
    wrong = lakes_differing(folder / "duckdb", folder / "spark")
    yield _row("fold and rollup to facts", wrong, f"{count:,} rows of all tables, {took:.0f} s; {HOW}")

    given = periods(*range(1, CUSTOMERS + 1), seats=7)
    expected = one.metrics_asof(EVERY, given, UNTIL)
    theirs, took = _timed(lambda: other.metrics_asof(EVERY, given, UNTIL))
    yield _row("as of a day", differing(expected, theirs), f"{expected.num_rows:,} rows, {took:.0f} s")
    before = other.metrics_asof(EVERY, given, UNTIL - 1)
    planted = differing(expected, before.set_column(1, "day", expected["day"]))
    yield _planted("every window a day off", planted)

    def backfilled(lake: Lake) -> Any:
        return lake.metrics_backfill(EVERY, given, from_day=FIRST, until_day=UNTIL)

    expected, quick = _timed(lambda: backfilled(one))
    theirs, took = _timed(lambda: backfilled(other))
    how = f"{expected.num_rows:,} rows, {took:.0f} s; DuckDB {quick:.1f} s"
    yield _row("backfill", differing(expected, theirs), how)
    theirs, again = _timed(lambda: standalone.lose_a_worker(lambda: backfilled(other), after=took / 4))
    killed = standalone.killed_after
    how = f"{expected.num_rows:,} rows; {_how(killed, again)}"
    row = _row("backfill while a worker is killed", differing(expected, theirs), how)
    yield row | {"ok": row["ok"] and killed is not None}
    for lake in (one, other):
        lake.write_days("metrics", expected, from_day=FIRST, until_day=UNTIL, at=AT)
    standalone.add_worker()
    took = yield from _repeats(folder, one, other)
    yield from _erasure(folder, one, other, standalone, after=took / 3)


def _repeats(folder: Path, one: Lake, other: Lake) -> Generator[dict[str, Any], None, float]:
    """What came again, in conflict, late or early, is judged and put into its days; return how long that took."""
    again = resent(live_rows(folder / "duckdb", ["events"])["events"].slice(0, RESENT))
    for lake in (one, other):
        lake.accept(again, writer="w2")
    shutil.copytree(folder / "duckdb", folder / "planted")
    ours, quick = _timed(lambda: one.compact(EVERY, at=AT))
    theirs, took = _timed(lambda: other.compact(EVERY, at=AT))
    wrong = lakes_differing(folder / "duckdb", folder / "spark") + (ours != theirs) + len(other.check())
    how = f"{again.num_rows:,} came: {ours.counts}; all tables of both lakes, {took:.0f} s; DuckDB {quick:.1f} s"
    yield _row("compaction of repeats and conflicts", wrong, how)
    with mock.patch.object(dedupe, "_IN_WINDOW", dedupe._IN_WINDOW.replace("<= 30", "<= 29")):
        Lake(folder / "planted").compact(EVERY, at=AT)
    yield _planted("a window of 29 days", lakes_differing(folder / "planted", folder / "spark"))
    return took


def _erasure(folder: Path, one: Lake, other: Lake, standalone: Standalone, *, after: float) -> Iterator[dict[str, Any]]:
    """Customers and a user leave events, rejected events, facts and daily values."""
    shutil.rmtree(folder / "planted")
    shutil.copytree(folder / "duckdb", folder / "planted")
    for lake, stones in ((one, ERASED), (other, ERASED), (Lake(folder / "planted"), ERASED[1:])):
        lake.erase(stones)
    ours = one.compact(EVERY, at=AT)
    theirs, took = _timed(lambda: standalone.lose_a_worker(lambda: other.compact(EVERY, at=AT), after=after))
    killed = standalone.killed_after
    left = _of_erased(folder / "spark")
    wrong = lakes_differing(folder / "duckdb", folder / "spark") + (ours != theirs) + len(other.check()) + left
    how = f"{ours.counts.erased:,} events erased, {left} rows of theirs left in any table; {_how(killed, took)}"
    row = _row("erasure while a worker is killed", wrong, how)
    yield row | {"ok": row["ok"] and killed is not None and ours.counts.erased > 0}
    Lake(folder / "planted").compact(EVERY, at=AT)
    yield _planted("a customer forgotten", lakes_differing(folder / "planted", folder / "spark"))


def _of_erased(root: Path) -> int:
    """Return how many rows of all live files name somebody erased."""
    return sum(
        pc.sum(pc.is_in(rows[stone.subject], pa.array([stone.id], pa.int64()))).as_py() or 0
        for rows in live_rows(root).values()
        for stone in ERASED
        if stone.subject in rows.column_names
    )


def _how(killed: float | None, over: float) -> str:
    return (
        f"killed {killed:.0f} s in, over after {over:.0f} s" if killed else f"over after {over:.0f} s, before the kill"
    )


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    started = time.monotonic()
    return work(), time.monotonic() - started


def _row(name: str, value: int, how: str) -> dict[str, Any]:
    return {"name": f"Spark, {name}", "value": value, "unit": "rows differing", "reach": 0, "ok": value == 0,
            "how": how}  # fmt: skip


def _planted(name: str, value: int) -> dict[str, Any]:
    return {"name": f"Spark, a planted difference: {name}", "value": value, "unit": "rows differing", "reach": "> 0",
            "ok": value > 0, "how": "so that equal rows mean something"}  # fmt: skip
