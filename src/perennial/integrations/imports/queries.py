"""Reads of imports."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import Any

from django.utils.translation import gettext as _

from perennial.integrations.imports.access import imports_of
from perennial.integrations.imports.models import Import, ImportRejection
from perennial.integrations.imports.refusals import reason_of
from perennial.kernel.cells import safe_cell
from perennial.kernel.queue import queries as queue
from perennial.kernel.queue.queries import JobView
from perennial.members.models import Member


@dataclass(frozen=True)
class ImportView:
    """An import as a person sees it. `counts`: kinds → new, changed, same, rejected; `quality`: findings by key."""

    id: int
    name: str
    state: str
    files: list[tuple[str, int]]
    findings: dict[str, Any]
    mapping: dict[str, Any]
    counts: dict[str, Any]
    quality: dict[str, Any]
    error: str
    by_name: str | None
    created_at: datetime
    published_at: datetime | None
    job: JobView | None


def one(import_id: int) -> ImportView | None:
    """Return one import with its files and its job; three queries."""
    row = Import.objects.select_related("by").prefetch_related("files").filter(id=import_id).first()
    if row is None:
        return None
    return _view(row, queue.job(row.job_id) if row.job_id else None)


def of_member(member: Member, import_id: int) -> ImportView | None:
    """Return an import that the member may open, None where there is none for him; three queries."""
    return one(import_id) if imports_of(member).filter(id=import_id).exists() else None


def latest(member: Member, limit: int = 50) -> list[ImportView]:
    """Return the latest imports that the member may open with their jobs, newest first; three queries."""
    rows = list(imports_of(member).select_related("by").prefetch_related("files").order_by("-id")[:limit])
    jobs = queue.jobs([row.job_id for row in rows if row.job_id is not None])
    return [_view(row, jobs.get(row.job_id or 0)) for row in rows]


def figures(published_at: datetime) -> JobView | None:
    """Return the job that computes every figure after a publish, None while it is not yet asked for; one query."""
    after = [job for job in queue.latest("recompute", limit=5) if (job.finished_at or published_at) >= published_at]
    return next((job for job in after if not job.is_over), after[0] if after else None)


def _view(row: Import, job: JobView | None) -> ImportView:
    return ImportView(
        id=row.pk, name=row.name, state=row.state, files=[(file.name, file.size) for file in row.files.all()],
        findings=row.findings, mapping=row.mapping, counts=row.counts, quality=row.quality,
        error=row.error or (job.error if job else ""),
        by_name=row.by.name if row.by else None, created_at=row.created_at, published_at=row.published_at, job=job,
    )  # fmt: skip


@dataclass(frozen=True)
class Rejection:
    """A refused row in words."""

    file: str
    sheet: str
    row: int
    column: str
    value: str
    reason: str


def rejections(import_id: int, *, limit: int = 200) -> list[Rejection]:
    """Return the first refused rows in the order of the files; one query."""
    return [_rejection(row) for row in _refused(import_id)[:limit]]


def rejection_count(import_id: int) -> int:
    """Return how many refused rows are listed; one query."""
    return int(_refused(import_id).count())


def rejection_csv(import_id: int) -> Iterator[str]:
    """Yield the error file line by line: file, sheet, row, column, value, reason; safe to open in a spreadsheet."""
    yield "\ufeff" + _line([_("File"), _("Sheet"), _("Row"), _("Column"), _("Value"), _("Reason")])
    for row in _refused(import_id).iterator(chunk_size=1000):
        found = _rejection(row)
        cells = [found.file, found.sheet, str(found.row), found.column, found.value, found.reason]
        yield _line([safe_cell(cell) for cell in cells])


def _line(cells: list[str]) -> str:
    out = StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _refused(import_id: int) -> Any:
    return ImportRejection.objects.filter(belongs_to_id=import_id).order_by("file", "sheet", "row", "id")


def _rejection(row: ImportRejection) -> Rejection:
    return Rejection(file=row.file, sheet=row.sheet, row=row.row, column=row.column, value=row.value,
                     reason=reason_of(row.reason, column=row.column, value=row.value, detail=row.detail))  # fmt: skip
