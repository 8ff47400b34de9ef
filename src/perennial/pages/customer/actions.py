"""What a person does in the customer file: log, tasks, owner, facts, people. Each answers with the file and a toast."""

from __future__ import annotations

import json
import uuid
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from django import forms as django_forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from perennial.customers import actions as customers
from perennial.customers import bulk, editing, merging
from perennial.customers import queries as customer_reads
from perennial.customers.belonging import whose
from perennial.engagement import queries as engagement
from perennial.engagement.access import may_take_back
from perennial.engagement.actions import TouchpointError
from perennial.members import access
from perennial.members import queries as members
from perennial.members.access import OWNS_CUSTOMERS
from perennial.members.models import Member
from perennial.pages.customer import forms, log_entry
from perennial.pages.customer.page import context, find, tab_of
from perennial.playbooks import actions as playbooks
from perennial.playbooks import away, contacts, putting_away
from perennial.playbooks import queries as tasks
from perennial.playbooks.actions import PlaybookError
from perennial.reports.customer_file import File

Answer = HttpResponse
FIELDS_OF_CONTACT = ("name", "title", "level", "rung", "email", "phone", "is_champion", "left_on")


def _done(request: HttpRequest, key: str, text: str, *, undo: str = "") -> Answer:
    """Answer that it is done: the file anew and a toast; to the list where the customer is no longer the member's."""
    address = reverse("customer", args=[key])
    try:
        file = find(request, key)
    except Http404:
        file, address = None, reverse("customers")
    if "HX-Request" not in request.headers or file is None:
        messages.success(request, text)
        answer: Answer = redirect(address)
        if "HX-Request" in request.headers:
            answer = HttpResponse(status=200, headers={"HX-Redirect": address})
        return answer
    asked = parse_qs(urlsplit(request.headers.get("HX-Current-URL", "")).query).get("tab", [""])[0]
    answer = render(request, "customer/file.html", context(request, file, tab_of(file, asked)))
    count = {"sidebar_count": tasks.today_count(file.member, file.on)}
    answer.write(render_to_string("today/count.html", count, request))
    answer["HX-Trigger"] = json.dumps({"toast": {"text": text, "kind": "good", "undo": undo}})
    return _into(answer, "#file")


def _into(answer: Answer, place: str) -> Answer:
    """Let an answer take the place of something else than what was asked for."""
    answer["HX-Retarget"], answer["HX-Reswap"] = place, "outerHTML"
    return answer


def _form(request: HttpRequest, file: File, name: str, form: django_forms.Form, *, fact: str = "") -> Answer:
    """Show a form: the first time, or again with its errors and what was written."""
    template, status = f"customer/forms/{name}.html", 422 if form.errors else 200
    here = {"file": file, "customer": file.customer, "form": form, "name": name, "fact": fact, "template": template}
    if "HX-Request" not in request.headers:
        return render(request, "customer/form_page.html", here, status=status)
    answer = render(request, template, here, status=status)
    return _into(answer, f"#{name}-form") if form.errors else answer


@require_http_methods(["GET", "POST"])
def log(request: HttpRequest, key: str) -> Answer:
    """Log a touchpoint or a note, with its next step; settle the customer on Today."""
    file = find(request, key, "touchpoints.edit")
    now = timezone.now()
    item = tasks.open_item(file.member, file.customer.pk, on=file.on)
    desk = log_entry.Desk(file.member, file.house, file.on, file.customer.pk, item.id if item else None)
    form = log_entry.form_of(request, desk, now)
    if request.method == "GET" or not form.is_valid():
        return _form(request, file, "log", form)
    try:
        fact, text = log_entry.write(form, desk, now)
    except (TouchpointError, PlaybookError) as error:
        form.add_error(None, str(error))
        return _form(request, file, "log", form)
    return _done(request, key, text, undo=reverse("customer_log_retract", args=[key, fact]))


@require_POST
def retract(request: HttpRequest, key: str, fact: uuid.UUID) -> Answer:
    """Take a log entry back, with its task and what it settled on Today."""
    file = _of_entry(request, key, fact)
    if not contacts.take_back(fact=fact, by=file.member.pk, at=timezone.now()):
        return _done(request, key, gettext("This entry was taken back before."))
    undo = reverse("customer_log_restore", args=[key, fact])
    return _done(request, key, gettext("The entry was taken back, with its open task."), undo=undo)


@require_POST
def restore(request: HttpRequest, key: str, fact: uuid.UUID) -> Answer:
    """Let a log entry that was taken back stand again, with its task."""
    file = _of_entry(request, key, fact)
    contacts.bring_back(fact=fact, by=file.member.pk, at=timezone.now())
    return _done(request, key, gettext("The entry stands again."))


def _of_entry(request: HttpRequest, key: str, fact: uuid.UUID) -> File:
    """Return the file of a log entry that the member may take back."""
    file = find(request, key, "touchpoints.edit")
    entry = engagement.latest(fact)
    if entry is None or not may_take_back(file.member, file.row, entry):
        raise Http404
    return file


@require_http_methods(["GET", "POST"])
def task(request: HttpRequest, key: str) -> Answer:
    """Add a task."""
    file = find(request, key, "tasks.edit")
    form = forms.TaskForm(request.POST or None, people=log_entry.people(file.member), initial={"owner": file.member.pk})
    if request.method == "GET" or not form.is_valid():
        return _form(request, file, "task", form)
    data = form.cleaned_data
    added = playbooks.add_task(customer_id=file.customer.pk, owner_id=data["owner"], title=data["title"],
                               due_on=data["due_on"], by=file.member.pk, at=timezone.now())  # fmt: skip
    return _done(request, key, gettext("Task added."), undo=reverse("customer_task_drop", args=[key, added]))


@require_POST
def task_drop(request: HttpRequest, key: str, task_id: int) -> Answer:
    """Drop a task that somebody added."""
    file = find(request, key, "tasks.edit")
    playbooks.drop_task(task_id=_task(file, task_id), by=file.member.pk, at=timezone.now())
    undo = reverse("customer_task_reopen", args=[key, task_id])
    return _done(request, key, gettext("The task was dropped."), undo=undo)


@require_POST
def task_done(request: HttpRequest, key: str, task_id: int) -> Answer:
    """Say that a task is done. That is no contact: who spoke with somebody logs it."""
    file = find(request, key, "tasks.edit")
    playbooks.complete_task(task_id=_task(file, task_id), by=file.member.pk, at=timezone.now())
    undo = reverse("customer_task_reopen", args=[key, task_id])
    return _done(request, key, gettext("Task done."), undo=undo)


@require_POST
def task_reopen(request: HttpRequest, key: str, task_id: int) -> Answer:
    """Take back that a task is done."""
    file = find(request, key, "tasks.edit")
    playbooks.reopen_task(task_id=_task(file, task_id), by=file.member.pk, at=timezone.now())
    return _done(request, key, gettext("The task is open again."))


@require_POST
def bring_back(request: HttpRequest, key: str, number: int) -> Answer:
    """Let a reason that was put away from Today speak again."""
    file = find(request, key, "tasks.edit")
    found = [one for one in away.may_bring_back(file.member, [number], on=file.on) if one.row.pk == file.row.pk]
    if not found:
        raise Http404
    putting_away.bring_back(ids=[number], on=file.on, by=file.member.pk, at=timezone.now())
    return _done(request, key, gettext("The reason is back on Today."))


def _task(file: File, task_id: int) -> int:
    found = tasks.task_of(file.member, task_id)
    if found is None or found.customer is None or whose(found.customer) != file.customer.pk:
        raise Http404
    return found.pk


@require_http_methods(["GET", "POST"])
def owner(request: HttpRequest, key: str) -> Answer:
    """Give the customer to another member, or to nobody."""
    file = find(request, key, "customers.assign")
    form = forms.OwnerForm(request.POST or None, people=_people(), initial={"owner": file.row.owner_id})
    if request.method == "GET" or not form.is_valid():
        return _form(request, file, "owner", form)
    entry, changed = bulk.assign(customer_ids=[file.customer.pk], member_id=form.cleaned_data["owner"],
                                 by=file.member.pk, at=timezone.now())  # fmt: skip
    undo = reverse("customer_undo", args=[key, entry]) if changed else ""
    return _done(request, key, gettext("The CSM was changed."), undo=undo)


@require_POST
def part(request: HttpRequest, key: str, gone: str) -> Answer:
    """Let an entry that was merged into the customer stand by itself again."""
    file = find(request, key, "customers.edit")
    try:
        merging.part_of(customer_id=file.customer.pk, key=gone, by=file.member.pk, at=timezone.now())
    except customers.CustomerError as error:
        return _done(request, key, str(error))
    return _done(request, key, gettext("The entry stands by itself again. Its figures follow in a moment."))


def _people() -> list[tuple[int, str]]:
    return [(member.pk, member.name) for member in members.who_may(OWNS_CUSTOMERS)]


@require_http_methods(["GET", "POST"])
def facts(request: HttpRequest, key: str) -> Answer:
    """Correct facts, tags and own fields."""
    file = find(request, key, "customers.edit")
    customer = file.customer
    plain = {name: getattr(customer, name) for name in ("industry", "country", "region", "segment")}
    initial = {**plain, "tags": ", ".join(customer.tags)}
    form = forms.FactsForm(request.POST or None, custom=customer.custom, initial=initial)
    if request.method == "GET" or not form.is_valid():
        return _form(request, file, "facts", form)
    try:
        entry = editing.change(customer_id=customer.pk, values=form.values(), by=file.member.pk, at=timezone.now())
    except customers.CustomerError as error:
        form.add_error("tags", str(error))
        return _form(request, file, "facts", form)
    undo = reverse("customer_undo", args=[key, entry]) if entry else ""
    return _done(request, key, gettext("Saved.") if entry else gettext("Nothing was changed."), undo=undo)


@require_POST
def undo(request: HttpRequest, key: str, number: int) -> Answer:
    """Take back an own change of owner or facts of the last day; the customer need not be the member's any more."""
    member = cast(Member, access.member_of(request)).pk
    now = timezone.now()
    facts_back = editing.undo(entry_id=number, by=member, at=now)
    if not facts_back and bulk.undo(entry_id=number, by=member, at=now) is None:
        raise Http404
    return _done(request, key, gettext("Undone."))


@require_http_methods(["GET", "POST"])
def contact(request: HttpRequest, key: str, fact: uuid.UUID | None = None) -> Answer:
    """Add a person, or correct one."""
    file = find(request, key, "customers.edit")
    found = next((c for c in customer_reads.contacts_of(file.customer.pk) if c.fact == fact), None)
    if fact is not None and found is None:
        raise Http404
    initial: dict[str, Any] = {name: getattr(found, name) for name in FIELDS_OF_CONTACT} if found else {}
    form = forms.ContactForm(request.POST or None, initial=initial)
    if request.method == "GET" or not form.is_valid():
        return _form(request, file, "contact", form, fact=str(fact or ""))
    values = form.cleaned_data
    if fact is None:
        editing.add_contact(customer_id=file.customer.pk, values=values, by=file.member.pk, at=timezone.now())
        return _done(request, key, gettext("Contact added."))
    changes = {name: value for name, value in values.items() if value != initial[name]}
    if changes:
        customers.change_contact(fact=fact, changes=changes, by=file.member.pk, at=timezone.now())
    return _done(request, key, gettext("Contact saved."))
