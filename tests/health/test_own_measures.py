"""A metric of one's own as a measure of the scorecard: scored, explained, and with a trend under one definition."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from tests.usage.events import happened
from tests.usage.test_own import TEXT

from perennial.blueprint import actions as configuration
from perennial.blueprint import queries as blueprint
from perennial.blueprint.actions import ConfigRefused
from perennial.blueprint.terms import BlueprintError
from perennial.customers import actions as customers
from perennial.customers import saved
from perennial.customers.lists import Listing
from perennial.customers.models import Customer
from perennial.customers.terms import CustomerFacts
from perennial.health import actions, queries
from perennial.jobs import nightly
from perennial.kernel.organisation import actions as place
from perennial.kernel.organisation.queries import house
from perennial.members.models import Member
from perennial.reports import customer_file, inputs, metric_uses
from perennial.usage import actions as usage
from perennial.usage import backfill

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 2)
OTHER = TEXT.replace("key: exports", "key: sent")


def words() -> dict[str, str]:
    return dict.fromkeys(("en", "zh-Hans", "zh-Hant"), "Exports")


def card(**measure: object) -> str:
    """Return a scorecard of nothing but one measure."""
    told = yaml.safe_load(blueprint.default_text("scorecard"))
    one = {"key": "exports", "label": words(), "definition": words(), "weight": 1, "direction": "up",
           "points": [[0, 0], [10, 100]], "fresh_days": 7, "max_age_days": 28, "missing": "worst",
           **measure}  # fmt: skip
    told["groups"] = [{"key": "usage", "label": words(), "weight": 1, "measures": [one]}]
    return yaml.safe_dump(told, allow_unicode=True, sort_keys=False)


@pytest.fixture
def ids(organisation: None, home: Path, now: datetime) -> dict[str, int]:
    facts = [CustomerFacts(source="crm", external_id=name, name=name) for name in ("a", "b", "silent")]
    found = customers.upsert(facts, by=None, at=now)[0]
    rows = [(found["a"], 1, "saved", "export", ON - timedelta(weeks=back), 5) for back in (0, 1, 2, 20)]
    happened([*rows, (found["b"], 2, "saved", "search", ON, 1)], now=now)
    place.move_as_of(on=ON, by=None, at=now)
    usage.bring_up_to(ON, at=now)
    return found


@pytest.fixture
def put(ids: dict[str, int], member: Callable[..., int], now: datetime) -> Callable[[str, str], None]:
    by = member("admin")

    def put(part: str, text: str) -> None:
        at = now + timedelta(minutes=1)
        configuration.publish(part=part, text=text, reason="Wanted", from_on=None, base=None, by=by, at=at)
        backfill.run(at=now, report=lambda _done, _total: None)

    return put


def parts(customer_id: int) -> tuple[object, ...]:
    found = queries.parts_of(customer_id)
    assert found is not None
    (part,) = found["parts"]
    return part["key"], part["value"], part["points"], part["age_days"], found["score"]


def test_a_scorecard_may_name_a_metric_that_is_defined_and_no_other(put: Callable[[str, str], None]) -> None:
    with pytest.raises(BlueprintError, match=r"groups\[0\].measures\[0\].key: there is no measure 'exports'"):
        blueprint.check("scorecard", card())
    put("own_metrics", TEXT)
    blueprint.check("scorecard", card())
    with pytest.raises(BlueprintError, match="there is no measure 'sent'"):
        blueprint.check("scorecard", card(key="sent"))


def test_it_is_scored_by_its_curve_with_its_age_and_stands_in_the_evidence(
    ids: dict[str, int], put: Callable[[str, str], None], now: datetime
) -> None:
    put("own_metrics", TEXT)
    put("scorecard", card())
    actions.score_day(ON, at=now)
    assert parts(ids["a"]) == ("exports", 5.0, "50.0", 0.0, "50.0")
    assert parts(ids["b"]) == ("exports", 0.0, "0.0", 0.0, "0.0")
    assert parts(ids["silent"])[1:3] == (None, None)  # nothing was ever measured: unknown, not nought


def test_its_trend_is_made_of_its_history_though_the_weeks_were_frozen_before_it_was_defined(
    ids: dict[str, int], put: Callable[[str, str], None], now: datetime
) -> None:
    actions.score_day(ON, at=now)  # freezes the weeks without it
    put("own_metrics", TEXT)
    put("scorecard", card())
    actions.score_day(ON, at=now)
    found = queries.parts_of(ids["a"])
    assert found is not None
    # a window of 7 days ends on each Monday of the weeks: five exports in each of the last three, none before
    assert found["weekly"] == ["0.0"] * 10 + ["50.0"] * 3


def test_a_live_pass_scores_it_too(ids: dict[str, int], put: Callable[[str, str], None], now: datetime) -> None:
    put("own_metrics", TEXT)
    put("scorecard", card())
    actions.score_day(ON, at=now)
    happened([(ids["b"], 2, "saved", "export", ON, 7)], now=now)
    usage.bring_up_to(ON, at=now)
    assert actions.rescore(ON, [ids["b"]], at=now)
    assert parts(ids["b"])[:3] == ("exports", 7.0, "70.0") and parts(ids["a"])[:3] == ("exports", 5.0, "50.0")


def test_its_inputs_are_the_measures_of_its_definition(
    ids: dict[str, int], put: Callable[[str, str], None], now: datetime
) -> None:
    two = TEXT.replace("measures: {n:", "expression: n / m\n    measures: {m: {aggregate: count, window: 28}, n:")
    put("own_metrics", two)
    put("scorecard", card())
    nightly.run(ON, at=now)
    key = Customer.objects.get(id=ids["a"]).key
    file = customer_file.find(Member.objects.get(role="admin"), key, house=house(), on=ON)
    assert file is not None
    room, found = inputs.behind(file, "exports")
    assert room == "usage"
    assert [(one.label, one.value) for one in found] == [
        ("m: Number of events · 28 days", 15.0), ("n: Number of events · 7 days", 5.0),
    ]  # fmt: skip
    assert parts(ids["a"])[1] == pytest.approx(5 / 15)


def test_a_metric_that_a_scorecard_or_a_view_uses_is_not_taken_away(
    ids: dict[str, int], put: Callable[[str, str], None], now: datetime
) -> None:
    put("own_metrics", TEXT + OTHER.split("\n", 1)[1])
    put("scorecard", card())
    by = Member.objects.get(role="admin")
    saved.save(member_id=by.pk, name="Senders", listing=Listing(columns=("name", "sent")), shared=False, at=now)
    with pytest.raises(ConfigRefused) as refused:
        metric_uses.refuse("metrics: []\n")
    assert "Exports is used by the scorecard “Customer health”." in str(refused.value)
    assert f"the view “Senders” of {by.name}" in str(refused.value)
    metric_uses.refuse(TEXT + OTHER.split("\n", 1)[1].replace("window: 7", "window: 9"))  # changed, not taken away
    put("scorecard", blueprint.default_text("scorecard"))
    metric_uses.refuse(OTHER)  # the scorecard speaks of it no more


def test_a_view_uses_what_it_filters_and_sorts_by(
    ids: dict[str, int], member: Callable[..., int], now: datetime
) -> None:
    by = member("csm")
    tree = {"all": [{"field": "arr", "op": "gte", "value": 1}, {"not": {"field": "sent", "op": "is_known"}}]}
    view = saved.view_of(
        view_id=saved.save(member_id=by, name="One", listing=Listing(), shared=False, at=now), member_id=by
    )
    assert view is not None
    view.conditions, view.sort = tree, "-exports"
    view.save()
    assert {key: len(found) for key, found in saved.views_using(["sent", "exports", "other"]).items()} == {
        "sent": 1, "exports": 1}  # fmt: skip
