"""Reasons that are not useful: one or all, why and how long; listed, counted, brought back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.playbooks.rows import AT, ON, change, row

from perennial.customers.models import PortfolioRow
from perennial.kernel.journal.models import JournalEntry
from perennial.members.models import Member, Team
from perennial.playbooks import actions, away, putting_away
from perennial.playbooks.actions import PlaybookError
from perennial.playbooks.models import PutAway, TodayItem
from perennial.playbooks.putting_away import Verdict
from perennial.playbooks.terms import EVERY_REASON, RuleCount, Whose

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation")]
WRONG = Verdict(("renewal_due",), "wrong_data", 30)


@pytest.fixture
def csm(member: Callable[..., int]) -> int:
    """Return a CSM of one customer that renews and has an overdue ticket."""
    me = member("csm", name="Ann")
    row("One", owner=me, next_renewal_on=ON + timedelta(days=60), overdue_tickets=1)
    actions.plan_today(ON, at=AT)
    return me


def one() -> int:
    return PortfolioRow.objects.get(name="One").customer_id


def rules(days: int = 0) -> list[str]:
    found = TodayItem.objects.filter(on=ON + timedelta(days=days)).first()
    return [] if found is None else [reason["rule"] for reason in found.reasons]


def put(verdict: Verdict, by: int) -> list[int]:
    return putting_away.put_away(customer_id=one(), verdict=verdict, on=ON, by=by, at=AT)


def test_one_reason_goes_at_once_and_the_others_stay_and_weigh_without_it(csm: int) -> None:
    before = TodayItem.objects.get()
    assert rules() == ["ticket_overdue", "renewal_due"]
    put(WRONG, csm)
    after = TodayItem.objects.get()
    assert (after.pk, rules()) == (before.pk, ["ticket_overdue"])
    assert after.weight == after.reasons[0]["points"] < before.weight


def test_it_stays_away_for_as_long_as_was_said_and_then_speaks_again(csm: int) -> None:
    put(WRONG, csm)
    for days, expected in ((29, ["ticket_overdue"]), (30, ["renewal_due", "ticket_overdue"])):
        change(one(), next_renewal_on=ON + timedelta(days=60))
        actions.plan_today(ON + timedelta(days=days), at=AT)
        assert rules(days) == expected


def test_everything_takes_the_customer_off_the_day_also_for_what_comes_new(csm: int) -> None:
    put(Verdict((EVERY_REASON,), "not_important", 7), csm)
    assert not TodayItem.objects.exists()
    change(one(), champion_left_on=ON)
    actions.plan_today(ON + timedelta(days=1), at=AT)
    assert rules(1) == []
    actions.plan_today(ON + timedelta(days=7), at=AT)
    assert "champion_left" in rules(7)


def test_brought_back_the_reasons_speak_on_the_same_day_and_once_is_enough(csm: int) -> None:
    ids = put(Verdict(("renewal_due", "ticket_overdue"), "already_known", 90), csm)
    assert rules() == []
    assert putting_away.bring_back(ids=ids[:1], on=ON, by=csm, at=AT) == 1
    assert rules() == ["renewal_due"]
    assert putting_away.bring_back(ids=ids, on=ON, by=csm, at=AT) == 1
    assert rules() == ["ticket_overdue", "renewal_due"]
    assert putting_away.bring_back(ids=ids, on=ON, by=csm, at=AT) == 0
    assert PutAway.objects.filter(ended_by_id=csm, ended_at=AT).count() == 2
    told = JournalEntry.objects.filter(kind__startswith="today.").order_by("id")
    assert [(entry.kind, entry.data["rules"]) for entry in told] == [
        ("today.put_away", ["renewal_due", "ticket_overdue"]), ("today.brought_back", ["renewal_due"]),
        ("today.brought_back", ["ticket_overdue"]),
    ]  # fmt: skip


def test_the_same_again_changes_nothing(csm: int) -> None:
    assert len(put(WRONG, csm)) == 1
    assert put(WRONG, csm) == []
    assert PutAway.objects.count() == 1


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict((), "wrong_data", 30), Verdict(("nothing",), "wrong_data", 30), Verdict(("renewal_due",), "x", 30),
        Verdict(("renewal_due",), "wrong_data", 365), Verdict(("renewal_due",), "other", 30, " "),
    ],
)  # fmt: skip
def test_a_verdict_says_which_why_and_how_long(csm: int, verdict: Verdict) -> None:
    with pytest.raises(PlaybookError):
        put(verdict, csm)
    assert not PutAway.objects.exists()


def test_a_persons_words_stay_out_of_the_sealed_part_of_the_journal(csm: int) -> None:
    put(Verdict(("renewal_due",), "other", 30, "Mr Wang\n said so"), csm)
    told = JournalEntry.objects.get(kind="today.put_away")
    assert told.data == {"rules": ["renewal_due"], "why": "other", "until": "2025-01-30"}
    assert told.personal.payload == {"note": "Mr Wang said so"}


def test_a_leader_sees_the_teams_list_and_counts_and_a_stranger_none(csm: int, member: Callable[..., int]) -> None:
    team = Team.objects.create(name="North")
    PortfolioRow.objects.update(team_id=team.pk)
    leader, stranger = (Member.objects.get(id=member(role)) for role in ("leader", "csm"))
    Member.objects.filter(id=leader.pk).update(team_id=team.pk)
    leader.refresh_from_db()
    ids = put(Verdict(("renewal_due", "ticket_overdue"), "wrong_data", 30), csm)
    putting_away.bring_back(ids=ids[1:], on=ON, by=csm, at=AT)
    put(Verdict(("ticket_overdue",), "already_known", 7), csm)
    putting_away.bring_back(ids=[PutAway.objects.latest("id").pk], on=ON, by=csm, at=AT)

    listed = away.put_away(leader, on=ON, whose=Whose.TEAM)
    assert [(found.row.name, found.rule, found.why, found.until_on, found.by_name) for found in listed] == [
        ("One", "renewal_due", "wrong_data", ON + timedelta(days=30), "Ann")
    ]
    assert away.put_away(leader, on=ON, whose=Whose.TEAM, rule="ticket_overdue") == []
    assert away.put_away(leader, on=ON, whose=Whose.TEAM, why="already_known") == []
    assert away.put_away(leader, on=ON + timedelta(days=30), whose=Whose.TEAM) == []
    assert away.counts(leader, on=ON, whose=Whose.TEAM) == [
        RuleCount("ticket_overdue", 2, {"wrong_data": 1, "already_known": 1}, 2, 1),
        RuleCount("renewal_due", 1, {"wrong_data": 1}, 0, 0),
    ]
    assert away.counts(stranger, on=ON, whose=Whose.ALL) == []
    assert away.put_away(stranger, on=ON, whose=Whose.ALL) == []
    assert away.may_bring_back(stranger, ids, on=ON) == []
    assert [found.rule for found in away.may_bring_back(leader, ids, on=ON)] == ["renewal_due"]
    reader = Member.objects.get(id=member("reader"))
    assert len(away.put_away(reader, on=ON, whose=Whose.ALL)) == 1
    assert away.may_bring_back(reader, ids, on=ON) == []


def test_what_speaks_of_hidden_fields_is_not_listed_for_who_does_not_see_them(
    csm: int, member: Callable[..., int]
) -> None:
    change(one(), oldest_overdue_on=ON - timedelta(days=20), overdue_amount=5)
    actions.plan_today(ON, at=AT)
    put(Verdict(("payment_overdue", "renewal_due"), "wrong_data", 30), csm)
    reader = Member.objects.get(id=member("reader"))
    assert [found.rule for found in away.put_away(reader, on=ON, whose=Whose.ALL)] == ["renewal_due"]
    assert [count.rule for count in away.counts(reader, on=ON, whose=Whose.ALL)] == ["renewal_due"]


@pytest.mark.parametrize("count", [1, 40])
def test_list_and_counts_cost_the_same_queries_for_one_and_for_forty(
    csm: int, django_assert_num_queries: Any, count: int
) -> None:
    for number in range(count):
        customer = row(f"c{number}", owner=csm, next_renewal_on=ON)
        putting_away.put_away(customer_id=customer, verdict=WRONG, on=ON, by=csm, at=AT)
    who = Member.objects.get(id=csm)
    with django_assert_num_queries(1):
        assert len(away.put_away(who, on=ON)) == count
    with django_assert_num_queries(2):
        assert away.counts(who, on=ON, whose=Whose.MINE)[0].put_away == count
