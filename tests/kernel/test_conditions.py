"""Condition trees: reading, three-valued matching and the reasons."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.kernel.conditions.matching import Finding, evaluate, explain, truth
from perennial.kernel.conditions.parsing import parse, to_data
from perennial.kernel.conditions.terms import (
    AllOf,
    AnyOf,
    Condition,
    ConditionError,
    FieldType,
    Not,
    Op,
    Tree,
    fields_of,
)

FIELDS = {
    "name": FieldType.TEXT,
    "band": FieldType.CHOICE,
    "mrr": FieldType.INTEGER,
    "score": FieldType.NUMBER,
    "renewal_on": FieldType.DATE,
    "is_live": FieldType.FLAG,
    "tags": FieldType.TAGS,
}
TODAY = date(2026, 3, 31)
ROW = {
    "name": "Acme 上海",
    "band": "red",
    "mrr": 1000,
    "score": 61.5,
    "renewal_on": date(2026, 6, 29),
    "is_live": True,
    "tags": ("vip", "pilot"),
}
NOTHING_KNOWN: dict[str, object] = dict.fromkeys(FIELDS) | {"tags": ()}


def condition(field: str, op: str, value: object = None) -> dict[str, object]:
    return {"field": field, "op": op} | ({} if value is None else {"value": value})


def matches(data: object, row: dict[str, object] = ROW) -> bool:
    return evaluate(parse(data, FIELDS), row, TODAY)


def test_a_tree_is_read_into_frozen_parts() -> None:
    tree = parse({"all": [condition("mrr", "gte", 1000), {"not": condition("band", "in", ["green"])}]}, FIELDS)
    assert tree == AllOf(
        (
            Condition("mrr", FieldType.INTEGER, Op.GTE, 1000),
            Not(Condition("band", FieldType.CHOICE, Op.IN, ("green",))),
        )
    )
    assert fields_of(tree) == {"mrr", "band"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "the tree: a mapping is wanted, got list"),
        ({}, "the tree: exactly one of all, any, not, or a field with its op, is wanted"),
        ({"all": [], "any": []}, "the tree: exactly one of all, any, not, or a field with its op, is wanted"),
        ({"all": {}}, "all: a list is wanted"),
        ({"any": []}, "any: an empty any would match nobody"),
        (
            {"all": [condition("is_live", "eq", True), condition("mrr", "gt", "many")]},
            "all[1].value: a whole number is wanted",
        ),
        ({"any": [{"not": condition("mrr", "gt", True)}]}, "any[0].not.value: a whole number is wanted"),
        (condition("mrr", "gt", 1.5), "value: a whole number is wanted"),
        (condition("mrr", "gt"), "value: is missing"),
        (condition("colour", "eq", "x"), "field: there is no field 'colour'"),
        (condition("is_live", "lt", True), "op: is_live is flag, 'lt' is none of eq, is_known, is_unknown, ne"),
        (condition("mrr", "is_known", 1), "value: is_known takes none"),
        (condition("mrr", "in", []), "value: a list of 1 to 500 values is wanted"),
        (condition("mrr", "in", [1, None]), "value[1]: a whole number is wanted"),
        (condition("mrr", "between", [2, 1]), "value: two values are wanted, the lower first"),
        (condition("score", "gt", float("nan")), "value: a number is wanted"),
        (condition("renewal_on", "lt", "31.3.2026"), "value: a day such as 2026-03-31 is wanted"),
        (condition("renewal_on", "within_days", -1), "value: days from 0 to 36500 are wanted"),
        (condition("name", "contains", ""), "value: one line of text, 1 to 500 characters, is wanted"),
        (condition("mrr", "gt", 1) | {"unit": "USD"}, "unit: only field, op and value belong to a condition"),
        ({"all": [condition("is_live", "eq", True)] * 101}, "all: at most 100 parts"),
        ({"all": [{"any": [condition("is_live", "eq", True)] * 51}] * 2}, "the tree: at most 100 conditions"),
    ],
)
def test_a_mistake_is_named_with_its_place(data: object, message: str) -> None:
    with pytest.raises(ConditionError) as raised:
        parse(data, FIELDS)
    assert str(raised.value) == message


def test_a_tree_is_at_most_eight_levels_deep() -> None:
    deep: dict[str, object] = condition("is_live", "eq", True)
    for _ in range(7):
        deep = {"not": deep}
    parse(deep, FIELDS)
    with pytest.raises(ConditionError, match=r"^not\.not\.not\.not\.not\.not\.not\.not: at most 8 levels$"):
        parse({"not": deep}, FIELDS)


@pytest.mark.parametrize(
    ("field", "op", "value", "found"),
    [
        ("mrr", "eq", 1000, True),
        ("mrr", "ne", 1000, False),
        ("mrr", "lt", 1000, False),
        ("mrr", "lte", 1000, True),
        ("mrr", "gt", 999, True),
        ("mrr", "between", [1000, 2000], True),
        ("mrr", "between", [0, 999], False),
        ("mrr", "not_in", [1, 2], True),
        ("score", "eq", 61.5, True),
        ("score", "gt", 62, False),
        ("name", "contains", "aCME", True),
        ("name", "contains", "上海", True),
        ("name", "starts", "acme", True),
        ("name", "starts", "上海", False),
        ("tags", "contains", "vip", True),
        ("tags", "contains", "vi", False),
        ("tags", "is_known", None, True),
        ("is_live", "eq", False, False),
        ("renewal_on", "within_days", 90, True),
        ("renewal_on", "within_days", 89, False),
        ("renewal_on", "older_than_days", 0, False),
        ("renewal_on", "gte", "2026-06-29", True),
    ],
)
def test_each_op_has_one_meaning(field: str, op: str, value: object, found: bool) -> None:
    assert matches(condition(field, op, value)) is found


def test_today_is_within_zero_days_and_yesterday_is_older_than_zero() -> None:
    assert matches(condition("renewal_on", "within_days", 0), ROW | {"renewal_on": TODAY})
    assert not matches(condition("renewal_on", "older_than_days", 0), ROW | {"renewal_on": TODAY})
    assert matches(condition("renewal_on", "older_than_days", 0), ROW | {"renewal_on": TODAY - timedelta(days=1)})
    assert not matches(condition("renewal_on", "within_days", 9), ROW | {"renewal_on": TODAY - timedelta(days=1)})


def test_an_unknown_value_matches_neither_the_question_nor_its_opposite() -> None:
    asked = condition("mrr", "gt", 5)
    assert not matches(asked, NOTHING_KNOWN)
    assert not matches({"not": asked}, NOTHING_KNOWN)
    assert not matches(condition("score", "gt", 5), NOTHING_KNOWN | {"score": float("nan")})
    assert matches(condition("mrr", "is_unknown"), NOTHING_KNOWN)
    assert matches({"not": condition("mrr", "is_known")}, NOTHING_KNOWN)


def test_unknown_gives_way_to_a_part_that_decides() -> None:
    unknown, true, false = condition("mrr", "gt", 5), condition("tags", "is_unknown"), condition("tags", "is_known")
    found = {
        "all true": truth(parse({"all": [unknown, true]}, FIELDS), NOTHING_KNOWN, TODAY),
        "all false": truth(parse({"all": [unknown, false]}, FIELDS), NOTHING_KNOWN, TODAY),
        "any true": truth(parse({"any": [unknown, true]}, FIELDS), NOTHING_KNOWN, TODAY),
        "any false": truth(parse({"any": [unknown, false]}, FIELDS), NOTHING_KNOWN, TODAY),
    }
    assert found == {"all true": None, "all false": False, "any true": True, "any false": None}


def test_no_condition_at_all_matches_everyone() -> None:
    assert matches({"all": []}, NOTHING_KNOWN)


def test_a_field_that_the_row_lacks_is_a_mistake_and_not_unknown() -> None:
    with pytest.raises(KeyError):
        matches(condition("mrr", "is_unknown"), {})


def test_the_reasons_name_every_condition_with_what_was_found() -> None:
    tree = parse({"any": [condition("mrr", "gt", 5000), condition("band", "eq", "red")]}, FIELDS)
    first, second = tree.parts if isinstance(tree, AnyOf) else ()
    assert isinstance(first, Condition)
    assert isinstance(second, Condition)
    assert explain(tree, ROW, TODAY) == (Finding(first, 1000, False), Finding(second, "red", True))


LEAVES = st.sampled_from(
    [
        condition("mrr", "gt", 500),
        condition("mrr", "in", [1, 1000]),
        condition("score", "lte", 50.25),
        condition("band", "ne", "red"),
        condition("renewal_on", "within_days", 30),
        condition("renewal_on", "between", ["2026-01-01", "2026-12-31"]),
        condition("name", "starts", "a"),
        condition("tags", "contains", "vip"),
        condition("is_live", "eq", True),
        condition("score", "is_unknown"),
    ]
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=8,
).filter(lambda data: _depth(data) <= 8)
ROWS = st.fixed_dictionaries(
    {
        "name": st.sampled_from([None, "Acme", "beta"]),
        "band": st.sampled_from([None, "red", "green"]),
        "mrr": st.sampled_from([None, 0, 1, 1000]),
        "score": st.sampled_from([None, 50.25, 80.0]),
        "renewal_on": st.sampled_from([None, TODAY, date(2027, 1, 1)]),
        "is_live": st.sampled_from([None, True, False]),
        "tags": st.sampled_from([(), ("vip",)]),
    }
)


def _depth(data: object) -> int:
    if isinstance(data, dict):
        return 1 + max((_depth(v) for v in data.values() if isinstance(v, dict | list)), default=0)
    return max((_depth(v) for v in data if isinstance(v, dict)), default=0) if isinstance(data, list) else 0


@given(TREES)
def test_a_tree_written_and_read_again_is_the_same(data: dict[str, object]) -> None:
    tree = parse(data, FIELDS)
    assert parse(to_data(tree), FIELDS) == tree


@given(TREES, TREES, ROWS)
def test_de_morgan_holds_for_unknown_too(a: dict[str, object], b: dict[str, object], row: dict[str, object]) -> None:
    one, other = parse(a, FIELDS), parse(b, FIELDS)
    assert truth(Not(AllOf((one, other))), row, TODAY) is truth(AnyOf((Not(one), Not(other))), row, TODAY)
    assert truth(Not(AnyOf((one, other))), row, TODAY) is truth(AllOf((Not(one), Not(other))), row, TODAY)


@given(TREES, ROWS)
def test_a_row_never_matches_a_tree_and_its_opposite(data: dict[str, object], row: dict[str, object]) -> None:
    tree: Tree = parse(data, FIELDS)
    assert not (evaluate(tree, row, TODAY) and evaluate(Not(tree), row, TODAY))
