"""Notes, calls, tasks and what is put away: written in the customer file and taken back."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from tests.aids import signed_in, toast
from tests.customers.books import customer
from tests.pages.customer_file import HTMX, WRITES, state
from tests.reports.files import ON

from perennial.customers.models import Customer
from perennial.engagement.models import Touchpoint
from perennial.kernel.journal.models import JournalEntry
from perennial.playbooks.models import PutAway, Task


def test_a_note_takes_a_line_and_stands_in_the_file_at_once(place: dict[str, Any]) -> None:
    answer = signed_in(place["csm"]).post(
        f"{place['at']}/log", WRITES["log"] | {"next_step": "Send the offer"}, headers=HTMX
    )
    assert answer.status_code == 200
    assert json.loads(answer["HX-Trigger"])["toast"]["kind"] == "good"
    assert answer["HX-Retarget"] == "#file"
    assert "Hello" in answer.content.decode()
    made = Touchpoint.objects.get()
    assert (made.channel, made.summary, made.next_step, made.member_id) == (
        "call",
        "Hello",
        "Send the offer",
        place["csm"],
    )
    assert made.happened_at.date() == date(2026, 3, 2)


def test_a_logged_call_with_a_next_step_makes_a_task_and_is_taken_back_with_it_and_stands_again(
    place: dict[str, Any],
) -> None:
    client = signed_in(place["csm"])
    fields = WRITES["log"] | {"next_step": "Send the offer", "due_on": "2026-03-05", "owner": place["leader"]}
    logged = toast(client.post(f"{place['at']}/log", fields, headers=HTMX))
    assert logged["text"] == "Logged. Task for Leader 2 by Thu 5 Mar 2026."
    task = Task.objects.get()
    assert (task.title, task.owner_id, task.customer_id) == ("Send the offer", place["leader"], place["id"])
    back = client.post(logged["undo"], headers=HTMX)
    assert "Hello" not in back.content.decode() and "Send the offer" not in back.content.decode()
    assert Task.objects.get().dropped_at is not None
    again = client.post(toast(back)["undo"], headers=HTMX)
    assert "Hello" in again.content.decode() and "Send the offer" in again.content.decode()
    assert Task.objects.get().dropped_at is None
    kinds = JournalEntry.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds)[-6:] == ["touchpoint.logged", "task.added", "touchpoint.retracted", "task.dropped",
                                "touchpoint.restored", "task.reopened"]  # fmt: skip


def test_an_entry_is_taken_back_from_the_timeline_by_its_author_and_who_leads_the_team(
    place: dict[str, Any], now: datetime
) -> None:
    signed_in(place["csm"]).post(f"{place['at']}/log", WRITES["log"])
    address = f"{place['at']}/log/{Touchpoint.objects.get().fact}/retract"
    for who, sees in (("csm", True), ("leader", True), ("admin", True), ("analyst", False), ("reader", False)):
        seen = signed_in(place[who]).get(f"{place['at']}?tab=timeline").content.decode()
        assert (address in seen) is sees, who
    for who in ("colleague", "analyst", "reader"):
        assert signed_in(place[who]).post(address).status_code == 404
    assert Touchpoint.objects.current().count() == 1
    assert "taken back" in toast(signed_in(place["leader"]).post(address, headers=HTMX))["text"]
    assert not Touchpoint.objects.current().exists()
    line = signed_in(place["csm"]).get(f"{place['at']}?tab=timeline").content.decode()
    assert "Log entry taken back" in line and "Hello" not in line
    assert signed_in(place["colleague"]).post(address.replace("retract", "restore")).status_code == 404


def test_an_imported_entry_is_not_taken_back(place: dict[str, Any], now: datetime) -> None:
    Touchpoint(customer_id=place["id"], member_id=place["csm"], channel="call", summary="Imported", source="crm",
               external_id="T1", happened_at=now, learned_at=now).save()  # fmt: skip
    client = signed_in(place["csm"])
    seen = client.get(f"{place['at']}?tab=timeline").content.decode()
    assert "Imported" in seen and "/retract" not in seen
    assert client.post(f"{place['at']}/log/{Touchpoint.objects.get().fact}/retract").status_code == 404


def test_who_only_looks_is_offered_neither_as_csm_nor_for_a_task_and_refused_when_sent(place: dict[str, Any]) -> None:
    before, leader = state(place), signed_in(place["leader"])
    for form in ("owner", "tasks", "log"):
        offered = leader.get(f"{place['at']}/{form}", headers=HTMX).content.decode()
        assert f'value="{place["colleague"]}"' in offered
        for who in ("analyst", "reader"):
            assert f'value="{place[who]}"' not in re.sub('<select name="rating".*?</select>', "", offered, flags=re.S)
            sent = WRITES[form] | {"owner": place[who], "next_step": "x", "due_on": "2026-03-05"}
            assert leader.post(f"{place['at']}/{form}", sent, headers=HTMX).status_code == 422
    assert state(place) == before


def test_what_is_put_away_is_said_in_the_file_instead_of_nothing_and_brought_back_there(
    place: dict[str, Any], now: datetime
) -> None:
    away = PutAway.objects.create(customer_id=place["id"], rule="renewal_due", why="wrong_data", on=ON,
                                  until_on=ON + timedelta(days=30), by_id=place["csm"], at=now)  # fmt: skip
    client = signed_in(place["csm"])
    seen = client.get(place["at"]).content.decode()
    assert "Nothing is open here" not in seen
    assert "Renewal in danger: put away by you until 1 Apr 2026" in seen
    assert "put away by Ann until" in signed_in(place["leader"]).get(place["at"]).content.decode()
    address = f"{place['at']}/put-away/{away.pk}/bring-back"
    for who in ("colleague", "analyst", "reader"):
        assert signed_in(place[who]).post(address).status_code == 404
    assert "Nothing is open here" in client.post(address, headers=HTMX).content.decode()
    away.refresh_from_db()
    assert away.ended_by_id == place["csm"]
    assert client.post(address, headers=HTMX).status_code == 404


def test_a_task_that_was_added_is_dropped_again(place: dict[str, Any]) -> None:
    client = signed_in(place["csm"])
    added = client.post(f"{place['at']}/tasks", WRITES["tasks"] | {"owner": place["csm"]}, headers=HTMX)
    dropped = client.post(toast(added)["undo"], headers=HTMX)
    assert Task.objects.get().dropped_at is not None
    client.post(toast(dropped)["undo"], headers=HTMX)
    assert Task.objects.get().dropped_at is None


@pytest.mark.parametrize(
    "wrong", [{"summary": " "}, {"channel": "smoke"}, {"happened_on": "2026-03-03"}, {"contact": "x"}]
)
def test_a_wrong_entry_comes_back_with_its_error_and_what_was_written(
    place: dict[str, Any], wrong: dict[str, str]
) -> None:
    before = state(place)
    answer = signed_in(place["csm"]).post(
        f"{place['at']}/log", WRITES["log"] | {"next_step": "Kept"} | wrong, headers=HTMX
    )
    assert answer.status_code == 422
    assert answer["HX-Retarget"] == "#log-form"
    assert "Kept" in answer.content.decode() and "errorlist" in answer.content.decode()
    assert state(place) == before


def test_a_task_is_added_done_and_open_again(place: dict[str, Any]) -> None:
    client = signed_in(place["csm"])
    due = {"owner": place["csm"], "due_on": "2026-03-02"}
    added = client.post(f"{place['at']}/tasks", WRITES["tasks"] | due, headers=HTMX).content.decode()
    assert '<span class="count" id="count-today" hx-swap-oob="true">1</span>' in added
    task = Task.objects.get()
    assert (task.title, task.due_on, task.owner_id) == ("Call", date(2026, 3, 2), place["csm"])
    answer = client.post(f"{place['at']}/tasks/{task.pk}/done", headers=HTMX)
    task.refresh_from_db()
    assert task.done_at is not None
    client.post(json.loads(answer["HX-Trigger"])["toast"]["undo"], headers=HTMX)
    task.refresh_from_db()
    assert task.done_at is None


def test_another_customers_task_is_not_done_from_here(place: dict[str, Any], now: datetime) -> None:
    other = Customer.objects.get(key=customer("Birch", at=now, owner=place["colleague"]))
    task = Task.objects.create(customer=other, owner_id=place["colleague"], title="Theirs", created_at=now)
    assert signed_in(place["admin"]).post(f"{place['at']}/tasks/{task.pk}/done").status_code == 404
    task.refresh_from_db()
    assert task.done_at is None
