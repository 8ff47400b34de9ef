"""All recurring work: what, and at which local time of day."""

from __future__ import annotations

from datetime import datetime, timedelta
from datetime import time as time_of_day

from perennial.kernel.journal import actions as journal
from perennial.kernel.organisation.queries import NotInitialised, house
from perennial.kernel.queue import actions as queue
from perennial.kernel.queue.models import Job
from perennial.reports import lifetime_waiting

DAILY: dict[str, time_of_day] = {"nightly": time_of_day(2, 30), lifetime_waiting.NIGHTLY: time_of_day(3, 30)}
LOOK_EVERY = timedelta(seconds=30)

_looked_at: dict[str, datetime] = {}


def enqueue_due(*, at: datetime) -> None:
    """Enqueue what is due on the organisation's local day, each once a day; seal the journal. Safe to run twice.

    A machine that slept past the hour runs the job when it wakes; a day that was missed wholly is not run later,
    since the nightly computes from all facts anyway. The key holds the local day: a clock that steps back or a
    daylight change never starts it twice (promise T2).
    """
    if at - _looked_at.get("last", at - LOOK_EVERY) < LOOK_EVERY:
        return
    _looked_at["last"] = at
    journal.seal()
    try:
        local = at.astimezone(house().timezone)
    except NotInitialised:
        return
    for kind, due in DAILY.items():
        key = f"{kind}:{local.date().isoformat()}"
        if local.time() >= due and not Job.objects.filter(unique_key=key).exists():
            queue.enqueue(kind, at=at, unique_key=key)
