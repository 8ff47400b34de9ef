"""The usage of a whole group on the customer file: the switch, its figures, its customers, and who is left out."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.aids import signed_in, told
from tests.usage.events import ON, ago, happened

from perennial.customers import actions as customers
from perennial.customers.models import Customer
from perennial.customers.terms import CustomerFacts
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation import actions as organisation
from perennial.reports import portfolio
from perennial.usage import actions

TREE = {"Top": None, "Left": "Top", "Right": "Top", "Lonely": None}


@pytest.fixture
def place(member: Callable[..., int], now: datetime, home: Path) -> dict[str, Any]:
    """Left and Right lie below Top; Ada works for both, Eve for Left. Ann has all three, Bob Top and Left alone."""
    organisation.move_as_of(on=ON, by=None, at=now)
    who = {"admin": member("admin"), "csm": member("csm", name="Ann"), "leader": member("leader")}
    facts = [CustomerFacts(source="crm", external_id=key, name=key, parent_external_id=up) for key, up in TREE.items()]
    ids = customers.upsert(facts, by=None, at=now)[0]
    mine = {ids[name]: who["csm"] for name in ("Top", "Left", "Lonely")}
    customers.hand_over({**mine, ids["Right"]: who["admin"]}, from_on=ago(0), by=who["admin"], at=now)
    known = actions.user_ids("app", [(ids["Left"], "ada"), (ids["Right"], "ada"), (ids["Left"], "eve")], at=now)
    happened(
        [
            (ids["Left"], known[ids["Left"], "ada"], "saved", "search", ago(1), 3),
            (ids["Left"], known[ids["Left"], "eve"], "saved", "report", ago(10), 1),
            (ids["Right"], known[ids["Right"], "ada"], "saved", "search", ago(1), 2),
            (ids["Right"], known[ids["Right"], "ada"], "login", None, ago(2), 4),
        ],
        now=now,
    )
    actions.bring_up_to(ON, at=now)
    portfolio.rewrite(ON, at=now)
    keys = dict(Customer.objects.values_list("name", "key"))
    return {**who, "ids": ids, "keys": keys, "at": f"/customers/{keys['Top']}"}


def test_who_has_customers_below_gets_a_switch_and_who_has_none_does_not(place: dict[str, Any]) -> None:
    client = signed_in(place["admin"])
    seen = told(client.get(f"{place['at']}?tab=usage"))
    assert "Whole group" in seen and "No usage is known" in seen  # Top itself has none
    assert "Whole group" not in told(client.get(f"/customers/{place['keys']['Lonely']}?tab=usage"))
    assert "Whole group" not in told(client.get(f"/customers/{place['keys']['Left']}?tab=usage"))


def test_the_group_is_shown_as_one_with_its_day(place: dict[str, Any]) -> None:
    seen = told(signed_in(place["admin"]).get(f"{place['at']}?tab=usage&of=group"))
    assert "3 customers, counted over their usage together" in seen
    assert "As of 2 Mar 2026." in seen
    assert f'/customers/{place["keys"]["Top"]}/charts/users?of=group"' in seen
    assert f'/group/of/active_users_28d?customer={place["keys"]["Top"]}"' in seen
    assert "not yours to see" not in seen and "No usage" not in seen


def test_the_lines_of_thirteen_weeks_follow(place: dict[str, Any]) -> None:
    client = signed_in(place["admin"])
    first = told(client.get(f"{place['at']}?tab=usage&of=group"))
    assert 'hx-get="?tab=usage&amp;of=group" hx-trigger="load" hx-target="#metrics"' in first
    lines = told(client.get(f"{place['at']}?tab=usage&of=group", headers={"HX-Request": "true",
                                                                          "HX-Target": "article#metrics"}))  # fmt: skip
    assert "<polyline" in lines or "<path" in lines
    assert "hx-trigger" not in lines


def test_the_charts_are_those_of_the_group(place: dict[str, Any]) -> None:
    client = signed_in(place["admin"])
    users = client.get(f"{place['at']}/charts/users?of=group").json()
    assert len(users["x"]) == 91
    assert [one["values"][-1] for one in users["series"]] == [1, 2]
    assert users["series"][1]["values"][-11:] == [1] * 9 + [2, 2]
    assert users["series"][1]["values"][-12] is None
    events = client.get(f"{place['at']}/charts/events?of=group").json()
    assert {one["name"]: sum(one["values"]) for one in events["series"]} == {"search": 5, "report": 1}
    assert client.get(f"/customers/{place['keys']['Left']}/charts/users?of=group").status_code == 404


def test_each_customer_stands_there_with_its_own_values(place: dict[str, Any]) -> None:
    seen = told(signed_in(place["admin"]).get(f"{place['at']}/group"))
    rows = [row.split("</tr>")[0] for row in seen.split("<tr>")[2:]]
    cells = [[cell.split(">", 1)[1].split("<")[0] for cell in row.split('<td class="num"')[1:]] for row in rows]
    assert cells == [
        ["–", "–", "–", "–", "–"],
        ["1", "2", "4", "2", "2"],
        ["1", "1", "2", "1", "1"],
    ]  # 7 and 28 days, core events, days with any, features
    assert f"/customers/{place['keys']['Left']}?tab=usage" in seen


def test_a_number_opens_to_the_customers_and_says_who_was_counted_once(place: dict[str, Any]) -> None:
    client = signed_in(place["admin"])
    seen = told(client.get(f"{place['at']}/group/of/active_users_28d"))
    pairs = list(zip(seen.split("<dt>")[1:], seen.split('<dd class="num">')[1:], strict=True))
    assert [(name.split("<")[0], value.split("<")[0]) for name, value in pairs] == [
        ("Top", "–"), ("Left", "2"), ("Right", "1"), ("Sum of the customers", "3"),
        ("Known at several, counted once", "−1"), ("Whole group", "2"),
    ]  # fmt: skip
    assert "Distinct users with a core event in 28 days" in seen and "As of" in seen
    assert "Sum of the customers" not in told(client.get(f"{place['at']}/group/of/depth_28d"))
    assert client.get(f"{place['at']}/group/of/nothing").status_code == 404


def test_only_who_may_be_seen_is_counted_and_the_rest_is_said(place: dict[str, Any]) -> None:
    client = signed_in(place["csm"])
    seen = told(client.get(f"{place['at']}?tab=usage&of=group"))
    assert "One more customer of the group is not yours to see and is not counted." in seen
    below = told(client.get(f"{place['at']}/group"))
    assert "Right" not in below and "One more customer of the group is not yours" in below
    opened = told(client.get(f"{place['at']}/group/of/core_events_28d"))
    assert "Right" not in opened and '<dt>Whole group</dt><dd class="num">4</dd>' in opened
    assert signed_in(place["leader"]).get(f"{place['at']}/group").status_code == 404


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_the_group_leaves_as_a_file_with_every_metric_and_what_it_stands_on(place: dict[str, Any], format: str) -> None:
    answer = signed_in(place["admin"]).post(f"{place['at']}/group/export", {"format": format})
    assert answer.status_code == 200
    if format == "csv":
        rows: list[list[Any]] = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    else:
        book = openpyxl.load_workbook(io.BytesIO(answer.content))
        rows = [["" if cell is None else str(cell) for cell in row] for row in book.worksheets[0].values]
        assert "counts once" in str(list(book.worksheets[1].values)[1][1])
    at = {name: place for place, name in enumerate(rows[0])}
    assert [row[1] for row in rows[1:]] == ["Whole group", "Top", "Left", "Right"]
    assert [row[at["Active users, 28 days"]] for row in rows[1:]] == ["2", "", "2", "1"]
    assert [row[at["Core events (28 days)"]] for row in rows[1:]] == ["6", "", "4", "2"]
    assert [row[at["Active days (28 days)"]] for row in rows[1:]] == ["2", "", "2", "1"]
    entry = JournalEntry.objects.filter(kind="usage.exported").get()
    assert (entry.by_id, entry.data["of"]) == (place["admin"], "group")
    assert signed_in(place["admin"]).post(f"{place['at']}/group/export", {"format": "exe"}).status_code == 404


def test_a_group_that_nobody_measured_is_empty_and_says_so(place: dict[str, Any], now: datetime) -> None:
    facts = [CustomerFacts(source="crm", external_id="Sub", name="Sub", parent_external_id="Lonely")]
    customers.upsert(facts, by=None, at=now)
    portfolio.rewrite(ON, at=now)
    client = signed_in(place["admin"])
    seen = told(client.get(f"/customers/{place['keys']['Lonely']}?tab=usage&of=group"))
    assert "No usage of the group is known" in seen and "data-chart" not in seen
    chart = client.get(f"/customers/{place['keys']['Lonely']}/charts/users?of=group").json()
    assert {value for one in chart["series"] for value in one["values"]} == {None}


def test_a_larger_group_costs_no_more_queries(place: dict[str, Any], now: datetime) -> None:
    def cost(path: str) -> int:
        client = signed_in(place["admin"])
        client.get(place["at"] + path)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(place["at"] + path).status_code == 200
        return len(asked)

    paths = ("?tab=usage", "?tab=usage&of=group", "/group", "/group/of/active_users_28d", "/charts/users?of=group")
    few = [cost(path) for path in paths]
    facts = [
        CustomerFacts(source="crm", external_id=f"S{n}", name=f"S{n}", parent_external_id="Left") for n in range(20)
    ]
    ids = customers.upsert(facts, by=None, at=now)[0]
    known = actions.user_ids("app", [(one, f"u{one}") for one in ids.values()], at=now)
    happened([(one, known[one, f"u{one}"], "saved", "search", ago(1), 1) for one in ids.values()], now=now)
    actions.bring_up_to(ON, at=now)
    portfolio.rewrite(ON, at=now)
    assert "23 customers, counted" in told(signed_in(place["admin"]).get(f"{place['at']}?tab=usage&of=group"))
    assert [cost(path) for path in paths] == few
