"""Exports: asked for, watched while they are written, fetched by the member who asked, gone after a day."""

from __future__ import annotations

from typing import cast

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from perennial.customers.terms import ListError
from perennial.kernel.queue import queries as queue
from perennial.members import access
from perennial.members.models import Member
from perennial.pages.customers.page import Asked, leading
from perennial.reports import export

TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".csv": "text/csv; charset=utf-8",
}


@require_http_methods(["GET", "POST"])
def exports(request: HttpRequest) -> HttpResponse:
    """Ask for a file of the listing that the form carries, or list the own files."""
    if request.method == "GET":
        member = cast(Member, access.member_of(request))
        return render(request, "exports/list.html", {"jobs": queue.latest(export.KIND, by=member.pk)})
    asked = Asked(request, request.POST)
    form = request.POST.get("format")
    try:
        job_id = export.request(
            asked.member, asked.listing, format=form if form in export.FORMATS else "xlsx", at=timezone.now()
        )
    except ListError as error:
        return render(request, "customers/refused.html", {"reason": str(error)}, status=400)
    return leading(reverse("export", args=[job_id]))


def _own(request: HttpRequest, job_id: int) -> queue.JobView:
    member = cast(Member, access.member_of(request))
    job = queue.job(job_id)
    if job is None or job.kind != export.KIND or job.by_id != member.pk:
        raise Http404
    return job


@require_GET
def one(request: HttpRequest, job_id: int) -> HttpResponse:
    """Show how far an export is; htmx asks for the inner part again and again."""
    job = _own(request, job_id)
    context = {
        "job": job,
        "is_there": export.file_of(job.result, job.finished_at, at=timezone.now()) is not None,
        "refused": (job.result or {}).get("refused"),
    }
    part = "progress" if request.headers.get("HX-Request") else "one"
    return render(request, f"exports/{part}.html", context)


@require_GET
def file(request: HttpRequest, job_id: int) -> FileResponse:
    """Hand out the file to the member who asked for it, while he may export and it is not expired."""
    job = _own(request, job_id)
    path = export.file_of(job.result, job.finished_at, at=timezone.now())
    if path is None or job.result is None:
        raise Http404
    response = FileResponse(path.open("rb"), as_attachment=True, filename=str(job.result["name"]))
    response.headers["Content-Type"] = TYPES[path.suffix]
    response.headers["Cache-Control"] = "private, no-store"
    return response
