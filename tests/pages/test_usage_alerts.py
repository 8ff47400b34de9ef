"""Usage alerts as members meet them: the lists, what is chance, one alert with its series, and the word that lets it
rest."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.aids import signed_in, told
from tests.customers.books import customer
from tests.usage.events import happened

from perennial.alerts.models import AlertWeek, UsageAlert
from perennial.customers.models import Customer
from perennial.kernel.organisation import actions as organisation_actions
from perennial.lake.terms import day_number
from perennial.pages import tags
from perennial.usage import actions as usage
from perennial.usage.lake import METRICS_TABLE, lake

ON = date(2026, 3, 2)
WEEK_ON = date(2026, 3, 1)
PATH = "/usage/alerts"
SERIES = [[100.0, 1.0]] * 29 + [[30.0, 0.5]] * 5


@pytest.fixture
def found(organisation: None, home: Any, member: Callable[..., int], now: datetime) -> dict[str, Any]:
    """Wei owns three customers, one with a fall and one with a silent champion; Ann has one on the watch list."""
    organisation_actions.move_as_of(on=ON, by=None, at=now)
    wei, other = member("csm", name="Wei"), member("csm", name="Ann")
    keys = {name: customer(name, at=now, owner=owner, segment=segment)
            for name, owner, segment in (("Acme", wei, "Bank"), ("Bolt", wei, "Retail"), ("Cord", wei, "Bank"),
                                         ("Dale", other, "Bank"))}  # fmt: skip
    ids = {one.name: one.pk for one in Customer.objects.all()}
    happened([(ids["Cord"], 1, "saved", None, WEEK_ON, 1)], now=now)
    usage.bring_up_to(ON, at=now)
    base: dict[str, Any] = {"week_on": WEEK_ON, "raised_on": ON, "raised_at": now}
    fall = UsageAlert.objects.create(customer_id=ids["Acme"], kind="drop", listed="act", p=0.0005, against=2000,
                                     statistic=-1.5, users=41.2, usual=100, series=SERIES, **base)  # fmt: skip
    UsageAlert.objects.create(customer_id=ids["Bolt"], kind="champion_gap", listed="act", p=0.004,
                              told={"gap": 4, "weeks": 21}, **base)  # fmt: skip
    UsageAlert.objects.create(customer_id=ids["Dale"], kind="drop", listed="watch", p=0.0042, against=2000,
                              statistic=-0.9, users=20, usual=30, spread=0.5, series=SERIES, **base)  # fmt: skip
    AlertWeek.objects.create(week_on=WEEK_ON, paying=4, judged=400, expected=2.0, made_at=now,
                             customers=[ids["Acme"], ids["Bolt"], ids["Dale"], *range(10_000, 10_397)])  # fmt: skip
    return {"wei": wei, "other": other, "admin": member("admin"), "reader": member("reader"), "fall": fall.pk,
            "keys": keys, "ids": ids}  # fmt: skip


def test_a_member_sees_his_own_alerts_and_how_many_are_chance(found: dict[str, Any]) -> None:
    page = told(signed_in(found["wei"]).get(PATH))
    assert "Acme" in page
    assert "Bolt" in page
    assert "Dale" not in page
    assert "2 of your customers were judged by their weekly users, 1 fell beyond chance" in page
    assert "about 0.0 is expected by chance" in page
    assert "41.2 users a week lately, usually 100.0" in page
    assert "1 in 2,000" in page
    assert "Away for 4 weeks; active in 21 of 26" in page
    everybody = told(signed_in(found["admin"]).get(PATH))
    assert "3 of your customers were judged by their weekly users, 2 fell beyond chance" in everybody
    assert everybody.index("Acme") < everybody.index("Bolt") < everybody.index("Dale"), "to act on first"


def test_the_lists_are_narrowed(found: dict[str, Any]) -> None:
    client = signed_in(found["admin"])
    for query, names in (("list=watch", "Dale"), ("kind=drop", "Acme Dale"), ("segment=Retail", "Bolt"),
                         (f"owner={found['other']}", "Dale"), ("list=nothing&owner=x", "Acme Bolt Dale")):  # fmt: skip
        page = told(client.get(f"{PATH}?{query}"))
        body = page[page.index("<tbody>") : page.index("</tbody>")]
        assert [name for name in ("Acme", "Bolt", "Cord", "Dale") if name in body] == names.split(), query
    assert "No alert of this choice" in told(client.get(f"{PATH}?kind=silence"))


def test_nothing_open_is_said(found: dict[str, Any]) -> None:
    UsageAlert.objects.update(closed_on=ON, end="recovered")
    assert "No alert is open" in told(signed_in(found["wei"]).get(PATH))
    AlertWeek.objects.update(trouble="few")
    assert "Fewer than 50 customers have ten weekly users" in told(signed_in(found["wei"]).get(PATH))


def test_an_alert_opens_to_its_series_with_the_baseline_and_the_week_of_the_alarm(found: dict[str, Any]) -> None:
    page = told(signed_in(found["wei"]).get(f"{PATH}/{found['fall']}"))
    assert page.count('class="level"') == page.count('class="marked"') == 1
    assert page.count('class="dot"') == 34
    assert f"{tags.day(WEEK_ON)}: 60.0" in page, "30 users in a week of half"
    assert "2,000 weeks of customers of like size" in page
    rows = page[page.rindex("<tbody>") :]
    assert rows.count("<tr") == 34
    assert rows.count(">Baseline<") == 26
    for stranger in (found["other"],):
        assert signed_in(stranger).get(f"{PATH}/{found['fall']}").status_code == 404


def test_it_rests_by_a_word_and_is_woken(found: dict[str, Any]) -> None:
    client, here = signed_in(found["wei"]), f"{PATH}/{found['fall']}"
    refused = client.post(f"{here}/mute", {"weeks": "4", "reason": " "})
    assert refused.status_code == 422
    assert "Write why it may rest." in refused.content.decode()
    assert client.post(f"{here}/mute", {"weeks": "99", "reason": "on leave"}).status_code == 422
    assert UsageAlert.objects.get(id=found["fall"]).muted_until_on is None
    assert client.post(f"{here}/mute", {"weeks": "8", "reason": "on leave"}).status_code == 302
    one = UsageAlert.objects.get(id=found["fall"])
    assert (one.muted_until_on, one.reason, one.muted_by_id) == (ON + timedelta(weeks=8), "on leave", found["wei"])
    assert f"rests until {tags.day(ON + timedelta(weeks=8))}: Muted by hand" in told(client.get(PATH))
    assert client.post(f"{here}/unmute").status_code == 302
    assert UsageAlert.objects.get(id=found["fall"]).muted_until_on is None


def test_who_may_not_changes_nothing(found: dict[str, Any]) -> None:
    for stranger in (found["other"], found["reader"]):
        answer = signed_in(stranger).post(f"{PATH}/{found['fall']}/mute", {"weeks": "4", "reason": "no"})
        assert answer.status_code in {403, 404}
    assert UsageAlert.objects.get(id=found["fall"]).muted_until_on is None
    assert "Let it rest" not in told(signed_in(found["reader"]).get(f"{PATH}/{found['fall']}"))


def test_the_file_has_the_same_rows(found: dict[str, Any]) -> None:
    answer = signed_in(found["wei"]).post(f"{PATH}/export?kind=drop", {"format": "csv"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    table = [row for row in rows if found["keys"]["Acme"] in row]
    assert len(table) == 1
    assert {"Acme", "Wei", "Bank", "Fewer weekly users", "Act list", "41.2", "100"} <= set(table[0])
    assert not [row for row in rows if "Dale" in row]


def test_the_customer_file_says_what_is_open(found: dict[str, Any]) -> None:
    page = told(signed_in(found["wei"]).get(f"/customers/{found['keys']['Acme']}?tab=usage"))
    assert f"41.2 users a week lately, usually 100.0 · week to {tags.day(WEEK_ON)}" in page
    assert f"{PATH}/{found['fall']}" in page


def test_the_list_asks_as_often_for_many(found: dict[str, Any], now: datetime) -> None:
    client = signed_in(found["admin"])
    client.get(PATH)
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(PATH)
    for n in range(40):
        key = customer(f"More {n}", at=now, owner=found["wei"])
        UsageAlert.objects.create(customer=Customer.objects.get(name=f"More {n}"), kind="drop", listed="act", p=0.001,
                                  week_on=WEEK_ON, raised_on=ON, raised_at=now, told={"key": key})  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        client.get(PATH)
    assert len(many) == len(few)


def test_the_weeks_since_the_alarm_are_drawn_beside_the_baseline(found: dict[str, Any], now: datetime) -> None:
    client, path = signed_in(found["wei"]), f"{PATH}/{found['fall']}"
    before = told(client.get(path))
    acme, later = found["ids"]["Acme"], ((1, 64), (3, 71), (4, 99))
    rows = [(acme, WEEK_ON + timedelta(weeks=week), users) for week, users in later]
    numbers = [day_number(day) for _customer, day, _users in rows]
    table = pa.table({
        "customer": pa.array([customer for customer, _day, _users in rows], pa.int64()),
        "day": pa.array(numbers, pa.int32()),
        "active_users_7d": pa.array([users for _customer, _day, users in rows], pa.int64()),
    })  # fmt: skip
    lake().write_days(METRICS_TABLE, table, from_day=min(numbers), until_day=max(numbers) + 1, at=now)
    organisation_actions.move_as_of(on=WEEK_ON + timedelta(weeks=4), by=None, at=now)
    page = told(client.get(path))
    body = page[page.index("<tbody>") :]
    cells = [tags.day(WEEK_ON + timedelta(weeks=week)) for week in range(5)]
    assert [one in body for one in cells] == [True, True, True, True, False], "a week that is not over is not drawn"
    assert body.count("since") == 3 and body.count("Alarm") == 1 and body.count("Baseline") == 26
    assert "64.0" in body and "71.0" in body and "99" not in body
    assert "since" not in before[before.index("<tbody>") :]
    assert page.count("<circle") > before.count("<circle")
