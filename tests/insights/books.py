"""A house with years of annual contracts: who renewed when, and who did not."""

from __future__ import annotations

from datetime import datetime

from tests.contracts.books import customers, keep, line, own

from perennial.customers.models import PortfolioRow
from perennial.kernel.versions import Incoming


def annual(
    *, stay: int, leave: int, at: datetime, month: int = 2, first: int = 2022, last: int = 2026,
    owner: int | None = None,
    segment: str = "", amount: int = 100_00,
) -> dict[str, int]:  # fmt: skip
    """Make customers with a contract a year from `first` on, each signed 20 days before it begins. Those who leave do
    so at the end of 2024's. The last contract of who stays begins in `last`."""
    word = f"{segment}{month}"
    names = [f"{word} stays {n}" for n in range(stay)] + [f"{word} leaves {n}" for n in range(leave)]
    ids = customers(*names, at=at)
    lines: list[Incoming] = []
    signed: dict[str, str] = {}
    for name in names:
        until = last if "stays" in name else 2024
        for year in range(first, until + 1):
            key = f"{name} {year}"
            lines.append(line(key, ids[name], f"{year}-{month:02}-10", f"{year + 1}-{month:02}-10", amount))
            signed[key] = f"{year}-{month:02}-01" if month == 1 else f"{year}-{month - 1:02}-20"
    keep(lines, at=at, signed=signed)
    for customer in ids.values():
        own(customer, owner, at)
        if segment:
            PortfolioRow.objects.filter(customer_id=customer).update(segment=segment)
    return ids
