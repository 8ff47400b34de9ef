"""The plan of a day: who, why, in which order; decisions are kept and rest; twice is once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from tests.playbooks.rows import AT, ON, change, row

from perennial.playbooks import actions
from perennial.playbooks.models import TodayItem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation")]


def planned(on: date = ON) -> list[tuple[str, float, list[str]]]:
    rows = TodayItem.objects.filter(on=on).select_related("customer").order_by("-weight")
    return [(item.customer.name, item.weight, [reason["rule"] for reason in item.reasons]) for item in rows]


def test_the_heaviest_comes_first_with_every_reason_and_the_values_that_fired_it() -> None:
    row("Small", arr=1000, next_renewal_on=ON + timedelta(days=45))
    row(
        "Large",
        arr=4000,
        next_renewal_on=ON + timedelta(days=45),
        onboarding_started_on=ON - timedelta(days=200),
        stage="onboarding_overdue",
    )
    row("Handful", arr=500, trend_28d=0.35, active_users_28d=9, seats=9)  # beyond chance or not an alert says
    row("Nobody named", arr=500, trend_28d=0.35, seats=90)
    row("Late", arr=2000, oldest_overdue_on=date(2024, 12, 1), overdue_amount=500)
    row("Calm", arr=3000, next_renewal_on=ON + timedelta(days=91), last_touch_on=ON)

    assert actions.plan_today(ON, at=AT) == 3

    # Six customers pay. Large: (68 + 57.6/2) × 1.5; Late: 56 × (1 + 4/6/2); Small: 57.6 × (1 + 3/6/2)
    assert planned() == [
        ("Large", 145.2, ["onboarding_overdue", "renewal_due"]),
        ("Late", 74.67, ["payment_overdue"]),
        ("Small", 72.0, ["renewal_due"]),
    ]
    assert TodayItem.objects.get(customer__name="Late").reasons == [
        {"rule": "payment_overdue", "points": 56.0,
         "values": {"oldest_overdue_on": "2024-12-01", "overdue_amount": 500}}
    ]  # fmt: skip


def test_a_renewal_that_is_merely_due_weighs_little_and_one_that_asks_for_something_comes_first() -> None:
    near = {"next_renewal_on": ON + timedelta(days=10)}
    row("Merely due", renewal_need=None, **near)
    for need, name in (("weak", "Weak"), ("unrated", "Unrated")):
        row(name, renewal_need=need, renewal_need_on=ON + timedelta(days=10), **near)
    row("Unsigned", renewal_need="late", renewal_need_on=ON - timedelta(days=3), is_live=False)
    actions.plan_today(ON, at=AT)
    assert [(name, reasons) for name, _weight, reasons in planned()] == [
        ("Unsigned", ["renewal_due"]), ("Weak", ["renewal_due"]), ("Unrated", ["renewal_undecided"]),
        ("Merely due", ["renewal_ahead"]),
    ]  # fmt: skip


def test_customers_that_left_and_unknown_values_never_flood_the_day() -> None:
    row("Left", is_live=False, stage=None, overdue_tickets=3, next_renewal_on=ON, trend_28d=0.1)
    row("Unknown", tier="usd_100k")
    row("Owes", is_live=False, stage=None, oldest_overdue_on=date(2024, 12, 1), overdue_amount=1)
    actions.plan_today(ON, at=AT)
    assert [(name, rules) for name, _, rules in planned()] == [("Owes", ["payment_overdue"])]


def test_red_speaks_from_the_first_import_on_but_not_beside_the_fall_itself_nor_after_a_talk() -> None:
    row("Red since ever", band="red", score=31.0)
    row("Just fell", band="red", score=31.0, health_fell_on=ON - timedelta(days=3))
    row("Spoken to", band="red", score=31.0, last_touch_on=ON - timedelta(days=14))
    row("Spoken to long ago", band="red", score=31.0, tier="usd_0", last_touch_on=ON - timedelta(days=15))
    row("Yellow", band="yellow", score=55.0)
    row("Left", band="red", score=31.0, is_live=False, stage=None)
    actions.plan_today(ON, at=AT)
    assert {name: rules for name, _, rules in planned()} == {
        "Just fell": ["band_fell"], "Red since ever": ["health_red"], "Spoken to long ago": ["health_red"],
    }  # fmt: skip
    values = TodayItem.objects.get(customer__name="Red since ever").reasons[0]["values"]
    assert (values["band"], values["score"], values["last_touch_on"]) == ("red", 31.0, None)


def test_silence_is_measured_by_the_rhythm_of_the_tier() -> None:
    for name, tier, days in (("A", "usd_100k", 15), ("B", "usd_20k", 15), ("C", "usd_20k", 45), ("D", "usd_0", 900)):
        row(name, tier=tier, last_touch_on=ON - timedelta(days=days))
    actions.plan_today(ON, at=AT)
    # A: a day over 14 of 50 points; C: half as long again as 30
    assert [(name, weight) for name, weight, _ in planned()] == [("C", 40.0), ("A", 31.43)]


def test_a_second_run_changes_nothing_and_an_item_whose_reasons_are_gone_goes() -> None:
    one = row("One", next_renewal_on=ON)
    row("Two", overdue_tickets=1)
    actions.plan_today(ON, at=AT)
    before = list(TodayItem.objects.order_by("id").values())
    assert actions.plan_today(ON, at=AT) == 2
    assert list(TodayItem.objects.order_by("id").values()) == before
    change(one, next_renewal_on=None)
    assert actions.plan_today(ON, at=AT) == 1
    assert [name for name, _, _ in planned()] == ["Two"]


def test_a_decision_is_kept_when_the_day_is_planned_again(member: Any) -> None:
    me = member("csm")
    one = row("One", owner=me, next_renewal_on=ON)
    actions.plan_today(ON, at=AT)
    item = TodayItem.objects.get()
    actions.finish(item_id=item.pk, by=me, at=AT)
    change(one, overdue_tickets=3)
    actions.plan_today(ON, at=AT)
    change(one, next_renewal_on=None, overdue_tickets=0)
    assert actions.plan_today(ON, at=AT) == 1
    kept = TodayItem.objects.get()
    assert (kept.pk, kept.done_at, [reason["rule"] for reason in kept.reasons]) == (item.pk, AT, ["renewal_due"])


def test_what_was_done_rests_for_a_week_unless_something_new_happens(member: Any) -> None:
    me = member("csm")
    one = row("One", owner=me, next_renewal_on=ON + timedelta(days=60))
    actions.plan_today(ON, at=AT)
    actions.finish(item_id=TodayItem.objects.get().pk, by=me, at=AT)
    for days, expected in ((1, 0), (6, 0), (7, 1)):
        assert actions.plan_today(ON + timedelta(days=days), at=AT) == expected
    change(one, overdue_tickets=1)
    actions.plan_today(ON + timedelta(days=2), at=AT)
    assert [rules for _, _, rules in planned(ON + timedelta(days=2))] == [["ticket_overdue"]]


def test_some_customers_are_planned_anew_as_all_would_be_and_only_on_a_day_that_was_planned() -> None:
    one = row("One", arr=4000, next_renewal_on=ON)
    two = row("Two", arr=1000)
    for number in range(3):
        row(f"Other {number}", arr=2000, overdue_tickets=1)
    assert actions.plan_today(ON, at=AT, customer_ids=[one]) == 0
    assert planned() == []
    actions.plan_today(ON, at=AT)
    before = planned()
    change(two, next_renewal_on=ON)
    change(one, overdue_tickets=2)
    assert actions.plan_today(ON, at=AT, customer_ids=[two]) == 1
    assert [one for one in planned() if one[0] != "Two"] == before
    actions.plan_today(ON, at=AT, customer_ids=[one])
    piecewise = planned()
    TodayItem.objects.all().delete()
    actions.plan_today(ON, at=AT)
    assert planned() == piecewise
    change(two, next_renewal_on=None)
    assert actions.plan_today(ON, at=AT, customer_ids=[two]) == 0
    assert len(planned()) == 4


def test_what_was_put_off_returns_on_its_day_and_remembers_since_when_it_waits(member: Any) -> None:
    me = member("csm")
    row("One", owner=me, next_renewal_on=ON + timedelta(days=60))
    actions.plan_today(ON, at=AT)
    actions.snooze(item_id=TodayItem.objects.get().pk, until_on=ON + timedelta(days=3), by=me, at=AT)
    assert actions.plan_today(ON + timedelta(days=2), at=AT) == 0
    assert actions.plan_today(ON + timedelta(days=3), at=AT) == 1
    assert TodayItem.objects.get(on=ON + timedelta(days=3)).first_seen_on == ON


def test_an_open_item_carries_the_day_on_which_it_was_first_seen_while_a_reason_lasts() -> None:
    one = row("One", next_renewal_on=ON + timedelta(days=60))
    for days in (0, 1, 2):
        actions.plan_today(ON + timedelta(days=days), at=AT)
    assert TodayItem.objects.get(on=ON + timedelta(days=2)).first_seen_on == ON
    change(one, next_renewal_on=None, overdue_tickets=1)
    actions.plan_today(ON + timedelta(days=3), at=AT)
    assert TodayItem.objects.get(on=ON + timedelta(days=3)).first_seen_on == ON + timedelta(days=3)


@pytest.mark.parametrize("count", [1, 40])
def test_planning_costs_the_same_queries_for_one_customer_and_for_forty(
    django_assert_num_queries: Any, count: int
) -> None:
    for number in range(count):
        row(f"c{number}", next_renewal_on=ON, arr=number)
    with django_assert_num_queries(28):  # eighteen rules; a savepoint and its release among the rest
        actions.plan_today(ON, at=AT)
