"""Keyset paging of the portfolio: page 1,000 costs what page 1 costs. Known values come first, unknown ones last."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q, QuerySet
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.datastructures import BaseTable
from django.utils.translation import gettext as _

from perennial.customers.models import PortfolioRow
from perennial.customers.terms import ListError

WALK = 4000
_COLUMNS = {column.attname: column for column in PortfolioRow._meta.concrete_fields}
INDEXES = {index.fields[0]: index.name for index in PortfolioRow._meta.indexes}


@dataclass(frozen=True)
class Place:
    """Where a page begins: behind (`backwards`: before) the row of this value and id; value None: among the unknown."""

    backwards: bool
    value: Any
    row_id: int


@dataclass(frozen=True)
class Order:
    """A stored column and its direction; equal values are told apart by the customer's number."""

    column: str
    down: bool

    @property
    def sign(self) -> str:
        return "-" if self.down else ""

    @property
    def past(self) -> str:
        """The comparison that leads on from a value."""
        return "lt" if self.down else "gt"

    def turned(self) -> Order:
        return Order(self.column, not self.down)


def mark_of(row: PortfolioRow, column: str, *, backwards: bool) -> str:
    """Return the mark of a place: its row's value and number, for the address."""
    value = getattr(row, column)
    plain = value.isoformat() if isinstance(value, date) else value
    body = ["before" if backwards else "after", plain, row.customer_id]
    return base64.urlsafe_b64encode(json.dumps(body, separators=(",", ":")).encode()).decode().rstrip("=")


def place_of(mark: str | None, column: str) -> Place | None:
    """Read a mark; None for no mark.

    :raises ListError: it is damaged, or of a list sorted by another column.
    """
    if not mark:
        return None
    try:
        direction, value, row_id = json.loads(base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)))
        if direction not in ("after", "before") or not _is_number(row_id) or isinstance(value, bool | list | dict):
            raise ValueError(mark)
        if value is not None:
            if isinstance(value, str) and not _is_storable(value):
                raise ValueError(mark)
            if isinstance(value, int | float) and not (isfinite(value) and abs(value) < 2**63):
                raise ValueError(mark)
            value = _COLUMNS[column].to_python(value)
    except (ValueError, TypeError, binascii.Error, RecursionError, ValidationError) as error:
        raise ListError(_("This page mark is damaged. Start from the first page.")) from error
    return Place(backwards=direction == "before", value=value, row_id=row_id)


def lies_beyond(row: PortfolioRow, order: Order, place: Place) -> bool:
    """Return whether a row in memory comes after a place, as `take` would read on from it."""
    value = getattr(row, order.column)
    if value is None or place.value is None:
        if (value is None) is not (place.value is None):
            return value is None
        return row.customer_id < place.row_id if order.down else row.customer_id > place.row_id
    mine, theirs = (value, row.customer_id), (place.value, place.row_id)
    return bool(mine < theirs if order.down else mine > theirs)


def _is_storable(text: str) -> bool:
    """No database compares a text with NUL or half a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def take(rows: QuerySet[PortfolioRow], order: Order, place: Place | None, size: int) -> list[PortfolioRow]:
    """Read `size` rows from a place on, going back in turned order; two or three queries, on SQLite up to four.

    Known values and unknown ones are two runs, so that one plain index serves both directions on both databases.
    """
    backwards = place is not None and place.backwards
    if backwards:
        order = order.turned()
    known = rows.filter(**{f"{order.column}__isnull": False})
    unknown = rows.filter(**{f"{order.column}__isnull": True}).order_by(f"{order.sign}customer_id")
    in_unknown = place is not None and place.value is None
    if place is not None and in_unknown:
        unknown = unknown.filter(**{f"customer_id__{order.past}": place.row_id})
    found: list[PortfolioRow] = []
    if backwards and (place is None or in_unknown):
        found = list(unknown[:size])
    if len(found) < size and (backwards or not in_unknown):
        found += _known(known, order, None if in_unknown else place, size - len(found))
    if len(found) < size and not backwards:
        found += unknown[: size - len(found)]
    return found


def _known(known: QuerySet[PortfolioRow], order: Order, place: Place | None, size: int) -> list[PortfolioRow]:
    """Read from the run of known values.

    SQLite chooses a filter's index and sorts everything that it finds, however few rows are wanted. So the next WALK
    entries of the sort's own index are walked first, which costs little and mostly fills the page; only where they do
    not, SQLite's own way is taken. PostgreSQL weighs that by itself.
    """
    ordered = _past(known, order, place).order_by(f"{order.sign}{order.column}", f"{order.sign}customer_id")
    if connection.vendor == "sqlite" and order.column in INDEXES:
        end = _end_of_walk(order, place)
        if end is not None:
            near = ordered.filter(**{f"{order.column}__{'gte' if order.down else 'lte'}": end})
            found = list(_along(near, INDEXES[order.column])[:size])
            if len(found) == size:
                return found
    return list(ordered[:size])


def _past(rows: QuerySet[PortfolioRow], order: Order, place: Place | None) -> QuerySet[PortfolioRow]:
    if place is None:
        return rows
    beyond = Q(**{f"{order.column}__{order.past}": place.value})
    level = Q(**{order.column: place.value, f"customer_id__{order.past}": place.row_id})
    return rows.filter(beyond | level).filter(**{f"{order.column}__{order.past}e": place.value})


def _end_of_walk(order: Order, place: Place | None) -> Any:
    """Return the value at which the walk ends, None where so many entries do not follow. One query, index only."""
    known = PortfolioRow.objects.filter(**{f"{order.column}__isnull": False})
    if place is not None:
        known = known.filter(**{f"{order.column}__{order.past}e": place.value})
    ordered = known.order_by(f"{order.sign}{order.column}", f"{order.sign}customer_id")
    return ordered.values_list(order.column, flat=True)[WALK : WALK + 1].first()


class _Along(BaseTable):
    """A table that SQLite reads along one index."""

    index = ""

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        sql, params = super().as_sql(compiler, connection)
        return f"{sql} INDEXED BY {connection.ops.quote_name(self.index)}", params


def _along(rows: QuerySet[PortfolioRow], index: str) -> QuerySet[PortfolioRow]:
    rows = rows.all()
    alias = rows.query.get_initial_alias() or ""
    table = _Along(PortfolioRow._meta.db_table, alias)
    table.index = index
    rows.query.alias_map[alias] = table
    return rows
