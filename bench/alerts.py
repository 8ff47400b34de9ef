"""A week's alerts for 5,000 customers: the arithmetic, of 85 weeks of weekly users (analytics 9, row 8)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from tests.alerts import fleets

from perennial.alerts.calculations import fleet

CUSTOMERS, RUNS = 5000, 5


def rows() -> Iterator[dict[str, Any]]:
    """Yield the seconds of one week's judgement."""
    made, took = fleets.quiet(CUSTOMERS, fleet.WHOLE_REACH, 11), []
    for _ in range(RUNS):
        started = time.perf_counter()
        judged = fleet.judge(made.users, made.parts).judged
        took.append(time.perf_counter() - started)
    yield {
        "name": "alerts of a week, 5,000 customers", "unit": "s", "value": round(median(took), 2), "reach": "≤ 2",
        "ok": median(took) <= 2, "how": f"median of {RUNS}; {judged} judged, the others have fewer than ten users",
    }  # fmt: skip
