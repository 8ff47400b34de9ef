"""Which receivables an address asks for: `?who=mine&node=legal&late=over_90&over=1`, in the house as it stands."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest

from perennial.blueprint.terms import Scope
from perennial.contracts.access import ABILITY
from perennial.contracts.calculations.receipts import Bucket
from perennial.members import access
from perennial.pages.asking import Asking
from perennial.reports.receivables import Asked

ALL, MINE, TEAM, LATE = "", "mine", "team", "late"
LATE_BUCKETS = frozenset(Bucket) - {Bucket.NOT_DUE}


class Request(Asking):
    """The member who asks, the day, and what he chose. What cannot be read is not chosen."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        who, late = request.GET.get("who", ""), request.GET.get("late", "")
        self.who = who if who in self.offered else ALL
        self.node = request.GET.get("node", "")[:30]
        self.over = "1" if request.GET.get("over") else ""
        self.late = late if late == LATE or late in set(Bucket) else ""

    @property
    def offered(self) -> tuple[str, ...]:
        """Whose rows may be asked for: a member with one's own book has nothing to choose."""
        scope = access.scope_of(self.member, ABILITY)
        if scope == Scope.OWN:
            return (ALL,)
        return (ALL, TEAM, MINE) if self.member.team_id and scope == Scope.ALL else (ALL, MINE)

    @property
    def asked(self) -> Asked:
        """Return the choice as the report takes it."""
        buckets = LATE_BUCKETS if self.late == LATE else frozenset({Bucket(self.late)} if self.late else ())
        return Asked(
            owner_id=self.member.pk if self.who == MINE else None,
            team_id=self.member.team_id if self.who == TEAM else None,
            node=self.node,
            buckets=buckets,
            is_over=bool(self.over),
        )

    def query(self, **changes: str) -> str:
        """Return the choice as an address' query, with some of it changed."""
        asked = {"who": self.who, "node": self.node, "late": self.late, "over": self.over} | changes
        return "?" + urlencode({key: value for key, value in asked.items() if value})
