"""How renewals are worked for: what ships, and what is refused on its line."""

from __future__ import annotations

import pytest

from perennial.blueprint import queries
from perennial.blueprint.terms import BlueprintError


def test_what_ships_is_two_checkpoints_and_five_ways_of_buying() -> None:
    rules = queries.renewals()
    assert {(one.first_days, one.last_days) for one in rules.segments} == {(180, 90)}
    assert rules.of(None) is rules.segments[0]
    assert rules.of("state_owned").purchase == "tender"
    assert rules.furthest_days == 180
    assert len(rules.purchases) == 5


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("last_days: 90", "last_days: 180", "fewer days than the first"),
        ("first_days: 180", "first_days: 800", "a number from 2 to 730"),
        ("purchase: direct", "purchase: auction", "no such way of buying"),
        ("node: budget", "node: boss", "is none of"),
        ("key: comparison", "key: direct", "stands twice"),
        ("{key: budget, days: 60,", "{key: budget, days: 95,", "the earliest step first"),
        ("{key: budget, days: 60,", "{key: results, days: 60,", "stands twice"),
        ("purchase: tender", "method: tender", "is not known here"),
    ],
)
def test_a_mistake_is_named_with_its_line(old: str, new: str, said: str) -> None:
    text = queries.default_text("renewals")
    assert old in text
    with pytest.raises(BlueprintError) as refused:
        queries.check("renewals", text.replace(old, new, 1))
    assert said in str(refused.value)
    assert refused.value.line
