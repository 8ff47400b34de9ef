"""The editor of the scorecards: fields of the text, what they would change, and the way to put them in force."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
import yaml
from tests.aids import signed_in
from tests.contracts.books import SOURCE, customers, keep, line
from tests.health.test_cards import EARLY, ON

from perennial.blueprint import actions as configuration
from perennial.blueprint import queries as blueprint
from perennial.customers.models import PortfolioRow
from perennial.health import actions, queries, trying
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.versions import Incoming
from perennial.members.models import Member
from perennial.pages.settings import scorecard_form
from perennial.reports import portfolio, score_preview
from perennial.support.actions import write_tickets
from perennial.voice.actions import write_answers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation", "home")]
WEIGHT = "f:groups[1].measures[1].weight"


@pytest.fixture
def place(member: Callable[..., int], now: datetime) -> dict[str, Any]:
    """Three customers of whom tickets and surveys are known: A none open, B three, C nine and unhappy."""
    ids = customers("A", "B", "C", at=now)
    keep([line(name, ids[name], "2024-01-01", "2026-01-01", 1_000_000) for name in ids], at=now)
    opened = datetime.fromisoformat("2024-12-20T04:00:00+00:00")
    tickets = [Incoming(f"t{name}{n}", {"customer_id": ids[name], "opened_at": opened}, EARLY)
               for name, count in (("B", 3), ("C", 9)) for n in range(count)]  # fmt: skip
    write_tickets(tickets, source=SOURCE, at=now)
    answers = [Incoming(f"{kind}{name}", {"customer_id": ids[name], "kind": kind, "score": score,
                                          "answered_at": opened}, EARLY)
               for name, nps, csat in (("A", 10, 5), ("B", 8, 4), ("C", 7, 4))
               for kind, score in (("nps", nps), ("csat", csat))]  # fmt: skip
    write_answers(answers, source=SOURCE, at=now)
    organisation.move_as_of(on=ON, by=None, at=now)
    return {"ids": ids, "admin": member("admin"), "csm": member("csm")}


def score(now: datetime) -> None:
    actions.score_day(ON, at=now)
    portfolio.rewrite(ON, at=now)


def light(now: datetime, by: int) -> None:
    """Put a scorecard in force that asks for little, so that everybody has a colour."""
    text = blueprint.default_text("scorecard").replace("least: 0.4", "least: 0.05")
    configuration.publish(part="scorecard", text=text, reason="Ours", from_on=None, base=None, by=by, at=now)


def test_the_form_shows_every_number_of_the_text_and_gives_the_same_text_back() -> None:
    text = blueprint.default_text("scorecard")
    card = scorecard_form.shown(text, "")
    given = {entry.name: entry.value for entry in scorecard_form._entries(card)}
    assert given[WEIGHT] == "4" and given["f:groups[0].measures[0].points"] == "0:0 0.35:50 0.5:70 0.8:95 1:100"
    assert given["f:vetoes[0].cap"] == "yellow" and given["f:bands.green_from"] == "70"
    assert scorecard_form.text_of(text, given) == text


def test_a_field_that_the_text_does_not_have_changes_nothing() -> None:
    text = blueprint.default_text("scorecard")
    assert scorecard_form.text_of(text, {"f:key": "mine", "f:groups[7].weight": "3", "weight": "9"}) == text


def test_of_several_scorecards_the_one_that_was_asked_for_is_changed() -> None:
    usual = yaml.safe_load(blueprint.default_text("scorecard"))
    first = usual | {"key": "banks", "when": {"field": "segment", "op": "eq", "value": "Bank"}}
    text = yaml.safe_dump(json.loads(json.dumps({"scorecards": [first, usual]})), sort_keys=False)
    assert scorecard_form.shown(text, "banks").bands[0].name == "f:scorecards[0].bands.yellow_from"
    changed = scorecard_form.text_of(text, {"f:scorecards[1].groups[0].weight": "12,5"})
    weights = [card["groups"][0]["weight"] for card in yaml.safe_load(changed)["scorecards"]]
    assert weights == [40, 12.5]


def test_what_is_in_force_is_previewed_as_it_was_printed_and_nobody_moves(place: dict[str, Any], now: datetime) -> None:
    light(now, place["admin"])
    score(now)
    found = score_preview.of(Member.objects.get(id=place["admin"]), blueprint.text_in_force("scorecard"))
    assert (found.moved, found.changed, found.customers) == (0, 0, 3)
    day = trying.newest_day()
    tried = trying.tried(day, blueprint.scorecards())
    printed = queries.standing(ON)
    for row, customer in enumerate(day.facts.customers):
        assert printed[customer].score == tried.tenths[row] / 10
        assert printed[customer].band == ("red", "yellow", "green", "grey")[tried.band[row]]
    assert sum(band.before for band in found.bands) == 3


@pytest.mark.parametrize("has_yesterday", [False, True])
def test_a_preview_says_what_the_draft_would_print(place: dict[str, Any], now: datetime, has_yesterday: bool) -> None:
    """The proof: put the draft in force, score the day, and compare with what was foretold."""
    light(now, place["admin"])
    if has_yesterday:
        actions.score_day(ON - timedelta(days=1), at=now)
    score(now)
    base = blueprint.text_in_force("scorecard")
    draft = scorecard_form.text_of(base, {WEIGHT: "400", "f:groups[1].weight": "500"})
    member = Member.objects.get(id=place["admin"])
    found = score_preview.of(member, draft)
    before = queries.standing(ON)
    configuration.publish(part="scorecard", text=draft, reason="More", from_on=None, base=None, by=member.pk, at=now)
    score(now)
    after = queries.standing(ON)
    moved = {c for c in after if after[c].band != before[c].band}
    keys = dict(PortfolioRow.objects.values_list("customer__key", "customer_id"))
    assert {keys[mover.key] for mover in found.movers} == moved and found.moved == len(moved) > 0
    for mover in found.movers:
        number = keys[mover.key]
        assert (mover.from_band, mover.to_band) == (before[number].band, after[number].band)
        assert (float(mover.before), float(mover.after)) == (before[number].score, after[number].score)
        assert mover.measure == "open_tickets"
    assert {band.key: band.after for band in found.bands} == {
        key: sum(one.band == key for one in after.values()) for key in score_preview.SHOWN
    }
    assert sum(is_ for _was, is_ in found.histogram) == sum(one.band != "grey" for one in after.values())


def test_the_page_previews_compares_and_puts_in_force(place: dict[str, Any], now: datetime) -> None:
    light(now, place["admin"])
    score(now)
    client = signed_in(place["admin"])
    page = client.get("/settings/scorecard")
    assert page.status_code == 200 and 'name="f:groups[1].measures[1].weight"' in page.content.decode()
    text = blueprint.text_in_force("scorecard")
    fields = {"text": text, "base": "2", WEIGHT: "400", "f:groups[1].weight": "500"}
    told = client.post("/settings/scorecard/preview", fields)
    assert told.status_code == 200
    assert "change their bands." in (said := told.content.decode()) or "changes its band." in said
    assert blueprint.text_in_force("scorecard") == text
    compared = client.post("/settings/scorecard", {**fields, "step": "compare"}).content.decode()
    assert "weight: 400" in compared and "weight: 500" in compared and 'name="reason"' in compared
    assert blueprint.text_in_force("scorecard") == text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [(WEIGHT, "heavy", "a number is wanted"), (WEIGHT, "0", "a weight above 0 is wanted"),
     ("f:groups[0].measures[0].points", "0:0 1", "write each point as value:points"),
     ("f:groups[0].measures[0].points", "0:50 1:0", "a curve that runs up may not turn"),
     ("f:bands.green_from", "20", "0 &lt;= hysteresis &lt;= yellow_from")],
)  # fmt: skip
def test_what_cannot_be_is_said_in_the_preview_and_on_the_page(
    place: dict[str, Any], field: str, value: str, said: str
) -> None:
    client = signed_in(place["admin"])
    fields = {"text": blueprint.text_in_force("scorecard"), field: value}
    assert said in client.post("/settings/scorecard/preview", fields).content.decode()
    refused = client.post("/settings/scorecard", fields)
    assert refused.status_code == 422 and said in refused.content.decode()


def test_before_any_day_was_scored_the_preview_says_so(place: dict[str, Any]) -> None:
    fields = {"text": blueprint.text_in_force("scorecard")}
    told = signed_in(place["admin"]).post("/settings/scorecard/preview", fields)
    assert "Nothing can be compared yet" in told.content.decode()


def test_who_does_not_manage_settings_finds_no_editor(place: dict[str, Any]) -> None:
    client = signed_in(place["csm"])
    assert client.get("/settings/scorecard").status_code == 404
    assert client.post("/settings/scorecard/preview", {"text": "x"}).status_code == 404


@pytest.mark.parametrize("preset", [one.key for one in blueprint.scorecard_presets()])
def test_a_preset_is_where_the_editor_begins_and_is_put_in_force_like_any_text(
    place: dict[str, Any], now: datetime, preset: str
) -> None:
    score(now)
    admin, path = signed_in(place["admin"]), "/settings/scorecard"
    shown = admin.get(path, {"preset": preset}).content.decode()
    assert "This is the preset" in shown and 'aria-current="true"' in shown
    text = next(one.text for one in blueprint.scorecard_presets() if one.key == preset)
    assert unescape(shown).count(text) == 1  # what the form sends back is the preset's text
    given = {"text": text, "step": "compare", "base": "0"}
    assert "what changes" in admin.post(path, given).content.decode()
    previewed = admin.post(f"{path}/preview", given)
    assert previewed.status_code == 200 and 'role="alert"' not in previewed.content.decode()

    assert (
        "What it would change" in previewed.content.decode() and "Is being computed" not in previewed.content.decode()
    )
    configuration.publish(part="scorecard", text=text, reason="P", from_on=None, base=None, by=place["admin"], at=now)
    score(now)
    for number in place["ids"].values():
        found = queries.parts_of(number)
        assert found is not None
        parts = sum(Decimal(part["contribution"]) for part in found["parts"])
        assert parts == Decimal(found["score"]) - Decimal(found["segment_score"])


def test_a_preset_that_there_is_not_is_not_found(place: dict[str, Any]) -> None:
    assert signed_in(place["admin"]).get("/settings/scorecard?preset=magic").status_code == 404
    assert "This is the preset" not in signed_in(place["admin"]).get("/settings/scorecard").content.decode()
