"""The queue: leases, fences, retries, cancellation."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.queue import actions as queue
from perennial.kernel.queue import queries
from perennial.kernel.queue.models import Job, JobState

pytestmark = pytest.mark.django_db


def test_a_job_is_claimed_once_until_its_lease_runs_out(now: datetime) -> None:
    queue.enqueue("count", at=now)
    first = queue.claim(at=now)
    assert first is not None
    assert queue.claim(at=now) is None
    second = queue.claim(at=now + queue.lease() + timedelta(seconds=1))
    assert second is not None
    assert (second.id, second.fence) == (first.id, first.fence + 1)
    told = queries.job(first.id)
    assert told is not None
    assert (told.attempts, told.text) == (2, queue.TAKEN_OVER)
    assert JournalEntry.objects.get(kind="job.taken_over").data == {"kind": "count", "attempt": 2}


def test_a_worker_that_lost_its_lease_can_write_nothing(now: datetime) -> None:
    queue.enqueue("count", at=now)
    first = queue.claim(at=now)
    later = now + queue.lease() + timedelta(seconds=1)
    second = queue.claim(at=later)
    assert first is not None
    assert second is not None
    with pytest.raises(queue.LostLease):
        queue.finish(first, result={"sum": 1}, at=later)
    queue.finish(second, result={"sum": 2}, at=later)
    assert Job.objects.get().result == {"sum": 2}


def test_a_job_that_answers_nothing_is_done_whether_or_not_it_told_how_far_it_was(now: datetime) -> None:
    for total in (None, 7):
        queue.enqueue("quiet", at=now)
        claimed = queue.claim(at=now)
        assert claimed is not None
        queue.progress(claimed, done=3, total=total, at=now)
        queue.finish(claimed, result=None, at=now)
    assert list(Job.objects.order_by("id").values_list("state", "progress_done")) == [("done", 3), ("done", 7)]


def test_a_poison_job_is_parked_and_the_next_one_runs(now: datetime) -> None:
    poison = queue.enqueue("poison", at=now)
    at = now
    for _ in range(queue.MOST_ATTEMPTS):
        assert queue.claim(at=at) is not None
        at += queue.lease() + timedelta(seconds=1)
    healthy = queue.enqueue("healthy", at=now)
    claimed = queue.claim(at=at)
    assert claimed is not None
    assert claimed.id == healthy
    assert Job.objects.get(id=poison).state == JobState.parked


def test_a_failed_job_comes_back_later_each_time_and_then_waits_for_a_person(now: datetime) -> None:
    job = queue.enqueue("flaky", at=now)
    at = now
    waits = []
    for _ in range(queue.MOST_ATTEMPTS):
        claimed = queue.claim(at=at)
        assert claimed is not None
        queue.fail(claimed, error="no answer", at=at, again=True)
        row = Job.objects.get(id=job)
        waits.append(row.run_at - at)
        at = row.run_at
    assert waits[:4] == [timedelta(seconds=s) for s in (10, 20, 40, 80)]
    assert Job.objects.get(id=job).state == JobState.parked


def test_a_unique_key_makes_one_job(now: datetime) -> None:
    first = queue.enqueue("nightly", at=now, unique_key="nightly:2026-03-02")
    assert queue.enqueue("nightly", at=now, unique_key="nightly:2026-03-02") == first


def test_a_cancelled_job_stops_at_its_next_progress_mark(now: datetime) -> None:
    job = queue.enqueue("long", at=now)
    claimed = queue.claim(at=now)
    assert claimed is not None
    queue.progress(claimed, done=1, total=9, at=now)
    queue.request_cancel(job_id=job, at=now)
    with pytest.raises(queue.Cancelled):
        queue.progress(claimed, done=2, total=9, at=now)
    queue.cancel(claimed, at=now)
    assert Job.objects.get(id=job).state == JobState.cancelled


def test_a_waiting_job_is_cancelled_at_once(now: datetime) -> None:
    job = queue.enqueue("long", at=now)
    queue.request_cancel(job_id=job, at=now)
    assert queue.claim(at=now) is None
    assert Job.objects.get(id=job).state == JobState.cancelled
