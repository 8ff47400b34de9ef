"""Settings → Metrics: tried before it is saved, saved with a reason, its history made, stopped and resumed."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.aids import signed_in
from tests.usage.events import happened

from perennial.blueprint import actions as configuration
from perennial.blueprint import queries as blueprint
from perennial.customers import actions as customers
from perennial.customers import saved
from perennial.customers.lists import Listing
from perennial.customers.models import Customer
from perennial.customers.terms import CustomerFacts
from perennial.jobs import nightly, reactions
from perennial.jobs.worker import perform
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.queue import actions as queue
from perennial.kernel.queue.models import Job
from perennial.members import actions as members
from perennial.members.models import Member
from perennial.usage import queries as usage

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 2)
WORDS = {
    "key": "exports", "label_en": "Exports", "label_zh_hans": "导出", "label_zh_hant": "匯出",
    "definition_en": "Exports of a week", "definition_zh_hans": "一周导出", "definition_zh_hant": "一週匯出",
    "unit": "number", "better": "higher", "reason": "The board asks for it",
}  # fmt: skip
MEASURE = {"m0-name": "n", "m0-aggregate": "count", "m0-of": "", "m0-where": "feature = 'export'", "m0-window": "7",
           "m0-offset": ""}  # fmt: skip
GIVEN = {**WORDS, **MEASURE, "expression": "", "base": "0", "step": "save"}


@pytest.fixture
def ids(organisation: None, home: Path, now: datetime) -> dict[str, int]:
    facts = [CustomerFacts(source="crm", external_id=f"c{n}", name=f"Customer {n}") for n in range(6)]
    found = customers.upsert(facts, by=None, at=now)[0]
    rows = [(found[f"c{n}"], n, "saved", "export", ON - timedelta(days=n), n + 1) for n in range(5)]
    happened(rows, now=now)
    nightly.run(ON, at=now)
    return found


@pytest.fixture
def client(ids: dict[str, int], member: Callable[..., int], now: datetime) -> Client:
    organisation.move_as_of(on=ON, by=None, at=now)
    return signed_in(member("admin"))


def work(now: datetime) -> None:
    reactions.dispatch(at=now)
    while (claimed := queue.claim(at=now, kinds=["metrics.backfill"])) is not None:
        perform(claimed)


def shown(client: Client, url: str, **given: str) -> str:
    answer = client.post(url, given) if given else client.get(url)
    return html.unescape(answer.content.decode())


def test_a_definition_is_tried_before_anything_is_saved(client: Client) -> None:
    text = shown(client, "/settings/metrics/look", **MEASURE)
    assert 'Customers with a value</dt><dd class="num">5<' in text and 'Unknown</dt><dd class="num">1<' in text
    assert "1 · 3 · 5" in text and "Customer 0" in text and "Customer 2" in text and "Customer 4" in text
    assert text.count("<rect") == 5 and "SELECT" in text and "-- n_" in text
    chosen = shown(client, "/settings/metrics/look", **MEASURE, look_at="Customer 3")
    assert "Customer 3" in chosen and "Customer 0" not in chosen
    assert "is called so" in shown(client, "/settings/metrics/look", **MEASURE, look_at="Nobody at all")
    assert blueprint.own_metrics() == ()


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"m0-where": "events = 'x'"}, "m0-where", "comparisons of event, feature"),
        ({"m0-window": "0"}, "m0-window", "greater than or equal to 1"),
        ({"m0-window": "999"}, "m0-window", "less than or equal to 366"),
        ({"m0-of": "user"}, "m0-of", "only distinct, largest, effective, adopted, trend, gap"),
        ({"m0-aggregate": "distinct"}, "m0-of", "one of user, feature, event, day, user_day, user_week is wanted"),
        ({"m0-name": "No Name"}, "m0-name", "a name of a-z"),
        ({"expression": "n / moon"}, "expression", "there is no measure moon"),
        ({"expression": "n +"}, "expression", "names of measures, numbers"),
    ],
)
def test_a_mistake_stands_beside_its_field_while_writing_and_when_saving(
    given: dict[str, str], field: str, said: str, client: Client
) -> None:
    for url, sent in (("look", {**MEASURE, **given}), ("new", {**GIVEN, **given})):
        text = shown(client, f"/settings/metrics/{url}", **sent)
        place = text.index(f'id="wrong-{field}"')
        assert said.lower() in text[place : text.index("</div>", place)].lower(), text[place : place + 300]
    assert blueprint.own_metrics() == ()


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"key": "score"}, "key", "the name score is taken"),
        ({"label_zh_hant": ""}, "label_zh_hant", "This field is required"),
        ({"label_zh_hant": " "}, "label_zh_hant", "This field is required"),
        ({"reason": ""}, "reason", "This field is required"),
        ({"unit": "bushels"}, "unit", "Select a valid choice"),
    ],
)
def test_what_people_read_is_checked_when_it_is_saved(
    given: dict[str, str], field: str, said: str, client: Client
) -> None:
    answer = client.post("/settings/metrics/new", {**GIVEN, **given})
    text = html.unescape(answer.content.decode())
    place = text.index(f'id="wrong-{field}"')
    assert answer.status_code == 422 and said.lower() in text[place : text.index("</div>", place)].lower()


def test_saved_made_changed_and_deleted(client: Client, ids: dict[str, int], now: datetime) -> None:
    assert "No metrics of your own yet" in shown(client, "/settings/metrics")
    assert client.post("/settings/metrics/new", GIVEN).status_code == 302
    waiting = shown(client, "/settings/metrics")
    assert "No values yet" in waiting and 'hx-trigger="every 1s"' in waiting and "Waiting to begin" in waiting
    work(now)
    done = shown(client, "/settings/metrics")
    assert "No values yet" not in done and "every 1s" not in done
    assert usage.values_on(ON)[ids["c4"]]["exports"] == 5
    kept = shown(client, "/settings/metrics/one/exports")
    assert "feature = 'export'" in kept and "Exports of a week" in kept and 'name="base" value="2"' in kept
    changed = {**GIVEN, "m0-window": "2", "base": "2", "key": "other"}
    assert client.post("/settings/metrics/one/exports", changed).status_code == 302
    assert "The former values serve" in shown(client, "/settings/metrics")
    assert usage.values_on(ON)[ids["c4"]]["exports"] == 5
    work(now)
    assert usage.values_on(ON)[ids["c4"]]["exports"] == 0
    assert blueprint.text_in_force("own_metrics").startswith("# The metrics of your own")
    stale = client.post("/settings/metrics/one/exports", {**changed, "m0-window": "3"})
    assert stale.status_code == 422 and "changed this meanwhile: version" in stale.content.decode()
    gone = {"step": "drop", "base": "3"}
    assert client.post("/settings/metrics/one/exports", gone).status_code == 422
    assert client.post("/settings/metrics/one/exports", {**gone, "reason": "No use"}).status_code == 302
    work(now)
    assert blueprint.own_metrics() == ()
    assert client.get("/settings/metrics/one/exports").status_code == 404


def test_the_library_is_taken_over_and_more_measures_can_be_added(client: Client, now: datetime) -> None:
    page = shown(client, "/settings/metrics/new?from=stickiness_week")
    assert 'value="case when month >= 5 then week / month end"' in page and "Stickiness (WAU/MAU)" in page
    assert client.get("/settings/metrics/new?from=moon").status_code == 404
    more = shown(client, "/settings/metrics/new", **{**GIVEN, "step": "more", "m0-name": "", "label_en": "Kept"})
    assert 'name="m1-name"' in more and 'value="Kept"' in more and "feature = 'export'" in more
    looked = shown(client, "/settings/metrics/new", **{**GIVEN, "step": "look"})
    assert "1 · 3 · 5" in looked and 'value="Exports"' in looked
    for entry in yaml.safe_load(blueprint.metric_library())["metrics"]:
        assert client.get(f"/settings/metrics/new?from={entry['key']}").status_code == 200


def test_a_shipped_metric_is_shown_with_its_sql_and_cannot_be_changed(client: Client) -> None:
    text = shown(client, "/settings/metrics/one/depth_28d")
    assert "core_events / active_days" in text and "NULLIF" in text
    assert client.post("/settings/metrics/one/depth_28d", GIVEN).status_code == 404


def test_the_making_is_stopped_and_resumed(client: Client, now: datetime) -> None:
    client.post("/settings/metrics/new", GIVEN)
    reactions.dispatch(at=now)
    Job.objects.filter(kind="metrics.backfill").update(created_at=now + timedelta(days=9999))
    assert "Stop</button>" in shown(client, "/settings/metrics")
    client.post("/settings/metrics/work", {"do": "stop"})
    text = shown(client, "/settings/metrics")
    assert "was stopped" in text and "Go on" in text and "every 1s" not in text
    client.post("/settings/metrics/work", {"do": "resume"})
    Job.objects.filter(kind="metrics.backfill").update(run_at=now)
    work(now)
    assert "No values yet" not in shown(client, "/settings/metrics")


def test_a_member_without_the_right_finds_nothing_and_one_with_a_book_sees_his_customers_alone(
    ids: dict[str, int], member: Callable[..., int], now: datetime, client: Client
) -> None:
    csm = Member.objects.get(id=member("csm"))
    other = Client()
    other.force_login(csm)
    for url in ("/settings/metrics", "/settings/metrics/new", "/settings/metrics/one/depth_28d"):
        assert other.get(url).status_code == 404
    assert other.post("/settings/metrics/look", MEASURE).status_code == 404
    assert other.post("/settings/metrics/work", {"do": "stop"}).status_code == 404
    rights = (
        blueprint.default_text("rights")
        .replace("  - key: csm\n", "  - key: csm\n", 1)
        .replace("      customers.read: own\n", "      customers.read: own\n      settings.manage: all\n", 1)
    )
    configuration.publish(part="rights", text=rights, reason="x", from_on=None, base=None, by=csm.pk, at=now)
    text = shown(other, "/settings/metrics/look", **MEASURE)
    assert 'Customers with a value</dt><dd class="num">0<' in text and "Customer 4" not in text


def test_pages_cost_the_same_queries_for_any_number_of_customers_and_metrics(
    client: Client, ids: dict[str, int], now: datetime
) -> None:
    def cost() -> list[int]:
        found = []
        for url, sent in (("", None), ("/one/exports", None), ("/look", MEASURE)):
            client.get("/settings/metrics")
            with CaptureQueriesContext(connection) as asked:
                answer = client.post(f"/settings/metrics{url}", sent) if sent else client.get(f"/settings/metrics{url}")
            assert answer.status_code == 200
            found.append(len(asked))
        return found

    client.post("/settings/metrics/new", GIVEN)
    work(now)
    before = cost()
    for number in range(4):
        client.post("/settings/metrics/new", {**GIVEN, "key": f"more_{number}", "base": str(2 + number)})
    work(now)
    facts = [CustomerFacts(source="crm", external_id=f"n{n}", name=f"New {n}") for n in range(30)]
    found = customers.upsert(facts, by=None, at=now)[0]
    happened([(found[f"n{n}"], 100 + n, "saved", "export", ON, 1) for n in range(30)], now=now)
    nightly.run(ON, at=now)
    assert cost() == before


def test_an_own_metric_stands_on_the_usage_tab_opens_and_is_drawn(
    client: Client, ids: dict[str, int], now: datetime
) -> None:
    client.post("/settings/metrics/new", GIVEN)
    work(now)
    row = Customer.objects.get(id=ids["c4"])
    quick = shown(client, f"/customers/{row.key}?tab=usage")
    assert "Exports" in quick and f"/customers/{row.key}/charts/exports" in quick
    answer = client.get(f"/customers/{row.key}?tab=usage", headers={"HX-Target": "article#metrics"})
    whole = html.unescape(answer.content.decode())
    assert "Exports of a week" in whole and re.search(r"/explain/exports\?customer=[^>]+>5<", whole)
    opened = shown(client, f"/explain/exports?customer={row.key}")
    assert "Exports of a week" in opened and ">5<" in opened and "As of" in opened and "7 days" in opened
    assert client.get(f"/explain/exports?customer={row.key}x").status_code == 404
    drawn = client.get(f"/customers/{row.key}/charts/exports").json()
    assert drawn["series"][0]["values"][-1] == 5 and drawn["summary"] == "Exports"


def test_the_api_tells_own_metrics_beside_the_others(client: Client, ids: dict[str, int], now: datetime) -> None:
    client.post("/settings/metrics/new", GIVEN)
    work(now)
    by = Member.objects.get(role="admin").pk
    _id, key = members.create_key(member_id=by, name="script", scope="read", by=by, at=now)
    answer = Client().get("/api/v1/customers/c4/metrics?from=2026-03-01&to=2026-03-03",
                          headers={"Authorization": f"Bearer {key}"})  # fmt: skip
    rows = answer.json()["rows"]
    assert [one["exports"] for one in rows] == [5, 5] and "active_users_7d" in rows[0]


def test_what_a_view_shows_is_not_deleted_and_the_page_says_which(client: Client, now: datetime) -> None:
    client.post("/settings/metrics/new", GIVEN)
    work(now)
    admin = Member.objects.get(role="admin")
    saved.save(member_id=admin.pk, name="Senders", listing=Listing(columns=("name", "exports")), shared=False, at=now)
    refused = client.post("/settings/metrics/one/exports", {**GIVEN, "step": "drop", "base": "2"})
    assert refused.status_code == 422
    assert f"Exports is used by the view “Senders” of {admin.name}." in html.unescape(refused.content.decode())
    assert [one.key for one in blueprint.own_metrics()] == ["exports"]
    back = client.post("/settings/blueprint/own_metrics/1/back", {"reason": "As it was", "base": "2"}, follow=True)
    assert "Senders" in html.unescape(back.content.decode())
    assert [one.key for one in blueprint.own_metrics()] == ["exports"]
