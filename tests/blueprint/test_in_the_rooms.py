"""A change of the configuration in the rooms that read it: from its day on, and days before keep what held then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest
from tests.contracts.books import customers, keep, line

from perennial.blueprint import actions, queries
from perennial.contracts import queries as contracts
from perennial.health import actions as health
from perennial.health import queries as scores
from perennial.health.models import Score
from perennial.jobs import nightly
from perennial.kernel.organisation import actions as organisation
from perennial.lifecycle import queries as lifecycle
from perennial.lifecycle.models import Passage
from perennial.playbooks.models import TodayItem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation", "home")]
DAY = date(2026, 3, 2)
BEFORE = DAY - timedelta(days=30)


@pytest.fixture
def acme(now: datetime) -> int:
    """Return a customer that pays 24,000 a year and renews in 60 days."""
    acme = customers("Acme", at=now)["Acme"]
    keep([line("a", acme, "2025-05-01", "2026-05-01", 200_000)], at=now)
    organisation.move_as_of(on=DAY, by=None, at=now)
    return acme


def publish(part: str, old: str, new: str, *, by: int, at: datetime, from_on: date | None = DAY) -> None:
    text = queries.text_in_force(part)
    assert old in text
    actions.publish(part=part, text=text.replace(old, new), reason="Ours", from_on=from_on, base=None, by=by, at=at)


def test_a_tier_is_that_of_the_day(acme: int, member: Callable[..., int], now: datetime) -> None:
    nightly.run(DAY, at=now)
    assert lifecycle.standing(DAY)[acme].tier == "usd_20k"
    publish("tiers", "from: 20000\n", "from: 25000\n", by=member("admin"), at=now)
    assert (lifecycle.standing(DAY)[acme].tier, lifecycle.standing(BEFORE)[acme].tier) == ("usd_5k", "usd_20k")
    nightly.run(DAY, at=now)
    passages = Passage.objects.filter(customer_id=acme, scale="tier").order_by("id")
    assert list(passages.values_list("value", "left_on")) == [("usd_20k", DAY), ("usd_5k", None)]


def test_a_stage_is_that_of_the_day(acme: int, member: Callable[..., int], now: datetime) -> None:
    assert lifecycle.standing(DAY)[acme].stage == "renewal"
    publish("stages", "renewal_days: 90\n", "renewal_days: 30\n", by=member("admin"), at=now)
    late = DAY - timedelta(days=1)
    assert lifecycle.standing(DAY)[acme].stage != "renewal"
    assert lifecycle.standing(late)[acme].stage == "renewal"


def test_the_plan_of_a_day_follows_its_rules(acme: int, member: Callable[..., int], now: datetime) -> None:
    nightly.run(DAY, at=now)

    def rules() -> set[str]:
        return {reason["rule"] for item in TodayItem.objects.filter(on=DAY) for reason in item.reasons}

    assert "renewal_undecided" in rules()
    text = queries.default_text("today").replace(
        "{field: renewal_need_on, op: within_days, value: 365}\n  - key",
        "{field: renewal_need_on, op: within_days, value: 10}\n  - key",
    )
    publish("today", queries.default_text("today"), text, by=member("admin"), at=now)
    nightly.run(DAY, at=now)
    assert "renewal_undecided" not in rules()


def test_a_day_is_scored_by_the_scorecard_of_the_day(acme: int, member: Callable[..., int], now: datetime) -> None:
    admin = member("admin")
    health.score_day(BEFORE, at=now)
    publish("scorecard", "green_from: 70", "green_from: 75", by=admin, at=now)
    assert health.score_day(DAY, at=now) == 1
    (today,), (before,) = scores.cards_in_force(DAY), scores.cards_in_force(BEFORE)
    assert (today.card.green_from, before.card.green_from) == (75, 70)
    assert Score.objects.get(customer_id=acme).scorecard_id == today.id
    publish("scorecard", "green_from: 75", "green_from: 70", by=admin, at=now)
    assert scores.cards_in_force(DAY) == (before,)  # the same text is the same card: it was published once


def test_the_ledger_is_counted_anew_as_a_whole(acme: int, member: Callable[..., int], now: datetime) -> None:
    keep([line("b", acme, "2025-05-01", "2026-05-01", 100_000, discount_percent=50, discount_months=2)], at=now)
    nightly.run(DAY, at=now)
    assert contracts.standing(DAY)[acme].mrr == Fraction(300_000)
    publish("revenue", "discounts_in_mrr: forever", "discounts_in_mrr: every", by=member("admin"), at=now, from_on=None)
    nightly.run(DAY, at=now)
    assert contracts.standing(date(2025, 6, 1))[acme].mrr == Fraction(250_000)
    assert contracts.standing(DAY)[acme].mrr == Fraction(300_000)
