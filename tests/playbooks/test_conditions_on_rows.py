"""A condition tree finds on the real portfolio table exactly the rows that it finds in Python."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from tests.playbooks.rows import AT, ON

from perennial.customers.catalogue import COLUMNS, TYPES
from perennial.customers.models import Customer, PortfolioRow
from perennial.kernel.conditions.matching import evaluate
from perennial.kernel.conditions.parsing import parse
from perennial.kernel.conditions.sql import to_q
from perennial.kernel.conditions.terms import OPS, FieldType, Op

NUMBERS = (-1.5, 0.0, 0.1, 0.3, 0.7, 1.0, 100.0)
WORDS = ("a", "A", "Ab", "b_%", "red", "客户", "ß", "x'y")
DAYS = tuple(ON + timedelta(days=n) for n in (-400, -8, -7, -1, 0, 1, 7, 90))
VALUES: dict[FieldType, tuple[Any, ...]] = {
    FieldType.TEXT: WORDS, FieldType.CHOICE: WORDS, FieldType.TAGS: WORDS, FieldType.INTEGER: (-3, 0, 1, 2, 10**12),
    FieldType.NUMBER: NUMBERS, FieldType.DATE: DAYS, FieldType.FLAG: (True, False),
}  # fmt: skip
# One column of each kind and of each width that the table has.
TRIED = (
    "name", "band", "tier", "mrr", "active_users_28d", "trend_28d", "score", "next_renewal_on", "is_live", "tags",
)  # fmt: skip


def rows() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({field: column_values(field) for field in TRIED})


def column_values(field: str) -> st.SearchStrategy[Any]:
    kind = TYPES[field]
    if kind is FieldType.TAGS:
        return st.lists(st.sampled_from(WORDS), max_size=2, unique=True)
    values = VALUES[kind]
    if field in ("band", "tier"):
        values = tuple(word for word in WORDS if len(word) <= 6)
    if field == "active_users_28d":
        values = (-3, 0, 1, 2)
    known = st.sampled_from(values)
    return known if field in ("name", "is_live") else st.none() | known


def conditions() -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(TRIED).flatmap(
        lambda field: st.sampled_from(sorted(OPS[TYPES[field]])).flatmap(lambda op: condition(field, Op(op)))
    )


def condition(field: str, op: Op) -> st.SearchStrategy[dict[str, Any]]:
    if op in (Op.IS_KNOWN, Op.IS_UNKNOWN):
        return st.just({"field": field, "op": op.value})
    one = st.sampled_from(VALUES[TYPES[field]]).map(lambda v: v.isoformat() if isinstance(v, date) else v)
    value: st.SearchStrategy[Any] = one
    if op in (Op.WITHIN_DAYS, Op.OLDER_THAN_DAYS):
        value = st.sampled_from((0, 1, 7, 90))
    elif op is Op.BETWEEN:
        value = st.tuples(one, one).map(sorted)
    elif op in (Op.IN, Op.NOT_IN):
        value = st.lists(one, min_size=1, max_size=3)
    return value.map(lambda v: {"field": field, "op": op.value, "value": v})


TREES = st.recursive(
    conditions(),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda p: {"all": p})
        | st.lists(inner, min_size=1, max_size=3).map(lambda p: {"any": p})
        | inner.map(lambda p: {"not": p})
    ),
    max_leaves=5,
)


class TestOnRows(TestCase):
    @settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(given=st.lists(rows(), min_size=1, max_size=6), tree=TREES)
    def test_the_table_and_python_find_the_same_customers(self, given: list[dict[str, Any]], tree: Any) -> None:
        parsed = parse(tree, TYPES)
        expected = set()
        for number, values in enumerate(given):
            customer = Customer.objects.create(name=str(number), name_sort=str(number), learned_at=AT)
            stored = {COLUMNS[key]: value for key, value in values.items() if key != "tags"}
            PortfolioRow.objects.create(
                customer=customer, key=customer.key, name_sort="", currency="USD", as_of_on=ON, updated_at=AT,
                tags="".join(f"\n{tag}\n" for tag in values["tags"]), **stored,
            )  # fmt: skip
            if evaluate(parsed, values, ON):
                expected.add(customer.pk)
        found = PortfolioRow.objects.filter(to_q(parsed, COLUMNS, ON)).values_list("customer_id", flat=True)
        assert set(found) == expected
