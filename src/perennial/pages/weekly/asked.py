"""What a request of the meeting asks for, in the house as it stands."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import cast

from django.http import HttpRequest
from django.utils import timezone

from perennial.contracts.facts import switches_of
from perennial.kernel.organisation.queries import House, house
from perennial.members import access
from perennial.members.models import Member
from perennial.pages.weekly import address
from perennial.pages.weekly.address import Chosen
from perennial.reports import policy
from perennial.reports.weekly.sheet import sheets
from perennial.reports.weekly.terms import Sheet
from perennial.team.terms import TargetKind


class Asked:
    """The member who asks, the day, and what he chose."""

    def __init__(self, request: HttpRequest) -> None:
        self.member = cast(Member, access.member_of(request))
        self.place: House = getattr(request, "house", None) or house()
        self.today: date = self.place.today(timezone.now())
        self.chosen: Chosen = address.read(request.GET, self.place, self.today)

    @property
    def label(self) -> str:
        """Return the period's name."""
        return address.label_of(self.chosen.period, self.chosen.span, self.place)

    @property
    def settings(self) -> list[policy.Setting]:
        """Return the policy switches that touch the chosen kind, as they are set."""
        touching = {TargetKind.RENEWALS: policy.OF_RENEWALS, TargetKind.EXPANSION: policy.OF_EXPANSION}
        return policy.settings(switches_of(self.place.policy_switches), touching.get(self.chosen.kind, frozenset()))

    @property
    def late_days(self) -> int:
        """Return how long after its end a term may usually still be renewed."""
        return switches_of(self.place.policy_switches).grace_days

    def tables(self) -> dict[TargetKind, Sheet]:
        """Return the tables of all kinds."""
        return self._of(tuple(TargetKind))

    def table(self) -> Sheet:
        """Return the chosen kind's table alone."""
        return self._of((self.chosen.kind,))[self.chosen.kind]

    def _of(self, kinds: Collection[TargetKind]) -> dict[TargetKind, Sheet]:
        chosen = self.chosen
        return sheets(self.member, chosen.period, place=self.place, on=self.today, team_id=chosen.team_id, kinds=kinds)
