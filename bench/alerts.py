"""A week's alerts for 5,000 customers (analytics 9, row 8): the arithmetic, of 85 weeks of weekly users, and the whole
step of a night, from the lake's daily values and facts to what is kept.

The step runs in a home of its own, with weekly users of an invented fleet on every day of 85 weeks and 50,000 events in
each of the last 26. First it finds the week anew, as the first night of a week does; then it comes again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

CUSTOMERS, RUNS = 5000, 5
EVENTS, CHAMPION_WEEKS = 50_000, 26


def rows() -> Iterator[dict[str, Any]]:
    """Yield the seconds of one week's judgement, and of the whole step."""
    from tests.alerts import fleets

    from perennial.alerts.calculations import fleet

    made, took = fleets.quiet(CUSTOMERS, fleet.WHOLE_REACH, 11), []
    for _ in range(RUNS):
        started = time.perf_counter()
        judged = fleet.judge(made.users, made.parts).judged
        took.append(time.perf_counter() - started)
    yield {
        "name": "alerts of a week, 5,000 customers: arithmetic", "unit": "s", "value": round(median(took), 2),
        "reach": "≤ 2", "ok": median(took) <= 2,
        "how": f"median of {RUNS}; {judged} judged, the others have fewer than ten users",
    }  # fmt: skip
    step = _child()
    yield {
        "name": "alerts of a week, 5,000 customers: the whole step", "unit": "s", "value": round(step["wall"], 2),
        "reach": "≤ 2", "ok": step["wall"] <= 2,
        "how": f"wall, CPU {step['cpu']:.2f} s, of the first night of a week: {step['judged']:,} judged, "
               f"{step['new']:,} alerts kept; again the same week {step['again']:.2f} s; load {os.getloadavg()[0]:.1f}",
    }  # fmt: skip


def _child() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="perennial-bench-") as home:
        environment = {**os.environ, "PERENNIAL_HOME": home, "DJANGO_SETTINGS_MODULE": "perennial.site.settings",
                       "OPENBLAS_NUM_THREADS": "1"}  # fmt: skip
        environment.pop("DATABASE_URL", None)
        command = [sys.executable, "-m", "bench.alerts"]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _step() -> dict[str, Any]:
    """Fill a home and judge its last week twice."""
    from datetime import timedelta

    from bench import nightly
    from perennial.alerts import actions
    from perennial.alerts.models import AlertWeek
    from perennial.customers import actions as people
    from perennial.customers.terms import CustomerFacts
    from perennial.kernel.organisation import actions as organisation
    from perennial.site.start import migrate
    from perennial.usage import actions as usage

    migrate()
    organisation.found(name="Bench", currency="USD", timezone="UTC", language="en", at=nightly.AT)
    facts = [CustomerFacts(source="bench", external_id=str(n), name=f"Customer {n}") for n in range(CUSTOMERS)]
    ids = list(people.upsert(facts, by=None, at=nightly.AT)[0].values())
    nightly.CUSTOMERS = CUSTOMERS
    for back in range(CHAMPION_WEEKS):
        nightly._events(nightly.ON - timedelta(days=1 + 7 * back), EVENTS, back)
    with usage.folding(at=nightly.AT) as folded:
        folded.result()
    _users(ids)
    found: dict[str, Any] = {}
    for name in ("wall", "again"):
        wall, cpu = time.perf_counter(), time.process_time()
        new = actions.judge(nightly.ON, at=nightly.AT, paying=ids)
        found[name] = time.perf_counter() - wall
        found.setdefault("cpu", time.process_time() - cpu)
        found.setdefault("new", new)
    return found | {"judged": AlertWeek.objects.get().judged}


def _users(ids: list[int]) -> None:
    """Write weekly users and silence of every day of the reach, a month at a time: a week's on each of its days."""
    from datetime import timedelta

    import numpy as np
    import pyarrow as pa
    from tests.alerts import fleets

    from bench import nightly
    from perennial.alerts.calculations import fleet
    from perennial.lake.terms import day_number
    from perennial.usage.lake import METRICS_TABLE, lake

    users, last = fleets.quiet(CUSTOMERS, fleet.WHOLE_REACH, 11).users, day_number(nightly.ON - timedelta(days=1))
    first = last - 7 * fleet.WHOLE_REACH + 1
    for start in range(first, last + 1, 28):
        days = np.arange(start, min(start + 28, last + 1), dtype=np.int32)
        week = (days - first) // 7
        told = users[:, week]
        columns = {
            "customer": pa.array(np.repeat(ids, len(days)), pa.int64()),
            "day": pa.array(np.tile(days, len(ids)), pa.int32()),
            "active_users_7d": pa.array(told.ravel(), pa.float64()),
            "days_since_last": pa.array(np.where(told > 0, 1.0, 8.0).ravel(), pa.float64()),
        }
        lake().write_days(METRICS_TABLE, pa.table(columns), from_day=int(days[0]), until_day=int(days[-1]) + 1,
                          at=nightly.AT)  # fmt: skip


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(_step()))
