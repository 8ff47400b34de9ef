from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.periods import Period
from perennial.kernel.versions import Incoming
from perennial.members.actions import create_team
from perennial.team.actions import TargetError, set_target, write_targets
from perennial.team.models import Target
from perennial.team.queries import targets_in
from perennial.team.terms import Holder, TargetKind

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Q1 = Period(date(2026, 1, 1), date(2026, 4, 1))
KIND = TargetKind.COLLECTIONS


def row(amount: int, **values: Any) -> dict[str, Any]:
    days = {"starts_on": Q1.since, "ends_on": Q1.until}
    return {"kind": "collections", "member_id": None, "team_id": None, "currency": "USD", **days, **values,
            "amount": amount}  # fmt: skip


def shown(member_id: int) -> int | None:
    aim = targets_in(Q1, members=[member_id], teams=[], currency="USD").get((KIND, Holder(member_id=member_id)))
    return aim.amount if aim else None


def setting(member_id: int, amount: int | None, *, hours: int, period: Period = Q1) -> int | None:
    return set_target(kind=KIND, holder=Holder(member_id=member_id), period=period, amount=amount, by=member_id,
                      at=NOW + timedelta(hours=hours))  # fmt: skip


def test_the_same_file_twice_changes_nothing(member: Callable[..., int]) -> None:
    me = member("csm")
    rows = [Incoming(external_id="t1", values=row(100, member_id=me))]
    assert write_targets(rows, source="sheet", at=NOW, import_id=1).new == 1
    assert write_targets(rows, source="sheet", at=NOW, import_id=2).same == 1
    assert Target.objects.count() == 1


def test_a_target_by_hand_stands_over_the_files_until_it_is_taken_back(member: Callable[..., int]) -> None:
    me = member("leader")
    write_targets([Incoming(external_id="t1", values=row(100, member_id=me))], source="sheet", at=NOW)
    assert setting(me, 150, hours=1) == 100
    assert shown(me) == 150
    assert setting(me, None, hours=2) == 150
    assert shown(me) == 100


def test_an_old_figure_set_again_counts_over_a_later_file(member: Callable[..., int]) -> None:
    me = member("leader")
    setting(me, 150, hours=0)
    write_targets([Incoming(external_id="t1", values=row(100, member_id=me))], source="sheet",
                  at=NOW + timedelta(hours=1))  # fmt: skip
    assert shown(me) == 100
    assert setting(me, 150, hours=2) == 100
    assert shown(me) == 150


def test_each_change_is_one_entry_of_the_journal_and_a_repeat_is_none(member: Callable[..., int]) -> None:
    me = member("leader")
    setting(me, 150, hours=0)
    setting(me, 150, hours=1)
    entry = JournalEntry.objects.get(kind="target.set")
    assert entry.subject == f"member:{me}"
    assert entry.data == {"kind": "collections", "from": "2026-01-01", "until": "2026-04-01", "before": None,
                          "after": 150, "currency": "USD"}  # fmt: skip


@pytest.mark.parametrize(("amount", "period"), [(-1, Q1), (10**15 + 1, Q1), (1, Period(Q1.since, Q1.since))])
def test_an_impossible_target_is_refused_and_nothing_is_written(
    member: Callable[..., int], amount: int, period: Period
) -> None:
    me = member("leader")
    with pytest.raises(TargetError):
        setting(me, amount, hours=0, period=period)
    assert not Target.objects.exists()


def test_a_target_of_nobody_or_of_two_cannot_be_written(member: Callable[..., int]) -> None:
    me, team = member("csm"), create_team(name="East", by=None, at=NOW)
    with pytest.raises(ValueError, match="one holder"):
        Holder(member_id=me, team_id=team)
    with pytest.raises(IntegrityError):
        write_targets([Incoming(external_id="t1", values=row(1, member_id=me, team_id=team))], source="s", at=NOW)
