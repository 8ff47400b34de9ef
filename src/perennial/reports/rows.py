"""Portfolio rows as plain values: what the API answers and exports write, limited to the fields a member sees."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from perennial.customers.catalogue import Field, Unit
from perennial.customers.models import PortfolioRow
from perennial.kernel import money

Plain = str | int | float | bool | Decimal | date | list[str] | None


def plain(value: Any, field: Field, currency: str) -> Plain:
    """Return a field's value as it leaves the house: money as an exact decimal of the currency, tags as a list."""
    if field.unit is Unit.TAGS:
        return [tag for tag in (value or "").split("\n") if tag]
    if value is None:
        return None
    if field.unit is Unit.MONEY:
        return Decimal(money.decimal_string(value, currency))
    return value  # type: ignore[no-any-return]  # a column of the portfolio row: one of Plain


def row_values(row: PortfolioRow, fields: Mapping[str, Field]) -> dict[str, Plain]:
    """Return the visible fields of a portfolio row by key: the owner by mail address, the group by its key.

    No query where the row's owner and parent were fetched with it.
    """
    values = {key: plain(getattr(row, field.column), field, row.currency) for key, field in fields.items()}
    named = {"owner": row.owner.email if row.owner else None, "parent": row.parent.key if row.parent else None}
    return values | {key: value for key, value in named.items() if key in fields}
