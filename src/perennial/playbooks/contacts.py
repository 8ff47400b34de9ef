"""A contact as a person logs it, in one step: the log entry, its next step as a task, the customer on Today settled.

All of it is taken back in one step too.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from perennial.engagement import actions as engagement
from perennial.engagement import queries as engagement_reads
from perennial.engagement.terms import CONTACTS, LogEntry
from perennial.playbooks import actions
from perennial.playbooks.models import Task, TodayItem
from perennial.playbooks.terms import Logged


@dataclass(frozen=True, slots=True)
class Step:
    """Who does the next step, by when; what is to be done stands in the log entry."""

    owner_id: int
    due_on: date


@transaction.atomic
def log(*, entry: LogEntry, step: Step | None = None, item_id: int | None = None, by: int, at: datetime) -> uuid.UUID:
    """Log what happened; with a step make its task, with an item settle the customer on Today. Return the fact.

    Sent twice it is written once. A note settles an item, but is no contact.
    :raises TouchpointError: what cannot be logged.
    :raises PlaybookError: a next step without words, or for a member who writes no tasks.
    """
    fact = engagement.log(entry, by=by, at=at)
    if step is not None:
        actions.add_task(customer_id=entry.customer_id, owner_id=step.owner_id, title=entry.next_step,
                         due_on=step.due_on, by=by, at=at, touchpoint=fact)  # fmt: skip
    if item_id is not None:
        actions.finish(item_id=item_id, by=by, at=at, logged=Logged(fact, entry.channel in CONTACTS))
    return fact


@transaction.atomic
def take_back(*, fact: uuid.UUID, by: int, at: datetime) -> bool:
    """Take a log entry back with what came of it: its open task goes, and the customer that it settled on Today is
    open again. Return whether the entry stood until now; a task that was done since stays. Safe to run twice.

    :raises TouchpointError: it came from an import.
    """
    if not engagement.retract(fact=fact, by=by, at=at):
        return False
    for task in Task.objects.filter(touchpoint=fact, done_at=None, dropped_at=None):
        actions.drop_task(task_id=task.pk, by=by, at=at)
    settled_at = engagement_reads.logged_at(fact)
    for item in TodayItem.objects.filter(touchpoint=fact):
        if item.done_at == settled_at:
            actions.reopen(item_id=item.pk, by=by, at=at)
        else:  # it was done before, without a contact, and took the entry up later
            TodayItem.objects.filter(id=item.pk).update(touchpoint=None, is_contact=False)
    return True


@transaction.atomic
def bring_back(*, fact: uuid.UUID, by: int, at: datetime) -> bool:
    """Let an entry that was taken back stand again, and its task; Today stays as it is. Return whether it was away."""
    if not engagement.restore(fact=fact, by=by, at=at):
        return False
    for task in Task.objects.filter(touchpoint=fact, dropped_at__isnull=False):
        actions.reopen_task(task_id=task.pk, by=by, at=at)
    return True
