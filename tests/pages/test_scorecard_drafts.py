"""A draft of the scorecards: kept for its member, found again another day, overtaken, discarded, published."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from tests.aids import signed_in
from tests.pages.test_scorecard_editor import WEIGHT, place
from tests.pages.test_scorecard_parts import PATH, do, fields, text_in

from perennial.blueprint import actions as configuration
from perennial.blueprint import drafts
from perennial.blueprint import queries as blueprint
from perennial.blueprint.models import ConfigDraft

__all__ = ["place"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation", "home")]
PREVIEW = "/settings/scorecard/preview"


def publish(text: str, by: int, now: datetime) -> int:
    return configuration.publish(part="scorecard", text=text, reason="x", from_on=None, base=None, by=by, at=now)


def test_what_was_changed_is_there_again_after_a_reload_and_only_for_its_member(
    place: dict[str, Any], member: Callable[..., int]
) -> None:
    client, text = signed_in(place["admin"]), blueprint.default_text("scorecard")
    client.post(PREVIEW, {**fields(text), WEIGHT: "31"})
    again = client.get(PATH)
    assert "weight: 31" in text_in(again) and "This is your draft" in again.content.decode()
    other = signed_in(member("admin")).get(PATH)
    assert text_in(other) == text and "This is your draft" not in other.content.decode()
    assert blueprint.text_in_force("scorecard") == text


def test_a_part_that_was_moved_is_kept_too_and_what_is_in_force_is_no_draft(place: dict[str, Any]) -> None:
    client, text = signed_in(place["admin"]), blueprint.default_text("scorecard")
    moved = do(client, text, "down groups[0]")
    assert text_in(client.get(PATH)) == moved
    do(client, moved, "up groups[1]")
    assert not ConfigDraft.objects.exists()


def test_a_preset_that_is_only_looked_at_leaves_the_draft_alone(place: dict[str, Any]) -> None:
    client, text = signed_in(place["admin"]), blueprint.default_text("scorecard")
    client.post(PREVIEW, {**fields(text), WEIGHT: "31"})
    preset = blueprint.scorecard_presets()[0].text
    client.post(PREVIEW, {**fields(preset), "begun": "1"})
    assert "weight: 31" in text_in(client.get(PATH))
    client.post(PREVIEW, {**fields(preset), "begun": "1", "f:groups[0].weight": "17"})
    assert "weight: 17" in text_in(client.get(PATH))


def test_a_draft_is_discarded(place: dict[str, Any]) -> None:
    client, text = signed_in(place["admin"]), blueprint.default_text("scorecard")
    client.post(PREVIEW, {**fields(text), WEIGHT: "31"})
    assert client.post(PATH, {"do": "discard", "text": ""}).status_code == 302
    assert text_in(client.get(PATH)) == text


def test_who_overtook_a_draft_is_named_and_it_goes_on_only_by_a_word(
    place: dict[str, Any], member: Callable[..., int], now: datetime
) -> None:
    client, text = signed_in(place["admin"]), blueprint.default_text("scorecard")
    client.post(PREVIEW, {**fields(text), WEIGHT: "31", "base": "0"})
    other = member("admin", name="Li Na")
    version = publish(text.replace("green_from: 70", "green_from: 72"), other, now)
    page = client.get(PATH).content.decode()
    assert f"Li Na put version {version} in force" in page
    draft = drafts.draft_of("scorecard", place["admin"])
    assert draft is not None and draft.base == 0
    saved = {"text": draft.text, "base": "0", "reason": "Mine", "step": "save", "since": "ever"}
    refused = client.post("/settings/blueprint/scorecard", saved)
    assert f"Li Na changed this meanwhile: version {version}" in refused.content.decode()
    assert blueprint.history("scorecard")[0].version == version
    client.post(PATH, {**fields(draft.text), "do": "rebase"})
    assert "Li Na put" not in (again := client.get(PATH)).content.decode()
    assert "weight: 31" in text_in(again)


def test_what_is_put_in_force_is_no_draft_any_more(place: dict[str, Any], now: datetime) -> None:
    client, text = signed_in(place["admin"]), blueprint.default_text("scorecard")
    client.post(PREVIEW, {**fields(text), WEIGHT: "31"})
    draft = drafts.draft_of("scorecard", place["admin"])
    assert draft is not None
    publish(draft.text, place["admin"], now)
    assert not ConfigDraft.objects.exists() and "This is your draft" not in client.get(PATH).content.decode()
