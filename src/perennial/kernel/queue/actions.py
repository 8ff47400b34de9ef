"""Writes of the queue: enqueue, claim, heartbeat, finish. Every job must be safe to run twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from perennial.kernel.journal import actions as journal
from perennial.kernel.queue.models import Job, JobState

Report = Callable[[int, int | None, str], None]
"""How a job says how far it is: done, total (None: not yet known), a word on what it does now."""
MOST_ATTEMPTS = 5
TAKEN_OVER = "Taken up again: the worker stopped in the middle."


def lease() -> timedelta:
    """Return how long a claim lasts without a sign of life: after that another worker takes the job over."""
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


class LostLease(Exception):
    """Another worker took this job over: stop at once and write nothing."""


class Cancelled(Exception):
    """A person asked this job to stop."""


class PermanentFailure(Exception):
    """A job that cannot succeed as it stands; the message is for the person who asked for it. Not tried again."""


@dataclass(frozen=True)
class Claim:
    """A claimed job: what to do, and the fence that proves the claim."""

    id: int
    kind: str
    payload: dict[str, Any]
    fence: int
    by: int | None


def enqueue(
    kind: str,
    *,
    at: datetime,
    payload: Mapping[str, Any] | None = None,
    unique_key: str | None = None,
    by: int | None = None,
) -> int:
    """Add a job in the caller's transaction and return its id.

    With `unique_key`, a job of that key that still waits, runs or is done is returned instead of a second one.
    """
    if unique_key is None:
        return Job.objects.create(kind=kind, payload=dict(payload or {}), run_at=at, created_at=at, by_id=by).pk
    job, _made = Job.objects.get_or_create(
        unique_key=unique_key,
        defaults={"kind": kind, "payload": dict(payload or {}), "run_at": at, "created_at": at, "by_id": by},
    )
    return job.pk


def enqueue_once(kind: str, *, at: datetime, payload: Mapping[str, Any] | None = None) -> int:
    """Add a job unless one of the kind with this payload still waits; return the id. Many news, one piece of work.

    A job that runs already does not count: it may have read before the news was written.
    """
    waiting = Job.objects.filter(kind=kind, state=JobState.waiting, payload=dict(payload or {})).order_by("id").first()
    return waiting.pk if waiting is not None else enqueue(kind, at=at, payload=payload)


@transaction.atomic
def claim(*, at: datetime, kinds: list[str] | None = None) -> Claim | None:
    """Take the next due job, or one whose worker fell silent past its lease (the journal says so); None when there is
    none.

    A job that was taken MOST_ATTEMPTS times without an end is parked, so that one poison job never stops the rest.
    """
    due = Job.objects.filter(
        Q(state=JobState.waiting, run_at__lte=at) | Q(state=JobState.running, lease_until__lt=at)
    ).order_by("run_at", "id")
    if kinds is not None:
        due = due.filter(kind__in=kinds)
    locked = due.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
    for job in locked[:20]:
        if job.attempts >= MOST_ATTEMPTS:
            job.state, job.finished_at, job.lease_until = JobState.parked, at, None
            job.error = job.error or "The worker died on this job again and again."
            job.save(update_fields=["state", "finished_at", "lease_until", "error"])
            continue
        if job.state == JobState.running:
            job.progress_text = TAKEN_OVER
            journal.record("job.taken_over", subject=f"job:{job.pk}", at=at,
                           data={"kind": job.kind, "attempt": job.attempts + 1})  # fmt: skip
        job.state, job.lease_until = JobState.running, at + lease()
        job.fence += 1
        job.attempts += 1
        job.started_at = job.started_at or at
        job.save(update_fields=["state", "lease_until", "fence", "attempts", "started_at", "progress_text"])
        return Claim(id=job.pk, kind=job.kind, payload=job.payload, fence=job.fence, by=job.by_id)
    return None


def beat(claimed: Claim, *, at: datetime) -> None:
    """Prolong the lease.

    :raises LostLease: the job is another worker's by now.
    """
    held = Job.objects.filter(id=claimed.id, fence=claimed.fence, state=JobState.running)
    if not held.update(lease_until=at + lease()):
        raise LostLease


def progress(claimed: Claim, *, done: int, total: int | None, text: str = "", at: datetime) -> None:
    """Show how far the job is, and prolong the lease. One query.

    :raises LostLease: the job is another worker's by now.
    :raises Cancelled: a person asked it to stop.
    """
    held = Job.objects.filter(id=claimed.id, fence=claimed.fence, state=JobState.running)
    if held.filter(cancel_requested_at=None).update(
        progress_done=done, progress_total=total, progress_text=text, lease_until=at + lease()
    ):
        return
    raise Cancelled if held.exists() else LostLease


def finish(claimed: Claim, *, result: Mapping[str, Any] | None, at: datetime) -> None:
    """Mark the job done. Call it in the transaction of the job's last effect, so that both happen or neither.

    :raises LostLease: the job is another worker's by now.
    """
    held = Job.objects.filter(id=claimed.id, fence=claimed.fence, state=JobState.running)
    if not held.update(
        state=JobState.done,
        result=dict(result or {}),
        finished_at=at,
        lease_until=None,
        error="",
        progress_done=Coalesce(F("progress_total"), F("progress_done")) if result is None else F("progress_done"),
    ):
        raise LostLease


def fail(claimed: Claim, *, error: str, at: datetime, again: bool) -> None:
    """Put the job back with exponential back-off, or end it (`again` False, or tried too often)."""
    held = Job.objects.filter(id=claimed.id, fence=claimed.fence, state=JobState.running)
    job = held.first()
    if job is None:
        return
    if again and job.attempts < MOST_ATTEMPTS:
        held.update(
            state=JobState.waiting, error=error, lease_until=None, run_at=at + timedelta(seconds=5 * 2**job.attempts)
        )
    else:
        state = JobState.parked if again else JobState.failed
        held.update(state=state, error=error, lease_until=None, finished_at=at)


def cancel(claimed: Claim, *, at: datetime) -> None:
    """Mark a job that noticed its cancellation as ended."""
    Job.objects.filter(id=claimed.id, fence=claimed.fence, state=JobState.running).update(
        state=JobState.cancelled, finished_at=at, lease_until=None
    )


@transaction.atomic
def request_cancel(*, job_id: int, at: datetime) -> None:
    """Ask a job to stop: one that waits ends at once, one that runs at its next progress mark."""
    Job.objects.filter(id=job_id, state=JobState.waiting).update(state=JobState.cancelled, finished_at=at)
    Job.objects.filter(id=job_id, state=JobState.running).update(cancel_requested_at=at)


def retry(*, job_id: int, at: datetime) -> None:
    """Start a failed, parked or cancelled job afresh."""
    Job.objects.filter(id=job_id, state__in=[JobState.failed, JobState.parked, JobState.cancelled]).update(
        state=JobState.waiting, run_at=at, attempts=0, error="", cancel_requested_at=None, finished_at=None
    )
