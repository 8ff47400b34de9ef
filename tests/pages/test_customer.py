"""The customer file: who may open it, what it shows, what a person does there."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.aids import signed_in
from tests.customers.books import customer
from tests.pages.customer_file import HTMX, WRITES, state
from tests.reports.files import ON, rich

from perennial.customers.models import Contact, Customer, Ownership, PortfolioRow
from perennial.health import actions as health
from perennial.lake.terms import day_number
from perennial.reports import portfolio
from perennial.usage.lake import METRICS_TABLE, lake, metric_keys

TABS = ("overview", "health", "people", "contracts", "usage", "tickets", "timeline")


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
    assert counts[0] == counts[1] <= 27


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
