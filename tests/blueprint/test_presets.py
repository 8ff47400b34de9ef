"""Presets of scorecards: each can be read, weighs what it says, and speaks three languages."""

from __future__ import annotations

import pytest
import yaml

from perennial.blueprint import queries
from perennial.blueprint.calculations.presets import composed
from perennial.blueprint.scorecard_terms import Preset

PRESETS = queries.scorecard_presets()
SHIPPED = yaml.safe_load(queries.default_text("scorecard"))


def test_there_is_one_for_each_way_of_working() -> None:
    assert [one.key for one in PRESETS] == [
        "usage_led", "relationship_led", "small_business", "enterprise_by_stage", "private_deployment",
    ]  # fmt: skip


@pytest.mark.parametrize("preset", PRESETS, ids=lambda one: one.key)
def test_a_preset_is_a_text_of_the_part(preset: Preset) -> None:
    rules = queries.scorecards_from(preset.text, name=preset.key)
    assert rules.fallback.key == SHIPPED["key"]
    for rule in rules.rules:
        assert sum(group.weight for group in rule.card.groups) == 100
        for group in rule.card.groups:
            assert sum(measure.weight for measure in group.measures) == pytest.approx(group.weight)
        curves = {
            one.key: tuple(map(tuple, one.told["points"])) for s in queries.measure_sources() for one in s.measures
        }
        assert all(measure.points == curves[measure.key] for measure in rule.card.measures)
        assert len(rule.card.vetoes) == len(SHIPPED["vetoes"])
    for language in ("en", "zh-Hans", "zh-Hant"):
        assert preset.label.text(language) and preset.meaning.text(language)
    assert len({preset.meaning.text(language) for language in ("en", "zh-Hans", "zh-Hant")}) == 3


def test_who_sends_no_usage_is_scored_without_it() -> None:
    rules = queries.scorecards_from(next(one.text for one in PRESETS if one.key == "private_deployment"), name="p")
    private, _others = rules.rules
    keys = {measure.key for measure in private.card.measures}
    assert {"touch_ratio", "level_1_rung", "overdue_tickets", "inspection_days"} <= keys
    assert not keys & {"seats_used_28d", "trend_28d", "breadth_28d", "days_since_last", "top_user_share_28d"}


def test_by_stage_the_renewal_and_the_onboarding_have_their_own() -> None:
    rules = queries.scorecards_from(next(one.text for one in PRESETS if one.key == "enterprise_by_stage"), name="p")
    assert [rule.card.key for rule in rules.rules] == ["onboarding", "renewal", "default"]


def test_a_preset_of_a_measure_that_does_not_ship_is_refused() -> None:
    wrong = {"key": "x", "label": {}, "cards": [{"key": "default", "groups": {"usage": 1}, "measures": {"magic": 1}}]}
    with pytest.raises(KeyError, match="magic"):
        composed(wrong, SHIPPED, {"measures": []})
