"""What a member does with an own task on Today: done, put off, and both taken back."""

from __future__ import annotations

from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from perennial.pages.tags import day as written_day
from perennial.pages.today.actions import answer, later
from perennial.pages.today.page import Place, place_of
from perennial.playbooks import actions as playbooks
from perennial.playbooks import queries
from perennial.playbooks.models import Task


def _task(place: Place, task_id: int) -> Task:
    task = queries.task_of(place.member, task_id)
    if task is None:
        raise Http404
    return task


@require_POST
def done(request: HttpRequest, task_id: int) -> HttpResponse:
    """A task is done. That is no contact: who spoke with somebody logs it."""
    place = place_of(request)
    task = _task(place, task_id)
    playbooks.complete_task(task_id=task.pk, by=place.member.pk, at=timezone.now())
    return answer(request, place, _("Task done."), undo=reverse("today_task_reopen", args=[task.pk]))


@require_POST
def reopen(request: HttpRequest, task_id: int) -> HttpResponse:
    """Take back that a task is done."""
    place = place_of(request)
    task = _task(place, task_id)
    playbooks.reopen_task(task_id=task.pk, by=place.member.pk, at=timezone.now())
    return answer(request, place, _("The task is open again."))


@require_POST
def move(request: HttpRequest, task_id: int) -> HttpResponse:
    """Put a task off; with `?to=` (empty: no day) back to the day that it had."""
    place = place_of(request)
    task = _task(place, task_id)
    before = task.due_on.isoformat() if task.due_on else ""
    to = _asked(request.GET["to"]) if "to" in request.GET else later(request, place)
    try:
        playbooks.change_due(task_id=task.pk, due_on=to, by=place.member.pk, at=timezone.now())
    except playbooks.PlaybookError as error:
        return answer(request, place, str(error), kind="bad")
    if "to" in request.GET:
        return answer(request, place, _("The task is back on its day."))
    undo = f"{reverse('today_task_move', args=[task.pk])}?to={before}"
    return answer(request, place, _("The task is due on %(day)s.") % {"day": written_day(to, "weekday")}, undo=undo)


def _asked(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Http404 from error
