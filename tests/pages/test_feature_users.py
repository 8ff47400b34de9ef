"""Who of a customer uses which feature: on its usage tab, on a page of one feature, as a file and over the API."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import keep, line
from tests.customers.books import customer
from tests.lake.ear import said
from tests.usage.test_actions import happened

from perennial.blueprint import actions as blueprint
from perennial.blueprint import queries
from perennial.customers.models import Customer
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.organisation.queries import house
from perennial.members.models import Member
from perennial.reports import customer_file, customer_products, portfolio
from perennial.usage import actions, backfill
from perennial.usage.queries import values_on

__all__ = ["said"]
ON = date(2026, 3, 2)
PRODUCTS = """products:
  - product: CRM
    features: [search, "report_*", board, plan]
"""


def ago(days: int) -> date:
    return ON - timedelta(days=days)


@pytest.fixture
def place(member: Callable[..., int], now: datetime, home: Path) -> dict[str, Any]:
    organisation.move_as_of(on=ON, by=None, at=now)
    who = {"admin": member("admin"), "csm": member("csm"), "other": member("csm")}
    key = customer("Acme", at=now, owner=who["csm"])
    number = Customer.objects.get(key=key).pk
    keep([line("l1", number, "2025-06-01", "2026-06-01", 100_00, product="CRM")], at=now, on="2026-03-02")
    users = actions.user_ids("app", [(number, "ada"), (number, "eve")], at=now)
    ada, eve = users[number, "ada"], users[number, "eve"]
    happened(
        [
            (number, ada, "used", "search", ago(0), 2),
            (number, ada, "used", "search", ago(20), 1),
            (number, eve, "used", "report_day", ago(3), 1),
            (number, ada, "used", "report_year", ago(4), 1),
            (number, None, "used", "board", ago(5), 2),
            (number, eve, "used", "plan", ago(28), 90),  # a day too old
            (number, eve, "error", "plan", ago(3), 9),  # no core event
        ],
        now=now,
    )
    actions.bring_up_to(ON, at=now)
    portfolio.rewrite(ON, at=now)
    return {**who, "id": number, "key": key, "at": f"/customers/{key}/features"}


def signed_in(member_id: int) -> Client:
    client = Client()
    client.force_login(Member.objects.get(id=member_id))
    return client


def test_who_uses_what_is_shown_and_leaves_as_a_file_without_an_event_read(
    place: dict[str, Any], said: list[str]
) -> None:
    client = signed_in(place["csm"])
    said.clear()
    page = client.get(place["at"]).content.decode()
    one = client.get(f"{place['at']}?feature=search").content.decode()
    file = client.post(f"{place['at']}/export", {"format": "csv"})
    assert said and not [text for text in said if "/events" in text]
    assert page.index(">ada<") < page.index(">eve<") and "report_day" in page and ">board<" not in page
    assert ">ada<" in one and ">eve<" not in one and "2026" in one
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    body = [row for row in rows if len(row) > 2 and row[1] in ("search", "board", "report_day", "report_year", "plan")]
    assert body[0] == ["ada", "search", "3", "2026-02-10", "2026-03-02"] and body[1][:3] == ["", "board", "2"]
    assert len(body) == 4


def test_nobody_who_may_not_see_the_customer_sees_its_users(place: dict[str, Any]) -> None:
    client = signed_in(place["other"])
    for address in (place["at"], f"{place['at']}?feature=search"):
        assert client.get(address).status_code == 404
    assert client.post(f"{place['at']}/export", {"format": "csv"}).status_code == 404


def test_a_feature_that_nobody_uses_and_more_users_cost_no_more_queries(place: dict[str, Any], now: datetime) -> None:
    client = signed_in(place["csm"])
    assert "Nobody uses it now" in client.get(f"{place['at']}?feature=plan").content.decode()
    client.get(place["at"])
    with CaptureQueriesContext(connection) as few:
        client.get(place["at"])
    users = actions.user_ids("app", [(place["id"], f"u{number:02}") for number in range(40)], at=now)
    happened([(place["id"], user, "used", f"f{user % 12}", ON, 1) for user in users.values()], now=now)
    actions.bring_up_to(ON, at=now)
    with CaptureQueriesContext(connection) as many:
        page = client.get(place["at"]).content.decode()
    assert len(many) == len(few) and "Further users" in page


def test_breadth_against_what_was_bought_is_a_daily_value_and_says_the_same_as_the_tab(
    place: dict[str, Any], now: datetime
) -> None:
    for part, text in (("products", PRODUCTS), ("own_metrics", queries.metric_library())):
        blueprint.publish(part=part, text=text, reason="Wanted", from_on=None, base=None, by=place["admin"], at=now)
    backfill.run(at=now, report=lambda _made, _total: None)
    value = values_on(ON, [place["id"]])[place["id"]]["breadth_bought_28d"]
    assert value == 2 / 4  # search by 3 uses, reports by 2 users
    file = customer_file.find(Member.objects.get(id=place["csm"]), place["key"], house=house(), on=ON)
    assert file is not None
    breadth = customer_products.by_product(file).breadth
    assert breadth is not None and breadth.share == value
    assert values_on(ago(21), [place["id"]])[place["id"]]["breadth_bought_28d"] == 1 / 4  # the old plan alone
