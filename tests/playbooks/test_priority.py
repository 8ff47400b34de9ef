"""How pressing a customer is, by exact values."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.blueprint import queries as blueprint
from perennial.blueprint.terms import PORTFOLIO_FIELDS
from perennial.kernel.conditions.parsing import parse
from perennial.playbooks.calculations.priority import lateness, points_of, stake_of, weight_of

RULES = {rule.key: rule for rule in blueprint.today_rules()}
RULES["trend_below"] = replace(
    RULES["users_silent"],
    orders_by="trend_28d",
    when=parse({"field": "trend_28d", "op": "lt", "value": 0.7}, PORTFOLIO_FIELDS),
)
ON = date(2024, 12, 31)


@pytest.mark.parametrize(
    ("rule", "value", "rhythm", "expected"),
    [
        ("renewal_due", date(2025, 3, 31), None, 0.0),  # 90 days ahead
        ("renewal_due", date(2025, 2, 14), None, 0.5),
        ("renewal_due", ON, None, 1.0),
        ("renewal_due", date(2024, 12, 30), None, 1.0),  # it ended unsigned: no less pressing than on its day
        ("task_due", date(2024, 12, 1), None, 0.5),  # what looks at its day alone grows with what is overdue
        ("payment_overdue", date(2024, 12, 1), None, 0.5),  # 30 of 60 days
        ("payment_overdue", date(2024, 1, 1), None, 1.0),
        ("task_due", ON, None, 1.0),
        ("champion_left", ON, None, 0.0),
        ("silent_too_long", date(2024, 11, 16), 30, 0.5),  # 45 days of silence, a rhythm of 30
        ("silent_too_long", date(2024, 12, 20), 30, 0.0),
        ("silent_too_long", date(2024, 12, 1), None, 0.5),
        ("trend_below", 0.35, None, 0.5),  # half-way from the threshold of 0.7 to nothing
        ("trend_below", 0.7, None, 0.0),
        ("ticket_overdue", 1, None, 0.5),
        ("ticket_overdue", 4, None, 0.8),
        ("renewal_due", None, None, 0.0),
        ("onboarding_overdue", None, None, 0.0),
    ],
)
def test_lateness_runs_from_just_begun_to_as_late_as_can_be(
    rule: str, value: object, rhythm: int | None, expected: float
) -> None:
    assert lateness(RULES[rule], value, ON, rhythm) == pytest.approx(expected, abs=1e-12)


def test_a_reason_has_at_least_six_tenths_of_its_rules_weight_and_at_most_all_of_it() -> None:
    assert [points_of(RULES["renewal_due"], late) for late in (0.0, 0.5, 1.0)] == pytest.approx([43.2, 57.6, 72.0])


def test_further_reasons_add_less_and_less_and_money_at_most_half() -> None:
    assert weight_of([80.0], 0) == 80.0
    assert weight_of([40.0, 80.0, 20.0], 0) == 105.0
    assert weight_of([80.0], 1) == 120.0


def test_the_stake_is_the_share_of_customers_that_pay_no_more_and_unknown_is_none() -> None:
    fleet = [100, 200, 300, 400]
    assert [stake_of(arr, fleet) for arr in (100, 400, 250, None, 0)] == [0.25, 1.0, 0.5, 0.0, 0.0]
    assert stake_of(100, []) == 0.0


@given(st.lists(st.floats(1, 100), min_size=1, max_size=11), st.floats(0, 1))
def test_an_item_never_weighs_more_than_twice_its_heaviest_reason_and_half_as_much_again(
    points: list[float], stake: float
) -> None:
    found = weight_of(points, stake)
    assert max(points) - 0.01 <= found <= 2 * max(points) * (1 + stake / 2) + 0.01
    assert weight_of([*points, 50.0], stake) >= found
