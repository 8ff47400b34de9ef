"""The users of one customer: who they are, when each was last seen, and how much of the customer's use each makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from perennial.reports.customer_file import File
from perennial.usage import analysis, people


@dataclass(frozen=True, slots=True)
class ProductUser:
    """A user; days and events are those with core events of 28 days, `share` of all of them that name a user (None:
    nobody has one)."""

    name: str
    last_on: date
    active_days: int
    events: int
    share: Fraction | None


SORTS: Mapping[str, Callable[[ProductUser], Any]] = {
    "name": lambda one: one.name.casefold(),
    "last": lambda one: one.last_on,
    "days": lambda one: one.active_days,
    "events": lambda one: one.events,
}
USUAL = "-events"


def users_of(file: File, *, sort: str = USUAL) -> Sequence[ProductUser]:
    """Return a customer's users, in an order of SORTS ("-" before it: falling). Three queries, one more for 500."""
    found = analysis.users(file.customer.pk, on=file.on)
    names = people.names_of(one.user_id for one in found)
    total = sum(one.events for one in found)
    users = [
        ProductUser(
            names.get(one.user_id, f"#{one.user_id}"),
            one.last_on,
            one.active_days,
            one.events,
            Fraction(one.events, total) if total else None,
        )
        for one in found
    ]
    users.sort(key=lambda one: (one.name.casefold(), -one.active_days))
    key = sort.removeprefix("-")
    return sorted(users, key=SORTS.get(key, SORTS["events"]), reverse=sort.startswith("-"))
