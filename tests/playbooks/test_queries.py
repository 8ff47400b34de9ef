"""A member's day: own, team's, all; what is hidden stays hidden; the sidebar's count."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.playbooks.rows import AT, ON, row

from perennial.customers.models import PortfolioRow
from perennial.members.models import Member, Team
from perennial.playbooks import actions, queries
from perennial.playbooks.models import TodayItem
from perennial.playbooks.terms import Day, Whose

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation")]


def names(day: Day) -> list[str]:
    return [item.row.name for item in day.open]


def me(member_id: int) -> Member:
    return Member.objects.select_related("team").get(id=member_id)


def test_a_csm_sees_the_own_book_a_leader_the_teams_and_an_admin_all_on_request(member: Any) -> None:
    team = Team.objects.create(name="North")
    csm, other, leader, admin = member("csm"), member("csm"), member("leader", team_id=team.pk), member("admin")
    for name, owner in (("A", csm), ("B", other), ("C", leader), ("D", None)):
        row(name, owner=owner, next_renewal_on=ON)
    PortfolioRow.objects.filter(name__in=("A", "C")).update(team_id=team.pk)
    actions.plan_today(ON, at=AT)

    assert queries.choices(me(csm)) == [Whose.MINE]
    assert queries.choices(me(leader)) == [Whose.MINE, Whose.TEAM]
    assert queries.choices(me(admin)) == [Whose.MINE, Whose.ALL]
    assert names(queries.today(me(csm), on=ON)) == ["A"]
    assert names(queries.today(me(csm), on=ON, whose=Whose.ALL)) == ["A"]
    assert names(queries.today(me(leader), on=ON)) == ["C"]
    assert names(queries.today(me(leader), on=ON, whose=Whose.TEAM)) == ["A", "C"]
    assert names(queries.today(me(admin), on=ON)) == []
    assert names(queries.today(me(admin), on=ON, whose=Whose.ALL)) == ["A", "B", "C", "D"]


def test_a_strangers_item_is_none_and_a_reader_may_look_but_not_decide(member: Any) -> None:
    csm, stranger, reader = member("csm"), member("csm"), member("reader")
    row("A", owner=csm, next_renewal_on=ON)
    actions.plan_today(ON, at=AT)
    item = TodayItem.objects.get().pk
    assert queries.item_of(me(csm), item, "tasks.edit") is not None
    assert queries.item_of(me(stranger), item) is None
    assert queries.item_of(me(reader), item) is not None
    assert queries.item_of(me(reader), item, "tasks.edit") is None


def test_reasons_that_speak_of_hidden_fields_are_left_out(member: Any) -> None:
    row("Owes", next_renewal_on=ON, oldest_overdue_on=ON - timedelta(days=9), overdue_amount=5)
    row("Only owes", oldest_overdue_on=ON - timedelta(days=9), overdue_amount=5)
    actions.plan_today(ON, at=AT)
    found = queries.today(me(member("reader")), on=ON, whose=Whose.ALL)
    assert [(item.row.name, [reason.rule for reason in item.reasons]) for item in found.open] == [
        ("Owes", ["renewal_due"])
    ]


def test_the_day_is_parted_into_first_later_and_this_week_and_counts_what_is_done(member: Any) -> None:
    csm = member("csm")
    for number in range(13):
        row(f"c{number:02}", owner=csm, next_renewal_on=ON + timedelta(days=number))
    actions.plan_today(ON, at=AT)
    items = list(TodayItem.objects.order_by("-weight"))
    actions.finish(item_id=items[0].pk, by=csm, at=AT)
    actions.snooze(item_id=items[1].pk, until_on=ON + timedelta(days=1), by=csm, at=AT)

    day = queries.today(me(csm), on=ON)

    assert [len(part) for part in (day.first, day.later, day.this_week, day.done)] == [5, 5, 1, 1]
    assert (day.wanted, day.settled, day.contacts, day.waiting, day.first[0].row.name) == (5, 1, 0, 1, "c02")
    assert queries.today_count(me(csm), ON) == 4
    assert queries.today(me(csm), on=ON + timedelta(days=1)).waiting == 0


def test_tasks_are_the_members_own_due_or_ahead_and_link_only_where_he_may_go(member: Any) -> None:
    csm, other = member("csm"), member("csm", name="Other")
    mine, theirs = row("Mine", owner=csm), row("Theirs", owner=other)
    actions.add_task(customer_id=theirs, owner_id=csm, title="B", due_on=ON, by=other, at=AT)
    actions.add_task(customer_id=mine, owner_id=csm, title="A", due_on=ON - timedelta(days=2), by=csm, at=AT)
    actions.add_task(customer_id=mine, owner_id=csm, title="Later", due_on=ON + timedelta(days=1), by=csm, at=AT)
    actions.add_task(customer_id=mine, owner_id=other, title="Given", due_on=ON, by=csm, at=AT)

    actions.add_task(customer_id=None, owner_id=csm, title="Undated", due_on=None, by=csm, at=AT)

    found = queries.tasks(me(csm), ON)

    key = PortfolioRow.objects.get(customer_id=mine).key
    assert [(one.title, one.customer_name, one.key, one.by_name) for one in found.due] == [
        ("A", "Mine", key, None), ("B", "Theirs", None, "Other"),
    ]  # fmt: skip
    assert [(one.title, one.due_on) for one in found.ahead] == [("Later", ON + timedelta(days=1)), ("Undated", None)]
    assert queries.today_count(me(csm), ON) == 2
    assert queries.given_away(me(csm)) == 1


def test_a_task_is_reached_by_its_owner_and_by_who_may_write_tasks_at_its_customer(member: Any) -> None:
    csm, other, reader = member("csm"), member("csm"), member("reader")
    one = row("One", owner=csm)
    task = actions.add_task(customer_id=one, owner_id=other, title="x", due_on=None, by=csm, at=AT)
    loose = actions.add_task(customer_id=None, owner_id=other, title="y", due_on=None, by=other, at=AT)
    assert queries.task_of(me(csm), task) is not None
    assert queries.task_of(me(other), task) is not None
    assert queries.task_of(me(reader), task) is None
    assert queries.task_of(me(csm), loose) is None


def test_the_silent_are_paying_customers_with_a_known_contact_long_ago(member: Any) -> None:
    csm = member("csm")
    for name, days, live in (("Long", 200, True), ("Longer", 300, True), ("Left", 400, False), ("Near", 89, True)):
        row(name, owner=csm, last_touch_on=ON - timedelta(days=days), is_live=live)
    row("Never", owner=csm)
    assert [one.name for one in queries.silent(me(csm), on=ON)] == ["Longer", "Long"]


@pytest.mark.parametrize("count", [1, 40])
def test_a_day_costs_two_queries_however_long_it_is(member: Any, django_assert_num_queries: Any, count: int) -> None:
    csm = member("csm")
    for number in range(count):
        row(f"c{number}", owner=csm, next_renewal_on=ON)
    actions.plan_today(ON, at=AT)
    who = me(csm)
    with django_assert_num_queries(2):
        assert len(queries.today(who, on=ON).open) == count
    with django_assert_num_queries(2):
        queries.today_count(who, ON)


def test_the_sidebar_counts_what_the_page_shows_first(member: Any) -> None:
    team = Team.objects.create(name="North")
    leader, csm = member("leader", team_id=team.pk), member("csm", team_id=team.pk)
    for number in range(3):
        row(f"c{number}", owner=csm, next_renewal_on=ON, team_id=team.pk)
    actions.plan_today(ON, at=AT)
    assert queries.usual(me(leader)) is Whose.TEAM
    assert queries.today_count(me(leader), ON) == len(queries.today(me(leader), on=ON, whose=Whose.TEAM).first) == 3
    row("Own", owner=leader, next_renewal_on=ON, team_id=team.pk)
    actions.plan_today(ON, at=AT)
    assert queries.today_count(me(leader), ON) == 1
