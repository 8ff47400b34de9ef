"""The wizard's frame: which import, its steps, and where one is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from perennial.integrations.imports import queries
from perennial.integrations.imports.queries import ImportView
from perennial.members import access
from perennial.members.models import Member
from perennial.pages.imports.words import WORKING

UNATTENDED = timedelta(seconds=20)
NAMES = ("import_files", "import_mapping", "import_check", "import_publish")


@dataclass(frozen=True)
class Opened:
    """One import, opened by one member."""

    member: Member
    view: ImportView

    @property
    def is_working(self) -> bool:
        """Return whether a job of this import waits or runs."""
        return self.view.job is not None and not self.view.job.is_over and self.view.state != "cancelled"

    @property
    def has_tables(self) -> bool:
        return bool(self.view.findings.get("tables"))

    @property
    def place(self) -> str:
        """Return the step where this import stands, by its address's name."""
        kind = self.view.job.kind if self.view.job else ""
        if self.view.state == "published" or kind == "import.publish":
            return "import_publish"
        if kind == "import.check" and (self.is_working or self.view.counts or self.view.state == "checking"):
            return "import_check"
        if not self.has_tables or kind == "import.look" or self.view.state in {"failed", "cancelled"}:
            return "import_files"
        return "import_mapping"


def opened(request: HttpRequest, import_id: int) -> Opened:
    """Return an import that the member may open.

    :raises Http404: there is none for him.
    """
    member = cast(Member, access.member_of(request))
    view = queries.of_member(member, import_id)
    if view is None:
        raise Http404
    return Opened(member, view)


def show(request: HttpRequest, one: Opened, step: int, **context: Any) -> HttpResponse:
    """Render a step (1 to 4) of an import."""
    status = context.pop("status", 200)
    labels = (_("Files"), _("Mapping"), _("Check"), _("Publish"))
    reach = 1 if not one.has_tables or one.view.state == "cancelled" else 3
    reach = 4 if one.view.counts else reach
    context |= {
        "import": one.view,
        "is_over": one.view.state in {"published", "cancelled"},
        "steps": [
            (label, reverse(name, args=[one.view.id]) if number <= reach else "")
            for number, (label, name) in enumerate(zip(labels, NAMES, strict=True), 1)
        ],
        "step": step,
        "working": working(one),
    }
    return render(request, f"imports/{NAMES[step - 1].removeprefix('import_')}.html", context, status=status)


def working(one: Opened) -> dict[str, Any] | None:
    """Return how far the work on an import is, None where nobody works on it."""
    job = one.view.job
    if job is None or not one.is_working:
        return None
    is_waiting = job.state == "waiting"
    return {
        "label": _("Waiting to begin") if is_waiting else WORKING[job.kind],
        "job": job,
        "can_stop": job.kind != "import.publish",
        "is_unattended": is_waiting and timezone.now() - job.created_at > UNATTENDED,
    }
