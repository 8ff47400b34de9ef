"""Values put into a text where they stand: everything else stays to the letter."""

from __future__ import annotations

import pytest
import yaml

from perennial.blueprint import queries
from perennial.blueprint.calculations.comparing import compare
from perennial.blueprint.calculations.patching import patched, written

SHIPPED = queries.default_text("scorecard")


def test_a_changed_value_changes_its_line_and_no_other() -> None:
    text = patched(SHIPPED, {"groups[0].measures[1].points": [[0, 0], [1, 62.5]], "bands.green_from": 75})
    before, after = SHIPPED.splitlines(), text.splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert [new.strip() for _old, new in changed] == [
        "bands: {yellow_from: 50, green_from: 75, hysteresis: 3}",
        "points: [[0, 0], [1, 62.5]]",
    ]
    assert compare(SHIPPED, text)


def test_what_is_equal_stays_as_it_is_written() -> None:
    assert (
        patched(SHIPPED, {"groups[0].weight": 40.0, "groups[0].measures[0].missing": "assume_segment_mean"}) == SHIPPED
    )


@pytest.mark.parametrize(
    "text",
    ["a:\n- 1\n- 2\nb: x # why\n", "a:\n  - 1\n  - 2\n# a word\nb: x\n", "a: [1, 2]\nb: x", '{"a": [1, 2], "b": "x"}'],
)
def test_a_list_in_any_form_takes_the_new_one_and_its_neighbour_stays(text: str) -> None:
    found = patched(text, {"a": [[0, 1.5], [2, 3]]})
    assert yaml.safe_load(found) == {"a": [[0, 1.5], [2, 3]], "b": "x"}
    assert ("# a word" in found) is ("# a word" in text)


def test_a_place_that_is_not_there_is_an_error() -> None:
    with pytest.raises((KeyError, IndexError)):
        patched(SHIPPED, {"groups[9].weight": 3})


@pytest.mark.parametrize(("value", "said"), [(3.0, "3"), (0.35, "0.35"), ([[0, 1.0]], "[[0, 1]]"), ("worst", "worst")])
def test_values_are_written_as_a_person_would(value: object, said: str) -> None:
    assert written(value) == said
