from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from perennial.members.actions import create_team
from perennial.members.models import Member
from perennial.team.access import holders_of
from perennial.team.terms import Holder

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def house(member: Callable[..., int]) -> dict[str, int]:
    east = create_team(name="East", by=None, at=NOW)
    west = create_team(name="West", by=None, at=NOW)
    made = {role: member(role, team_id=east) for role in ("leader", "csm", "admin", "analyst", "reader")}
    return {**made, "other": member("csm", team_id=west), "loose": member("leader"), "east": east, "west": west}


def seen(house: dict[str, int], who: str, ability: str) -> tuple[set[int], set[int]]:
    found = holders_of(Member.objects.get(id=house[who]), ability)
    return {member.pk for member in found.members}, {team.pk for team in found.teams}


def test_whose_results_each_role_sees(house: dict[str, int]) -> None:
    everybody = {house[name] for name in ("leader", "csm", "admin", "analyst", "reader", "other", "loose")}
    assert seen(house, "admin", "revenue.read") == (everybody, {house["east"], house["west"]})
    assert seen(house, "analyst", "revenue.read") == (everybody, {house["east"], house["west"]})
    assert seen(house, "leader", "revenue.read") == (everybody - {house["other"], house["loose"]}, {house["east"]})
    assert seen(house, "loose", "revenue.read") == ({house["loose"]}, set())
    assert seen(house, "csm", "revenue.read") == ({house["csm"]}, set())
    assert seen(house, "reader", "revenue.read") == (set(), set())


def test_a_leader_sets_targets_of_the_own_team_only(house: dict[str, int]) -> None:
    leader: Any = Member.objects.get(id=house["leader"])
    holders = holders_of(leader, "targets.edit")
    assert Holder(member_id=house["csm"]) in holders
    assert Holder(team_id=house["east"]) in holders
    assert Holder(member_id=house["other"]) not in holders
    assert Holder(team_id=house["west"]) not in holders
    assert seen(house, "csm", "targets.edit") == (set(), set())
