"""A customer's usage by product beside what it bought: counted by hand, told as unknown, and who may see what."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.aids import signed_in, told
from tests.contracts.books import keep, line
from tests.customers.books import customer
from tests.usage.events import ON, ago, happened

from perennial.blueprint import actions as blueprint
from perennial.customers.models import Customer
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.organisation.models import Organisation
from perennial.kernel.organisation.queries import house
from perennial.members.models import Member
from perennial.reports import portfolio
from perennial.reports.customer_file import find
from perennial.reports.customer_products import by_product
from perennial.usage import actions

TEXT = """products:
  - product: CRM
    features: [search, "report_*", board]
  - product: Desk
    features: [search, chat]
  - product: Later
    features: [plan]
"""


@pytest.fixture
def place(member: Callable[..., int], now: datetime, home: Path) -> dict[str, Any]:
    """Acme pays for CRM, paid for Desk until a day ago, and for Later from tomorrow on."""
    Organisation.objects.update(policy_switches={"grace_days": 0})  # what ended is not bought any more
    organisation.move_as_of(on=ON, by=None, at=now)
    who = {"admin": member("admin"), "reader": member("reader"), "csm": member("csm"), "other": member("csm")}
    key = customer("Acme", at=now, owner=who["csm"])
    number = Customer.objects.get(key=key).pk
    lines = [
        line("l1", number, "2025-06-01", "2026-06-01", 100_00, product="CRM"),
        line("l2", number, "2025-03-01", "2026-03-01", 100_00, product="Desk"),
        line("l3", number, "2026-03-03", "2027-03-01", 100_00, product="Later"),
    ]
    keep(lines, at=now, on="2026-03-02")
    happened(
        [
            (number, 1, "used", "search", ago(0), 2),
            (number, None, "used", "search", ago(27), 1),
            (number, 1, "used", "search", ago(28), 90),  # a day too old
            (number, 1, "used", "report_day", ago(3), 1),
            (number, 1, "used", "report_year", ago(3), 1),
            (number, 1, "used", "chat", ago(3), 4),
            (number, 1, "used", "zoom", ago(3), 5),
            (number, 1, "error", "board", ago(3), 9),  # no core event
        ],
        now=now,
    )
    actions.bring_up_to(ON, at=now)
    portfolio.rewrite(ON, at=now)
    return {**who, "id": number, "key": key, "at": f"/customers/{key}"}


def say(place: dict[str, Any], now: datetime, text: str = TEXT) -> None:
    blueprint.publish(part="products", text=text, reason="Wanted", from_on=None, base=None, by=place["admin"], at=now)


def test_until_the_method_names_features_there_is_no_table_of_products(place: dict[str, Any], now: datetime) -> None:
    client = signed_in(place["csm"])
    assert "/products" not in told(client.get(f"{place['at']}?tab=usage"))
    assert client.get(f"{place['at']}/products").status_code == 404
    say(place, now)
    assert f'hx-get="{place["at"]}/products"' in told(client.get(f"{place['at']}?tab=usage"))


def test_breadth_is_what_is_adopted_of_what_runs_on_the_day(place: dict[str, Any], now: datetime) -> None:
    say(place, now)
    seen = told(signed_in(place["csm"]).get(f"{place['at']}/products"))
    assert "<strong>33% · 1 of 3 features</strong>" in seen  # search 3; report_* 2; board 0
    rows = [row.split("</tr>")[0] for row in seen.split("<tr>")[2:]]
    events = [row.split('<td class="num lead">')[1].split("<")[0] for row in rows]
    assert events == ["5", "7", "0", "5"]  # CRM, Desk, Later, and zoom of no product
    assert ['data-label="Bought">Yes<' in row for row in rows[:3]] == [True, False, False]
    assert "search 3" in seen and "report_* 2" in seen and "board 0" in seen
    assert "28 days up to 2 Mar 2026" in seen and "3 core events or more" in seen


def test_what_was_bought_names_no_feature_and_breadth_is_unknown(place: dict[str, Any], now: datetime) -> None:
    say(place, now, TEXT.replace("product: CRM", "product: Other"))
    seen = told(signed_in(place["csm"]).get(f"{place['at']}/products"))
    assert "<strong>–</strong>" in seen


def test_a_customer_that_was_never_measured_has_no_breadth(place: dict[str, Any], now: datetime) -> None:
    say(place, now)
    key = customer("Silent", at=now)
    keep([line("s1", Customer.objects.get(key=key).pk, "2025-06-01", "2026-06-01", 100_00, product="CRM")],
         at=now, on="2026-03-02")  # fmt: skip
    portfolio.rewrite(ON, at=now)
    assert "<strong>–</strong>" in told(signed_in(place["admin"]).get(f"/customers/{key}/products"))


def test_who_sees_no_revenue_sees_use_and_not_what_was_bought(place: dict[str, Any], now: datetime) -> None:
    say(place, now)
    assert "Bought" in told(signed_in(place["csm"]).get(f"{place['at']}/products"))
    seen = told(signed_in(place["reader"]).get(f"{place['at']}/products"))
    assert "Bought" not in seen and "Breadth" not in seen and "search 3" in seen
    file = find(Member.objects.get(id=place["reader"]), place["key"], house=house(), on=ON)
    assert file is not None
    found = by_product(file)  # nothing of it reaches the page or a file, not even hidden
    assert (found.breadth, {one.is_bought for one in found.products}) == (None, {None})
    assert signed_in(place["other"]).get(f"{place['at']}/products").status_code == 404


def test_the_features_leave_as_a_file(place: dict[str, Any], now: datetime) -> None:
    say(place, now)
    answer = signed_in(place["admin"]).post(f"{place['at']}/products/export", {"format": "csv"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[1:] == [
        ["CRM", "Yes", "search", "3", "Yes"],
        ["CRM", "Yes", "report_*", "2", "No"],
        ["CRM", "Yes", "board", "0", "No"],
        ["Desk", "No", "search", "3", "Yes"],
        ["Desk", "No", "chat", "4", "Yes"],
        ["Later", "No", "plan", "0", "No"],
        ["No product", "", "", "5", ""],
    ]


def test_each_feature_of_the_adoption_table_names_its_products(place: dict[str, Any], now: datetime) -> None:
    client = signed_in(place["admin"])
    assert "Product</th>" not in told(client.get("/usage/features"))
    say(place, now)
    seen = told(client.get("/usage/features"))
    rows = {row.split("</a>")[0].rsplit(">", 1)[1]: row for row in seen.split("<tr data-row")[1:]}
    named = {name: row.split('data-label="Product">')[1].split("<")[0] for name, row in rows.items()}
    assert named == {"search": "CRM, Desk", "report_day": "CRM", "report_year": "CRM", "chat": "Desk", "zoom": "–"}
    answer = client.post("/usage/features/export", {"format": "csv"})
    found = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row[0]: row[-1] for row in found[1:]} == {**named, "zoom": ""}


def test_more_products_cost_no_more_queries(place: dict[str, Any], now: datetime) -> None:
    def cost() -> int:
        client = signed_in(place["admin"])
        told(client.get(f"{place['at']}/products"))
        with CaptureQueriesContext(connection) as asked:
            told(client.get(f"{place['at']}/products"))
        return len(asked)

    say(place, now)
    few = cost()
    say(place, now, TEXT + "".join(f"  - product: P{n}\n    features: [f{n}, g{n}]\n" for n in range(20)))
    assert cost() == few
