"""Two years of history from one Parquet file: the CPU of the whole import against that of DuckDB's COPY of its rows.

10,000 customers, 20 users each, generated (nobody's data): customer, user, event, feature, moment, count and id. Ours
counts all that `perennial import` does, from the file to the day's sorted files and facts: reading in the limited
child, checking, ids, users made, staged, published, folded. DuckDB's is `COPY (… ORDER BY day, customer, moment)` of
the same columns to Parquet with zstd, with the same threads and memory. PERENNIAL_BENCH_HISTORY says how many rows
(10,000,000; with 100,000,000 it takes an hour and 40 GB of disk). Each runs in a process of its own.
"""

# ruff: noqa: S603, S608 (runs this project's own code; the only texts in the SQL are paths that this file made)

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

ROWS = int(os.environ.get("PERENNIAL_BENCH_HISTORY", "10000000"))
CUSTOMERS, SECONDS = 10_000, 63_072_000
AT = datetime(2026, 3, 3, 1, tzinfo=UTC)
REACH, LARGE = 2, 20_000_000
MEMORY = "1GB"
MAPPING = """
source: bench
tables:
  - file: history.parquet
    kind: usage
    learned: own_date
    columns: {customer: account, user: user, event: event, feature: feature, at: at, count: n, event_id: id}
"""
_MADE = f"""COPY (
  SELECT 'C' || account AS account, 'u' || account || '-' || (hash(i * 13) % 20) AS "user",
         ['login', 'used', 'export', 'view', 'search'][(1 + hash(i * 3) % 5)::INT] AS event,
         'feature_' || (hash(i * 11) % 40) AS feature,
         TIMESTAMPTZ '2024-01-01 00:00:00+00' + to_microseconds((i * ({SECONDS}.0 / {ROWS}) * 1e6)::BIGINT) AS "at",
         (1 + hash(i * 17) % 3)::INT AS n, printf('%016x', hash(i)) AS id
  FROM (SELECT i, ({CUSTOMERS - 1} * pow((hash(i * 7) % 1000003) / 1000003.0, 3))::INT AS account
        FROM range({ROWS}) AS t(i))
) TO '{{path}}' (FORMAT parquet, COMPRESSION zstd)"""


def rows() -> Iterator[dict[str, Any]]:
    """Yield the ratio of CPU, and the peak memory of the import."""
    with tempfile.TemporaryDirectory(prefix="bench-history-") as folder:
        path = Path(folder) / "history.parquet"
        with duckdb.connect(config={"threads": 2, "memory_limit": MEMORY}) as connection:
            connection.execute(_MADE.format(path=path))
        environment = os.environ | {"PERENNIAL_HOME": str(Path(folder) / "home")}
        theirs, ours = (_apart(what, path, environment) for what in ("copy", "import"))
    ratio = round(ours["cpu"] / theirs["cpu"], 2)
    steps = "; ".join(f"{name} {cpu:.1f} s" for name, cpu in ours["steps"].items())
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    yield {
        "name": "history from Parquet, CPU ours ÷ DuckDB's sorted COPY",
        "value": ratio,
        "unit": "×",
        "reach": REACH,
        "ok": ratio <= REACH,
        "how": f"{ROWS:,} rows; ours {ours['cpu']:.1f} s of CPU ({steps}), {ours['wall']:.0f} s of wall; theirs "
               f"{theirs['cpu']:.1f} s, {theirs['wall']:.0f} s; stored {ours['stored']:,}; load {load}",
    }  # fmt: skip
    most = 4.0 if ROWS > LARGE else 2.0
    peak = round(max(ours["peak"], ours["child"]), 2)
    yield {
        "name": "history from Parquet, peak memory",
        "value": peak,
        "unit": "GiB",
        "reach": most,
        "ok": peak <= most,
        "how": f"the largest process with the facts folded; {ROWS:,} rows; the reading child {ours['child']:.2f} GiB",
    }


def _apart(what: str, path: Path, environment: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.history", what, str(path)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _copy(path: Path) -> dict[str, Any]:
    order = '"at"::DATE, account, "at"'
    out = path.with_name("sorted.parquet")
    settings: dict[str, Any] = {"threads": 2, "memory_limit": MEMORY, "temp_directory": str(path.parent / "spilled")}
    with duckdb.connect(config=settings) as connection:
        started, before = time.monotonic(), _cpu()
        ordered = f"SELECT * FROM read_parquet('{path}') ORDER BY {order}"
        connection.execute(f"COPY ({ordered}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")
        found = {"cpu": _cpu() - before, "wall": time.monotonic() - started}
    out.unlink()
    return found


def _import(path: Path) -> dict[str, Any]:
    """Import the file into an empty organisation that has its customers."""
    import django

    django.setup()

    from perennial.customers import actions as customers
    from perennial.customers.terms import CustomerFacts
    from perennial.integrations.imports import actions, mapping, work
    from perennial.kernel.organisation import actions as organisation
    from perennial.site.start import migrate
    from perennial.usage.lake import definitions, lake

    migrate()
    organisation.found(name="Bench", currency="USD", timezone="UTC", language="en", at=AT)
    facts = [CustomerFacts(source="bench", external_id=f"C{n}", name=f"Customer {n}") for n in range(CUSTOMERS)]
    customers.upsert(facts, by=None, at=AT)
    steps: dict[str, float] = {}
    started, before = time.monotonic(), _cpu()

    def timed(name: str, step: Callable[[], Any]) -> Any:
        since = _cpu()
        found = step()
        steps[name] = round(_cpu() - since, 2)
        return found

    def kept() -> int:
        with path.open("rb") as file:
            return actions.create(files=[(path.name, file)], name="history", by=None, at=AT, most=2**40)

    number = timed("kept", kept)
    actions.set_mapping(import_id=number, data=mapping.to_data(mapping.parse(MAPPING)))
    timed("imported", lambda: work.bring(number, at=AT, report=lambda *_told: None))
    timed("folded", lambda: lake().compact(definitions(), at=AT))
    counts = lake().import_counts(number)
    peaks = [resource.getrusage(who).ru_maxrss / 2**20 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {"cpu": _cpu() - before, "wall": time.monotonic() - started, "steps": steps, "peak": peaks[0],
            "child": peaks[1], "stored": counts.stored if counts else 0}  # fmt: skip


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "perennial.site.settings")
    print(json.dumps({"copy": _copy, "import": _import}[sys.argv[1]](Path(sys.argv[2]))))
