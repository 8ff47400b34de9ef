"""The list and one customer as of a past day: the same rows, gathered from what was true then, filtered and sorted by
the same words.

For a day other than the as-of day there is no portfolio row to read. What the list is filtered and sorted by decides
what is gathered: of names, owners and other facts that are the same on every day the database pages by itself; of
anything else only the rooms that know it are asked, a set of customers at a time, of which no more is kept than a page.
Everything else is gathered for the rows of the page alone. Owners are today's (a member sees his present book's past).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import QuerySet, prefetch_related_objects

from perennial.customers import keyset
from perennial.customers import queries as customers
from perennial.customers.access import portfolio_of
from perennial.customers.catalogue import COLUMNS, FIELDS, Field
from perennial.customers.models import PortfolioRow
from perennial.kernel.conditions.matching import evaluate
from perennial.kernel.conditions.terms import Tree, conditions
from perennial.members.models import Member
from perennial.reports import portfolio, score

CHUNK = 5000
"""Customers whose rows are in memory at once."""
_ROOMS = {"renewals": "contracts", "champion_left_on": "people", "currency": "", "customers": ""}
"""The room behind a field or a source, where it has another name; "" for what is the same on every day."""


def page(
    member: Member, on: date, *, tree: Tree | None, text: str, sort: str, mark: str | None, size: int
) -> customers.Page:
    """Return one page of the list as of a past day. A constant number of queries for each CHUNK of the customers seen,
    and for the page; by a field that is the same on every day only for the page.

    :raises ListError: an unknown sort or a damaged mark.
    """
    rooms = rooms_of({sort.removeprefix("-"), *(asked.field for asked in (conditions(tree) if tree else ()))})
    seen = portfolio_of(member)
    if not rooms:
        rows = customers.chosen(seen, tree=tree, text=text, as_of=on)
        found = customers.page(rows, sort=sort, mark=mark, size=size)
    else:
        rows = customers.chosen(seen, tree=None, text=text, as_of=on)
        found = customers.page_of(_best(rows, on, rooms, tree, sort, mark, size), sort=sort, mark=mark, size=size)
    full = {row.customer_id: row for row in rows_on(on, [row.customer_id for row in found.rows])}
    told = [full[row.customer_id] for row in found.rows if row.customer_id in full]
    prefetch_related_objects(told, "owner", "parent")
    return customers.Page(rows=told, after=found.after, before=None)


def rooms_of(fields: Iterable[str]) -> set[str]:
    """Return the rooms that know some fields as of a past day; none for those that are the same on every day."""
    named = {_ROOMS.get(key, _ROOMS.get(FIELDS[key].source, FIELDS[key].source)) for key in fields if key in FIELDS}
    return named - {""} if fields else set()


def rows_on(on: date, ids: Sequence[int], rooms: Collection[str] = portfolio.ROOMS) -> list[PortfolioRow]:
    """Return customers' rows as of a day, stored nowhere; those merged away meanwhile are left out."""
    return [PortfolioRow(**row) for row in portfolio.rows_on(on, ids, rooms=rooms)] if ids else []


def _best(
    rows: QuerySet[PortfolioRow], on: date, rooms: set[str], tree: Tree | None, sort: str, mark: str | None, size: int
) -> list[PortfolioRow]:
    """Return the rows of the page and the next one, however many there are: of each set only these stay in memory."""
    column, down = customers.sort_of(sort)
    order, place = keyset.Order(column, down), keyset.place_of(mark, column)
    best: list[PortfolioRow] = []
    for chunk in _chunks(rows.order_by("customer_id").values_list("customer_id", flat=True)):
        for row in rows_on(on, chunk, rooms):
            matches = tree is None or evaluate(tree, _values(row), on)
            if matches and (place is None or keyset.lies_beyond(row, order, place)):
                best.append(row)
        best = customers.page_of(best, sort=sort, size=size + 1).rows
    return best


def _chunks(ids: QuerySet[PortfolioRow, int]) -> Iterator[list[int]]:
    last = 0
    while found := list(ids.filter(customer_id__gt=last)[:CHUNK]):
        last = found[-1]
        yield found


def _values(row: PortfolioRow) -> Mapping[str, Any]:
    """Return the row as conditions see it: numbers of members and customers as text, as a choice is asked."""
    values = {key: getattr(row, column) for key, column in COLUMNS.items()}
    numbers = {key: values[key] if values[key] is None else str(values[key]) for key in ("owner", "parent")}
    return values | numbers | {"tags": [tag for tag in row.tags.split("\n") if tag]}


def health_of(customer_id: int, fields: Mapping[str, Field]) -> dict[str, Any] | None:
    """Return a customer's latest score with its parts as plain values; None before the first score."""
    found = score.of(customer_id, fields)
    return None if found is None else found.told


def health_on(row: PortfolioRow, on: date, fields: Mapping[str, Field]) -> dict[str, Any] | None:
    """Return the score that a past day printed, from a row as of that day; None where the customer was not scored.

    Its parts are None: they are kept of the latest day only.
    """
    if "score" not in fields or row.band is None:
        return None
    return {
        "as_of": on.isoformat(),
        "score": None if row.score is None else f"{row.score:.1f}",
        "band": row.band,
        "coverage": row.coverage,
        "confidence": row.confidence,
        "parts": None,
    }
