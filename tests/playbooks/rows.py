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
        **{"owner_id": owner, "is_live": True, "stage": "growth", **_in_danger(columns)}
    )
    return customer.pk


def change(customer_id: int, **columns: Any) -> None:
    """Change columns of a customer's portfolio row."""
    PortfolioRow.objects.filter(customer_id=customer_id).update(**_in_danger(columns))


def _in_danger(columns: dict[str, Any]) -> dict[str, Any]:
    """Return the columns with a cause against a renewal within 90 days, unless they say what it asks for."""
    due_on = columns.get("next_renewal_on")
    if "next_renewal_on" not in columns or "renewal_need" in columns:
        return columns
    is_near = due_on is not None and (due_on - ON).days <= 90
    return {**columns, "renewal_need": "weak" if is_near else None, "renewal_need_on": due_on if is_near else None}
