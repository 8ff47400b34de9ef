"""A score as one member may see it: parts that add up, hidden values, the way out of grey."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from tests.contracts.books import keep, line
from tests.customers.books import customer
from tests.reports.files import ON, SOURCE, instant, rich

from perennial.contracts.actions import write_receivables
from perennial.customers.access import visible_fields
from perennial.customers.catalogue import FIELDS
from perennial.customers.models import Customer
from perennial.health import actions as health
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.versions import Incoming
from perennial.members.models import Member
from perennial.reports import past, score

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def place(member: Callable[..., int], now: datetime) -> dict[str, Any]:
    organisation.move_as_of(on=ON, by=None, at=now)
    csm = member("csm")
    key = customer("Acme", at=now, owner=csm)
    rich(key, rows=2, by=csm, at=now)
    for n in range(3):
        made = Customer.objects.get(key=customer(f"Other {n}", at=now))
        keep([line(f"o{n}", made.pk, "2025-06-01", None, 10_00)], at=now, on="2026-03-02")
    health.score_day(ON, at=now)
    return {"csm": csm, "reader": member("reader"), "key": key, "id": Customer.objects.get(key=key).pk}


def seen(place: dict[str, Any], who: str = "csm") -> Any:
    found = score.of(place["id"], visible_fields(Member.objects.get(id=place[who])))
    assert found is not None
    return found


def test_contributions_and_weights_as_they_are_shown_add_up(place: dict[str, Any]) -> None:
    found = seen(place)
    shares = score.shares(found)
    total = Decimal(found.told["segment_score"]) + sum(share.contribution for share in shares)
    assert total == Decimal(found.told["score"])
    assert sum(share.weight for share in shares) == Decimal("100.0")
    assert max(share.reach for share in shares) == 100
    assert [share.measure.key for share in shares] == [measure.key for measure in found.card.measures]
    assert {share.mark for share in shares if share.part["value"] is None} == {"assumed"}


def test_a_measure_says_how_old_its_value_was_on_the_day_of_the_score(place: dict[str, Any]) -> None:
    ages = {share.measure.key: share.part["age_days"] for share in score.shares(seen(place))}
    assert (ages["nps"], ages["open_tickets"], ages["trend_28d"]) == (5.0, 0.0, None)


def test_who_may_not_see_money_sees_what_its_measures_add_and_not_their_values(place: dict[str, Any]) -> None:
    mine, hidden = seen(place), seen(place, "reader")
    late = {share.measure.key: share for share in score.shares(hidden)}["overdue_days"]
    assert (late.part["value"], late.part["points"], late.part["age_days"], late.mark) == (None, None, None, "untold")
    assert [share.contribution for share in score.shares(hidden)] == [
        share.contribution for share in score.shares(mine)
    ]
    assert past.health_of(place["id"], visible_fields(Member.objects.get(id=place["reader"]))) == hidden.told


def test_a_veto_tells_the_values_that_it_was_met_by_to_those_who_may_see_them(
    place: dict[str, Any], now: datetime
) -> None:
    due_on = ON - timedelta(days=72)
    row = {"customer_id": place["id"], "due_on": due_on, "amount": 100_00, "currency": "USD"}
    write_receivables([Incoming("late", row, instant(100))], source=SOURCE, at=now)
    health.score_day(ON, at=now)
    assert seen(place).told["vetoes"] == [
        {"key": "overdue_60_days", "label": "Payment overdue by more than 60 days", "cap": "yellow",
         "values": {"oldest_overdue_on": due_on.isoformat()}}
    ]  # fmt: skip
    assert seen(place, "reader").told["vetoes"] == [{"key": None, "label": None, "cap": "yellow", "values": {}}]


def test_a_score_is_hidden_from_who_may_not_see_scores_and_unknown_before_the_first(place: dict[str, Any]) -> None:
    without = {key: field for key, field in FIELDS.items() if key != "score"}
    assert score.of(place["id"], without) is None
    other = Customer.objects.exclude(score__isnull=False).first()
    assert other is not None and score.of(other.pk, FIELDS) is None


def test_the_ways_out_of_grey_are_what_fresh_data_would_add_the_most_first(place: dict[str, Any]) -> None:
    """Usage and satisfaction are unknown of Acme."""
    found = seen(place)
    ways = score.ways_out(found)
    assert [(way.measure.key, way.gain) for way in ways[:3]] == [
        ("seats_used_28d", Fraction(12, 100)), ("trend_28d", Fraction(1, 10)), ("days_since_last", Fraction(8, 100)),
    ]  # fmt: skip
    assert sum(way.gain for way in ways) == 1 - Fraction(round(found.told["coverage"] * 10**6), 10**6)
    assert not any(way.is_stale for way in ways)


def test_how_much_is_lacking_and_how_many_measures_reach_it(place: dict[str, Any]) -> None:
    found = seen(place)
    stricter = replace(found, card=replace(found.card, least_coverage=found.told["coverage"] + 0.15))
    ways = score.ways_out(stricter)
    assert score.needed(stricter) == Fraction(15, 100)
    assert [way.is_enough for way in ways[:2]] == [False, False]
    assert score.how_many_suffice(ways, score.needed(stricter)) == 2
    assert score.needed(found) == 0
