"""Makers of stored customers and lines for the tests of this room and of revenue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from perennial.contracts.actions import rebuild_movements, write_contracts, write_lines, write_products
from perennial.customers.actions import upsert
from perennial.customers.models import Customer, PortfolioRow
from perennial.customers.terms import CustomerFacts
from perennial.kernel.versions import Counted, Incoming

SOURCE = "test"


def customers(*names: str, at: datetime) -> dict[str, int]:
    """Make customers; return their ids by name."""
    facts = [CustomerFacts(source=SOURCE, external_id=name, name=name) for name in names]
    return upsert(facts, by=None, at=at)[0]


def own(customer_id: int, member_id: int | None, at: datetime) -> None:
    """Give a customer a portfolio row with its owner, as the nightly does."""
    customer = Customer.objects.get(id=customer_id)
    PortfolioRow.objects.update_or_create(
        customer=customer,
        defaults={"key": customer.key, "name": customer.name, "name_sort": customer.name_sort, "owner_id": member_id,
                  "currency": "USD", "as_of_on": at.date(), "updated_at": at},
    )  # fmt: skip


def line(key: str, customer_id: int, starts: str, ends: str | None, amount: int, **more: Any) -> Incoming:
    """Return a line of `amount` minor units a month. `product` is a code, `signed` the day of its own contract."""
    return Incoming(
        key,
        {
            "customer_id": customer_id,
            "starts_on": date.fromisoformat(starts),
            "ends_on": None if ends is None else date.fromisoformat(ends),
            "amount": amount,
            "amount_months": 1,
            "currency": "USD",
            **more,
        },
    )


def keep(
    lines: Sequence[Incoming], *, at: datetime, on: str = "2024-12-31", signed: Mapping[str, str] | None = None
) -> Counted:
    """Write lines, each under a contract of its own id, and derive the movements as of a day."""
    products = write_products({row.values["product"]: "" for row in lines if "product" in row.values})
    papers = [
        Incoming(row.external_id, {"customer_id": row.values["customer_id"],
                                   "signed_on": _day((signed or {}).get(row.external_id or ""))})
        for row in lines
    ]  # fmt: skip
    ids, _ = write_contracts(papers, source=SOURCE, at=at)
    ready = []
    for row in lines:
        values = {name: value for name, value in row.values.items() if name != "product"}
        product = products[row.values["product"]] if "product" in row.values else None
        values |= {"contract_id": ids[row.external_id or ""], "product_id": product}
        ready.append(Incoming(row.external_id, values, row.learned_at))
    counted = write_lines(ready, source=SOURCE, at=at)
    rebuild_movements(on=date.fromisoformat(on))
    return counted


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
