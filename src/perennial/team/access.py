"""Whose targets and results a member sees or sets."""

from __future__ import annotations

from dataclasses import dataclass

from perennial.members import access
from perennial.members import queries as members
from perennial.members.models import Member, Team
from perennial.team.terms import Holder


@dataclass(frozen=True)
class Holders:
    """The members and teams on which somebody has an ability, by name; active members come first."""

    members: list[Member]
    teams: list[Team]

    def __contains__(self, holder: Holder) -> bool:
        if holder.member_id is not None:
            return any(member.pk == holder.member_id for member in self.members)
        return any(team.pk == holder.team_id for team in self.teams)


def holders_of(member: Member, ability: str) -> Holders:
    """Return the members and teams on which the member has the ability: all, those of the own team, or only himself.

    Two queries. Nobody at all where the role lacks the ability.
    """
    match access.scope_of(member, ability):
        case "all":
            return Holders(members.members(), members.teams())
        case "team" if member.team_id is not None:
            return Holders(
                [other for other in members.members() if other.team_id == member.team_id],
                [team for team in members.teams() if team.pk == member.team_id],
            )
        case "team" | "own":
            return Holders([other for other in members.members() if other.pk == member.pk], [])
        case _:
            return Holders([], [])
