from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from perennial.kernel.periods import Period
from perennial.kernel.versions import Incoming
from perennial.members.actions import create_team
from perennial.team.actions import write_targets
from perennial.team.queries import has_targets, targets_in
from perennial.team.terms import Aim, Holder, TargetKind

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
YEAR = Period(date(2026, 1, 1), date(2027, 1, 1))
Q1 = Period(date(2026, 1, 1), date(2026, 4, 1))
MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def planted(
    name: str, period: Period, amount: int, *, at: datetime = NOW, source: str = "sheet", **values: Any
) -> None:
    row = {"kind": "renewals", "member_id": None, "team_id": None, "currency": "USD", **values}
    row |= {"starts_on": period.since, "ends_on": period.until, "amount": amount}
    write_targets([Incoming(external_id=name, values=row)], source=source, at=at)


def aim_of(member_id: int, period: Period) -> Aim | None:
    found = targets_in(period, members=[member_id], teams=[], currency="USD")
    return found.get((TargetKind.RENEWALS, Holder(member_id=member_id)))


def test_the_target_of_exactly_these_days_counts_and_the_years_stands_beside_it(member: Callable[..., int]) -> None:
    me = member("csm")
    planted("q1", Q1, 300_00, member_id=me)
    planted("2026", YEAR, 1_000_00, member_id=me)
    assert aim_of(me, Q1) == Aim(amount=300_00, parts=1, wider=YEAR, wider_amount=1_000_00)


def test_a_years_target_is_never_split_over_its_quarters(member: Callable[..., int]) -> None:
    me = member("csm")
    planted("2026", YEAR, 1_000_00, member_id=me)
    assert aim_of(me, Q1) == Aim(amount=None, wider=YEAR, wider_amount=1_000_00)


def test_three_months_make_the_quarter_and_two_do_not(member: Callable[..., int]) -> None:
    me = member("csm")
    planted("jan", Period(date(2026, 1, 1), date(2026, 2, 1)), 10, member_id=me)
    planted("mar", MARCH, 30, member_id=me)
    assert aim_of(me, Q1) == Aim(amount=None)
    planted("feb", Period(date(2026, 2, 1), date(2026, 3, 1)), 20, member_id=me)
    assert aim_of(me, Q1) == Aim(amount=60, parts=3)


def test_of_two_targets_for_the_same_days_the_later_one_counts(member: Callable[..., int]) -> None:
    me = member("csm")
    planted("a", Q1, 10, member_id=me)
    planted("b", Q1, 20, member_id=me, source="crm", at=datetime(2026, 3, 3, tzinfo=UTC))
    assert aim_of(me, Q1) == Aim(amount=20, parts=1)


def test_zero_is_a_target_and_none_is_none(member: Callable[..., int]) -> None:
    me, other = member("csm"), member("csm")
    assert has_targets() is False
    planted("zero", Q1, 0, member_id=me)
    assert aim_of(me, Q1) == Aim(amount=0, parts=1)
    assert aim_of(other, Q1) is None
    assert has_targets() is True


def test_another_currency_is_no_target_here(member: Callable[..., int]) -> None:
    me = member("csm")
    planted("eur", Q1, 10, member_id=me, currency="EUR")
    assert aim_of(me, Q1) is None


@pytest.mark.parametrize("holders", [1, 40])
def test_all_holders_cost_one_query(member: Callable[..., int], django_assert_num_queries: Any, holders: int) -> None:
    ids = [member("csm") for _ in range(holders)]
    team = create_team(name="East", by=None, at=NOW)
    planted("team", Q1, 5, team_id=team)
    for number, one in enumerate(ids):
        planted(f"m{number}", Q1, number, member_id=one)
    with django_assert_num_queries(1):
        found = targets_in(Q1, members=ids, teams=[team], currency="USD")
    assert sum(aim.amount or 0 for aim in found.values()) == 5 + sum(range(holders))
