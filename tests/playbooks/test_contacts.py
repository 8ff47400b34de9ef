"""A contact in one step: the entry, its task, the settled customer; taken back in one step; each of it once."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from tests.playbooks.rows import AT, ON, row

from perennial.engagement.models import Touchpoint
from perennial.engagement.terms import LogEntry
from perennial.kernel.journal.models import JournalEntry
from perennial.playbooks import actions, contacts
from perennial.playbooks.actions import PlaybookError
from perennial.playbooks.contacts import Step
from perennial.playbooks.models import Task, TodayItem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation")]
FRIDAY, LATER = date(2025, 1, 3), AT + timedelta(hours=1)


@pytest.fixture
def item(member: Any) -> TodayItem:
    row("One", owner=member("csm"), next_renewal_on=ON)
    actions.plan_today(ON, at=AT)
    return TodayItem.objects.get()


def entry(item: TodayItem, channel: str = "call") -> LogEntry:
    return LogEntry(customer_id=item.customer_id, channel=channel, summary="Spoke", happened_at=AT,
                    next_step="Send the offer", fact=uuid.uuid4())  # fmt: skip


def now(item: TodayItem) -> tuple[bool, bool]:
    """Return whether the item is done, and whether a contact stands behind it."""
    item.refresh_from_db()
    return item.done_at is not None, item.is_contact


def test_one_step_writes_the_entry_its_task_and_settles_the_customer_and_twice_is_once(item: TodayItem) -> None:
    me = item.owner_id or 0
    said = entry(item)
    for _ in range(2):
        fact = contacts.log(entry=said, step=Step(me, FRIDAY), item_id=item.pk, by=me, at=AT)
    task = Task.objects.get()
    assert (task.title, task.due_on, task.owner_id, task.created_by_id, task.customer_id, task.touchpoint) == (
        "Send the offer", FRIDAY, me, me, item.customer_id, fact,
    )  # fmt: skip
    assert Touchpoint.objects.count() == 1
    assert now(item) == (True, True)


def test_taken_back_the_entry_the_task_and_the_decision_are_gone_and_the_journal_says_so(item: TodayItem) -> None:
    me = item.owner_id or 0
    fact = contacts.log(entry=entry(item), step=Step(me, FRIDAY), item_id=item.pk, by=me, at=AT)
    assert contacts.take_back(fact=fact, by=me, at=LATER) is True
    assert contacts.take_back(fact=fact, by=me, at=LATER) is False
    assert not Touchpoint.objects.current().exists()
    assert Task.objects.get().dropped_at == LATER
    assert now(item) == (False, False)
    kinds = JournalEntry.objects.filter(at=LATER).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["touchpoint.retracted", "task.dropped", "today.reopened"]


def test_what_was_taken_back_stands_again_with_its_task(item: TodayItem) -> None:
    me = item.owner_id or 0
    fact = contacts.log(entry=entry(item), step=Step(me, FRIDAY), by=me, at=AT)
    contacts.take_back(fact=fact, by=me, at=LATER)
    assert contacts.bring_back(fact=fact, by=me, at=LATER) is True
    assert contacts.bring_back(fact=fact, by=me, at=LATER) is False
    assert Touchpoint.objects.current().get().fact == fact
    assert Task.objects.get().dropped_at is None


def test_a_task_that_was_done_meanwhile_stays_done(item: TodayItem) -> None:
    me = item.owner_id or 0
    fact = contacts.log(entry=entry(item), step=Step(me, FRIDAY), by=me, at=AT)
    actions.complete_task(task_id=Task.objects.get().pk, by=me, at=AT)
    contacts.take_back(fact=fact, by=me, at=LATER)
    assert (Task.objects.get().done_at, Task.objects.get().dropped_at) == (AT, None)


def test_a_note_settles_without_a_contact_and_is_taken_back_as_well(item: TodayItem) -> None:
    me = item.owner_id or 0
    fact = contacts.log(entry=entry(item, "note"), item_id=item.pk, by=me, at=AT)
    assert now(item) == (True, False)
    contacts.take_back(fact=fact, by=me, at=LATER)
    assert now(item) == (False, False)


def test_a_customer_that_was_done_first_takes_up_the_contact_and_stays_done_without_it(item: TodayItem) -> None:
    me = item.owner_id or 0
    actions.finish(item_id=item.pk, by=me, at=AT)
    assert now(item) == (True, False)
    fact = contacts.log(entry=entry(item), item_id=item.pk, by=me, at=LATER)
    assert now(item) == (True, True)
    contacts.take_back(fact=fact, by=me, at=LATER)
    assert now(item) == (True, False)


def test_without_a_day_a_next_step_makes_no_task(item: TodayItem) -> None:
    contacts.log(entry=entry(item), by=item.owner_id or 0, at=AT)
    assert not Task.objects.exists()
    assert Touchpoint.objects.get().next_step == "Send the offer"


@pytest.mark.parametrize("role", ["reader", "analyst"])
def test_who_writes_no_tasks_gets_none_and_then_nothing_at_all_is_written(
    item: TodayItem, member: Any, role: str
) -> None:
    me, looker = item.owner_id or 0, member(role)
    with pytest.raises(PlaybookError):
        contacts.log(entry=entry(item), step=Step(looker, FRIDAY), item_id=item.pk, by=me, at=AT)
    with pytest.raises(PlaybookError):
        contacts.log(entry=replace(entry(item), next_step=" "), step=Step(me, FRIDAY), item_id=item.pk, by=me, at=AT)
    with pytest.raises(PlaybookError):
        actions.delegate(item_id=item.pk, to=looker, title="x", due_on=FRIDAY, by=me, at=AT)
    assert not Touchpoint.objects.exists() and not Task.objects.exists()
    assert now(item) == (False, False)
