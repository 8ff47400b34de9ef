"""A customer's health over the API: as of a day, and what changed it since another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.api.conftest import Caller
from tests.pages import test_customer_health as health_page
from tests.pages.test_customer_health import score
from tests.reports.files import ON, SOURCE, instant

from perennial.contracts.actions import write_receivables
from perennial.health import actions as health
from perennial.kernel.versions import Incoming

pytestmark = pytest.mark.django_db
place = health_page.place


def test_what_changed_adds_up_and_hides_what_the_member_may_not_see(
    place: dict[str, Any], call: Callable[..., Caller], now: Any
) -> None:
    owed = {"customer_id": place["id"], "due_on": ON - timedelta(days=50), "amount": 100, "currency": "USD"}
    write_receivables([Incoming("owed", owed, instant(300))], source=SOURCE, at=now)
    health.score_day(ON - timedelta(days=28), at=now)
    score(now)
    path, back = f"/customers/{place['key']}/health", (ON - timedelta(days=28)).isoformat()
    told = call(place["csm"]).json(path, since=back)
    changed = told["changed"]
    assert (changed["from"], changed["to"]) == (back, ON.isoformat())
    assert changed["score"] == told["health"]["score"]
    difference = Decimal(changed["score"]) - Decimal(changed["before"])
    assert difference and sum(map(Decimal, changed["causes"].values())) == difference
    assert sum(Decimal(points) for one in changed["measures"] for points in one["causes"].values()) == difference
    owes = next(one for one in changed["measures"] if one["key"] == "overdue_days")
    assert owes["values"] == [23.0, 51.0] and not owes["hidden"]
    hidden = call(place["reader"]).json(path, since=back)["changed"]["measures"]
    assert next(one for one in hidden if one["key"] == "overdue_days")["values"] == [None, None]


def test_a_past_day_and_a_day_that_cannot_be(place: dict[str, Any], call: Callable[..., Caller], now: Any) -> None:
    health.score_day(ON - timedelta(days=28), at=now)
    score(now)
    caller, path = call(place["csm"]), f"/customers/{place['key']}/health"
    past = (ON - timedelta(days=28)).isoformat()
    then = caller.json(path, as_of=past)
    assert then["as_of"] == past and then["health"]["parts"] is None and then["changed"] is None
    assert caller.json(path)["health"]["parts"] and caller.json(path)["changed"] is None
    assert caller.json(path, since="2019-01-01")["changed"] is None
    assert caller.get(path, since=ON.isoformat()).status_code == 400
    assert caller.get("/customers/nobody/health").status_code == 404
