"""Who asks about usage, and of which day: the one read behind the pages and the API of usage over many customers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from perennial.kernel.organisation.queries import House
from perennial.members.models import Member
from perennial.reports import usage_parts, usage_series
from perennial.reports.usage_parts import Breakdown, Parts


@dataclass(frozen=True)
class Asked:
    """A member, its house, the as-of day, and the last day up to it that has values (None: nothing is measured yet)."""

    member: Member
    house: House
    today: date
    on: date | None

    @classmethod
    def by(cls, member: Member, house: House, now: datetime) -> Self:
        """Return who asks and of which day. No query."""
        today = house.today(now)
        return cls(member, house, today, usage_series.last_on(today))

    @property
    def sees_owners(self) -> bool:
        """Return whether the member may see whose book a customer is in; else tables and files have no such column."""
        return usage_parts.sees_owners(self.member)

    def parts(self, by: Breakdown, *, leaving: bool = False) -> Parts:
        """Return the customers that the member sees, in parts; `leaving`: of these the ones that it may export. One
        query, three by product."""
        return usage_parts.parts_of(self.member, by, on=self.today, currency=self.house.currency, leaving=leaving)
