"""The list of imports, the upload, and the steps of one import but its mapping."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from perennial.integrations.imports import actions, looking, queries
from perennial.integrations.imports.actions import ImportRefused
from perennial.integrations.imports.refusals import finding
from perennial.members import access
from perennial.members.models import Member
from perennial.pages.imports import files as shown
from perennial.pages.imports import wizard, words
from perennial.pages.imports.wizard import Opened

SHOWN = 200


@require_http_methods(["GET", "POST"])
def imports(request: HttpRequest) -> HttpResponse:
    """List the imports; a POST takes files in and has them read."""
    member = cast(Member, access.member_of(request))
    if request.method == "POST":
        import_id = take_in(request, member)
        return redirect("imports") if import_id is None else redirect("import", import_id=import_id)
    rows = [
        {"view": view, "word": words.STATES[view.state][0], "tone": words.STATES[view.state][1],
         "working": wizard.working(Opened(member, view)),
         **{name: words.total(view.counts, name) if view.counts else None for name in words.COUNTS}}
        for view in queries.latest(member)
    ]  # fmt: skip
    return render(request, "imports/list.html", {"rows": rows})


def take_in(request: HttpRequest, member: Member) -> int | None:
    """Keep the files of a form and have them read; None where they are refused, which is said on the next page."""
    given = [(file.name or "", file.file) for file in request.FILES.getlist("files") if file.file is not None]
    at = timezone.now()
    try:
        import_id = actions.create(files=cast(Any, given), name="", by=member.pk, at=at)
    except ImportRefused as refused:
        messages.error(request, str(refused))
        return None
    actions.look(import_id=import_id, by=member.pk, at=at)
    return import_id


@require_GET
def one(request: HttpRequest, import_id: int) -> HttpResponse:
    """Lead to the step where the import stands."""
    opened = wizard.opened(request, import_id)
    return redirect(opened.place, import_id=import_id)


@require_http_methods(["GET", "POST"])
def files(request: HttpRequest, import_id: int) -> HttpResponse:
    """Show what was found in the files and their first rows; a POST has a file read as a person says."""
    opened = wizard.opened(request, import_id)
    if request.method == "GET":
        return wizard.show(request, opened, 1, **shown.context(opened.view))
    asked = shown.wanted(request.POST, opened.view)
    if asked is not None:
        name, rules = asked

        def ask(**who: Any) -> int:
            return looking.read_otherwise(file=name, rules=rules, **who)

        return _asked(request, opened, ask, "import_files")
    return redirect("import_files", import_id=import_id)


@require_http_methods(["GET", "POST"])
def check(request: HttpRequest, import_id: int) -> HttpResponse:
    """Show what a publish would do; a POST has the files checked (again)."""
    opened = wizard.opened(request, import_id)
    if request.method == "POST":
        return _asked(request, opened, actions.check, "import_check")
    view = opened.view
    context: dict[str, Any] = {"is_checked": view.state in {"checked", "publishing", "published"}}
    if context["is_checked"]:
        context |= {
            "counts": words.counted(view.counts),
            "read": view.counts.get("read"),
            "promise": words.promise(view.counts),
            "quality": [(finding(key), found["count"], found["examples"]) for key, found in view.quality.items()],
            "rejections": queries.rejections(import_id, limit=SHOWN),
            "rejection_count": queries.rejection_count(import_id),
            "shown": SHOWN,
        }
    return wizard.show(request, opened, 3, **context)


@require_http_methods(["GET", "POST"])
def publish(request: HttpRequest, import_id: int) -> HttpResponse:
    """Show the publish and what came of it; a POST begins it, or does it again after a failure."""
    opened = wizard.opened(request, import_id)
    if request.method == "POST":
        return _asked(request, opened, actions.publish, "import_publish")
    view = opened.view
    context: dict[str, Any] = {"counts": words.counted(view.counts), "promise": words.promise(view.counts)}
    if view.published_at is not None:
        context |= {"figures": queries.figures(view.published_at), "rejected": words.total(view.counts, "rejected"),
                    "edits": view.findings.get("edits")}  # fmt: skip
    part = request.headers.get("HX-Request") and view.published_at is not None
    if part:
        return render(request, "imports/figures.html", context | {"import": view})
    return wizard.show(request, opened, 4, **context)


def _asked(request: HttpRequest, opened: Opened, ask: Callable[..., int], step: str) -> HttpResponse:
    try:
        ask(import_id=opened.view.id, by=opened.member.pk, at=timezone.now())
    except ImportRefused as refused:
        messages.error(request, str(refused))
    return redirect(step, import_id=opened.view.id)


@require_GET
def progress(request: HttpRequest, import_id: int) -> HttpResponse:
    """Say how far the work is; when it is over the page is shown anew."""
    opened = wizard.opened(request, import_id)
    working = wizard.working(opened)
    if working is None:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "imports/working.html", {"working": working, "import": opened.view})


@require_POST
def look(request: HttpRequest, import_id: int) -> HttpResponse:
    """Have the files read again."""
    return _asked(request, wizard.opened(request, import_id), actions.look, "import_files")


@require_POST
def stop(request: HttpRequest, import_id: int) -> HttpResponse:
    """Stop the reading or the check; files and mapping stay."""
    opened = wizard.opened(request, import_id)
    try:
        actions.stop(import_id=import_id, at=timezone.now())
        messages.success(request, _("Stopped. The files and the mapping are kept; nothing was written."))
    except ImportRefused as refused:
        messages.error(request, str(refused))
    return redirect("import_mapping" if opened.has_tables else "import_files", import_id=import_id)


@require_POST
def cancel(request: HttpRequest, import_id: int) -> HttpResponse:
    """Discard an import that is not published (asked for in the browser first); its files go, nothing was written."""
    opened = wizard.opened(request, import_id)
    try:
        actions.cancel(import_id=import_id, by=opened.member.pk, at=timezone.now())
        messages.success(request, _("Discarded. Its files are deleted; nothing was written."))
    except ImportRefused as refused:
        messages.error(request, str(refused))
    return HttpResponse(status=204, headers={"HX-Redirect": reverse("imports")})


@require_GET
def rejections(request: HttpRequest, import_id: int) -> StreamingHttpResponse:
    """Hand out every refused row as a CSV file, streamed."""
    opened = wizard.opened(request, import_id)
    if not queries.rejection_count(opened.view.id):
        raise Http404
    response = StreamingHttpResponse(queries.rejection_csv(import_id), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="refused-rows-{import_id}.csv"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
