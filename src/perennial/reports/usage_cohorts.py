"""Customers by the month of their first use, and how many of each month's are active in the months since.

Active is who has a core event in the calendar month; the month of the as-of day is not over, so its shares still grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from perennial.members.models import Member
from perennial.reports.usage_parts import named, rows_seen
from perennial.usage import analysis

MOST_MONTHS = 24


@dataclass(frozen=True, slots=True)
class Cohort:
    """The customers of one month (its first day). `active`: how many were in each month since, from its own on; the
    last is the as-of day's month, which is not over."""

    month: date
    size: int
    active: Sequence[int]

    def share(self, since: int) -> Fraction:
        """Return the share still active after so many months."""
        return Fraction(self.active[since], self.size)


def ids_of(member: Member, *, leaving: bool = False) -> list[int]:
    """Return the customers that a member sees. One query."""
    return list(rows_seen(member, leaving=leaving).values_list("customer_id", flat=True))


def cohorts(customer_ids: Sequence[int], on: date) -> list[Cohort]:
    """Return the cohorts of the last 24 months, the earliest first, months without one left out. One query."""
    last = analysis.month_number(on)
    found: dict[int, dict[int, int]] = {}
    for cell in analysis.cohorts(customer_ids, on=on):
        found.setdefault(cell.cohort, {})[cell.since] = cell.customers
    return [
        Cohort(analysis.month_date(month), active[0], [active.get(since, 0) for since in range(last - month + 1)])
        for month, active in sorted(found.items())
        if month > last - MOST_MONTHS
    ]


def together(found: Sequence[Cohort]) -> list[Fraction | None]:
    """Return for each month since the share of all customers old enough, those of months that are over alone (but for
    the first); None where none is."""
    shares: list[Fraction | None] = []
    for since in range(max((len(one.active) for one in found), default=0)):
        old = [one for one in found if len(one.active) > since + (1 if since else 0)]
        size = sum(one.size for one in old)
        shares.append(Fraction(sum(one.active[since] for one in old), size) if size else None)
    return shares


@dataclass(frozen=True, slots=True)
class Beginner:
    """A customer of a cohort, and its core events in the month asked about (0: not active)."""

    key: str
    name: str
    owner: str
    events: int


def members_of(member: Member, *, month: date, since: int, on: date, leaving: bool = False) -> list[Beginner]:
    """Return a cohort's customers with their use so many months later, who was not active last. Two queries."""
    who = named(member, rows_seen(member, leaving=leaving))
    begun = analysis.month_number(month)
    found = analysis.cohort(list(who), on=on, begun=begun, month=begun + since)
    listed = [Beginner(*who[one], events) for one, events in found.items()]
    return sorted(listed, key=lambda one: (-one.events, one.name))
