"""A group over the API: the rows of its file, of whom the key's member sees, as the schema says."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.api.conftest import Caller
from tests.api.test_events import shape
from tests.api.test_schema import fits
from tests.pages.test_group import ON, ago, place, signed_in
from tests.usage.test_actions import happened

from perennial.customers import actions as customers
from perennial.customers.terms import CustomerFacts
from perennial.reports import portfolio
from perennial.usage import actions

__all__ = ["place"]
Callers = Callable[..., Caller]


def test_it_has_the_rows_of_the_groups_file(place: dict[str, Any], call: Callers) -> None:
    told = call(place["admin"], "read").json("/customers/Top/group")
    fits(told, shape("get", "/customers/{external_id}/group"), "/group")
    text = signed_in(place["admin"]).post(f"{place['at']}/group/export", {"format": "csv"}).content.decode("utf-8-sig")
    heading, *rows = csv.reader(io.StringIO(text))
    assert heading[3:] == [one["label"] for one in told["metrics"]]
    values = [told["group"], *(one["values"] for one in told["customers"])]
    assert [[None if cell == "" else float(cell) for cell in row[3:]] for row in rows] == [
        [None if one[metric["key"]] is None else round(one[metric["key"]], 6) for metric in told["metrics"]]
        for one in values
    ]
    assert [row[1] for row in rows[1:]] == [one["name"] for one in told["customers"]] == ["Top", "Left", "Right"]
    assert (told["as_of"], told["hidden"], told["group"]["active_users_28d"]) == ("2026-03-02", 0, 2)


def test_only_who_may_be_seen_is_counted(place: dict[str, Any], call: Callers) -> None:
    told = call(place["csm"], "read").json("/customers/Top/group")
    assert ([one["name"] for one in told["customers"]], told["hidden"]) == (["Top", "Left"], 1)
    assert told["group"]["core_events_28d"] == 4
    assert call(place["leader"], "read").get("/customers/Top/group").status_code == 404
    assert call(place["csm"], "read").get("/customers/Right/group").status_code == 404
    assert call(place["admin"], "read").get("/customers/Lonely/group").status_code == 404
    assert call(place["admin"], "intake").get("/customers/Top/group").status_code == 403
    assert Caller().get("/customers/Top/group").status_code == 401


def test_it_comes_by_pages_and_a_larger_one_costs_no_more_queries(
    place: dict[str, Any], call: Callers, now: datetime
) -> None:
    caller = call(place["admin"], "read")

    def cost() -> int:
        caller.json("/customers/Top/group")
        with CaptureQueriesContext(connection) as asked:
            caller.json("/customers/Top/group")
        return len(asked)

    few = cost()
    first = caller.json("/customers/Top/group", limit=2)
    rest = caller.json("/customers/Top/group", limit=2, after=first["next"])
    assert [one["name"] for one in rest["customers"]] == ["Right"] and rest["next"] is None
    facts = [
        CustomerFacts(source="crm", external_id=f"S{n}", name=f"S{n}", parent_external_id="Left") for n in range(9)
    ]
    ids = customers.upsert(facts, by=None, at=now)[0]
    happened([(one, None, "saved", "search", ago(1), 1) for one in ids.values()], now=now)
    actions.bring_up_to(ON, at=now)
    portfolio.rewrite(ON, at=now)
    assert len(caller.json("/customers/Top/group")["customers"]) == 12 and cost() == few
