"""From weekly users in the lake to alerts that are kept once, rest after an action and end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.alerts import books
from tests.alerts.books import FELL, ON, SMALL, WEEK_ON
from tests.usage.events import happened

from perennial.alerts import actions, queries, resting
from perennial.alerts.actions import AlertError
from perennial.alerts.models import AlertWeek, UsageAlert
from perennial.customers.models import PortfolioRow
from perennial.engagement import actions as engagement
from perennial.engagement.terms import LogEntry
from perennial.kernel.journal.models import JournalEntry
from perennial.playbooks import actions as playbooks
from perennial.playbooks.models import TodayItem
from perennial.reports import portfolio
from perennial.usage import actions as usage

pytestmark = pytest.mark.django_db
SIZE = 80


@pytest.fixture
def ids(organisation: None, home: Path, now: datetime) -> list[int]:
    return books.fleet(SIZE, now)


@pytest.fixture
def judged(ids: list[int], now: datetime) -> list[int]:
    actions.judge(ON, at=now, paying=ids)
    return ids


def fall() -> UsageAlert:
    return UsageAlert.objects.get(kind="drop", customer__name="Customer 0")


def test_a_fall_beyond_chance_is_kept_once_with_its_series_and_told(judged: list[int], now: datetime) -> None:
    one = fall()
    assert (one.customer_id, one.listed, one.week_on, round(one.usual or 0)) == (judged[FELL], "act", WEEK_ON, 100)
    lately = [count / factor * 0.75**age for age, (count, factor) in enumerate(reversed(one.series[-8:]))]
    assert one.users == pytest.approx(sum(lately) / sum(0.75**age for age in range(8)), rel=1e-3)
    assert one.p == pytest.approx(1 / (1 + (one.against or 0)))
    assert (one.p or 1) < 0.001
    assert [pair[0] for pair in one.series[-6:]] == [100, 30, 30, 30, 30, 30]
    assert len(one.series) == 34
    told = JournalEntry.objects.get(kind="usage.alerted", subject=f"alert:{one.pk}")
    assert (told.customer_id, told.data["week"], told.data["listed"]) == (judged[FELL], "2026-03-01", "act")
    count = UsageAlert.objects.count()
    assert actions.judge(ON, at=now, paying=judged) == 0
    assert (UsageAlert.objects.count(), JournalEntry.objects.filter(kind="usage.alerted").count()) == (count, count)


def test_a_small_customer_is_judged_by_its_silence_alone(judged: list[int]) -> None:
    one = UsageAlert.objects.get(customer_id=judged[SMALL])
    assert (one.kind, one.listed, one.told) == ("silence", "act", {"weeks": 22, "gap": 4})
    assert one.p == pytest.approx((1 - 23 / 28) ** 4)


def test_the_week_says_how_many_are_expected_by_chance(judged: list[int]) -> None:
    week = AlertWeek.objects.get()
    assert (week.week_on, week.paying, week.judged, week.trouble) == (WEEK_ON, SIZE, SIZE - 1, "")
    assert week.expected == pytest.approx(0.005 * (SIZE - 1))


def test_few_customers_and_a_short_history_are_said_and_not_guessed(
    organisation: None, home: Path, now: datetime
) -> None:
    ids = books.fleet(60, now, weekly=books.users(60)[:, -26:])
    actions.judge(ON, at=now, paying=ids)
    assert AlertWeek.objects.get().trouble == "short"
    actions.judge(ON, at=now, paying=ids[:40])
    assert (AlertWeek.objects.get().trouble, AlertWeek.objects.get().judged) == ("few", 0)
    assert not UsageAlert.objects.filter(kind="drop").exists()


def test_a_feed_that_stopped_is_nobodys_silence(ids: list[int], now: datetime) -> None:
    later = ON + timedelta(weeks=1)
    books.write(ids, np.zeros((SIZE, 1)), WEEK_ON + timedelta(weeks=1), now)
    actions.judge(ON, at=now, paying=ids)
    count = UsageAlert.objects.count()
    actions.judge(later, at=now, paying=ids)
    assert AlertWeek.objects.get(week_on=WEEK_ON + timedelta(weeks=1)).trouble == "stopped"
    assert UsageAlert.objects.filter(closed_on=None).count() == count, "nothing is raised, nothing is closed"


def test_an_open_alert_of_the_act_list_is_on_today_with_its_reason(judged: list[int], now: datetime) -> None:
    portfolio.rewrite(ON, at=now)
    PortfolioRow.objects.update(is_live=True)
    playbooks.plan_today(ON, at=now)
    reasons = {one.customer_id: [reason["rule"] for reason in one.reasons] for one in TodayItem.objects.filter(on=ON)}
    assert reasons[judged[FELL]] == ["usage_alert"]
    assert reasons[judged[SMALL]] == ["users_silent"]
    (said,) = TodayItem.objects.get(on=ON, customer_id=judged[FELL]).reasons
    assert said["values"] == {"is_live": True, "usage_fell_on": "2026-03-01", "users_at_alert": 41, "usual_users": 100}


def test_a_contact_or_a_done_task_lets_it_rest_and_taken_back_it_does_not(
    judged: list[int], now: datetime, member: Callable[..., int]
) -> None:
    by = member("admin")
    fact = engagement.log(LogEntry(customer_id=judged[FELL], channel="call", happened_at=now, summary="Called"),
                          by=by, at=now)  # fmt: skip
    resting.follow(ON, at=now, customer_ids=[judged[FELL]])
    assert (fall().muted_why, fall().muted_until_on) == ("contact", ON + timedelta(days=28))
    assert judged[FELL] not in queries.standing(ON)
    assert judged[FELL] in queries.standing(ON + timedelta(days=28)), "it is still open then"
    engagement.retract(fact=fact, by=by, at=now)
    resting.follow(ON, at=now)
    assert fall().muted_until_on is None
    task = playbooks.add_task(customer_id=judged[FELL], owner_id=by, title="Ask", due_on=ON, by=by, at=now)
    playbooks.complete_task(task_id=task, by=by, at=now + timedelta(hours=1))
    resting.follow(ON, at=now)
    assert (fall().muted_why, fall().muted_until_on) == ("task", ON + timedelta(days=28))


def test_a_contact_before_the_alarm_lets_nothing_rest(
    judged: list[int], now: datetime, member: Callable[..., int]
) -> None:
    by = member("admin")
    engagement.log(LogEntry(customer_id=judged[FELL], channel="call", happened_at=now - timedelta(days=2),
                            summary="Called"), by=by, at=now)  # fmt: skip
    resting.follow(ON, at=now)
    assert fall().muted_until_on is None


def test_a_member_lets_it_rest_with_a_reason_and_takes_it_back(
    judged: list[int], now: datetime, member: Callable[..., int]
) -> None:
    by, until = member("admin"), ON + timedelta(days=60)
    usual: dict[str, Any] = {"until_on": until, "reason": "on leave", "on": ON, "by": by, "at": now}
    for wrong in ({"reason": " "}, {"until_on": ON}, {"until_on": ON + timedelta(days=400)}):
        with pytest.raises(AlertError):
            actions.mute(alert_id=fall().pk, **(usual | wrong))
    assert fall().muted_until_on is None
    actions.mute(alert_id=fall().pk, until_on=until, reason="on  leave", on=ON, by=by, at=now)
    resting.follow(ON, at=now)
    assert (fall().muted_why, fall().muted_until_on, fall().reason) == ("hand", until, "on leave")
    entry = JournalEntry.objects.get(kind="usage.alert_muted")
    assert "leave" not in str(entry.data), "a person's words lie in the part that can be erased"
    actions.unmute(alert_id=fall().pk, by=by, at=now)
    assert (fall().muted_until_on, fall().reason) == (None, "")


def test_what_was_unmuted_rests_again_only_after_a_later_action(
    judged: list[int], now: datetime, member: Callable[..., int]
) -> None:
    by = member("admin")
    entry = LogEntry(customer_id=judged[FELL], channel="call", happened_at=now, summary="Called")
    engagement.log(entry, by=by, at=now)
    resting.follow(ON, at=now)
    actions.unmute(alert_id=fall().pk, by=by, at=now + timedelta(hours=1))
    resting.follow(ON, at=now)
    assert fall().muted_until_on is None


def test_it_ends_when_use_is_back(judged: list[int], now: datetime) -> None:
    happened([(judged[books.QUIET], 1, "saved", None, WEEK_ON + timedelta(weeks=3), 1)], now=now)
    usage.bring_up_to(ON + timedelta(weeks=3), at=now)
    rest = books.users(SIZE, ahead=3)[:, -3:]
    rest[FELL] = 100
    books.write(judged, rest, WEEK_ON + timedelta(weeks=3), now)
    actions.judge(ON + timedelta(weeks=3), at=now, paying=judged)
    assert (fall().end, fall().closed_on) == ("recovered", ON + timedelta(weeks=3))
    assert JournalEntry.objects.filter(kind="usage.alert_ended", customer_id=judged[FELL]).count() == 1


def test_who_pays_no_more_has_no_alert(judged: list[int], now: datetime) -> None:
    actions.judge(ON, at=now, paying=judged[1:])
    assert (fall().end, fall().closed_on) == ("ended", ON)


def test_later_events_of_the_same_week_take_an_alert_back_and_bring_it_again(judged: list[int], now: datetime) -> None:
    books.write(judged, np.where(books.users(SIZE) == 30, 100, books.users(SIZE)), WEEK_ON, now)
    actions.judge(ON, at=now, paying=judged)
    assert fall().end == "withdrawn"
    books.write(judged, books.users(SIZE), WEEK_ON, now)
    actions.judge(ON, at=now, paying=judged)
    assert (fall().end, fall().closed_on) == ("", None)
