"""Logging a contact, from Today and from the customer file: one form, one write, one way of saying what came of it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, time

from django.http import HttpRequest
from django.utils.translation import gettext

from perennial.customers import queries as customers
from perennial.engagement.terms import CONTACTS, Channel, LogEntry
from perennial.kernel.organisation.queries import House
from perennial.members import access
from perennial.members import queries as members
from perennial.members.access import OWNS_TASKS
from perennial.members.models import Member
from perennial.pages import tags
from perennial.pages.customer.forms import LogForm, People
from perennial.playbooks import contacts
from perennial.playbooks.contacts import Step


@dataclass(frozen=True)
class Desk:
    """Who logs, on which day, for which customer; `item_id`: its item of Today, None where it has none; `is_done`: that
    is settled already, and takes the contact up."""

    member: Member
    house: House
    on: date
    customer_id: int
    item_id: int | None
    is_done: bool = False

    @property
    def may_settle(self) -> bool:
        """Whether the form offers to settle the customer on Today."""
        return self.item_id is not None and not self.is_done and access.may(self.member, OWNS_TASKS)


def people(member: Member) -> People:
    """Return who may be given a task, the member first; nobody where he gives none. One query."""
    if not access.may(member, OWNS_TASKS):
        return []
    found = [(one.pk, one.name) for one in members.who_may(OWNS_TASKS)]
    return sorted(found, key=lambda one: one[0] != member.pk)


def form_of(request: HttpRequest, desk: Desk, now: datetime) -> LogForm:
    """Return the form, as sent or empty; the address says by which way one met (`?channel=`), a call where nothing."""
    channel = request.GET.get("channel", "")
    channel = channel if channel in Channel.values else Channel.call.value
    initial = {"fact": uuid.uuid4(), "channel": channel, "settles": channel in CONTACTS, "owner": desk.member.pk}
    form = LogForm(
        request.POST or None, contacts=customers.contacts_of(desk.customer_id), people=people(desk.member),
        today=min(desk.on, desk.house.day_of(now)), on=desk.on, initial=initial,
    )  # fmt: skip
    if not desk.may_settle:
        del form.fields["settles"]
    return form


def write(form: LogForm, desk: Desk, now: datetime) -> tuple[uuid.UUID, str]:
    """Write what a valid form says; return the fact, and in words what came of it.

    :raises TouchpointError: what cannot be logged.
    :raises PlaybookError: a next step for somebody who has no tasks.
    """
    data = form.cleaned_data
    entry = LogEntry(
        customer_id=desk.customer_id, channel=data["channel"], summary=data["summary"], next_step=data["next_step"],
        contact_fact=uuid.UUID(data["contact"]) if data["contact"] else None,
        happened_at=_instant(desk, data["happened_on"], now), fact=data["fact"],
        rating=data["rating"],
    )  # fmt: skip
    due_on, owner = data.get("due_on"), data.get("owner") or desk.member.pk
    step = Step(owner, due_on) if due_on else None
    settles = bool(data.get("settles"))
    item_id = desk.item_id if settles or desk.is_done else None
    fact = contacts.log(entry=entry, step=step, item_id=item_id, by=desk.member.pk, at=now)
    return fact, _said(step, settles, form)


def _said(step: Step | None, settles: bool, form: LogForm) -> str:
    if step is None:
        return gettext("Logged, and done for today.") if settles else gettext("Logged.")
    names = dict(form.fields["owner"].choices)  # type: ignore[attr-defined]  # a ChoiceField
    words = {"who": names.get(step.owner_id, ""), "day": tags.day(step.due_on, "weekday")}
    if settles:
        return gettext("Logged, and done for today. Task for %(who)s by %(day)s.") % words
    return gettext("Logged. Task for %(who)s by %(day)s.") % words


def _instant(desk: Desk, on: date, now: datetime) -> datetime:
    """Return when it happened: now where that is the day, else the noon of the day."""
    return now if on == desk.house.day_of(now) else datetime.combine(on, time(12), desk.house.timezone)
