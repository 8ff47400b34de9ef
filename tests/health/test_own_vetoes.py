"""A metric of one's own in a veto and in a rule of Today: as of its day, its value as evidence, kept while used."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.health import test_own_measures as measures
from tests.health.test_own_measures import ON, card, words
from tests.usage.test_actions import happened
from tests.usage.test_own import TEXT

from perennial.blueprint import actions as configuration
from perennial.blueprint import queries as blueprint
from perennial.blueprint.actions import ConfigRefused
from perennial.blueprint.terms import BlueprintError
from perennial.customers.models import PortfolioRow
from perennial.health import actions, frozen, queries
from perennial.jobs import nightly
from perennial.playbooks import actions as playbooks
from perennial.playbooks.models import TodayItem
from perennial.reports import metric_uses
from perennial.usage import actions as usage

pytestmark = pytest.mark.django_db
ids, put = measures.ids, measures.put
Put = Callable[[str, str], None]


def vetoed(field: str = "exports", **when: Any) -> str:
    told = yaml.safe_load(card(key="active_users_7d"))
    asked = {"field": field, "op": "lt", "value": 3} | when
    told["vetoes"] = [{"key": "none_sent", "label": words(), "when": asked, "cap": "red"}]
    return yaml.safe_dump(told, allow_unicode=True, sort_keys=False)


def ruled(field: str = "exports", reason: str = "Only {exports} sent", **when: Any) -> str:
    rule = {"key": "few_sent", "weight": 50, "orders_by": field, "label": words(),
            "reason": dict.fromkeys(("en", "zh-Hans", "zh-Hant"), reason), "next_step": words(),
            "when": {"field": field, "op": "lt", "value": 6} | when}  # fmt: skip
    return yaml.safe_dump({"rules": [rule]}, allow_unicode=True, sort_keys=False)


def line_of(text: str, part: str) -> int | None:
    with pytest.raises(BlueprintError) as error:
        blueprint.check(part, text)
    return error.value.line


def met(customer_id: int) -> list[tuple[str, Any]]:
    found = queries.parts_of(customer_id)
    assert found is not None
    return [(veto["key"], dict(veto["values"])) for veto in found["vetoes"]]


def test_a_veto_and_a_rule_may_name_a_metric_that_is_defined_else_the_line_is_named(put: Put) -> None:
    put("own_metrics", TEXT)
    blueprint.check("scorecard", vetoed())
    blueprint.check("today", ruled())
    for part, text, wrong in (("scorecard", vetoed("sent"), "field: sent"), ("today", ruled("sent"), "orders_by: sent"),
                              ("today", ruled(reason="{sent}"), "en: '{sent}'")):  # fmt: skip
        lines = text.splitlines()
        assert wrong in lines[(line_of(text, part) or 0) - 1]


def test_a_veto_is_met_by_the_days_value_and_keeps_it_as_evidence(ids: dict[str, int], put: Put, now: datetime) -> None:
    put("own_metrics", TEXT)
    put("scorecard", vetoed())
    actions.score_day(ON, at=now)
    assert met(ids["a"]) == [] and met(ids["silent"]) == []  # five are sent; of silent nothing is known
    assert met(ids["b"]) == [("none_sent", {"exports": 0.0})]


def test_a_past_day_is_vetoed_by_what_was_sent_then(ids: dict[str, int], put: Put, now: datetime) -> None:
    put("own_metrics", TEXT)
    put("scorecard", vetoed())
    past = ON - timedelta(weeks=4)  # nothing was sent in its week; later weeks have five each
    actions.score_day(past, at=now)
    (found,) = frozen.read_scores(past, past + timedelta(days=1), [ids["a"]])
    assert json.loads(found.vetoes) == [["none_sent", {"exports": 0}]]


def test_a_live_pass_asks_the_veto_again(ids: dict[str, int], put: Put, now: datetime) -> None:
    put("own_metrics", TEXT)
    put("scorecard", vetoed())
    actions.score_day(ON, at=now)
    happened([(ids["b"], 2, "saved", "export", ON, 7)], now=now)
    usage.bring_up_to(ON, at=now)
    assert met(ids["b"]) and actions.rescore(ON, [ids["b"]], at=now)
    assert met(ids["b"]) == []


def test_today_finds_by_it_and_tells_its_value(ids: dict[str, int], put: Put, now: datetime) -> None:
    put("own_metrics", TEXT)
    put("today", ruled())
    PortfolioRow.objects.update(is_live=True)
    nightly.run(ON, at=now)
    PortfolioRow.objects.update(is_live=True)
    playbooks.plan_today(ON, at=now)
    told = {item.customer_id: item.reasons[0]["values"] for item in TodayItem.objects.filter(on=ON)}
    assert told == {ids["a"]: {"exports": 5.0}, ids["b"]: {"exports": 0.0}}


@pytest.mark.parametrize(("op", "found"), [({"op": "lt"}, 0), ({"op": "is_unknown", "value": None}, 3)])
def test_before_it_has_values_it_is_unknown_of_everybody(
    ids: dict[str, int], member: Callable[..., int], now: datetime, op: dict[str, Any], found: int
) -> None:
    by = member("admin")
    tree = {key: value for key, value in op.items() if value is not None}
    text = ruled(**tree) if "value" not in op else ruled(op="is_unknown").replace("    value: 6\n", "")
    for part, one in (("own_metrics", TEXT), ("today", text), ("scorecard", vetoed())):
        configuration.publish(part=part, text=one, reason="Wanted", from_on=None, base=None, by=by, at=now)
    PortfolioRow.objects.update(is_live=True)
    playbooks.plan_today(ON, at=now)
    assert TodayItem.objects.filter(on=ON).count() == found
    actions.score_day(ON, at=now)
    assert met(ids["b"]) == []


def test_what_a_veto_or_a_rule_uses_is_not_taken_away(put: Put, home: Path) -> None:
    put("own_metrics", TEXT)
    put("scorecard", vetoed())
    put("today", ruled())
    with pytest.raises(ConfigRefused) as refused:
        metric_uses.refuse("metrics: []\n")
    said = str(refused.value)
    assert "Exports is used by the scorecard “Customer health”, the rule “Exports” of Today." in said
    put("today", blueprint.default_text("today"))
    put("scorecard", blueprint.default_text("scorecard"))
    metric_uses.refuse("metrics: []\n")


def test_a_day_before_it_was_taken_away_is_still_read(put: Put, ids: dict[str, int], now: datetime) -> None:
    put("own_metrics", TEXT)
    put("scorecard", vetoed())
    actions.score_day(ON, at=now)
    put("scorecard", card(key="active_users_7d"))
    put("own_metrics", "metrics: []\n")
    assert met(ids["b"]) == [("none_sent", {"exports": 0.0})]
    assert date(2026, 3, 2) == ON and blueprint.problems("scorecard") is None
