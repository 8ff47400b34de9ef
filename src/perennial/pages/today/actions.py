"""What a member decides on an item of Today. Each answers with the list anew and a toast, most with an undo."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import date, timedelta

from django import forms as django_forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from perennial.customers.access import portfolio_of
from perennial.engagement import queries as engagement
from perennial.engagement.access import may_take_back
from perennial.engagement.actions import TouchpointError
from perennial.members import access
from perennial.pages.customer import log_entry
from perennial.pages.customer.words import reason
from perennial.pages.tags import day as written_day
from perennial.pages.today.forms import DelegateForm
from perennial.pages.today.page import Place, context, place_of
from perennial.playbooks import actions as playbooks
from perennial.playbooks import contacts, queries
from perennial.playbooks.actions import PlaybookError
from perennial.playbooks.terms import Item

SNOOZES: dict[str, Callable[[date], date]] = {
    "tomorrow": lambda on: on + timedelta(days=1),
    "days": lambda on: on + timedelta(days=3),
    "week": lambda on: on + timedelta(days=7 - on.weekday()),  # the next Monday
}


def item_of(place: Place, item_id: int, ability: str = "tasks.edit") -> Item:
    """Return an item on which the member may do this.

    :raises Http404: he may not, or there is none.
    """
    found = queries.item_of(place.member, item_id, ability)
    if found is None:
        raise Http404
    return found


def answer(
    request: HttpRequest,
    place: Place,
    text: str,
    *,
    undo: str = "",
    kind: str = "good",
    more: tuple[str, str] | None = None,
) -> HttpResponse:
    """Answer with the list anew and a toast; `more` is a second thing to do: its words, and its dialog's address."""
    if "HX-Request" not in request.headers:
        return redirect("today")
    here = {**context(place), "is_partial": True, "sidebar_count": queries.today_count(place.member, place.on)}
    found = render(request, "today/list.html", here)
    toast = {"text": text, "kind": kind, "undo": undo}
    if more:
        toast |= {"more": more[0], "address": more[1], "dialog": "today-dialog"}
    found["HX-Trigger"] = json.dumps({"toast": toast})
    # An undo is pressed in a toast: its answer too takes the place of the list.
    found["HX-Retarget"], found["HX-Reswap"] = "#today", "outerHTML"
    return found


def dialog(
    request: HttpRequest, item: Item, form: django_forms.Form, address: str, title: str, action: str
) -> HttpResponse:
    """Show a form in the dialog of the page: the first time, or again with its errors."""
    here = {"form": form, "item": item, "address": reverse(address, args=[item.id]), "title": title, "action": action}
    found = render(request, "today/form.html", here, status=422 if form.errors else 200)
    found["HX-Retarget"], found["HX-Reswap"] = "#today-dialog", "innerHTML"
    return found


def _undo(item_id: int) -> str:
    return reverse("today_reopen", args=[item_id])


@require_POST
def done(request: HttpRequest, item_id: int) -> HttpResponse:
    """The customer is settled. That says nothing of a contact; the toast offers to log one."""
    place = place_of(request)
    item = item_of(place, item_id)
    playbooks.finish(item_id=item.id, by=place.member.pk, at=timezone.now())
    more = None
    if access.may(place.member, "touchpoints.edit"):
        more = (_("Log contact"), reverse("today_log", args=[item.id]))
    text = _("%(name)s: done for today. No contact is logged.") % {"name": item.row.name}
    return answer(request, place, text, undo=_undo(item.id), more=more)


@require_POST
def snooze(request: HttpRequest, item_id: int) -> HttpResponse:
    """Put an item off: until tomorrow, for three days, until next Monday."""
    place = place_of(request)
    item = item_of(place, item_id)
    until_on = later(request, place)
    playbooks.snooze(item_id=item.id, until_on=until_on, by=place.member.pk, at=timezone.now())
    words = {"name": item.row.name, "day": written_day(until_on, "weekday")}
    return answer(request, place, _("%(name)s comes back on %(day)s.") % words, undo=_undo(item.id))


def later(request: HttpRequest, place: Place) -> date:
    """Return the day until which something is put off.

    :raises Http404: none that the page offers.
    """
    until = SNOOZES.get(request.POST.get("until", ""))
    if until is None:
        raise Http404
    return until(place.on)


@require_POST
def reopen(request: HttpRequest, item_id: int) -> HttpResponse:
    """Take a decision back; with `?task=` also the task that the item was given away as."""
    place = place_of(request)
    item = item_of(place, item_id)
    number = request.GET.get("task", "")
    task = queries.task_of(place.member, int(number)) if number.isascii() and number.isdigit() else None
    if task is not None and (task.created_by_id, task.customer_id) == (place.member.pk, item.row.customer_id):
        playbooks.drop_task(task_id=task.pk, by=place.member.pk, at=timezone.now())
    playbooks.reopen(item_id=item.id, by=place.member.pk, at=timezone.now())
    return answer(request, place, _("%(name)s is back on the list.") % {"name": item.row.name})


@require_http_methods(["GET", "POST"])
def delegate(request: HttpRequest, item_id: int) -> HttpResponse:
    """Give an item to a colleague as a task."""
    place = place_of(request)
    item = item_of(place, item_id)
    people = [one for one in log_entry.people(place.member) if one[0] != place.member.pk]
    title = reason(item.reasons[0], item.row.currency)[1]
    form = DelegateForm(
        request.POST or None, people=people, on=place.on, initial={"title": title, "to": item.row.owner_id}
    )
    if request.method == "GET" or not form.is_valid():
        return dialog(request, item, form, "today_delegate", _("Give to a colleague"), _("Give away"))
    data = form.cleaned_data
    try:
        task_id = playbooks.delegate(item_id=item.id, by=place.member.pk, at=timezone.now(), **data)
    except PlaybookError as error:
        return answer(request, place, str(error), kind="bad")
    words = {"name": item.row.name, "who": dict(people)[data["to"]]}
    text = _("%(who)s has the task for %(name)s.") % words
    return answer(request, place, text, undo=f"{_undo(item.id)}?task={task_id}")


@require_http_methods(["GET", "POST"])
def log(request: HttpRequest, item_id: int) -> HttpResponse:
    """Log what happened, with its next step; where the form says so the item is done too."""
    place = place_of(request)
    item = item_of(place, item_id, "touchpoints.edit")
    now = timezone.now()
    desk = log_entry.Desk(place.member, place.house, place.on, item.row.customer_id, item.id, item.done_at is not None)
    form = log_entry.form_of(request, desk, now)
    if request.method == "GET" or not form.is_valid():
        return dialog(request, item, form, "today_log", _("Log what happened"), _("Log"))
    try:
        fact, text = log_entry.write(form, desk, now)
    except (TouchpointError, PlaybookError) as error:
        form.add_error(None, str(error))
        return dialog(request, item, form, "today_log", _("Log what happened"), _("Log"))
    return answer(request, place, text, undo=reverse("today_log_retract", args=[fact]))


@require_POST
def retract(request: HttpRequest, fact: uuid.UUID) -> HttpResponse:
    """Take a log entry back, with its task and what it settled on Today."""
    place = place_of(request)
    entry = engagement.latest(fact)
    rows = portfolio_of(place.member, "touchpoints.edit")
    row = None if entry is None else rows.filter(customer_id=entry.customer_id).first()
    if entry is None or row is None or not may_take_back(place.member, row, entry):
        raise Http404
    contacts.take_back(fact=fact, by=place.member.pk, at=timezone.now())
    return answer(request, place, _("The entry was taken back, with its open task."))
