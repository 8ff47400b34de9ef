"""Parts of a text added, taken away and moved: what stays is written as it was."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.blueprint import queries
from perennial.blueprint.calculations.relisting import relisted

SHIPPED = queries.default_text("scorecard")
LIST = "# first\na:\n- x: 1 # one\n  y: [1, 2]\n- x: 2\n\n- x: 3\n# after\nb: 5\n"


def test_a_part_that_moves_takes_its_lines_with_it() -> None:
    found = relisted(LIST, "a", [2, 0, 1])
    assert yaml.safe_load(found)["a"] == [{"x": 3}, {"x": 1, "y": [1, 2]}, {"x": 2}]
    assert all(said in found for said in ("# first", "x: 1 # one", "# after", "y: [1, 2]"))


def test_a_new_part_stands_where_it_was_put_and_one_taken_away_is_gone() -> None:
    found = relisted(LIST, "a", [0, {"x": 9, "z": {"en": "A: b"}}, 2])
    assert yaml.safe_load(found) == {"a": [{"x": 1, "y": [1, 2]}, {"x": 9, "z": {"en": "A: b"}}, {"x": 3}], "b": 5}
    assert "x: 1 # one" in found


def test_a_list_without_a_part_goes_with_its_key_and_comes_back_with_one() -> None:
    bare = relisted(LIST, "a", [])
    assert yaml.safe_load(bare) == {"b": 5}
    assert yaml.safe_load(relisted(bare, "a", [{"x": 1}])) == {"b": 5, "a": [{"x": 1}]}


def test_a_list_in_one_line_is_changed_too() -> None:
    assert yaml.safe_load(relisted("a: [{x: 1}, {x: 2}]\n", "a", [1, 0]))["a"] == [{"x": 2}, {"x": 1}]


def test_what_should_hold_the_list_must_be_there() -> None:
    with pytest.raises((KeyError, IndexError)):
        relisted(LIST, "c.d", [0])
    with pytest.raises(IndexError):
        relisted(LIST, "a", [7])


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(5)), st.integers(1, 5))
def test_any_order_of_the_measures_that_ship_is_what_was_asked_for(order: list[int], most: int) -> None:
    before = yaml.safe_load(SHIPPED)["groups"][0]["measures"]
    found = relisted(SHIPPED, "groups[0].measures", order[:most])
    assert yaml.safe_load(found)["groups"][0]["measures"] == [before[n] for n in order[:most]]
    assert found.startswith(SHIPPED.splitlines()[0])  # its comment stays
