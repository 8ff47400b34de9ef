"""A list that was exported, edited in a spreadsheet and brought back: shown as changes before it is applied."""

from __future__ import annotations

from itertools import groupby
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from perennial.customers.actions import CustomerError
from perennial.customers.bulk import UNDO_WITHIN
from perennial.integrations.imports import actions, edits
from perennial.integrations.imports.actions import ImportRefused
from perennial.integrations.imports.findings import problem_of
from perennial.integrations.imports.messages import describe, place
from perennial.members import access
from perennial.members.models import Member
from perennial.pages.imports import wizard
from perennial.pages.imports.views import take_in
from perennial.pages.tags import number

SHOWN = 500


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Ask for an edited list; a POST takes it in and has it read."""
    if request.method == "GET":
        return render(request, "imports/edited_new.html")
    import_id = take_in(request, cast(Member, access.member_of(request)))
    return redirect("customers_edited") if import_id is None else redirect("customers_edited_one", import_id=import_id)


@require_GET
def one(request: HttpRequest, import_id: int) -> HttpResponse:
    """Show what the list would change: each customer and field as it is and as it would be."""
    opened = wizard.opened(request, import_id)
    view = opened.view
    working = wizard.working(opened)
    if request.headers.get("HX-Request"):
        if working is None:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(request, "imports/working.html", {"working": working, "import": view, "edited": True})
    told = view.findings.get("edits")
    context: dict[str, Any] = {"import": view, "working": working, "told": told, "edited": True,
                               "refused_files": [(place(problem_of(p)), describe(problem_of(p)))
                                                 for p in view.findings.get("refused", ())]}  # fmt: skip
    if view.published_at is not None:
        context["is_undoable"] = timezone.now() - view.published_at < UNDO_WITHIN
    if told is not None and view.state == "uploaded" and working is None:
        found = edits.diff(import_id, opened.member)
        grouped = [(name, list(rows)) for name, rows in groupby(found.changes[:SHOWN], lambda c: (c.key, c.name))]
        context |= {"diff": found, "grouped": grouped, "shown": SHOWN, "refused": found.refused[:SHOWN]}
    return render(request, "imports/edited.html", context)


@require_POST
def apply(request: HttpRequest, import_id: int) -> HttpResponse:
    """Apply exactly what was shown."""
    opened = wizard.opened(request, import_id)
    try:
        count = edits.apply(
            import_id=import_id, member=opened.member, digest=request.POST.get("digest", ""), at=timezone.now()
        )
    except (ImportRefused, CustomerError) as refused:
        messages.error(request, str(refused))
    else:
        text = ngettext("%(count)s customer is changed.", "%(count)s customers are changed.", count)
        messages.success(request, text % {"count": number(count)})
    return redirect("customers_edited_one", import_id=import_id)


@require_POST
def undo(request: HttpRequest, import_id: int) -> HttpResponse:
    """Take an applied list back; what was changed again since stays."""
    opened = wizard.opened(request, import_id)
    count = edits.undo(import_id=import_id, member=opened.member, at=timezone.now())
    if count is None:
        raise Http404
    text = ngettext("Undone: %(count)s customer is as before.", "Undone: %(count)s customers are as before.", count)
    messages.success(request, text % {"count": number(count)})
    return redirect(reverse("customers_edited_one", args=[import_id]))


@require_POST
def discard(request: HttpRequest, import_id: int) -> HttpResponse:
    """Leave everything as it is."""
    opened = wizard.opened(request, import_id)
    try:
        actions.cancel(import_id=import_id, by=opened.member.pk, at=timezone.now())
        messages.success(request, _("Discarded. Nothing was changed."))
    except ImportRefused as refused:
        messages.error(request, str(refused))
    return redirect("customers")
