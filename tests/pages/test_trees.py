"""A condition tree in words: its branches, what the row says, and what a member may not see."""

from __future__ import annotations

from datetime import date
from typing import Any

from perennial.customers.catalogue import FIELDS, TYPES
from perennial.kernel.conditions.parsing import parse
from perennial.pages.customer.trees import Branch, Grower

ON = date(2026, 3, 2)
ROW: dict[str, Any] = {
    "tier": "cny_100k", "is_live": True, "arr": 100_000_00, "oldest_overdue_on": date(2026, 1, 1), "band": None,
    "trend_28d": 0.4,
}  # fmt: skip


def grown(data: dict[str, Any], *, hidden: tuple[str, ...] = ()) -> Branch:
    fields = {key: field for key, field in FIELDS.items() if key not in hidden}
    return Grower(fields, ROW, ON, "CNY").branch(parse(data, TYPES))


def test_a_tree_stays_a_tree_and_says_what_holds() -> None:
    found = grown({"all": [
        {"field": "is_live", "op": "eq", "value": True},
        {"any": [{"field": "trend_28d", "op": "lt", "value": 0.7}, {"field": "band", "op": "in", "value": ["red"]}]},
        {"not": {"field": "oldest_overdue_on", "op": "older_than_days", "value": 90}},
    ]})  # fmt: skip
    assert found == Branch("All of these:", "", True, [
        Branch("Paying now: Yes", "", True),
        Branch("At least one of these:", "", True, [
            Branch("Usage trend < 70 %", "40%", True),
            Branch("Health band: Red", "unknown", None),
        ]),
        Branch("Not:", "", True, [Branch("Overdue since more than 90 days ago", "1 Jan 2026 (60 d ago)", False)]),
    ])  # fmt: skip


def test_choices_are_said_by_their_words_whatever_the_currency_of_the_tier() -> None:
    found = grown({"field": "tier", "op": "in", "value": ["cny_500k", "usd_100k"]})
    assert found == Branch("Tier: 500k and above, 100k and above", "100k to 500k", False)


def test_a_condition_on_a_hidden_field_says_only_that_there_is_one() -> None:
    found = grown({"all": [{"field": "arr", "op": "gte", "value": 1}]}, hidden=("arr",))
    assert found.parts == [Branch("A condition on a figure that you may not see", "", None)]
