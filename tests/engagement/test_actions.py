"""A log entry is written once, taken back without loss, and stands again; an import's is not touched."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.playbooks.rows import AT, row

from perennial.customers.models import PortfolioRow
from perennial.engagement import actions, queries
from perennial.engagement.access import may_take_back, takes_back
from perennial.engagement.actions import TouchpointError
from perennial.engagement.models import Touchpoint
from perennial.engagement.terms import LogEntry, TakesBack
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.versions import Incoming
from perennial.members.models import Member, Team

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation")]
EARLIER, LATER = AT - timedelta(days=9), AT + timedelta(hours=1)


def entry(customer: int, **values: Any) -> LogEntry:
    return LogEntry(customer_id=customer, channel="call", summary="Spoke about seats", happened_at=AT, **values)


def kinds() -> list[str]:
    rows = JournalEntry.objects.filter(kind__startswith="touchpoint").order_by("id")
    return [f"{one.kind} {one.by_id} {one.data['channel']}" for one in rows]


def test_a_form_sent_twice_logs_once_also_after_it_was_taken_back(member: Any) -> None:
    me, one = member("csm"), row("One")
    named = entry(one, fact=uuid.uuid4())
    assert {actions.log(named, by=me, at=AT) for _ in range(2)} == {named.fact}
    assert Touchpoint.objects.count() == 1
    assert named.fact is not None
    actions.retract(fact=named.fact, by=me, at=LATER)
    actions.log(named, by=me, at=LATER)
    assert Touchpoint.objects.current().count() == 0
    assert kinds() == [f"touchpoint.logged {me} call", f"touchpoint.retracted {me} call"]


def test_a_name_that_belongs_elsewhere_is_refused(member: Any) -> None:
    me, other, one, two = member("csm"), member("csm"), row("One"), row("Two")
    named = entry(one, fact=uuid.uuid4())
    actions.log(named, by=me, at=AT)
    for wrong, by in ((replace(named, customer_id=two), me), (named, other)):
        with pytest.raises(TouchpointError):
            actions.log(wrong, by=by, at=AT)
    assert Touchpoint.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"channel": "smoke"},
        {"summary": " \n"},
        {"happened_at": AT + timedelta(seconds=1)},
        {"channel": "pulse"},
        {"rating": 0},
        {"rating": 6},
    ],
)
def test_what_cannot_be_is_not_logged(member: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(TouchpointError):
        actions.log(replace(entry(row("One")), **wrong), by=member("csm"), at=AT)
    assert not Touchpoint.objects.exists()


def test_taken_back_the_last_contact_is_the_one_before_and_what_was_known_stays_readable(member: Any) -> None:
    me, one = member("csm"), row("One")
    actions.log(replace(entry(one), happened_at=EARLIER), by=me, at=EARLIER)
    fact = actions.log(entry(one), by=me, at=AT)
    assert queries.last_contact(LATER) == {one: AT}
    assert actions.retract(fact=fact, by=me, at=LATER) is True
    assert actions.retract(fact=fact, by=me, at=LATER) is False
    assert queries.last_contact(LATER) == {one: EARLIER}
    assert [t.happened_at for t in queries.touchpoints_of(one)] == [EARLIER]
    assert Touchpoint.objects.known_at(AT).filter(fact=fact).count() == 1
    assert Touchpoint.objects.known_at(LATER).filter(fact=fact).count() == 0


def test_an_entry_that_was_taken_back_stands_again_as_it_read(member: Any) -> None:
    me, one = member("csm"), row("One")
    fact = actions.log(entry(one, next_step="Send it"), by=me, at=AT)
    assert actions.restore(fact=fact, by=me, at=LATER) is False
    actions.retract(fact=fact, by=me, at=LATER)
    assert actions.restore(fact=fact, by=me, at=LATER) is True
    again = Touchpoint.objects.current().get()
    assert (again.fact, again.summary, again.next_step, again.member_id) == (fact, "Spoke about seats", "Send it", me)
    assert queries.logged_at(fact) == AT
    assert kinds()[1:] == [f"touchpoint.retracted {me} call", f"touchpoint.restored {me} call"]


def test_an_import_would_bring_its_entry_again_so_it_is_not_taken_back(member: Any) -> None:
    me, one = member("csm"), row("One")
    values = {"customer_id": one, "channel": "call", "summary": "x", "happened_at": AT, "member_id": me}
    actions.write_touchpoints([Incoming("T1", values)], source="crm", at=AT)
    fact = Touchpoint.objects.get().fact
    with pytest.raises(TouchpointError):
        actions.retract(fact=fact, by=me, at=LATER)
    assert Touchpoint.objects.current().count() == 1


def test_the_author_takes_back_his_own_and_who_leads_the_team_any(member: Any) -> None:
    team = Team.objects.create(name="North").pk
    author, colleague, reader = member("csm", team_id=team), member("csm", team_id=team), member("reader")
    leader, far = member("leader", team_id=team), member("leader")
    one = row("One", owner=author, team_id=team)
    held, written = PortfolioRow.objects.get(customer_id=one), actions.log(entry(one), by=author, at=AT)
    touchpoint = Touchpoint.objects.get(fact=written)
    reach = {
        who: takes_back(Member.objects.get(id=who), held) for who in (author, colleague, leader, far, reader)
    }  # fmt: skip
    assert reach == {author: TakesBack.OWN, colleague: TakesBack.NONE, leader: TakesBack.ALL, far: TakesBack.NONE,
                     reader: TakesBack.NONE}  # fmt: skip
    may = {who for who in reach if may_take_back(Member.objects.get(id=who), held, touchpoint)}
    assert may == {author, leader}
    successor = member("csm")
    PortfolioRow.objects.filter(customer_id=one).update(owner_id=successor)
    held.refresh_from_db()
    assert not may_take_back(Member.objects.get(id=successor), held, touchpoint)
    imported = Touchpoint(customer_id=one, member_id=author, source="crm", learned_at=datetime(2024, 1, 1, tzinfo=UTC))
    assert not may_take_back(Member.objects.get(id=leader), held, imported)
