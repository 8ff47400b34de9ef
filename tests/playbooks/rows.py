"""Makers of portfolio rows for the tests of Today."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from perennial.customers.actions import upsert
from perennial.customers.models import Customer, PortfolioRow
from perennial.customers.terms import CustomerFacts

ON = date(2024, 12, 31)
AT = datetime.fromisoformat("2024-12-31T01:00:00+00:00")


def row(name: str, *, owner: int | None = None, **columns: Any) -> int:
    """Make a live customer with these columns of its portfolio row; return its id."""
    ids, _ = upsert([CustomerFacts(source="test", external_id=name, name=name)], by=None, at=AT)
    customer = Customer.objects.get(id=ids[name])
    PortfolioRow.objects.filter(customer=customer).update(
        **{"owner_id": owner, "is_live": True, "stage": "growth", **columns}
    )
    return customer.pk


def change(customer_id: int, **columns: Any) -> None:
    """Change columns of a customer's portfolio row."""
    PortfolioRow.objects.filter(customer_id=customer_id).update(**columns)
