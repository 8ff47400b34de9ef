"""Own metrics over many customers, and what counts events by feature: on the page, in files, over the API."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.api.conftest import Caller
from tests.api.test_events import shape
from tests.api.test_schema import fits
from tests.lake.ear import said
from tests.pages.test_usage import ON, _cells, browser, house
from tests.usage.test_actions import happened

from perennial.blueprint import actions as blueprint
from perennial.members import actions as members
from perennial.members.models import Member
from perennial.reports import usage_metrics
from perennial.usage import actions, backfill
from perennial.usage.lake import metric_keys

__all__ = ["browser", "house", "said"]
DAY = ON.isoformat()
TEXT = """metrics:
  - key: saves
    label: {en: Saves, zh-Hans: 保存次数, zh-Hant: 儲存次數}
    definition: {en: Saves of four weeks., zh-Hans: 四周内的保存次数。, zh-Hant: 四週內的儲存次數。}
    unit: number
    better: higher
    measures: {n: {aggregate: count, where: core, window: 28}}
  - key: per_user
    label: {en: Saves a user, zh-Hans: 人均保存, zh-Hant: 人均儲存}
    definition: {en: Saves for each user., zh-Hans: 每位用户的保存次数。, zh-Hant: 每位使用者的儲存次數。}
    unit: ratio
    better: higher
    measures:
      n: {aggregate: count, where: core, window: 28}
      users: {aggregate: distinct, of: user, where: core, window: 28}
    expression: n / users
"""


@pytest.fixture
def own(house: dict[str, Any], member: Callable[..., int], now: datetime) -> dict[str, Any]:
    """The house with two metrics of its own that have their whole history."""
    put(TEXT, member("admin"), now)
    return house


def put(text: str, by: int, now: datetime) -> None:
    blueprint.publish(part="own_metrics", text=text, reason="Wanted", from_on=None, base=None, by=by, at=now)
    backfill.run(at=now, report=lambda _done, _total: None)


@pytest.fixture
def caller(own: dict[str, Any], member: Callable[..., int], now: datetime) -> Caller:
    return Caller(members.create_key(member_id=member("analyst"), name="k", scope="read", by=None, at=now)[1])


def shown(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_an_own_metric_is_chosen_like_the_others_and_told_with_its_sql(
    own: dict[str, Any], browser: Callable[..., Client]
) -> None:
    client = browser()
    assert '<optgroup label="Own metrics"><option value="per_user">' in shown(client, "/usage")
    page = shown(client, "/usage?metric=saves&by=owner")
    assert "Sum over the customers" in page and "Saves of four weeks." in page
    assert _cells(page)[0] == ["2 Mar 2026", "18", "4", "14", "3"]  # Acme of Csm 1; Bolt 5 and Gone 9 of nobody
    page = shown(client, "/usage?metric=per_user")
    assert "Median of the customers" in page and "n / users" in page and "Compiled SQL" in page and "-- n_" in page
    assert 'AS "per_user"' in page and "AS per_user_" not in page
    assert _cells(page)[0][1] == "350%"  # Acme 4 of 2 users, Bolt 5 of 1; Gone names nobody
    Member.objects.update(language="zh-hans")
    chinese = shown(client, "/usage?metric=saves")
    assert "保存次数" in chinese and "四周内的保存次数。" in chinese and "编译后的 SQL" in chinese


def test_it_opens_to_its_customers_and_leaves_as_a_file(own: dict[str, Any], browser: Callable[..., Client]) -> None:
    client = browser()
    point = f"metric=saves&on={DAY}"
    assert _cells(shown(client, f"/usage/customers?{point}")) == [
        ["Gone", "–", "9"], ["Bolt", "–", "5"], ["Acme", "Csm 1", "4"],
    ]  # fmt: skip
    behind = client.post(f"/usage/export?{point}", {"format": "csv"}).content.decode("utf-8-sig")
    assert [row[1:] for row in csv.reader(io.StringIO(behind))] == [
        ["Customer", "CSM", "Saves"], ["Gone", "", "9"], ["Bolt", "", "5"], ["Acme", "Csm 1", "4"],
    ]  # fmt: skip
    book = openpyxl.load_workbook(io.BytesIO(client.post("/usage/export?metric=per_user", {"format": "xlsx"}).content))
    assert list(book.worksheets[0].values)[-1][1:] == (3.5, 2)
    notes = dict(row[:2] for row in book.worksheets[1].values)
    assert notes["Saves a user"] == "Saves for each user." and notes["Formula"] == "n / users"
    assert "SELECT" in notes["Compiled SQL"]


def test_the_api_tells_the_same(own: dict[str, Any], caller: Caller) -> None:
    listed = {one["key"]: one for one in caller.json("/usage/metrics")["metrics"]}
    assert list(listed) == [*metric_keys(), "per_user", "saves"]
    assert (listed["saves"]["is_own"], listed["saves"]["by_feature"], listed["saves"]["label"]) == (True, True, "Saves")
    assert (listed["per_user"]["formula"], listed["per_user"]["unit"]) == ("n / users", "ratio")
    told = caller.json("/usage/series", metric="saves", by="owner")
    fits(told, shape("get", "/usage/series"), "/usage/series")
    last = told["rows"][-1]
    assert (last["value"], last["known"], [one["value"] for one in last["parts"]]) == (18, 3, [4, 14])
    assert told["definition"] == "Saves of four weeks." and "SELECT" in told["sql"]
    behind = caller.json("/usage/series/customers", metric="saves", on=DAY, limit=2)
    assert [(one["name"], one["value"]) for one in behind["customers"]] == [("Gone", 9), ("Bolt", 5)]


def test_what_counts_events_is_told_apart_by_feature_and_adds_up(
    own: dict[str, Any], browser: Callable[..., Client], caller: Caller
) -> None:
    client = browser()
    page = shown(client, "/usage?metric=saves&by=feature")
    assert _cells(page)[0] == ["2 Mar 2026", "18", "12", "5", "1", "3"]  # search, export_made, report
    assert "The features add up to all." in page and "cannot be told apart" not in page
    told = caller.json("/usage/series", metric="saves", by="feature")
    fits(told, shape("get", "/usage/series"), "/usage/series")
    assert [(one["value"], one["customers"]) for one in told["parts"]] == [
        ("search", None), ("export_made", None), ("report", None),
    ]  # fmt: skip
    assert told["rows"] and all(
        row["value"] == sum(one["value"] for one in row["parts"]) for row in told["rows"] if row["value"] is not None
    )
    point = f"metric=saves&on={DAY}&by=feature&value=search"
    assert _cells(shown(client, f"/usage/customers?{point}")) == [["Gone", "–", "9"], ["Acme", "Csm 1", "3"]]
    behind = caller.json("/usage/series/customers", metric="saves", on=DAY, by="feature", value="report")
    assert [(one["name"], one["value"]) for one in behind["customers"]] == [("Acme", 1)]
    text = client.post("/usage/export?metric=saves&by=feature", {"format": "csv"}).content.decode("utf-8-sig")
    assert text.splitlines()[0] == "Day,All,search,export_made,report,Customers measured"
    assert client.get(f"/usage/customers?metric=saves&on={DAY}&by=feature&value=never").status_code == 404


def test_features_add_up_to_the_daily_values_at_the_edges_of_every_window(
    house: dict[str, Any], caller: Caller, member: Callable[..., int], now: datetime
) -> None:
    days = {back: ON - timedelta(days=back) for back in range(80)}
    happened([(house["ids"]["Acme"], None, "saved", f"f{back % 3}", day, back + 1) for back, day in days.items()],
             now=now + timedelta(hours=1))  # fmt: skip
    actions.bring_up_to(ON, at=now + timedelta(hours=1))
    windows = {"late": "window: 14, offset: 7", "working": "window: 28, days: working"}
    saves = TEXT[TEXT.index("  - key: saves") : TEXT.index("  - key: per_user")]
    more = [saves.replace("saves", key, 1).replace("window: 28", window) for key, window in windows.items()]
    put(TEXT + "".join(more), member("admin"), now)
    for key in ("saves", *windows):
        told = caller.json("/usage/series", metric=key, by="feature")
        sums = [sum(one["value"] for one in row["parts"]) for row in told["rows"]]
        assert len(set(sums)) > 10 and sums == [row["value"] for row in told["rows"]], key


def test_what_cannot_be_told_apart_by_feature_says_so(
    own: dict[str, Any], browser: Callable[..., Client], caller: Caller
) -> None:
    client = browser()
    for metric in ("active_users_28d", "per_user"):
        page = shown(client, f"/usage?metric={metric}&by=feature")
        assert "cannot be told apart by feature" in page and len(_cells(page)[0]) == 4
        assert client.get(f"/usage/customers?metric={metric}&on={DAY}&by=feature&value=search").status_code == 404
        refused = caller.get("/usage/series", metric=metric, by="feature")
        assert refused.status_code == 400 and "does not count events" in refused.content.decode()
    assert {key for key in metric_keys() if usage_metrics.told(key).by_feature} == {"logins_7d"}


def test_a_csm_sees_its_own_book_by_feature_too(own: dict[str, Any], browser: Callable[..., Client]) -> None:
    client = browser(member_id=own["csm"])
    page = shown(client, "/usage?metric=saves&by=feature")
    assert _cells(page)[0] == ["2 Mar 2026", "4", "3", "1", "1"] and "export_made" not in page
    point = f"metric=saves&on={DAY}&by=feature&value="
    assert _cells(shown(client, f"/usage/customers?{point}search")) == [["Acme", "Csm 1", "3"]]
    assert client.get(f"/usage/customers?{point}export_made").status_code == 404


def test_a_new_definition_is_told_with_its_own_sql(
    own: dict[str, Any], browser: Callable[..., Client], member: Callable[..., int], now: datetime
) -> None:
    client = browser()
    assert "'report'" not in shown(client, "/usage?metric=saves").split("<pre")[1]
    put(
        TEXT.replace("where: core, window: 28}}", "where: \"feature = 'report'\", window: 28}}", 1),
        member("admin"),
        now,
    )
    page = shown(client, "/usage?metric=saves&by=feature")
    assert "\"feature\" = 'report'" in page.split("<pre")[1] and _cells(page)[0] == ["2 Mar 2026", "1", "1", "3"]


def test_neither_an_own_metric_nor_features_read_an_event_and_queries_stay_the_same(
    own: dict[str, Any], browser: Callable[..., Client], said: list[str]
) -> None:
    client = browser()
    counts = []
    for query in ("metric=saves", "metric=per_user&by=tier", "metric=saves&by=feature", "metric=logins_7d&by=feature"):
        for path in (f"/usage?{query}", f"/usage/customers?{query}&on={DAY}"):
            client.get(path)
            before = len(said)
            with CaptureQueriesContext(connection) as asked:
                assert client.get(path).status_code == 200
            counts.append(len(asked))
            heard = said[before:]
            assert heard and not [text for text in heard if "/events/" in text or "/inbox/" in text], path
            assert any("/daily/" in text for text in heard), path
    assert counts == [counts[0], counts[1]] * 2 + [counts[0] + 1, counts[1]] * 2  # by feature: who counts for whom
