"""A renewal's plan, worked back from the expiry by the way in which the customer buys: one task for each step.

Another way of buying takes the place of the one before: its open steps are dropped, what is done stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.blueprint.renewal_terms import Purchase
from perennial.customers.models import Customer
from perennial.kernel.journal import actions as journal
from perennial.kernel.journal import queries as past
from perennial.playbooks import actions
from perennial.playbooks.actions import PlaybookError
from perennial.playbooks.models import Task
from perennial.renewals import plans

PLANNED = "renewal.planned"
UNDO_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Worked:
    """A step with its day: so many days before the expiry."""

    step: str
    title: str
    node: str
    due_on: date


@dataclass(frozen=True, slots=True)
class Made:
    """A plan that was made: by which way of buying, who, when, and by which entry of the journal it is taken back."""

    entry_id: int
    purchase: str
    by_id: int | None
    by: str
    at: datetime


def worked_back(purchase: Purchase, due_on: date, language: str) -> list[Worked]:
    """Return the steps of a way of buying with their days. No query. A day is a calendar day: no holidays are known."""
    return [Worked(one.key, one.label.text(language), one.node, due_on - timedelta(days=one.days))
            for one in purchase.steps]  # fmt: skip


@transaction.atomic
def make(
    *, customer_id: int, due_on: date, purchase: Purchase, owner_id: int, language: str, by: int, at: datetime
) -> int:
    """Make the tasks of a plan; return the entry of the journal by which it is taken back. Three queries a task.

    The open steps of the plan before are dropped; a step that is done there already is not asked for again.
    :raises PlaybookError: a member who writes no tasks, or the same plan once more.
    """
    list(Customer.objects.select_for_update().filter(id=customer_id).values_list("id"))  # one plan at a time
    before = plans.steps_of(customer_id, due_on)
    tasks = Task.objects.in_bulk([one.task_id for one in before])
    still = [one for one in before if tasks[one.task_id].done_at is None]
    if still and {one.purchase for one in still} == {purchase.key}:
        raise PlaybookError(_("This plan is made already."))
    for one in still:
        actions.drop_task(task_id=one.task_id, by=by, at=at)
    done = {one.step for one in before} - {one.step for one in still}
    added = []
    for step in worked_back(purchase, due_on, language):
        if step.step not in done:
            task = actions.add_task(customer_id=customer_id, owner_id=owner_id, title=step.title, due_on=step.due_on,
                                    by=by, at=at)  # fmt: skip
            plans.add(customer_id=customer_id, due_on=due_on, task_id=task, purchase=purchase.key, step=step.step,
                      node=step.node)  # fmt: skip
            added.append(task)
    if not added:
        raise PlaybookError(_("Every step of this plan is done already."))
    return journal.record(
        PLANNED, customer_id=customer_id, subject=_subject(customer_id, due_on), by=by, at=at,
        data={"purchase": purchase.key, "added": added, "dropped": [one.task_id for one in still]},
    )  # fmt: skip


@transaction.atomic
def undo(*, entry_id: int, customer_id: int, due_on: date, by: int, at: datetime) -> bool:
    """Take back an own plan of the last 24 hours: its open tasks go, those that it dropped are open again. Return False
    where there is none, or it was taken back or replaced since. What was done meanwhile stays."""
    entry = past.entry(entry_id)
    if entry is None or (entry.kind, entry.subject) != (PLANNED, _subject(customer_id, due_on)):
        return False
    list(Customer.objects.select_for_update().filter(id=customer_id).values_list("id"))
    latest = made(customer_id, due_on)
    if latest is None or latest.entry_id != entry_id or not may_undo(latest, by=by, at=at):
        return False
    added, dropped = entry.data["added"], entry.data["dropped"]
    for task in Task.objects.filter(id__in=added, done_at=None, dropped_at=None).order_by("id"):
        actions.drop_task(task_id=task.pk, by=by, at=at)
    for task in Task.objects.filter(id__in=dropped, dropped_at__isnull=False).order_by("id"):
        actions.reopen_task(task_id=task.pk, by=by, at=at)
    journal.record(PLANNED, customer_id=customer_id, subject=entry.subject, by=by, at=at, data={"undone": entry_id})
    return True


def made(customer_id: int, due_on: date) -> Made | None:
    """Return the plan that stands, None where none was made or it was taken back. One query."""
    entries = past.of_subject(PLANNED, _subject(customer_id, due_on))
    undone = {one.data["undone"] for one in entries if "undone" in one.data}
    found = next((one for one in entries if "undone" not in one.data and one.id not in undone), None)
    if found is None:
        return None
    return Made(found.id, found.data["purchase"], found.by_id, found.by_name or "", found.at)


def may_undo(plan: Made, *, by: int, at: datetime) -> bool:
    """Say whether a member may still take a plan back: his own, of the last day."""
    return plan.by_id == by and at - plan.at <= UNDO_WITHIN


def _subject(customer_id: int, due_on: date) -> str:
    return f"renewal:{customer_id}:{due_on.isoformat()}"
