"""Usage at size: 10,000 customers, two years, PERENNIAL_BENCH_EVENTS events (10,000,000; the other size of the figures
is 100,000,000, which takes the better half of an hour and 12 GB of disk). Each figure is a ratio within one process.

CPU seconds of all threads, medians of five where it is quick and of three where it is not. What is compared stands in
`how`: DuckDB asked the plainest way for the same, or NumPy over dense arrays. The lake is made in a process of its own,
through the inbox and the compaction, a month at a time. PERENNIAL_BENCH_LAKE keeps it in a folder for the next run.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

EVENTS = int(os.environ.get("PERENNIAL_BENCH_EVENTS", "10_000_000"))
NOW = datetime(2026, 1, 5, tzinfo=UTC)
GB = 1024 * 1024  # ru_maxrss counts kilobytes
LARGE_DAY = 200_000


def rows() -> Iterator[dict[str, Any]]:
    """Yield the figures of one size."""
    kept = os.environ.get("PERENNIAL_BENCH_LAKE")
    with tempfile.TemporaryDirectory(prefix="bench-usage-") as folder:
        root = Path(kept or folder) / f"lake-{EVENTS}"
        if not (root / "manifest.json").exists():
            yield from _apart("make", root)
        yield from _apart("measure", root)
        yield from _apart("hold", root)


def _apart(what: str, root: Path) -> Iterator[dict[str, Any]]:
    """Run one part in a process of its own, so that its memory is its own."""
    command = [sys.executable, "-m", "bench.usage", what, str(root), str(EVENTS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - this file itself
        for line in process.stdout or ():
            yield json.loads(line)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")


def made(root: Path, events: int) -> Iterator[dict[str, Any]]:
    """Make the lake; yield what folding cost and held."""
    from bench.made import UNTIL_DAY, Usage
    from perennial.lake.store import Lake
    from perennial.lake.terms import day_date
    from perennial.usage.lake import definitions

    lake, spent, folds = Lake(root, grace=timedelta(0)), 0.0, 0
    for day, batch in Usage(events).days():
        lake.accept(batch, writer="bench")
        if day_date(day + 1).day == 1 or day + 1 == UNTIL_DAY:
            began = time.process_time()
            lake.compact(definitions(), at=NOW)
            spent, folds = spent + time.process_time() - began, folds + 1
    lake.compact(definitions(), at=NOW + timedelta(seconds=1))  # what was replaced leaves the disk
    stored = lake.totals().stored
    how = f"{stored:,} events, {folds} folds of a month; with the generator of the events in the same process"
    yield _row("usage, folding a million events", spent / stored * 1e6, "CPU s", None, how)
    yield _memory("usage, peak memory of folding", events, how)


def measured(root: Path, events: int) -> Iterator[dict[str, Any]]:
    """Yield every figure over a lake that stands."""
    from perennial.lake.store import Lake

    lake = Lake(root)
    files = lake._live().files("events")
    stored = sum(file.rows for file in files)
    size = sum((root / file.path).stat().st_size for file in files)
    yield _row("usage, bytes per event, hot", size / stored, "B", 27, f"{stored:,} events in {len(files)} files")
    yield from _asof(lake)
    yield from _rollup(lake)
    yield from _backfill(lake, events)
    yield from _view(lake)
    yield from _batch(root)


def held(root: Path, events: int) -> Iterator[dict[str, Any]]:
    """Yield the memory of values and reads, in a process that holds nothing of what they are compared with."""
    from bench.made import CUSTOMERS, UNTIL_DAY, periods
    from perennial.lake.store import Lake
    from perennial.usage.lake import METRICS_TABLE, definitions

    lake, given = Lake(root), periods()
    lake.metrics_asof(definitions(), given, UNTIL_DAY - 1)
    for start, end in _stretches():
        values = lake.metrics_backfill(definitions(), given, from_day=start, until_day=end)
        lake.write_days(METRICS_TABLE, values, from_day=start, until_day=end, at=NOW)
    with lake.analysis() as asked:
        everyone = [(customer, 0) for customer in range(1, CUSTOMERS + 1)]
        asked.points(
            METRICS_TABLE, "active_users_28d", list(range(UNTIL_DAY - 93, UNTIL_DAY, 7)), everyone, adds_up=True
        )
    lake.event_counts(1, from_day=UNTIL_DAY - 90, until_day=UNTIL_DAY)
    yield _memory("usage, peak memory of values and reads", events, "as-of, backfill of two years written, reads")


def _stretches() -> list[tuple[int, int]]:
    """Return the stretches of days that a backfill of everybody goes through."""
    from bench.made import CUSTOMERS, FROM_DAY, UNTIL_DAY
    from perennial.usage.actions import stretch_days

    length = stretch_days(CUSTOMERS)
    return [(start, min(start + length, UNTIL_DAY)) for start in range(FROM_DAY, UNTIL_DAY, length)]


def _asof(lake: Any) -> Iterator[dict[str, Any]]:
    from bench import plain
    from bench.made import UNTIL_DAY, periods
    from perennial.usage.lake import definitions

    day, given = UNTIL_DAY - 1, periods()
    ours = _cpu(lambda: lake.metrics_asof(definitions(), given, day), times=7)
    theirs = _cpu(lambda: plain.windows(lake, definitions(), day), times=7)
    yield _row(
        "usage, as-of step ÷ plain group-bys", ours / theirs, "×", 1.2,
        f"{given.num_rows:,} customers, {len(definitions())} metrics: {ours:.2f} and {theirs:.2f} CPU s; "
        "DuckDB's group-bys over the same facts, over just the windows",
    )  # fmt: skip


def _rollup(lake: Any) -> Iterator[dict[str, Any]]:
    from bench import plain
    from bench.made import DAYS, Usage
    from perennial.lake.storage.folder import Folder

    with tempfile.TemporaryDirectory(prefix="bench-rollup-") as folder:
        root = Folder(Path(folder))
        file = plain.day_file(root, Usage(LARGE_DAY * DAYS).day(DAYS - 7))
        ours = _cpu(lambda: plain.rolled_up(lake, root, file), times=7)
        theirs = _cpu(lambda: plain.grouped(lake, root, file), times=7)
    yield _row(
        "usage, a day's rollup ÷ group by and distinct", ours / theirs, "×", 1.6,
        f"a day of {file.rows:,} events, made for this alone; three tables of facts written: {ours:.2f} CPU s; "
        f"DuckDB's group by customer, event and feature, and distinct users by customer, written: {theirs:.2f}",
    )  # fmt: skip


def _backfill(lake: Any, events: int) -> Iterator[dict[str, Any]]:
    from bench import plain
    from bench.made import CUSTOMERS, FROM_DAY, UNTIL_DAY, periods
    from perennial.usage.lake import METRICS_TABLE, definitions

    given = periods()

    def backfilled() -> None:
        for start, end in _stretches():
            lake.metrics_backfill(definitions(), given, from_day=start, until_day=end)

    ours = _cpu(backfilled, times=3)
    floor = _cpu(lambda: plain.dense(lake), times=3)
    day = _cpu(lambda: lake.metrics_asof(definitions(), given, UNTIL_DAY - 1), times=5)
    how = f"{CUSTOMERS:,} customers × {UNTIL_DAY - FROM_DAY} days × {len(definitions())} metrics"
    yield _row("usage, two-year backfill ÷ dense NumPy", ours / floor, "×", 4,
               f"{how}: {ours:.1f} and {floor:.1f} CPU s; NumPy reads the same facts with PyArrow")  # fmt: skip
    yield _row(
        "usage, the newest day ÷ the whole history", day / ours, "×", 1 / 200, f"{how}: {day:.2f} and {ours:.1f} CPU s"
    )
    yield _row(f"usage, two-year backfill of {events:,} events", ours, "CPU s", None,
               "for the ratio of the two sizes, ≤ 2.5")  # fmt: skip
    for start, end in _stretches():
        values = lake.metrics_backfill(definitions(), given, from_day=start, until_day=end)
        lake.write_days(METRICS_TABLE, values, from_day=start, until_day=end, at=NOW)
    everyone = [(customer, 0) for customer in range(1, CUSTOMERS + 1)]
    for label, days in (("13 weeks", range(UNTIL_DAY - 1, UNTIL_DAY - 93, -7)),
                        ("24 months", range(UNTIL_DAY - 1, FROM_DAY, -30))):  # fmt: skip
        took = []
        for metric, adds_up in (("active_users_28d", True), ("depth_28d", False), ("active_users_28d", True)):
            began = time.monotonic()
            with lake.analysis() as asked:
                asked.points(METRICS_TABLE, metric, list(days), everyone, adds_up=adds_up)
            took.append((time.monotonic() - began) * 1000)
        yield _row(f"usage over time, {label}, the lake's part", max(took), "ms", 300,
                   f"wall, the slowest of a sum and a median over {CUSTOMERS:,} customers")  # fmt: skip


def _view(lake: Any) -> Iterator[dict[str, Any]]:
    from bench import plain
    from bench.made import UNTIL_DAY

    busiest = plain.busiest(lake, UNTIL_DAY - 1)
    ours = _cpu(lambda: lake.event_counts(busiest, from_day=UNTIL_DAY - 90, until_day=UNTIL_DAY), times=9)
    raw = _cpu(lambda: plain.raw_counts(lake, busiest, UNTIL_DAY - 90, UNTIL_DAY), times=9)
    how = f"90 days of the busiest customer by day, event and feature: {ours * 1000:.1f} and {raw * 1000:.0f} CPU ms"
    yield _row("usage, a customer's 90 days, facts ÷ raw events", ours / raw, "×", 1 / 15, how)
    yield _row("usage, a customer's 90 days from facts", ours * 1000, "CPU ms", 15, how)


def _batch(root: Path) -> Iterator[dict[str, Any]]:
    from bench import plain
    from bench.made import Usage
    from perennial.lake.store import Lake

    batch = Usage(1_000_000).day(700).slice(0, 1000)
    with tempfile.TemporaryDirectory(prefix="bench-batch-", dir=root.parent) as folder:
        inbox, log = Lake(Path(folder) / "lake"), Path(folder) / "log"
        ours = _cpu(lambda: inbox.accept(batch, writer="bench"), times=51)
        messages = plain.messages(batch)
        theirs = _cpu(lambda: plain.appended(messages, log), times=51)
    yield _row("usage, a durable batch of 1,000 ÷ bare append", ours / theirs, "×", 3,
               f"{ours * 1000:.1f} and {theirs * 1000:.1f} CPU ms; the same rows as JSON lines by orjson, append and "
               "fdatasync")  # fmt: skip


def _cpu(work: Callable[[], object], *, times: int) -> float:
    """Return the median CPU seconds of a piece of work, after one run that warms it."""
    work()
    took = []
    for _again in range(times):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return median(took)


def _memory(name: str, events: int, how: str) -> dict[str, Any]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / GB
    return _row(name, peak, "GiB", 2 if events <= 10_000_000 else 4, how)


def _row(name: str, value: float, unit: str, reach: float | None, how: str) -> dict[str, Any]:
    """Return a figure's row; what has no reach of its own is told and cannot fall short."""
    told = "none of its own" if reach is None else round(reach, 4)
    ok = reach is None or value <= reach
    return {"name": name, "value": float(f"{value:.3g}"), "unit": unit, "reach": told, "ok": ok, "how": how}


if __name__ == "__main__":
    os.environ.setdefault("PERENNIAL_HOME", tempfile.mkdtemp(prefix="perennial-bench-"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "perennial.site.settings")
    import django

    django.setup()
    part = {"make": made, "measure": measured, "hold": held}[sys.argv[1]]
    for one in part(Path(sys.argv[2]), int(sys.argv[3])):
        print(json.dumps(one, ensure_ascii=False), flush=True)
