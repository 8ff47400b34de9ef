"""What the algebra takes, and what it refuses."""

import pytest
from tests.lake.builders import METRICS

from perennial.lake.algebra import Aggregate, BadDefinition, Measure, attributes_of, measures_of, parse_metrics, plan_of


def test_the_first_metrics_need_only_the_seats_and_six_columns_of_facts() -> None:
    assert attributes_of(METRICS) == ["seats"]
    assert sorted(plan_of(METRICS).values()) == [
        "\"event\" <> 'error'",
        "\"event\" = 'error'",
        "\"event\" = 'login'",
        "\"event\" = 'use'",
        '"event" = \'use\' AND NOT "user" IS NULL',
        'NOT "user" IS NULL',
        "TRUE",
    ]


def test_a_measure_that_two_metrics_share_is_one_measure() -> None:
    users = [metric for metric in METRICS if metric.key in ("active_users_28d", "seats_used_28d")]
    assert len(measures_of(users)) == 1
    assert Measure(Aggregate.COUNT, where="event='a'") == Measure(Aggregate.COUNT, where="event = 'a' -- the same")


@pytest.mark.parametrize(
    "where",
    [
        "event",
        "event = feature",
        "event = 5",
        "customer = 1",
        "user = 'x'",
        "length(event) > 2",
        "event IN (SELECT 1)",
        "event = 'a'; DROP TABLE event",
        "event = 'a' OR 1 = 1",
        "e.event = 'a'",
        "event = ",
        "event > 'a'",
    ],
)
def test_a_predicate_is_only_comparisons_of_events_and_features_with_text(where: str) -> None:
    with pytest.raises(BadDefinition):
        Measure(Aggregate.COUNT, where=where)


def test_a_predicate_over_keys_of_events_cannot_ask_for_users() -> None:
    with pytest.raises(BadDefinition):
        Measure(Aggregate.DISTINCT, of="feature", where="user IS NOT NULL")


@pytest.mark.parametrize(
    "expression",
    [
        "a % b",
        "a > b",
        "COALESCE(a)",
        "COALESCE(a, 'x')",
        "LEAST(a, b, (SELECT 1))",
        "LN(a)",
        "log1p(a, b)",
        "log1p(log1p(log1p(log1p(a))))",
        "CASE a WHEN 1 THEN a END",
        "CASE WHEN a = 1 THEN a END",
        "CASE WHEN a THEN a END",
        "CASE WHEN a > 1 THEN 'x' END",
        "CASE WHEN a > 1 THEN NULL END",
        "a > 1 AND a < 2",
        "CAST(a AS INT)",
        "a / (SELECT 1)",
        "'1' * a",
        "x.a",
        "a +",
        "customer + a",
        "A",
    ],
)
def test_an_expression_is_only_arithmetic_over_names_and_numbers(expression: str) -> None:
    with pytest.raises(BadDefinition):
        parse_metrics([{"key": "m", "measures": {"a": {"aggregate": "count"}}, "expression": expression}])


@pytest.mark.parametrize(
    "measure",
    [
        {"aggregate": "median"},
        {"aggregate": "count", "of": "user"},
        {"aggregate": "distinct"},
        {"aggregate": "largest", "of": "day"},
        {"aggregate": "count", "window": 0},
        {"aggregate": "count", "offset": -1},
        {"aggregate": "since", "window": 7},
        {"aggregate": "since", "days": "working"},
        {"aggregate": "count", "days": "sunny"},
        {"aggregate": "effective"},
        {"aggregate": "trend", "of": "user", "window": 14},
        {"aggregate": "trend", "of": "feature", "window": 7},
        {"aggregate": "effective", "of": "user_day"},
        {"aggregate": "largest", "of": "user_week"},
        {"aggregate": "count", "windows": 7},
        {},
    ],
)
def test_a_measure_that_means_nothing_is_refused(measure: dict[str, object]) -> None:
    with pytest.raises(BadDefinition):
        parse_metrics([{"key": "m", "measures": {"a": measure}}])


def test_a_key_stands_once_and_several_measures_need_an_expression() -> None:
    one = {"key": "m", "measures": {"a": {"aggregate": "count"}}}
    with pytest.raises(BadDefinition, match="twice"):
        parse_metrics([one, one])
    with pytest.raises(BadDefinition, match="expression"):
        parse_metrics([{"key": "m", "measures": {"a": {"aggregate": "count"}, "b": {"aggregate": "since"}}}])
