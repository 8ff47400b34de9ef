"""A plan's tasks in its room: changed, removed, both taken back; by nobody who does not see the customer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from tests.aids import signed_in
from tests.insights.books import annual

from perennial.customers.models import Customer
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation.models import Organisation
from perennial.playbooks import actions as playbooks
from perennial.playbooks.models import Task
from perennial.renewals import plans

DUE = date(2026, 4, 10)


@pytest.fixture
def found(member: Callable[..., int], now: datetime) -> dict[str, Any]:
    """Wei has a customer due on 10 April, with one task in its plan; Mei has none."""
    Organisation.objects.update(as_of_on=date(2026, 3, 2))
    wei, mei = member("csm", name="Wei"), member("csm", name="Mei")
    customer = Customer.objects.get(id=annual(stay=1, leave=0, at=now, month=4, last=2025, owner=wei)["4 stays 0"])
    task = playbooks.add_task(customer_id=customer.pk, owner_id=wei, title="Ask for the budget",
                              due_on=date(2026, 3, 20), by=wei, at=now)  # fmt: skip
    plans.add(customer_id=customer.pk, due_on=DUE, task_id=task, purchase="direct", step="budget", node="budget")
    room = f"/renewals/{customer.key}/2026-04-10"
    return {"wei": wei, "mei": mei, "task": task, "room": room, "at": f"{room}/tasks/{task}"}


def told(task: int) -> tuple[str, int, str, bool]:
    one = Task.objects.get(id=task)
    return one.title, one.owner_id, str(one.due_on), one.dropped_at is not None


def undo_of(page: str, what: str) -> str:
    start = page.index("/tasks/", page.index("data-undo"))
    address = page[page.rindex('"', 0, start) + 1 : page.index('"', start)]
    assert what in address
    return address


def test_a_step_is_changed_in_a_form_and_changed_back(found: dict[str, Any]) -> None:
    wei, at = signed_in(found["wei"]), found["at"]
    form = wei.get(at).content.decode()
    assert 'value="Ask for the budget"' in form
    assert 'value="2026-03-20"' in form
    assert f'data-key="c" hx-get="{at}"' in wei.get(found["room"]).content.decode()
    before = told(found["task"])
    sent = {"title": "Ask for the budget of 2027", "owner": str(found["mei"]), "due_on": "2026-03-25"}
    assert wei.post(at, sent).status_code == 204
    after = ("Ask for the budget of 2027", found["mei"], "2026-03-25", False)
    assert told(found["task"]) == after
    entry = JournalEntry.objects.get(kind="task.changed")
    assert (entry.data["to"]["owner"], entry.personal.payload["before"]) == (found["mei"], "Ask for the budget")
    undo = undo_of(wei.get(found["room"]).content.decode(), f"/back/{entry.pk}")
    assert wei.post(undo).status_code == 204
    assert told(found["task"]) == before
    wei.post(undo)
    assert "not taken back any more" in wei.get(found["room"]).content.decode(), "once"
    assert told(found["task"]) == before


def test_what_changes_nothing_is_no_change_and_what_is_wrong_stays_in_the_form(found: dict[str, Any]) -> None:
    wei, before = signed_in(found["wei"]), told(found["task"])
    same = {"title": "Ask for the budget", "owner": str(found["wei"]), "due_on": "2026-03-20"}
    assert wei.post(found["at"], same).status_code == 204
    assert not JournalEntry.objects.filter(kind="task.changed").exists()
    for wrong in ({"title": " "}, {"owner": "0"}, {"due_on": "soon"}):
        answer = wei.post(found["at"], {**same, **wrong})
        assert answer.status_code == 422, wrong
    assert told(found["task"]) == before


def test_a_step_is_removed_and_put_back(found: dict[str, Any]) -> None:
    wei = signed_in(found["wei"])
    assert wei.post(f"{found['at']}/drop").status_code == 204
    assert told(found["task"])[3]
    page = wei.get(found["room"]).content.decode()
    assert "No plan yet" in page
    assert wei.get(found["at"]).status_code == 404, "it is no part of the plan any more"
    assert wei.post(undo_of(page, "/restore")).status_code == 204
    assert not told(found["task"])[3]
    assert "Ask for the budget" in wei.get(found["room"]).content.decode()
    assert wei.post(f"{found['at']}/restore").status_code == 404, "it is there"


def test_a_change_is_taken_back_by_who_made_it_within_a_day_and_while_it_stands(
    found: dict[str, Any], now: datetime
) -> None:
    def change(title: str) -> int:
        made = playbooks.change_task(task_id=found["task"], title=title, owner_id=found["wei"], due_on=None,
                                     by=found["wei"], at=now)  # fmt: skip
        assert made is not None
        return made

    def back(entry: int, who: int, days: int = 0) -> bool:
        return playbooks.change_back(entry_id=entry, task_id=found["task"], by=who, at=now + timedelta(days=days))

    first = change("One")
    assert not back(first, found["mei"])
    assert not back(first, found["wei"], days=2)
    second = change("Two")
    assert not back(first, found["wei"]), "it reads otherwise since"
    assert back(second, found["wei"])
    playbooks.complete_task(task_id=found["task"], by=found["wei"], at=now)
    assert not back(first, found["wei"]), "it is done"
    assert signed_in(found["wei"]).get(found["at"]).status_code == 404, "what is done is not changed"
    with pytest.raises(playbooks.PlaybookError):
        change("Three")


def test_who_does_not_see_the_customer_or_writes_no_tasks_gets_nothing(
    found: dict[str, Any], member: Callable[..., int], now: datetime
) -> None:
    sent = {"title": "Mine", "owner": str(found["mei"]), "due_on": ""}
    before = told(found["task"])
    entry = playbooks.change_task(task_id=found["task"], title="Ask", owner_id=found["wei"], due_on=None,
                                  by=found["wei"], at=now)  # fmt: skip
    after = told(found["task"])
    assert after != before
    for who, answers in ((found["mei"], {404}), (member("analyst"), {403, 404})):
        client = signed_in(who)
        assert client.get(found["at"]).status_code in answers
        for path in ("", "/drop", "/restore", f"/back/{entry}", "/done"):
            assert client.post(found["at"] + path, sent).status_code in answers, path
    assert told(found["task"]) == after
    other = playbooks.add_task(customer_id=None, owner_id=found["wei"], title="No step", due_on=None, by=found["wei"],
                               at=now)  # fmt: skip
    for path in ("", "/drop", "/restore"):
        address = f"{found['room']}/tasks/{other}{path}"
        assert signed_in(found["wei"]).post(address, sent).status_code == 404, "a task of another plan"
