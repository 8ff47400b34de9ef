"""Groups, measures, vetoes and whole scorecards added, taken away and moved in the form, without a line of YAML."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from html import unescape
from typing import Any

import pytest
import yaml
from django.http import HttpResponse
from tests.aids import signed_in
from tests.pages.test_scorecard_editor import ON, light, place, score

from perennial.blueprint import actions as configuration
from perennial.blueprint import queries as blueprint
from perennial.health import queries
from perennial.kernel.journal.models import JournalEntry
from perennial.members.models import Member
from perennial.pages.settings import scorecard_form, scorecard_parts
from perennial.reports import score_preview

__all__ = ["place"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation", "home")]
PATH = "/settings/scorecard"


def fields(text: str, card: str = "") -> dict[str, Any]:
    """Return what a browser would send of the form."""
    shown = scorecard_form.shown(text, card)
    given = {entry.name: entry.value for entry in scorecard_form._entries(shown)}
    for when in [*(veto.when for veto in shown.vetoes), *([shown.when] if shown.when else [])]:
        given[f"{when.name}.mode"] = "any" if when.is_any else "all"
        for row in when.rows:
            given |= {f"{row.name}.field": row.field, f"{row.name}.op": row.op, f"{row.name}.value": row.value}
    return {**given, "text": text, "card": card}


def text_in(answer: HttpResponse) -> str:
    """Return the text that the page would send back."""
    page = unescape(answer.content.decode())
    return page.partition('name="text" hidden>\n')[2].partition("</textarea>")[0]


def do(client: Any, text: str, what: str, card: str = "", **besides: str) -> str:
    answer = client.post(PATH, {**fields(text, card), "do": what, **besides})
    assert answer.status_code == 200, answer.content.decode()[-2000:]
    return text_in(answer)


def measures(text: str, group: int) -> list[str]:
    return [one["key"] for one in yaml.safe_load(text)["groups"][group]["measures"]]


def test_the_form_with_its_conditions_gives_the_same_text_back() -> None:
    text = blueprint.default_text("scorecard")
    assert scorecard_form.text_of(text, fields(text)) == text


def test_groups_and_measures_are_moved_added_and_taken_away(place: dict[str, Any]) -> None:
    client, text = signed_in(place["admin"]), blueprint.default_text("scorecard")
    assert measures(do(client, text, "up groups[0].measures[1]"), 0)[:2] == ["trend_28d", "seats_used_28d"]
    assert measures(do(client, text, "down groups[1].measures[0]"), 1)[:2] == ["open_tickets", "overdue_tickets"]
    assert "csat" not in measures(do(client, text, "remove groups[1].measures[2]"), 1)
    added = do(client, text, "add groups[1].measures", **{"new:groups[1].measures:measure": "logins_7d"})
    assert measures(added, 1)[-1] == "logins_7d" and "# The scorecard that ships" in added
    other = do(client, text, "add groups", **{"new:groups:name": "Log in", "new:groups:measure": "depth_28d"})
    assert [group["label"]["zh-Hans"] for group in yaml.safe_load(other)["groups"]][-1] == "Log in"
    assert measures(other, 4) == ["depth_28d"]
    assert yaml.safe_load(do(client, other, "up groups[4]"))["groups"][3]["label"]["en"] == "Log in"
    assert next(one["key"] for one in yaml.safe_load(do(client, text, "remove groups[0]"))["groups"]) == "support"


def test_what_was_written_into_the_fields_is_kept_when_a_part_moves(place: dict[str, Any]) -> None:
    client, text = signed_in(place["admin"]), blueprint.default_text("scorecard")
    weight = "f:groups[0].measures[1].weight"
    found = yaml.safe_load(do(client, text, "up groups[0].measures[1]", **{weight: "33"}))
    assert found["groups"][0]["measures"][0]["weight"] == 33


def test_vetoes_are_added_with_conditions_changed_and_taken_away(place: dict[str, Any]) -> None:
    client, text = signed_in(place["admin"]), blueprint.default_text("scorecard")
    text = do(client, text, "add vetoes", **{"new:vetoes:name": "Few seats"})
    first = "f:vetoes[2].when[0]"
    second = "f:vetoes[2].when[1]"
    rows = {f"{first}.field": "seats", f"{first}.op": "lte", f"{first}.value": "3",
            f"{second}.field": "segment", f"{second}.op": "in", f"{second}.value": "Bank、Retail",
            "f:vetoes[2].when.mode": "any", "f:vetoes[2].cap": "red"}  # fmt: skip
    found = yaml.safe_load(scorecard_form.text_of(text, {**fields(text), **rows}))["vetoes"][2]
    assert found["label"]["en"] == "Few seats" and found["cap"] == "red"
    assert found["when"] == {"any": [{"field": "seats", "op": "lte", "value": 3},
                                     {"field": "segment", "op": "in", "value": ["Bank", "Retail"]}]}  # fmt: skip
    for _n in range(3):
        text = do(client, text, "remove vetoes[0]")
    assert "vetoes" not in yaml.safe_load(text)


def test_scorecards_are_added_for_some_customers_moved_and_taken_away(place: dict[str, Any]) -> None:
    client, text = signed_in(place["admin"]), blueprint.default_text("scorecard")
    text = do(client, text, "add scorecards", "default", **{"new:scorecards:name": "Banks"})
    rule = "f:scorecards[0].when[0]"
    rows = {f"{rule}.field": "segment", f"{rule}.op": "eq", f"{rule}.value": "Bank", "f:scorecards[0].priority": "7"}
    text = scorecard_form.text_of(text, {**fields(text, "scorecard_1"), **rows})
    text = do(client, text, "add scorecards", "default", **{"new:scorecards:name": "Shops"})
    cards = blueprint.scorecards_from(text, name="x").rules
    assert [(rule.card.label.en, rule.priority) for rule in cards] == [
        ("Banks", 7), ("Shops", 0), ("Customer health", 0)]  # fmt: skip
    moved = do(client, text, "down scorecards[0]", "scorecard_1")
    assert [one["label"]["en"] for one in yaml.safe_load(moved)["scorecards"]] == ["Shops", "Banks", "Customer health"]
    assert next(rule.card.label.en for rule in blueprint.scorecards_from(moved, name="x").rules) == "Shops"
    fewer = do(client, moved, "remove scorecards[0]", "scorecard_2")
    assert [rule.card.key for rule in blueprint.scorecards_from(fewer, name="x").rules] == ["scorecard_1", "default"]


@pytest.mark.parametrize(
    ("what", "status"),
    [("up groups[0]", 404), ("down groups[3]", 404), ("remove groups[9]", 404), ("remove bands", 404), ("burn", 404),
     ("remove scorecards[0]", 404), ("add groups[9].measures", 404), ("add groups", 422), ("add vetoes", 422),
     ("add scorecards", 422), ("add groups[0].measures", 422)],
)  # fmt: skip
def test_what_cannot_be_done_changes_nothing(place: dict[str, Any], what: str, status: int) -> None:
    text = blueprint.default_text("scorecard")
    answer = signed_in(place["admin"]).post(PATH, {**fields(text), "do": what})
    assert answer.status_code == status
    if status == 422:
        assert text_in(answer) == text


def test_the_last_measure_of_a_group_stays() -> None:
    text = blueprint.default_text("scorecard")
    for _n in range(2):
        text = scorecard_parts.done(text, "remove groups[2].measures[0]", "", {}).text
    with pytest.raises(blueprint.BlueprintError):
        scorecard_parts.done(text, "remove groups[2].measures[0]", "", {})


def test_a_field_that_cannot_be_is_named_and_keeps_what_was_written(place: dict[str, Any]) -> None:
    text = blueprint.default_text("scorecard")
    name = "f:groups[1].measures[2].points"
    answer = signed_in(place["admin"]).post(PATH, {**fields(text), name: "5:0 1:100"})
    page = answer.content.decode()
    assert answer.status_code == 422 and f'href="#{name}">Support · Satisfaction with support · Points' in page
    assert 'value="5:0 1:100"' in page and f'aria-describedby="{name}:wrong"' in page


def test_a_veto_s_value_that_cannot_be_is_named(place: dict[str, Any]) -> None:
    text = blueprint.default_text("scorecard")
    answer = signed_in(place["admin"]).post(PATH, {**fields(text), "f:vetoes[1].when[0].value": "soon"})
    assert answer.status_code == 422 and "Vetoes · Payment overdue by more than 60 days" in answer.content.decode()


def test_every_measure_that_health_knows_is_offered() -> None:
    offered = {one.key for source in blueprint.measure_sources() for one in source.measures}
    from perennial.blueprint.terms import MEASURES

    assert offered == MEASURES


def test_a_preview_of_other_scorecards_and_vetoes_says_what_they_would_print(
    place: dict[str, Any], now: datetime, member: Callable[..., int]
) -> None:
    """The proof: put the draft in force, score the day, and compare with what was foretold."""
    light(now, place["admin"])
    score(now)
    base = yaml.safe_load(blueprint.text_in_force("scorecard"))
    few = {"key": "tickets", "label": {"en": "T", "zh-Hans": "T", "zh-Hant": "T"}, "cap": "red",
           "when": {"field": "open_tickets", "op": "gte", "value": 3}}  # fmt: skip
    tickets = next(group for group in base["groups"] if group["key"] == "support")
    other = {**base, "key": "busy", "when": {"field": "open_tickets", "op": "gte", "value": 9}, "groups": [tickets]}
    draft = scorecard_parts.dumped({"scorecards": [other, {**base, "vetoes": [few]}]})
    admin = Member.objects.get(id=place["admin"])
    found = score_preview.of(admin, draft)
    assert found.is_anew
    before = queries.standing(ON)
    configuration.publish(part="scorecard", text=draft, reason="More", from_on=None, base=None, by=admin.pk, at=now)
    score(now)
    after = queries.standing(ON)
    assert {one.key: one.after for one in found.bands} == {
        key: sum(one.band == key for one in after.values()) for key in score_preview.SHOWN
    }
    ids = place["ids"]
    assert after[ids["B"]].band == "red" and after[ids["C"]].band != "grey"
    moved = sorted(name for name in ids if before[ids[name]].band != after[ids[name]].band)
    assert sorted(one.name for one in found.movers) == moved and moved
    for one in found.movers:
        assert float(one.after) == after[ids[one.name]].score


def test_the_customers_that_a_draft_moves_are_handed_out_as_a_file(
    place: dict[str, Any], now: datetime, member: Callable[..., int]
) -> None:
    light(now, place["admin"])
    score(now)
    text = blueprint.text_in_force("scorecard")
    given = {**fields(text), "f:groups[1].measures[1].weight": "400", "f:groups[1].weight": "500", "format": "csv"}
    client = signed_in(place["admin"])
    answer = client.post(f"{PATH}/moved", given)
    lines = answer.content.decode("utf-8-sig").splitlines()
    found = score_preview.of(Member.objects.get(id=place["admin"]), scorecard_form.text_of(text, given))
    assert answer.status_code == 200 and len([one for one in lines if "Open tickets" in one]) == found.moved > 0
    assert JournalEntry.objects.filter(kind="scorecard.exported").count() == 1
    assert client.post(f"{PATH}/moved", {**given, "format": "xlsx"}).content[:2] == b"PK"
    assert client.post(f"{PATH}/moved", {**given, "format": "pdf"}).status_code == 404
    assert signed_in(place["csm"]).post(f"{PATH}/moved", given).status_code == 404
