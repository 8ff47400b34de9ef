"""Makes customers with portfolio rows for tests."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from perennial.customers import search
from perennial.customers.actions import name_sort
from perennial.customers.models import Customer, Ownership, PortfolioRow
from perennial.members.models import Member

DAY = date(2026, 3, 2)


def customer(name: str, *, at: datetime, owner: int | None = None, tags: tuple[str, ...] = (), **columns: Any) -> str:
    """Make a customer as an import and a recompute leave it; return its key."""
    made = Customer.objects.create(name=name, name_sort=name_sort(name), learned_at=at, tags=list(tags))
    team = None
    if owner is not None:
        Ownership.objects.create(customer=made, member_id=owner, from_on=DAY, learned_at=at)
        team = Member.objects.get(id=owner).team_id
    PortfolioRow.objects.create(
        customer=made, key=made.key, name=name, name_sort=made.name_sort, owner_id=owner, team_id=team,
        tags="".join(f"\n{tag}\n" for tag in tags), **{"currency": "USD", "as_of_on": DAY, "updated_at": at, **columns},
    )  # fmt: skip
    search.index({made.pk: (name, made.name_sort)})
    return made.key
