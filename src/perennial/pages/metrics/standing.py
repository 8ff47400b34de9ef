"""How far own metrics are: served, being made, or stopped; and the drawing of a distribution."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from perennial.blueprint import queries as blueprint
from perennial.kernel.queue import actions as queue
from perennial.kernel.queue import queries as jobs
from perennial.kernel.queue.queries import JobView
from perennial.lake.terms import day_date
from perennial.pages.tags import measured
from perennial.reports.metric_trial import Bar
from perennial.usage import own
from perennial.usage.lake import lake
from perennial.usage.terms import BACKFILL

WIDTH, HEIGHT = 240, 64


def context() -> dict[str, Any]:
    """Return own metrics with their standing and the first day that they can be known of, and the job that makes their
    history; two queries."""
    served = {one.key: one for one in own.served()}
    rows = []
    for one in blueprint.own_metrics():
        now = served.get(one.key)
        state = "served" if now and now.column == own.column_of(one) else "former" if now else "none"
        day = lake().retention.known_from(own.as_metric(one.key, one.algebra))
        rows.append((one, state, None if day is None else day_date(day)))
    waits = any(state != "served" for _one, state, _since in rows)
    job = _job() if waits else None
    stopped = job is not None and job.state in {"cancelled", "failed", "parked"}
    far = {"done": job.done if job else 0, "total": job.total if job else None}
    return {"rows": rows, "waits": waits, "job": job, "stopped": stopped, **far}


def _job() -> JobView | None:
    """Return the job that makes what was changed last; None before it began."""
    changed = blueprint.history("own_metrics")
    job = next(iter(jobs.latest(BACKFILL, limit=1)), None)
    return job if job and (not changed or job.created_at >= changed[0].at) else None


def ask(what: str, *, at: datetime) -> None:
    """Stop the making of history, or go on with it where it stopped."""
    job = _job()
    if what == "stop" and job is not None:
        queue.request_cancel(job_id=job.id, at=at)
    elif what == "resume" and job is not None and job.is_over:
        queue.retry(job_id=job.id, at=at)


def drawing(bars: Sequence[Bar], unit: str) -> dict[str, Any]:
    """Return a distribution as rectangles, each with its words, in a box of 240 by 64."""
    step = WIDTH / max(len(bars), 1)
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "bars": [
            {
                "x": f"{number * step + 1:.1f}",
                "y": f"{HEIGHT - bar.share * (HEIGHT - 2):.1f}",
                "width": f"{max(step - 2, 1):.1f}",
                "height": f"{bar.share * (HEIGHT - 2):.1f}",
                "from": measured(bar.low, unit),
                "to": "" if bar.low == bar.high else measured(bar.high, unit),
                "count": bar.count,
            }
            for number, bar in enumerate(bars)
        ],
    }
