"""Writes of playbooks: tasks, what a member decides on an item of Today, and the plan of a day.

What is put away: `putting_away.py`; a contact that is logged with its next step: `contacts.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.kernel.journal import actions as journal
from perennial.kernel.journal import queries as past
from perennial.members import queries as members
from perennial.members.access import OWNS_TASKS
from perennial.playbooks import planning
from perennial.playbooks.models import PlannedDay, Task, TodayItem
from perennial.playbooks.terms import Logged

MOST_TITLE = 300
TASK_CHANGED = "task.changed"
UNDO_WITHIN = timedelta(hours=24)


class PlaybookError(ValueError):
    """What was asked cannot be done; the message says why and what to do."""


@transaction.atomic
def add_task(
    *,
    customer_id: int | None,
    owner_id: int,
    title: str,
    due_on: date | None,
    by: int | None,
    at: datetime,
    touchpoint: uuid.UUID | None = None,
) -> int:
    """Give a member a task; return its id. Of one log entry (`touchpoint`) there is one task: again changes nothing.

    :raises PlaybookError: no title, or a member who writes no tasks.
    """
    known = None if touchpoint is None else Task.objects.filter(touchpoint=touchpoint).first()
    if known is not None:
        return known.pk
    _refuse_who_writes_none(owner_id)
    task = Task.objects.create(
        customer_id=customer_id, owner_id=owner_id, title=_title(title), due_on=due_on, created_by_id=by,
        created_at=at, touchpoint=touchpoint,
    )  # fmt: skip
    _tell("task.added", task, by=by, at=at, data={"owner": owner_id, "due_on": _iso(due_on)})
    return task.pk


@transaction.atomic
def complete_task(*, task_id: int, by: int, at: datetime) -> None:
    """Say that a task is done. A second time changes nothing."""
    _end_task(task_id, "done_at", "task.completed", by=by, at=at)


@transaction.atomic
def drop_task(*, task_id: int, by: int, at: datetime) -> None:
    """Say that a task will not be done. A second time changes nothing."""
    _end_task(task_id, "dropped_at", "task.dropped", by=by, at=at)


@transaction.atomic
def reopen_task(*, task_id: int, by: int, at: datetime) -> None:
    """Take back that a task was done or dropped. An open task stays as it is."""
    task = Task.objects.select_for_update().get(id=task_id)
    if task.done_at is None and task.dropped_at is None:
        return
    task.done_at = task.dropped_at = None
    task.save(update_fields=["done_at", "dropped_at"])
    _tell("task.reopened", task, by=by, at=at)


@transaction.atomic
def change_due(*, task_id: int, due_on: date | None, by: int, at: datetime) -> None:
    """Move a task to another day (None: no day). The same day changes nothing.

    :raises PlaybookError: the task is done or dropped.
    """
    task = Task.objects.select_for_update().get(id=task_id)
    if task.done_at or task.dropped_at:
        raise PlaybookError(_("This task is closed. Reopen it first."))
    if task.due_on == due_on:
        return
    before, task.due_on = task.due_on, due_on
    task.save(update_fields=["due_on"])
    _tell("task.moved", task, by=by, at=at, data={"from": _iso(before), "to": _iso(due_on)})


@transaction.atomic
def change_task(*, task_id: int, title: str, owner_id: int, due_on: date | None, by: int, at: datetime) -> int | None:
    """Let an open task read otherwise, be another member's or be due on another day; return the entry of the journal by
    which it is taken back (`change_back`), None where nothing changed.

    :raises PlaybookError: the task is done or dropped, no title, or a new owner who writes no tasks.
    """
    task = Task.objects.select_for_update().get(id=task_id)
    if task.done_at or task.dropped_at:
        raise PlaybookError(_("This task is closed. Reopen it first."))
    before, before_title = _told(task), task.title
    if owner_id != task.owner_id:
        _refuse_who_writes_none(owner_id)
    task.title, task.owner_id, task.due_on = _title(title), owner_id, due_on
    if (_told(task), task.title) == (before, before_title):
        return None
    task.save(update_fields=["title", "owner", "due_on"])
    return journal.record(TASK_CHANGED, customer_id=task.customer_id, subject=f"task:{task.pk}", by=by, at=at,
                          data={"from": before, "to": _told(task)},
                          personal={"before": before_title, "title": task.title})  # fmt: skip


@transaction.atomic
def change_back(*, entry_id: int, task_id: int, by: int, at: datetime) -> bool:
    """Take back an own change of a task of the last 24 hours; False where there is none, the task was closed since, or
    it is not as that change left it."""
    entry = past.entry(entry_id)
    if entry is None or (entry.kind, entry.subject, entry.by_id) != (TASK_CHANGED, f"task:{task_id}", by):
        return False
    task = Task.objects.select_for_update().get(id=task_id)
    is_as_left = (_told(task), task.title) == (entry.data["to"], entry.personal.get("title"))
    if at - entry.at > UNDO_WITHIN or task.done_at or task.dropped_at or not is_as_left:
        return False
    before = entry.data["from"]
    due_on = date.fromisoformat(before["due_on"]) if before["due_on"] else None
    change_task(task_id=task_id, title=entry.personal["before"], owner_id=before["owner"], due_on=due_on, by=by, at=at)
    return True


@transaction.atomic
def finish(*, item_id: int, by: int, at: datetime, logged: Logged | None = None) -> None:
    """Say that a customer on Today is settled: its reasons rest for a week. A decided item stays as it is.

    That says nothing of a contact: only a log entry does. An item that is done already takes the entry up.
    """
    values = {"touchpoint": logged.fact, "is_contact": logged.is_contact} if logged else {}
    is_contact = logged is not None and logged.is_contact
    if not _decide(item_id, {"done_at": at, **values}, "today.done", by=by, at=at, data={"contact": is_contact}):
        TodayItem.objects.filter(id=item_id, done_at__isnull=False, touchpoint=None).update(**values)


@transaction.atomic
def snooze(*, item_id: int, until_on: date, by: int, at: datetime) -> None:
    """Put an item off; it returns on that day if its reasons still hold. A decided item stays as it is.

    :raises PlaybookError: the day does not lie ahead of the item's.
    """
    _later(item_id, until_on)
    _decide(item_id, {"snoozed_until_on": until_on}, "today.snoozed", by=by, at=at,
            data={"until": until_on.isoformat()})  # fmt: skip


@transaction.atomic
def delegate(*, item_id: int, to: int, title: str, due_on: date, by: int, at: datetime) -> int:
    """Give an item to a colleague as a task and wait until its due day; return the task's id.

    :raises PlaybookError: no title, the due day does not lie ahead, the item is decided already, or a member who
        writes no tasks.
    """
    item = _later(item_id, due_on)
    if not _decide(item_id, {"snoozed_until_on": due_on}, "today.delegated", by=by, at=at, data={"to": to}):
        raise PlaybookError(_("This was already decided. Reload the page."))
    return add_task(customer_id=item.customer_id, owner_id=to, title=title, due_on=due_on, by=by, at=at)


@transaction.atomic
def reopen(*, item_id: int, by: int, at: datetime) -> None:
    """Take a decision back. An open item stays as it is; a task that was given to a colleague is not touched."""
    item = TodayItem.objects.select_for_update().get(id=item_id)
    if not planning.is_decided(item):
        return
    item.done_at = item.snoozed_until_on = item.decided_by_id = item.touchpoint = None
    item.is_contact = False
    item.save(update_fields=["done_at", "snoozed_until_on", "decided_by", "touchpoint", "is_contact"])
    journal.record("today.reopened", customer_id=item.customer_id, subject=f"today:{item.pk}", by=by, at=at)


def plan_today(on: date, *, at: datetime, customer_ids: Sequence[int] | None = None) -> int:
    """Write the items of a day from the portfolio rows; return how many. About 25 queries for any number.

    Safe to run twice. Decisions of that day stay; what a decision put to rest stays away; an item that nobody decided
    on goes when its reasons are gone. Only some customers: where the day was planned for all before, else nothing.
    """
    if customer_ids is not None and not PlannedDay.objects.filter(on=on).exists():
        return 0
    return planning.plan(on, at=at, customer_ids=customer_ids)


def _refuse_who_writes_none(member_id: int) -> None:
    if members.who_may(OWNS_TASKS, ids=[member_id]):
        return
    raise PlaybookError(_("This member cannot have tasks: the role does not write any. Choose another one."))


def _end_task(task_id: int, column: str, kind: str, *, by: int, at: datetime) -> None:
    task = Task.objects.select_for_update().get(id=task_id)
    if task.done_at or task.dropped_at:
        return
    setattr(task, column, at)
    task.save(update_fields=[column])
    _tell(kind, task, by=by, at=at)


def _later(item_id: int, day: date) -> TodayItem:
    item = TodayItem.objects.get(id=item_id)
    if day <= item.on:
        raise PlaybookError(_("Choose a later day."))
    if day > item.on + timedelta(days=366):
        raise PlaybookError(_("Choose a day within a year."))
    return item


def _decide(
    item_id: int, values: Mapping[str, Any], kind: str, *, by: int, at: datetime, data: Mapping[str, Any] | None = None
) -> bool:
    item = TodayItem.objects.select_for_update().get(id=item_id)
    if planning.is_decided(item):
        return False
    for key, value in values.items():
        setattr(item, key, value)
    item.decided_by_id = by
    item.save(update_fields=[*values, "decided_by"])
    rules = [reason["rule"] for reason in item.reasons]
    journal.record(kind, customer_id=item.customer_id, subject=f"today:{item.pk}", by=by, at=at,
                   data={"rules": rules, **(data or {})})  # fmt: skip
    return True


def _tell(kind: str, task: Task, *, by: int | None, at: datetime, data: Mapping[str, Any] | None = None) -> None:
    """The title is a person's words: it goes to the part of the journal that can be erased."""
    journal.record(kind, customer_id=task.customer_id, subject=f"task:{task.pk}", by=by, at=at, data=data,
                   personal={"title": task.title})  # fmt: skip


def _told(task: Task) -> dict[str, Any]:
    return {"owner": task.owner_id, "due_on": _iso(task.due_on)}


def _title(text: str) -> str:
    title = " ".join(text.split())
    if not title:
        raise PlaybookError(_("Write what is to be done."))
    return title[:MOST_TITLE]


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
