"""Reads of the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from perennial.kernel.queue.models import Job


@dataclass(frozen=True)
class JobView:
    """A job as a person sees it. `share` is the done share 0..1, None while the total is unknown; `attempts` above 1
    says that a worker died on it or that it failed before."""

    id: int
    kind: str
    state: str
    done: int
    total: int | None
    text: str
    result: dict[str, Any] | None
    error: str
    attempts: int
    by_id: int | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def share(self) -> float | None:
        return self.done / self.total if self.total else None

    @property
    def is_over(self) -> bool:
        return self.state not in {"waiting", "running"}


def job(job_id: int) -> JobView | None:
    """Return one job; one query."""
    return next(iter(_views(Job.objects.filter(id=job_id))), None)


def jobs(job_ids: Sequence[int]) -> dict[int, JobView]:
    """Return jobs by id; one query."""
    return {view.id: view for view in _views(Job.objects.filter(id__in=list(job_ids)))}


def latest(kind: str, *, by: int | None = None, limit: int = 20) -> list[JobView]:
    """Return the latest jobs of a kind (of one member, where `by` names him), newest first; one query."""
    jobs = Job.objects.filter(kind=kind).order_by("-id")
    return _views((jobs if by is None else jobs.filter(by_id=by))[:limit])


def _views(jobs: Any) -> list[JobView]:
    return [
        JobView(
            id=row.pk,
            kind=row.kind,
            state=row.state,
            done=row.progress_done,
            total=row.progress_total,
            text=row.progress_text,
            result=row.result,
            error=row.error,
            attempts=row.attempts,
            by_id=row.by_id,
            created_at=row.created_at,
            finished_at=row.finished_at,
        )
        for row in jobs
    ]
