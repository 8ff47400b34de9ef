"""Metrics that an administrator defines: what is taken, and what is refused on its line."""

from __future__ import annotations

import pytest

from perennial.blueprint import queries
from perennial.blueprint.terms import BlueprintError
from perennial.lake.algebra import parse_metrics

GOOD = """metrics:
  - key: exports_7d
    label: {en: Exports, zh-Hans: 导出, zh-Hant: 匯出}
    definition: {en: Exports a seat., zh-Hans: 每席位导出数。, zh-Hant: 每席位匯出數。}
    unit: number
    measures:
      exports:
        aggregate: count
        where: event = 'export'
        window: 7
      people:
        aggregate: distinct
        of: user
        where: core
        window: 7
    expression: 100 * exports / (people + seats)
"""


def test_what_ships_is_no_metric_of_ones_own_and_the_library_can_be_taken_over() -> None:
    assert queries.own_metrics() == ()
    found = queries.own_metrics_from(queries.metric_library())
    assert len(found) == 14
    parse_metrics([{"key": one.key, **one.algebra} for one in found])


def test_a_definition_is_read_as_the_algebra_takes_it() -> None:
    (one,) = queries.own_metrics_from(GOOD)
    (metric,) = parse_metrics([{"key": one.key, **one.algebra}])
    assert metric.attributes() == {"seats"}
    assert metric.measures["exports"].where == "\"event\" = 'export'"
    assert "NOT" in metric.measures["people"].where


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("key: exports_7d", "key: Exports", "a name of a-z"),
        ("key: exports_7d", "key: active_users_7d", "the name active_users_7d is taken"),
        ("key: exports_7d", "key: score", "the name score is taken"),
        ("key: exports_7d", "key: day", "the name day is taken"),
        ("unit: number", "unit: bushels", "is none of number, ratio, days"),
        ("label: {en: Exports, zh-Hans: 导出, ", "label: {en: Exports, ", "label.zh-Hans: a text is wanted"),
        ("aggregate: count", "aggregate: median", "is none of count, sum"),
        ("of: user", "of: moon", "one of user, feature, event, day, user_day, user_week is wanted"),
        ("of: user", "of: [user]", "one of user, feature, event, day, user_day, user_week is wanted"),
        ("        where: core", "        were: core", "is not known here"),
        ("event = 'export'", "events = 'export'", "comparisons of event, feature with texts"),
        ("event = 'export'", "event = (select 1)", "comparisons of event, feature with texts"),
        ("event = 'export'", "event = 'export'; drop table x", "comparisons of event, feature with texts"),
        ("event = 'export'", "(" * 900 + "event = 'x'" + ")" * 900, "comparisons of event, feature with texts"),
        ("event = 'export'", "not " * 200 + "event = 'x'", "comparisons of event, feature with texts"),
        ("event = 'export'", "event = '" + "x" * 2000 + "'", "at most 2000 characters"),
        ("        window: 7\n      people", "        window: 0\n      people", "a whole number, 1 or more"),
        ("        window: 7\n      people", "        window: 999\n      people", "at most 366 days"),
        ("      exports:", "      seats:", "the name seats is taken"),
        ("expression: 100 * exports / (people + seats)", "expression: exports / persons", "no measure persons"),
        ("expression: 100 * exports / (people + seats)", "expression: exports / seats", "people stands nowhere"),
        ("expression: 100 * exports / (people + seats)", "expression: log(exports) / people", "names of measures"),
        ("expression: 100 * exports / (people + seats)", "expression: 1e400 * exports / people", "numbers from"),
        ("expression: 100 * exports / (people + seats)", "expression: " + "exports * " * 20 + "people", "at most 16"),
        ("expression: 100 * exports / (people + seats)", "expression: " + "(" * 140 + "people" + ")" * 140, "names of"),
        ("    expression: 100 * exports / (people + seats)\n", "", "several measures need an expression"),
        ("        aggregate: count", "        aggregate: count\n        days: sunny", "working is wanted"),
        (
            "aggregate: distinct\n        of: user\n        where: core\n        window: 7",
            "aggregate: trend\n        of: user\n        where: core\n        window: 14",
            "a trend is one of weeks",
        ),
        ("aggregate: count", "aggregate: since", "since the last event and a champion's silence have no window"),
        (
            "        aggregate: count",
            "        aggregate: count\n        of: day",
            "only distinct, largest, effective, adopted, trend, gap and silence",
        ),
    ],
)
def test_a_mistake_is_named_on_its_line(old: str, new: str, said: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    with pytest.raises(BlueprintError) as raised:
        queries.check("own_metrics", text)
    assert said in str(raised.value), str(raised.value)
    assert raised.value.line is not None
    place = raised.value.place.removeprefix("metrics[0]").strip(".").split(".")
    last = place[-1] if place[-1] in text.splitlines()[raised.value.line - 1] else place[0]
    assert last == "" or last in text.splitlines()[raised.value.line - 1] or raised.value.line == 2


def test_too_many_and_doubles_are_refused_and_none_is_none() -> None:
    one = GOOD.split("\n", 1)[1]
    with pytest.raises(BlueprintError, match="exports_7d stands twice"):
        queries.check("own_metrics", GOOD + one)
    with pytest.raises(BlueprintError, match="at most 40 metrics"):
        queries.check("own_metrics", GOOD + "".join(one.replace("exports_7d", f"e_{n}") for n in range(40)))
    for nothing in ("metrics: []", "metrics:", "{}"):
        assert queries.own_metrics_from(nothing) == ()
