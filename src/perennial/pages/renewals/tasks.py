"""The tasks of a term's plan: added, changed, ticked and removed in its room; a change and a removal are taken back."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from perennial.members import access
from perennial.members.models import Member
from perennial.pages.customer import forms, log_entry
from perennial.pages.renewals.found import done, room_of
from perennial.pages.renewals.views import room_url
from perennial.playbooks import actions as playbooks
from perennial.playbooks.actions import PlaybookError
from perennial.playbooks.models import Task
from perennial.renewals import plans
from perennial.reports.renewal_room import Room


def _editable(request: HttpRequest, key: str, due: str) -> tuple[Room, Member]:
    room = room_of(request, key, due)
    if not room.may_task:
        raise Http404
    return room, cast(Member, access.member_of(request))


def _task(room: Room, task_id: int) -> Task:
    one = next((found for found in room.tasks if found.pk == task_id), None)
    if one is None:
        raise Http404
    return one


@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, key: str, due: str) -> HttpResponse:
    """Add a task to the plan of the term; it stands with all other tasks too."""
    room, member = _editable(request, key, due)
    form = forms.TaskForm(request.POST or None, people=log_entry.people(member),
                          initial={"owner": room.row.owner_id or member.pk})  # fmt: skip
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            with transaction.atomic():
                added = playbooks.add_task(customer_id=room.row.pk, owner_id=data["owner"], title=data["title"],
                                           due_on=data["due_on"], by=member.pk, at=timezone.now())  # fmt: skip
                plans.add(customer_id=room.row.pk, due_on=room.term.due_on, task_id=added)
            return done(request, _("Task added."))
        except PlaybookError as refused:
            form.add_error(None, str(refused))
    return _form(request, form, {"url": reverse("renewal_task", args=[key, due])})


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, key: str, due: str, task_id: int) -> HttpResponse:
    """Change what an open task of the plan says, who does it and by when."""
    room, member = _editable(request, key, due)
    task = _task(room, task_id)
    if task.done_at is not None:
        raise Http404
    people = list(log_entry.people(member))
    if task.owner_id not in {number for number, _name in people}:
        people.append((task.owner_id, task.owner.name))  # who has it may keep it
    form = forms.TaskForm(request.POST or None, people=people,
                          initial={"owner": task.owner_id, "title": task.title, "due_on": task.due_on})  # fmt: skip
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            entry = playbooks.change_task(task_id=task_id, title=data["title"], owner_id=data["owner"],
                                          due_on=data["due_on"], by=member.pk, at=timezone.now())  # fmt: skip
            undo = reverse("renewal_task_back", args=[key, due, task_id, entry]) if entry else ""
            return done(request, _("The task was changed.") if entry else _("Nothing was changed."), undo=undo)
        except PlaybookError as refused:
            form.add_error(None, str(refused))
    return _form(request, form, {"url": reverse("renewal_task_change", args=[key, due, task_id]), "task": task,
                                 "drop": reverse("renewal_task_drop", args=[key, due, task_id])})  # fmt: skip


def _form(request: HttpRequest, form: forms.TaskForm, context: dict[str, Any]) -> HttpResponse:
    return render(request, "renewals/task.html", {**context, "form": form}, status=422 if form.errors else 200)


@require_POST
def back(request: HttpRequest, key: str, due: str, task_id: int, number: int) -> HttpResponse:
    """Take back an own change of a task of the last day."""
    room, member = _editable(request, key, due)
    task = _task(room, task_id)
    if playbooks.change_back(entry_id=number, task_id=task.pk, by=member.pk, at=timezone.now()):
        return done(request, _("The change was taken back."))
    return done(request, _("This change is not taken back any more."), is_good=False)


@require_POST
def drop(request: HttpRequest, key: str, due: str, task_id: int) -> HttpResponse:
    """Take an open task out of the plan: it will not be done."""
    room, member = _editable(request, key, due)
    task = _task(room, task_id)
    if task.done_at is not None:
        raise Http404
    playbooks.drop_task(task_id=task.pk, by=member.pk, at=timezone.now())
    return done(request, _("The task was removed from the plan."),
                undo=reverse("renewal_task_restore", args=[key, due, task_id]))  # fmt: skip


@require_POST
def restore(request: HttpRequest, key: str, due: str, task_id: int) -> HttpResponse:
    """Put a task that was removed back into the plan."""
    room, member = _editable(request, key, due)
    if task_id not in plans.dropped_of(room.row.pk, room.term.due_on):
        raise Http404
    playbooks.reopen_task(task_id=task_id, by=member.pk, at=timezone.now())
    return done(request, _("The task is open again."))


@require_POST
def tick(request: HttpRequest, key: str, due: str, task_id: int) -> HttpResponse:
    """Say that a task of the plan is done, or open again."""
    room, member = _editable(request, key, due)
    one = _task(room, task_id)
    set_to = playbooks.reopen_task if one.done_at else playbooks.complete_task
    set_to(task_id=task_id, by=member.pk, at=timezone.now())
    messages.success(request, _("The task is open again.") if one.done_at else _("Task done."))
    return redirect(room_url(room.row.key, room.term.due_on))
