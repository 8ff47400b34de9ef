"""A text that a person wrote: what is wrong is named by its line, and no text can hurt."""

from __future__ import annotations

import re

import pytest

from perennial.blueprint import queries
from perennial.blueprint.calculations import document
from perennial.blueprint.calculations.node import Node
from perennial.blueprint.terms import BlueprintError


def refused(text: str) -> BlueprintError:
    with pytest.raises(BlueprintError) as raised:
        document.read(text, "mine.yaml", Node.mapping)
    return raised.value


def test_plain_values_are_read() -> None:
    found = document.read("a: 1\nb: [x, {c: true}]\nd:\n", "mine.yaml", Node.mapping)
    assert found == {"a": 1, "b": ["x", {"c": True}], "d": None}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", None, "mine.yaml: a mapping is wanted"),
        ("a: 1\nb: 2\na: 3\n", 3, "mine.yaml: a stands twice"),
        ("a: &x [1]\nb: *x\n", 2, "mine.yaml: write it out: a text may not refer to another place"),
        ("a: 1\n  b: 2\n", 2, "mine.yaml: this is no YAML: mapping values are not allowed here"),
        ("a: !!python/object:os.system {}\n", 1, "mine.yaml: this is no YAML: could not determine a constructor"),
        ("[" * 100 + "]" * 100, 1, "mine.yaml: too many levels"),
        ("a: 2026-02-30\n", None, "mine.yaml: this is no YAML: day is out of range for month"),
        ("a: \x00", None, "mine.yaml: this is no YAML: unacceptable character"),
        ("a: " + "x" * 200_001, None, "mine.yaml: at most 200000 characters are wanted"),
    ],
)
def test_a_text_that_cannot_be_read_is_named_with_its_line(text: str, line: int | None, said: str) -> None:
    error = refused(text)
    assert str(error).startswith(said)
    assert error.line == line


def test_a_text_that_doubles_itself_over_and_over_is_refused_before_it_grows() -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    assert "may not refer" in str(refused("a0: &a0 [1]\n" + levels))


def line_of(part: str, pattern: str) -> int:
    lines = queries.default_text(part).splitlines()
    return next(number for number, line in enumerate(lines, start=1) if re.search(pattern, line))


@pytest.mark.parametrize(
    ("part", "old", "new", "said"),
    [
        ("scorecard", "green_from: 70", "green_from: 99", "bands: 0 <= hysteresis"),
        ("scorecard", "key: nps", "key: moon", "there is no measure 'moon'"),
        ("tiers", "key: usd_20k", "key: usd_20k_and_much_more_than_that", "key: at most 20 characters are wanted"),
        ("tiers", "from: 500000", "from: 5", "the highest first, the lowest from 0"),
        ("stages", "clock: [a-z_]+", "clock: moon", "clock: 'moon' is none of payment, signature"),
        ("today", r"Renews on \{next_renewal_on\}", "Renews on {moon}", "reason.en: there is no field 'moon'"),
        ("today", r"Renews on \{next_renewal_on\}", "Renews on {next_renewal_on", "every brace { needs its }"),
        ("today", r"Renews on \{next_renewal_on\}", "{score:9999999d}", "only {field} may stand in braces"),
        ("today", "op: within_days, value: 90", "op: within_days, value: -1", "value: days from 0 to 36500"),
        ("rights", "imports.run: all", "imports.fly: all", "roles[0].abilities.imports.fly: there is no such ability"),
        ("rights", "key: csm", "key: boss", "roles[2].key: there is no role 'boss'"),
        ("revenue", "grace_days: 30", "grace_days: 1.5", "grace_days: a text, a whole number, true or false is wanted"),
    ],
)
def test_a_mistake_in_a_part_is_found_on_its_line(part: str, old: str, new: str, said: str) -> None:
    number = line_of(part, old)
    text = re.sub(old, lambda _found: new, queries.default_text(part), count=1)
    with pytest.raises(BlueprintError) as raised:
        queries.check(part, text)
    assert said in str(raised.value)
    around = {number, number - 1} if said == "the highest first, the lowest from 0" else {number}
    found = raised.value.line
    assert found is not None and (found in around or text.splitlines()[found - 1].strip() == "tiers:")


def test_a_key_that_is_missing_is_found_where_it_should_stand() -> None:
    text = queries.default_text("scorecard").replace("    weight: 40\n", "", 1)
    with pytest.raises(BlueprintError) as raised:
        queries.check("scorecard", text)
    assert (raised.value.place, raised.value.line) == ("groups[0].weight", line_of("scorecard", "- key: usage"))


@pytest.mark.parametrize("part", queries.PARTS)
def test_every_part_that_ships_can_be_read(part: str) -> None:
    if part in queries.CHANGEABLE:
        queries.check(part, queries.default_text(part))
    assert queries.metrics() and queries.event_kinds()
