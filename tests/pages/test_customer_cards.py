"""The customer file with several scorecards: which one scored the customer, why this one, and when that changed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml
from tests.aids import signed_in
from tests.pages import test_customer_health as health_page
from tests.pages.test_customer_health import score, words
from tests.reports.files import ON

from perennial.blueprint import actions as configuration
from perennial.blueprint import queries as blueprint
from perennial.customers.models import Customer
from perennial.health import actions as health

pytestmark = pytest.mark.django_db
place = health_page.place


def put(when: dict[str, Any], by: int, now: datetime) -> None:
    usual = yaml.safe_load(blueprint.default_text("scorecard"))
    mine = usual | {"key": "mine", "when": when, "label": dict.fromkeys(("en", "zh-Hans", "zh-Hant"), "Banks")}
    text = yaml.safe_dump(json.loads(json.dumps({"scorecards": [mine, usual]})), allow_unicode=True, sort_keys=False)
    configuration.publish(part="scorecard", text=text, reason="Ours", from_on=None, base=None, by=by, at=now)


def test_the_file_says_which_scorecard_and_by_which_values(place: dict[str, Any], now: datetime) -> None:
    Customer.objects.filter(id=place["id"]).update(segment="Bank", deployment="private")
    put({"all": [{"field": "segment", "op": "eq", "value": "Bank"},
                 {"field": "deployment", "op": "eq", "value": "private"}]}, place["admin"], now)  # fmt: skip
    score(now)
    seen = words(signed_in(place["csm"]).get(f"{place['at']}?tab=health"))
    assert "Scored by “Banks” because its rule finds this customer:" in seen
    assert "Deployment: private" in seen
    assert "scorecard “Banks”, version 1." in words(signed_in(place["csm"]).get(place["at"]))


def test_what_a_member_may_not_see_is_in_no_rule_that_he_reads(place: dict[str, Any], now: datetime) -> None:
    put({"any": [{"field": "arr", "op": "gte", "value": 1}, {"field": "products", "op": "is_unknown"}]},
        place["admin"], now)  # fmt: skip
    score(now)
    assert "ARR ≥ $0.01" in words(signed_in(place["csm"]).get(f"{place['at']}?tab=health"))
    seen = words(signed_in(place["reader"]).get(f"{place['at']}?tab=health"))
    assert "Scored by “Banks”" in seen and seen.count("A condition on a figure that you may not see") == 2
    assert "ARR ≥" not in seen


def test_the_card_for_all_others_says_so_and_a_single_card_says_nothing(place: dict[str, Any], now: datetime) -> None:
    score(now)
    assert "Scored by" not in words(signed_in(place["csm"]).get(f"{place['at']}?tab=health"))
    put({"field": "segment", "op": "eq", "value": "Bank"}, place["admin"], now)
    score(now)
    seen = words(signed_in(place["csm"]).get(f"{place['at']}?tab=health"))
    assert "Scored by “Customer health” because the rule of no other scorecard finds this customer." in seen


def test_a_move_to_another_scorecard_stands_on_the_time_line(place: dict[str, Any], now: datetime) -> None:
    health.score_day(ON - timedelta(days=1), at=now)
    put({"field": "is_live", "op": "eq", "value": True}, place["admin"], now)
    score(now)
    seen = words(signed_in(place["csm"]).get(f"{place['at']}?tab=timeline"))
    assert "Scored by “Banks” from now on, no longer by “Customer health”" in seen
