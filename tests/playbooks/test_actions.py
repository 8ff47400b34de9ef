"""Tasks and decisions: who, when, told once, and each can be taken back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from tests.playbooks.rows import AT, ON, row

from perennial.kernel.journal.models import JournalEntry
from perennial.playbooks import actions, queries
from perennial.playbooks.actions import PlaybookError
from perennial.playbooks.models import Task, TodayItem
from perennial.playbooks.terms import NextTask

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation")]
FRIDAY = date(2025, 1, 3)


def kinds() -> list[str]:
    return list(JournalEntry.objects.filter(kind__regex="^(task|today)").order_by("id").values_list("kind", flat=True))


def test_a_task_is_added_done_reopened_moved_and_dropped_each_told_once(member: Any) -> None:
    me = member("csm")
    task = actions.add_task(customer_id=None, owner_id=me, title="  Call \n 王工 ", due_on=ON, by=me, at=AT)
    assert Task.objects.get().title == "Call 王工"
    for _ in range(2):
        actions.complete_task(task_id=task, by=me, at=AT)
    actions.reopen_task(task_id=task, by=me, at=AT)
    for _ in range(2):
        actions.change_due(task_id=task, due_on=FRIDAY, by=me, at=AT)
    actions.drop_task(task_id=task, by=me, at=AT)
    assert kinds() == ["task.added", "task.completed", "task.reopened", "task.moved", "task.dropped"]
    assert Task.objects.get().due_on == FRIDAY
    added = JournalEntry.objects.get(kind="task.added")
    assert added.data == {"owner": me, "due_on": "2024-12-31"}
    assert added.personal.payload == {"title": "Call 王工"}


def test_a_task_needs_words_and_a_closed_one_is_not_moved(member: Any) -> None:
    me = member("csm")
    with pytest.raises(PlaybookError):
        actions.add_task(customer_id=None, owner_id=me, title=" \n", due_on=None, by=me, at=AT)
    task = actions.add_task(customer_id=None, owner_id=me, title="x", due_on=None, by=me, at=AT)
    actions.complete_task(task_id=task, by=me, at=AT)
    with pytest.raises(PlaybookError):
        actions.change_due(task_id=task, due_on=FRIDAY, by=me, at=AT)
    assert Task.objects.get().due_on is None


@pytest.fixture
def item(member: Any) -> TodayItem:
    row("One", owner=member("csm"), next_renewal_on=ON)
    actions.plan_today(ON, at=AT)
    return TodayItem.objects.get()


def test_only_the_first_decision_counts_until_it_is_taken_back(item: TodayItem) -> None:
    me = item.owner_id
    assert me is not None
    actions.finish(item_id=item.pk, by=me, at=AT)
    actions.snooze(item_id=item.pk, until_on=FRIDAY, by=me, at=AT)
    item.refresh_from_db()
    assert (item.done_at, item.is_contact, item.snoozed_until_on, item.decided_by_id) == (AT, False, None, me)
    actions.reopen(item_id=item.pk, by=me, at=AT)
    actions.reopen(item_id=item.pk, by=me, at=AT)
    item.refresh_from_db()
    assert (item.done_at, item.decided_by_id) == (None, None)
    assert kinds() == ["today.done", "today.reopened"]
    assert JournalEntry.objects.get(kind="today.done").data == {"rules": ["renewal_due"], "contact": False}


@pytest.mark.parametrize("day", [ON, ON - timedelta(days=1), ON + timedelta(days=400)])
def test_a_thing_is_put_off_to_a_later_day_within_a_year(item: TodayItem, day: date) -> None:
    with pytest.raises(PlaybookError):
        actions.snooze(item_id=item.pk, until_on=day, by=item.owner_id or 0, at=AT)
    item.refresh_from_db()
    assert item.snoozed_until_on is None


def test_delegating_makes_a_task_and_waits_for_its_day(item: TodayItem, member: Any) -> None:
    me, colleague = item.owner_id or 0, member("csm")
    task = actions.delegate(item_id=item.pk, to=colleague, title="Ask for the date", due_on=FRIDAY, by=me, at=AT)
    item.refresh_from_db()
    made = Task.objects.get(id=task)
    assert item.snoozed_until_on == FRIDAY
    assert (made.owner_id, made.created_by_id, made.customer_id, made.due_on) == (
        colleague, me, item.customer_id, FRIDAY,
    )  # fmt: skip
    with pytest.raises(PlaybookError):
        actions.delegate(item_id=item.pk, to=colleague, title="Again", due_on=FRIDAY, by=me, at=AT)
    assert Task.objects.count() == 1


def test_the_next_task_of_a_customer_is_its_earliest_open_one(member: Any) -> None:
    me, one = member("csm"), row("One")
    for day in (FRIDAY, ON, None):
        actions.add_task(customer_id=one, owner_id=me, title=str(day), due_on=day, by=me, at=AT)
    friday, today, undated = Task.objects.order_by("id").values_list("id", flat=True)
    assert queries.next_tasks() == {one: NextTask(today, ON, "2024-12-31")}
    actions.complete_task(task_id=today, by=me, at=AT)
    assert queries.next_tasks([one]) == {one: NextTask(friday, FRIDAY, "2025-01-03")}
    assert queries.next_tasks([one + 1]) == {}
    actions.drop_task(task_id=friday, by=me, at=AT)
    assert queries.next_tasks() == {one: NextTask(undated, None, "None")}


def test_of_tasks_due_on_one_day_the_older_one_is_next(member: Any) -> None:
    me, one, two = member("csm"), row("One"), row("Two")
    made = [
        actions.add_task(customer_id=customer, owner_id=me, title="Call", due_on=ON, by=me, at=AT)
        for customer in (one, one, two)
    ]
    actions.add_task(customer_id=None, owner_id=me, title="Nobody's", due_on=ON, by=me, at=AT)
    assert {customer: task.id for customer, task in queries.next_tasks().items()} == {one: made[0], two: made[2]}
