"""Next steps of many customers set in one step from an edited list, with one entry by which it is undone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from perennial.customers import queries as customers
from perennial.customers.bulk import UNDO_WITHIN
from perennial.kernel.journal import actions as journal
from perennial.kernel.journal import queries as past
from perennial.playbooks import queries
from perennial.playbooks.models import Task
from perennial.playbooks.queries import OPEN_TASK

EDITED = "tasks.edited"
Tasks = Mapping[int, Task]  # by customer


@transaction.atomic
def change(*, steps: Mapping[int, str], by: int, at: datetime) -> tuple[int, set[int]]:
    """Let each customer's next step be these words; return (journal entry for undo, who changed).

    The next open task reads so from now on; where there is none, the customer's owner (else who asks) gets one without
    a day. A constant number of queries for 200 customers.
    """
    known = queries.next_tasks(sorted(steps))
    before = _retitle({task.id: steps[key] for key, task in known.items()}, by=by, at=at)
    added = _add({key: title for key, title in steps.items() if key not in known}, by=by, at=at)
    after = {key: steps[key] for key in {**before, **added}}
    tasks = {key: known[key].id for key in before} | {key: task.pk for key, task in added.items()}
    entry = journal.record(EDITED, by=by, at=at, data={"tasks": _texted(tasks), "added": sorted(added)},
                           personal={"before": _texted(before), "after": _texted(after)})  # fmt: skip
    return entry, set(tasks)


@transaction.atomic
def undo(*, entry_id: int, by: int, at: datetime) -> set[int] | None:
    """Take back an own edit of the last 24 hours; return the customers that went back, None: no such edit.

    Added tasks are dropped. A task that was closed or worded anew since stays as it is. Safe to run twice.
    """
    entry = past.entry(entry_id)
    if entry is None or entry.kind != EDITED or entry.by_id != by or at - entry.at > UNDO_WITHIN:
        return None
    before, after = entry.personal.get("before", {}), entry.personal.get("after", {})
    same = {
        key: task for key, task in _locked(entry.data["tasks"].values()).items() if task.title == after.get(str(key))
    }
    back = _retitle({task.pk: before[str(key)] for key, task in same.items() if str(key) in before}, by=by, at=at)
    dropped = {key: task for key, task in same.items() if key in entry.data["added"]}
    _drop(dropped, by=by, at=at)
    return {*back, *dropped}


def _retitle(titles: Mapping[int, str], *, by: int, at: datetime) -> dict[int, str]:
    """Let open tasks read otherwise, by task; return how those that changed read before, by customer."""
    changed = {key: task for key, task in _locked(titles).items() if task.title != titles[task.pk]}
    before = {key: task.title for key, task in changed.items()}
    for task in changed.values():
        task.title = titles[task.pk]
    Task.objects.bulk_update(changed.values(), ["title"], batch_size=200)
    _tell("task.retitled", changed, {key: {} for key in changed}, by=by, at=at)
    return before


def _add(titles: Mapping[int, str], *, by: int, at: datetime) -> Tasks:
    owners = customers.owners(sorted(titles))
    tasks = {
        key: Task(customer_id=key, owner_id=owners.get(key, (None, None))[0] or by, title=title, created_by_id=by,
                  created_at=at)
        for key, title in titles.items()
    }  # fmt: skip
    Task.objects.bulk_create(tasks.values(), batch_size=500)
    told = {key: {"owner": task.owner_id, "due_on": None} for key, task in tasks.items()}
    _tell("task.added", tasks, told, by=by, at=at)
    return tasks


def _drop(tasks: Tasks, *, by: int, at: datetime) -> None:
    for task in tasks.values():
        task.dropped_at = at
    Task.objects.bulk_update(tasks.values(), ["dropped_at"], batch_size=200)
    _tell("task.dropped", tasks, {key: {} for key in tasks}, by=by, at=at)


def _locked(task_ids: Iterable[int]) -> dict[int, Task]:
    """Return those of the tasks that are open, by customer; each customer has one among them."""
    rows = Task.objects.select_for_update().filter(OPEN_TASK, id__in=sorted(task_ids)).order_by("id")
    return {task.customer_id: task for task in rows if task.customer_id is not None}


def _tell(kind: str, tasks: Tasks, data: Mapping[int, Mapping[str, Any]], *, by: int, at: datetime) -> None:
    """Write the entries that the same thing done to one task would write."""
    journal.record_each(
        kind, data, by=by, at=at,
        subjects={key: f"task:{task.pk}" for key, task in tasks.items()},
        personal={key: {"title": task.title} for key, task in tasks.items()},
    )  # fmt: skip


def _texted(values: Mapping[int, Any]) -> dict[str, Any]:
    return {str(key): value for key, value in values.items()}
