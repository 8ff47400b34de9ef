"""The customer file: who may open it, what it shows, what a person does there."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.aids import signed_in, toast
from tests.customers.books import customer
from tests.reports.files import ON, rich

from perennial.customers.models import Contact, Customer, Ownership, PortfolioRow
from perennial.engagement.models import Touchpoint
from perennial.health import actions as health
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation import actions as organisation
from perennial.lake.terms import day_number
from perennial.members.actions import create_team
from perennial.playbooks.models import PutAway, Task
from perennial.reports import portfolio
from perennial.usage.lake import METRICS_TABLE, lake, metric_keys

TABS = ("overview", "health", "people", "contracts", "usage", "tickets", "timeline")
HTMX = {"HX-Request": "true", "HX-Target": "div#file"}
WRITES: dict[str, dict[str, Any]] = {
    "log": {"channel": "call", "summary": "Hello", "happened_on": "2026-03-02"},
    "tasks": {"title": "Call", "due_on": "2026-03-05"},
    "owner": {"owner": ""},
    "facts": {"industry": "Bank", "tags": "vip"},
    "contacts": {"name": "Zhang Wei", "level": "1", "rung": "2"},
}


@pytest.fixture
def place(member: Callable[..., int], now: datetime, home: Any) -> dict[str, Any]:
    organisation.move_as_of(on=ON, by=None, at=now)
    team = create_team(name="East", by=None, at=now)
    ids = {
        "admin": member("admin"),
        "leader": member("leader", team_id=team),
        "csm": member("csm", team_id=team, name="Ann"),
        "colleague": member("csm", team_id=team, name="Bob"),
        "analyst": member("analyst"),
        "reader": member("reader"),
    }
    key = customer("Acme", at=now, owner=ids["csm"], tags=("old",))
    return {**ids, "key": key, "id": Customer.objects.get(key=key).pk, "at": f"/customers/{key}"}


def state(place: dict[str, Any]) -> tuple[int, ...]:
    """Count everything that a write could change."""
    models = (Touchpoint, Task, Contact, Ownership, JournalEntry)
    tags = Customer.objects.get(id=place["id"]).tags
    return (*(model.objects.count() for model in models), len(tags))


@pytest.mark.parametrize("who", ["admin", "leader", "csm", "analyst", "reader"])
@pytest.mark.parametrize("tab", TABS)
def test_the_file_opens_for_whom_the_customer_is_visible(place: dict[str, Any], who: str, tab: str) -> None:
    answer = signed_in(place[who]).get(f"{place['at']}?tab={tab}")
    assert answer.status_code == 200
    assert "<h1>Acme</h1>" in answer.content.decode()


def test_a_colleagues_customer_and_one_that_is_not_there_are_the_same_404(place: dict[str, Any]) -> None:
    colleague = signed_in(place["colleague"])
    paths = ["", "?tab=contracts", "/charts/events", "/log", "/facts"]
    assert {colleague.get(place["at"] + path).status_code for path in paths} == {404}
    assert signed_in(place["csm"]).get("/customers/0000000000").status_code == 404
    assert colleague.get(f"/explain/name?customer={place['key']}").status_code == 404
    assert Client().get(place["at"]).status_code == 302


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("who", ["colleague", "analyst", "reader", "nobody"])
def test_who_may_not_write_changes_nothing(place: dict[str, Any], write: str, who: str) -> None:
    before = state(place)
    client = Client() if who == "nobody" else signed_in(place[who])
    answer = client.post(f"{place['at']}/{write}", WRITES[write] | {"owner": place["admin"]})
    assert answer.status_code == (302 if who == "nobody" else 404)
    assert state(place) == before


def test_a_csm_does_not_hand_over_the_own_customer(place: dict[str, Any]) -> None:
    before = state(place)
    assert signed_in(place["csm"]).post(f"{place['at']}/owner", {"owner": place["admin"]}).status_code == 404
    assert state(place) == before


@pytest.mark.parametrize("tab", TABS)
def test_a_tab_costs_as_many_queries_at_40_rows_of_everything_as_at_one(
    place: dict[str, Any], now: datetime, tab: str
) -> None:
    counts = []
    for rows, name in ((1, "Small"), (40, "Large")):
        key = customer(name, at=now, owner=place["csm"])
        rich(key, rows=rows, by=place["csm"], at=now)
        health.score_day(ON, at=now)
        client = signed_in(place["csm"])
        client.get(f"/customers/{key}?tab={tab}")
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"/customers/{key}?tab={tab}").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 26


def test_a_reader_finds_no_amount_anywhere(place: dict[str, Any], now: datetime) -> None:
    rich(place["key"], rows=2, by=place["csm"], at=now)
    health.score_day(ON, at=now)
    portfolio.rewrite(ON, at=now)
    mine, reader = signed_in(place["csm"]), signed_in(place["reader"])
    for tab in TABS:
        seen = reader.get(f"{place['at']}?tab={tab}").content.decode()
        assert "$" not in seen and "ARR" not in seen and "MRR" not in seen and "?tab=contracts" not in seen
        assert "budget" not in seen
    seen = mine.get(f"{place['at']}?tab=contracts").content.decode()
    assert "$220.00" in seen and "$2,640" in seen and "budget" in seen


def test_without_a_renewal_date_the_file_says_so_plainly(place: dict[str, Any], now: datetime) -> None:
    from tests.contracts.books import keep, line

    keep([line("open", place["id"], "2025-06-01", None, 100_00)], at=now, on="2026-03-02")
    assert "No renewal date: open-ended" in signed_in(place["csm"]).get(place["at"]).content.decode()


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
            assert f'value="{place[who]}"' not in offered
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
    assert "Renewal within 90 days: put away by you until 1 Apr 2026" in seen
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


def test_the_owner_changes_and_goes_back(place: dict[str, Any]) -> None:
    client = signed_in(place["leader"])
    answer = client.post(f"{place['at']}/owner", {"owner": place["colleague"]}, headers=HTMX)
    assert Ownership.objects.current().get(customer_id=place["id"]).member_id == place["colleague"]
    client.post(json.loads(answer["HX-Trigger"])["toast"]["undo"], headers=HTMX)
    assert Ownership.objects.current().get(customer_id=place["id"]).member_id == place["csm"]


def test_who_gives_a_customer_out_of_the_own_sight_is_led_to_the_list(place: dict[str, Any], member: Any) -> None:
    far = member("csm")
    answer = signed_in(place["leader"]).post(f"{place['at']}/owner", {"owner": far}, headers=HTMX)
    assert answer["HX-Redirect"] == "/customers"


def test_facts_change_and_go_back_and_only_for_who_changed_them(place: dict[str, Any]) -> None:
    client = signed_in(place["csm"])
    answer = client.post(f"{place['at']}/facts", {"industry": "Bank", "tags": "vip，new, vip"}, headers=HTMX)
    made = Customer.objects.get(id=place["id"])
    assert (made.industry, made.tags, made.country) == ("Bank", ["new", "vip"], None)
    undo = json.loads(answer["HX-Trigger"])["toast"]["undo"]
    assert signed_in(place["admin"]).post(undo, headers=HTMX).status_code == 404
    assert Customer.objects.get(id=place["id"]).industry == "Bank"
    client.post(undo, headers=HTMX)
    made.refresh_from_db()
    assert (made.industry, made.tags) == (None, ["old"])


def test_the_same_facts_again_change_nothing(place: dict[str, Any]) -> None:
    before = state(place)
    signed_in(place["csm"]).post(f"{place['at']}/facts", {"tags": "old"}, headers=HTMX)
    assert state(place) == before


def test_own_fields_keep_their_type_and_their_value(place: dict[str, Any]) -> None:
    Customer.objects.filter(id=place["id"]).update(custom={"Seats": 12, "Note": "a", "Gone": None})
    signed_in(place["csm"]).post(
        f"{place['at']}/facts", {"tags": "old", "custom:Seats": "15", "custom:Note": "", "custom:Gone": ""}
    )
    assert Customer.objects.get(id=place["id"]).custom == {"Seats": 15, "Note": None, "Gone": None}


def test_a_contact_is_added_and_corrected_as_the_next_version(place: dict[str, Any]) -> None:
    client = signed_in(place["csm"])
    client.post(f"{place['at']}/contacts", WRITES["contacts"])
    first = Contact.objects.current().get()
    assert (first.name, first.level, first.rung) == ("Zhang Wei", 1, 2)
    client.post(f"{place['at']}/contacts/{first.fact}", WRITES["contacts"] | {"rung": "4", "left_on": "2026-03-01"})
    now = Contact.objects.current().get()
    assert (now.rung, now.left_on, Contact.objects.count()) == (4, date(2026, 3, 1), 2)
    assert (
        signed_in(place["colleague"]).post(f"{place['at']}/contacts/{first.fact}", WRITES["contacts"]).status_code
        == 404
    )


def _usage(customer_id: int, at: datetime, **values: float | None) -> None:
    days = [ON - timedelta(days=back) for back in range(3, -1, -1)]
    columns: dict[str, Any] = {
        "customer": pa.array([customer_id] * 4, pa.int64()),
        "day": pa.array([day_number(day) for day in days], pa.int32()),
    }
    columns |= {key: pa.array([values.get(key)] * 4, pa.float64()) for key in metric_keys()}
    lake().write_days(
        METRICS_TABLE, pa.table(columns), from_day=day_number(days[0]), until_day=day_number(ON) + 1, at=at
    )


def test_where_a_source_names_no_users_it_is_said_and_no_zero_stands_there(
    place: dict[str, Any], now: datetime
) -> None:
    _usage(place["id"], now, days_since_last=0.0, logins_7d=5.0, breadth_28d=2.0)
    portfolio.rewrite(ON, at=now)
    client = signed_in(place["csm"])
    seen = client.get(f"{place['at']}?tab=usage").content.decode()
    assert "This source names no users" in seen
    assert "/charts/users" not in seen and "/charts/events" in seen
    users = client.get(f"{place['at']}/charts/users").json()
    assert {value for one in users["series"] for value in one["values"]} == {None}
    logins = client.get(f"{place['at']}/charts/logins").json()
    assert logins["series"][0]["values"] == [None] * 87 + [5.0] * 4
    assert len(logins["x"]) == 91


def test_without_any_usage_the_tab_is_empty_and_says_what_belongs_there(place: dict[str, Any]) -> None:
    client = signed_in(place["csm"])
    seen = client.get(f"{place['at']}?tab=usage").content.decode()
    assert "No usage is known" in seen and "data-chart" not in seen
    assert client.get(f"{place['at']}/charts/nothing").status_code == 404


def test_the_older_part_of_the_time_line_follows_on_the_first(place: dict[str, Any], now: datetime) -> None:
    rich(place["key"], rows=40, by=place["csm"], at=now)
    client = signed_in(place["csm"])
    first = client.get(f"{place['at']}?tab=timeline&kind=touchpoints").content.decode()
    assert first.count("Call ") == 40 and "after=" not in first
    everything = client.get(f"{place['at']}?tab=timeline").content.decode()
    mark = everything.split("after=")[1].split('"')[0]
    older = client.get(
        f"{place['at']}?tab=timeline&after={mark}", headers={"HX-Request": "true", "HX-Target": "li#older"}
    )
    assert older.status_code == 200 and "<html" not in older.content.decode()
    assert client.get(f"{place['at']}?tab=timeline&after=x").status_code == 404


def test_a_number_opens_on_lists_and_in_the_file(place: dict[str, Any], now: datetime) -> None:
    rich(place["key"], rows=2, by=place["csm"], at=now)
    client = signed_in(place["csm"])
    alone, of_customer = client.get("/explain/mrr"), client.get(f"/explain/mrr?customer={place['key']}")
    assert "Monthly recurring revenue" in alone.content.decode()
    assert "$220.00" in of_customer.content.decode() and "$110.00" in of_customer.content.decode()
    assert signed_in(place["reader"]).get("/explain/mrr").status_code == 404
    assert client.get("/explain/nothing").status_code == 404


def test_a_file_that_stays_open_asks_for_newer_figures_and_gets_nothing_until_there_are_any(
    place: dict[str, Any], now: datetime
) -> None:
    client, asks = signed_in(place["csm"]), {"HX-Request": "true", "HX-Target": "div#head"}
    row = PortfolioRow.objects.get(customer=place["id"])
    written = client.get(place["at"]).content.decode()
    address = f"{place['at']}?tab=health&seen={quote(row.updated_at.isoformat())}"
    assert f"?tab=overview&amp;seen={quote(row.updated_at.isoformat())}" in written
    assert client.get(address, headers=asks).status_code == 204
    PortfolioRow.objects.filter(pk=row.pk).update(updated_at=now + timedelta(seconds=5))
    newer = client.get(address, headers=asks)
    assert (newer.status_code, newer["HX-Trigger"]) == (200, "newer")
    assert newer.content.decode().count('id="head"') == 1 and "Contacts" not in newer.content.decode()
    assert "HX-Trigger" not in client.get(address.replace("health", "people"), headers=asks)
    assert signed_in(place["colleague"]).get(address, headers=asks).status_code == 404
