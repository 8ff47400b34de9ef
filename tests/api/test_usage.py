"""Usage over the API: the numbers of the pages, within the same scope, as the schema says, and paged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.aids import signed_in
from tests.api.conftest import Caller
from tests.api.test_events import shape
from tests.api.test_schema import fits
from tests.customers.books import customer
from tests.pages.test_usage import ON, _cells, house
from tests.usage.events import happened

from perennial.blueprint import actions as blueprint
from perennial.blueprint import queries as blueprint_reads
from perennial.customers.models import Customer
from perennial.kernel.organisation.models import Organisation
from perennial.usage import actions

__all__ = ["house"]
Callers = Callable[..., Caller]
DAY = ON.isoformat()
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/usage/metrics", {}),
    ("/usage/series", {"metric": "active_users_28d", "by": "owner"}),
    ("/usage/series", {"metric": "active_users_28d", "by": "product", "period": "24m"}),
    ("/usage/series/customers", {"metric": "active_users_28d", "on": DAY}),
    ("/usage/features", {}),
    ("/usage/features/customers", {"feature": "search"}),
    ("/usage/cohorts", {}),
    ("/usage/cohorts/customers", {"month": "2026-01", "since": 1}),
    ("/usage/funnel", {"step": ["search", "report"]}),
    ("/usage/funnel/customers", {"step": ["search", "report"]}),
    ("/customers/{external_id}/users", {}),
)


@pytest.fixture
def caller(house: dict[str, Any], member: Callable[..., int], call: Callers) -> Caller:
    Organisation.objects.update(as_of_on=ON)
    return call(member("analyst"), "read")


@pytest.fixture
def csm(house: dict[str, Any], call: Callers) -> Caller:
    Organisation.objects.update(as_of_on=ON)
    return call(house["csm"], "read")


def rows(answer: dict[str, Any], *keys: str) -> list[list[Any]]:
    return [[one[key] for key in keys] for one in answer["customers"]]


def test_every_answer_is_as_the_schema_says(house: dict[str, Any], caller: Caller) -> None:
    for path, query in CALLS:
        fits(caller.json(path.format(external_id=house["keys"]["Acme"]), **query), shape("get", path), path)


def test_a_series_has_the_numbers_of_the_page_and_opens_to_its_customers(
    house: dict[str, Any], caller: Caller, member: Callable[..., int]
) -> None:
    page = signed_in(member("analyst"))
    asked = {"metric": "active_users_28d", "by": "owner"}
    told = caller.json("/usage/series", **asked)
    last = told["rows"][-1]
    shown = [str(last["value"]), *(str(one["value"]) for one in last["parts"])]
    first = _cells(page.get("/usage?by=owner").content.decode())[0]
    assert [float(text) for text in shown] == [float(text) for text in first[1:4]] == [3, 2, 1]
    assert told["adds_up"] and (last["day"], last["known"]) == (DAY, 2)
    assert [(one["label"], one["customers"]) for one in told["parts"]] == [("Csm 1", 1), ("", 3)]
    behind = caller.json("/usage/series/customers", metric="active_users_28d", on=DAY)
    assert rows(behind, "name", "owner_name", "value") == [["Acme", "Csm 1", 2.0], ["Bolt", None, 1.0]]
    nobody = caller.json("/usage/series/customers", **asked, on=DAY, value="")
    assert rows(nobody, "name") == [["Bolt"]]
    mean = caller.json("/usage/series", metric="depth_28d")
    assert not mean["adds_up"] and mean["rows"][-1]["value"] == 5.0


def test_features_cohorts_and_the_funnel_have_the_numbers_of_the_pages(house: dict[str, Any], caller: Caller) -> None:
    told = caller.json("/usage/features")
    assert told["base"] == {"customers": 3, "is_live": True}
    assert {one["feature"]: (one["customers"], one["events"], one["change"]) for one in told["features"]} == {
        "export_made": (1, 5, None), "search": (1, 3, -0.5), "report": (1, 1, None),
    }  # fmt: skip
    with_it = caller.json("/usage/features/customers", feature="search")
    assert rows(with_it, "name", "events", "events_before") == [["Acme", 3, 4]] and with_it["without"] == 2
    without = caller.json("/usage/features/customers", feature="search", has="no")
    assert rows(without, "name", "events_before", "all_events") == [["Bolt", 2, 5], ["Idle", 0, 0]]
    cohorts = caller.json("/usage/cohorts")["cohorts"]
    assert [(one["month"], one["customers"], one["active"]) for one in cohorts] == [
        ("2026-01", 2, [2, 2, 1]), ("2026-03", 1, [1]),
    ]  # fmt: skip
    found = caller.json("/usage/cohorts/customers", month="2026-01", since=1)
    assert {one["name"] for one in found["customers"]} == {"Acme", "Bolt"}
    steps = caller.json("/usage/funnel", step=["search", "report"], within=90)["steps"]
    assert [(one["customers"], one["of_first"], one["of_before"]) for one in steps] == [(2, 1.0, None), (1, 0.5, 0.5)]
    came = caller.json("/usage/funnel/customers", step=["search", "report"], within=90)
    assert rows(came, "name", "steps") == [["Acme", 2], ["Bolt", 1]]


def test_a_customers_users_come_sorted_and_by_pages(house: dict[str, Any], caller: Caller) -> None:
    path = f"/customers/{house['keys']['Acme']}/users"
    told = caller.json(path)
    assert [(one["name"], one["last_on"], one["events"], one["share"]) for one in told["users"]] == [
        ("ada", "2026-03-01", 3, 0.75), ("eve", "2026-03-01", 1, 0.25),
    ]  # fmt: skip
    first = caller.json(path, sort="-name", limit=1)
    assert [one["name"] for one in first["users"]] == ["eve"]
    second = caller.json(path, sort="-name", limit=1, after=first["next"])
    assert [one["name"] for one in second["users"]] == ["ada"] and second["next"] is None


def test_a_csms_key_sees_its_own_book_and_nothing_else(house: dict[str, Any], csm: Caller) -> None:
    assert csm.json("/usage/series", metric="active_users_28d")["rows"][-1]["value"] == 2
    for path, query in CALLS:
        answer = csm.get(path.format(external_id=house["keys"]["Acme"]), **query)
        assert answer.status_code == 200 or query.get("by") == "product", path
        for stranger in ("Bolt", "Idle", "Gone", "export_made"):
            assert stranger not in answer.content.decode(), path
    assert csm.get(f"/customers/{house['keys']['Bolt']}/users").status_code == 404
    assert csm.get("/usage/features/customers", feature="export_made").status_code == 404


def test_what_a_member_may_not_see_is_neither_a_metric_nor_an_owner(
    house: dict[str, Any], member: Callable[..., int], call: Callers, now: datetime
) -> None:
    Organisation.objects.update(as_of_on=ON)
    before, after = blueprint_reads.default_text("rights").split("  - key: analyst\n", maxsplit=1)
    hidden = after.replace("    abilities:\n", "    hidden_fields: [owner, active_users_28d]\n    abilities:\n", 1)
    blueprint.publish(part="rights", text=f"{before}  - key: analyst\n{hidden}", reason="less", from_on=None, base=None,
                      by=member("admin"), at=now)  # fmt: skip
    caller = call(member("analyst"), "read")
    assert "active_users_28d" not in {one["key"] for one in caller.json("/usage/metrics")["metrics"]}
    for path in ("/usage/series", "/usage/series/customers"):
        assert caller.get(path, metric="active_users_28d", on=DAY).status_code == 400
        assert caller.get(path, metric="logins_7d", on=DAY, by="owner").status_code == 400
    assert "Csm 1" not in caller.get("/usage/features/customers", feature="search").content.decode()


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/usage/series", {}, 422),
        ("/usage/series", {"metric": "arr"}, 400),
        ("/usage/series", {"metric": "logins_7d", "period": "1w"}, 422),
        ("/usage/series", {"metric": "logins_7d", "by": "country"}, 422),
        ("/usage/series/customers", {"metric": "logins_7d", "on": "2026-03-03"}, 400),
        ("/usage/series/customers", {"metric": "logins_7d", "on": DAY, "by": "tier", "value": "no"}, 400),
        ("/usage/features/customers", {"feature": "nothing"}, 404),
        ("/usage/features/customers", {"feature": "search", "limit": 1001}, 422),
        ("/usage/cohorts/customers", {"month": "2026-13"}, 400),
        ("/usage/cohorts/customers", {"month": "2026-04"}, 404),
        ("/usage/funnel", {}, 422),
        ("/usage/funnel", {"step": ["search"], "within": 3}, 400),
        ("/usage/funnel", {"step": ["a", "b", "c", "d", "e"]}, 422),
        ("/customers/nobody/users", {}, 404),
    ],
)
def test_what_cannot_be_is_named(caller: Caller, path: str, query: dict[str, Any], status: int) -> None:
    answer = caller.get(path, **query)
    assert answer.status_code == status and answer.json()["error"]
    fits(answer.json(), {"type": "object"})


def test_strangers_and_intake_keys_are_refused(house: dict[str, Any], call: Callers) -> None:
    for path, query in CALLS:
        assert Caller().get(path.format(external_id="c"), **query).status_code == 401
        assert call(house["csm"], "intake").get(path.format(external_id="c"), **query).status_code == 403


def test_a_house_without_usage_answers_with_nothing(
    organisation: None, home: object, member: Callable[..., int], call: Callers
) -> None:
    caller = call(member("analyst"), "read")
    assert caller.json("/usage/series", metric="active_users_28d")["rows"] == []
    for path, key in (("/usage/features", "features"), ("/usage/cohorts", "cohorts")):
        told = caller.json(path)
        assert (told["as_of"], told[key]) == (None, [])
        fits(told, shape("get", path))
    assert caller.get("/usage/funnel", step="search").status_code == 404


def test_calls_cost_as_many_queries_for_many_customers(house: dict[str, Any], caller: Caller, now: datetime) -> None:
    def asked() -> list[int]:
        counts = []
        for path, query in CALLS:
            with CaptureQueriesContext(connection) as found:
                caller.get(path.format(external_id=house["keys"]["Acme"]), **query)
            counts.append(len(found))
        return counts

    asked()
    few = asked()
    for number in range(30):
        customer(f"More {number}", at=now, tier="smb", is_live=True)
    more = [pk for name, pk in Customer.objects.values_list("name", "pk") if name.startswith("More")]
    happened([(one, None, "saved", "search", ON, 1) for one in more], now=now + timedelta(hours=1))
    actions.bring_up_to(ON, at=now + timedelta(hours=1))
    assert asked() == few
