"""The assumptions behind lifetime value: what ships, and what is refused on its line."""

from __future__ import annotations

import pytest

from perennial.blueprint import queries
from perennial.blueprint.terms import BlueprintError


def test_what_ships_is_the_methods_usual() -> None:
    rules = queries.lifetime()
    assert (rules.gross_margin, rules.discount_rate, rules.horizon_years) == (0.8, 0.1, 10)
    assert rules.sales_cycle_months == 3 and "channel" in rules.channel_fields


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("gross_margin: 0.8", "gross_margin: 80", "a number from 0 to 1 is wanted"),
        ("gross_margin: 0.8", "gross_margin: 0", "above 0"),
        ("horizon_years: 10", "horizon_years: 30", "a number from 1 to 10 is wanted"),
        ("sales_cycle_months: 3", "sales_cycle_months: 2.5", "a whole number"),
        ("discount_rate: 0.1", "discount: 0.1", "is not known here"),
        ("[channel, acquisition_channel", "[channel, channel", "channel stands twice"),
    ],
)
def test_a_mistake_is_named_with_its_line(old: str, new: str, said: str) -> None:
    with pytest.raises(BlueprintError) as refused:
        queries.check("lifetime", queries.default_text("lifetime").replace(old, new, 1))
    assert said in str(refused.value) and refused.value.line


def test_no_field_of_a_channel_is_a_house_that_does_not_know() -> None:
    text = queries.default_text("lifetime")
    start = text.index("channel_fields: ")
    text = text[:start] + "channel_fields: []" + text[text.index(" #", start) :]
    assert queries._parsed("lifetime", text, "lifetime.yaml").channel_fields == ()
