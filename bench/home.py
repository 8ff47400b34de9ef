"""What homes of benchmarks begin with: an organisation, its members, and customers with their contracts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

AT, DAY = datetime(2026, 3, 2, 9, tzinfo=UTC), date(2026, 3, 2)
SEGMENTS = ("Enterprise", "Mid-market", "Small", "Public", None)
TIERS = ("usd_100k", "usd_20k", "usd_0", None)
CHUNK = 2_000


def founded(csms: int) -> list[int]:
    """Make the organisation; return its members, an administrator (m0@example.com) and so many CSMs after him."""
    from perennial.kernel.organisation import actions as organisation
    from perennial.members.actions import create_member
    from perennial.site.start import migrate

    migrate()
    organisation.found(name="Bench", currency="USD", timezone="Asia/Shanghai", language="en", at=AT)
    organisation.move_as_of(on=DAY, by=None, at=AT)
    return [
        create_member(email=f"m{n}@example.com", name=f"Member {n}", role="csm" if n else "admin", password=None,
                      by=None, at=AT)
        for n in range(csms + 1)
    ]  # fmt: skip


def contracted(
    customers: int, members: list[int], lines_of: Callable[[int, random.Random], list[dict[str, Any]]]
) -> None:
    """Write customers 1, 2, … each with an owner among the CSMs and a contract of the lines that `lines_of` gives it;
    the same company each time."""
    from django.db import transaction

    from perennial.contracts.models import Contract, Line
    from perennial.customers.models import Customer, PortfolioRow
    from perennial.kernel.inserting import insert, values_of

    chance = random.Random(11)  # noqa: S311 - the same company each time
    for numbers in _chunks(customers):
        with transaction.atomic():
            insert(Customer, [
                values_of(Customer(key=f"{n:010x}", name=f"Company {n}", name_sort=f"company {n}", learned_at=AT))
                for n in numbers])  # fmt: skip
            insert(PortfolioRow, [
                {"customer_id": n + 1} | values_of(PortfolioRow(
                    key=f"{n:010x}", name=f"Company {n}", name_sort=f"company {n}",
                    owner_id=chance.choice(members[1:]), tier=chance.choice(TIERS), segment=chance.choice(SEGMENTS),
                    currency="USD", as_of_on=DAY, updated_at=AT))
                for n in numbers])  # fmt: skip
            insert(Contract, [values_of(Contract(source="bench", external_id=str(n), number=f"C-{n}",
                                                 customer_id=n + 1, learned_at=AT)) for n in numbers])  # fmt: skip
            insert(Line, [
                values_of(Line(source="bench", external_id=f"{n}-{part}", learned_at=AT, contract_id=n + 1, **one))
                for n in numbers for part, one in enumerate(lines_of(n + 1, chance))])  # fmt: skip


def _chunks(count: int) -> Iterator[range]:
    """Yield numbers, so many at once as are written together."""
    for start in range(0, count, CHUNK):
        yield range(start, min(count, start + CHUNK))
