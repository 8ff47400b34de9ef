"""What is logged and taken back is followed by the portfolio row and by Today, as the worker does it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.playbooks.rows import AT, ON, change, row

from perennial.customers.models import PortfolioRow
from perennial.engagement import actions as engagement
from perennial.engagement.terms import LogEntry
from perennial.jobs import reactions, worker
from perennial.kernel.organisation.actions import move_as_of
from perennial.kernel.queue import actions as queue
from perennial.playbooks import actions, contacts
from perennial.playbooks.contacts import Step
from perennial.playbooks.models import TodayItem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation", "home")]


def work() -> None:
    """Do what the journal asks for, as a worker does."""
    reactions.dispatch(at=worker.now())
    while claimed := queue.claim(at=worker.now(), kinds=["refresh"]):
        worker.perform(claimed)


def seen(customer: int) -> tuple[date | None, date | None, list[str]]:
    """Return the last touch and the next task of the row, and the reasons on Today."""
    found = PortfolioRow.objects.get(customer_id=customer)
    item = TodayItem.objects.filter(on=ON, customer_id=customer).first()
    return found.last_touch_on, found.next_task_on, [reason["rule"] for reason in item.reasons] if item else []


def test_last_contact_next_task_and_today_follow_the_entry_and_its_retraction(member: Any) -> None:
    me = member("csm")
    move_as_of(on=ON, by=None, at=AT)
    one = row("One", owner=me)
    long_ago = datetime(2024, 12, 1, 4, tzinfo=UTC)
    engagement.log(LogEntry(one, "call", "Long ago", long_ago), by=me, at=long_ago)
    actions.plan_today(ON, at=AT)
    work()
    assert seen(one) == (date(2024, 12, 1), None, [])

    fact = contacts.log(entry=LogEntry(one, "call", "Now", AT, next_step="Send it"), step=Step(me, ON), by=me, at=AT)
    work()
    # The row was written anew from the rooms, which know no contract: such a customer is on the day for its task alone.
    assert seen(one) == (ON, ON, ["task_due"])

    contacts.take_back(fact=fact, by=me, at=AT + timedelta(minutes=1))
    work()
    assert seen(one) == (date(2024, 12, 1), None, [])

    only = contacts.log(entry=LogEntry(one, "mail", "No task", AT), by=me, at=AT + timedelta(minutes=1))
    work()
    assert seen(one)[0] == ON
    contacts.take_back(fact=only, by=me, at=AT + timedelta(minutes=1))
    work()
    assert seen(one)[0] == date(2024, 12, 1)
    contacts.bring_back(fact=only, by=me, at=AT + timedelta(minutes=1))
    work()
    assert seen(one)[0] == ON

    contacts.bring_back(fact=fact, by=me, at=AT + timedelta(minutes=2))
    work()
    assert seen(one) == (ON, ON, ["task_due"])


def test_a_day_that_was_not_planned_for_all_is_not_begun_with_one(member: Any) -> None:
    me = member("csm")
    move_as_of(on=ON, by=None, at=AT)
    one = row("One", owner=me)
    change(one, overdue_tickets=1)
    actions.add_task(customer_id=one, owner_id=me, title="Call", due_on=ON, by=me, at=AT)
    work()
    assert seen(one) == (None, ON, [])
