"""The customers behind an amount of the meeting, with the terms, steps of money or changes that it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from perennial.contracts.causes import Cause, causes
from perennial.reports.weekly.terms import Figure, Item, Row, RowKind


@dataclass(frozen=True, slots=True)
class Behind:
    """A customer behind an amount: its row, whose row it stands under, and the items with the names of their lines."""

    row: Row
    owner: str
    cents: int
    items: tuple[tuple[Item, tuple[Cause, ...]], ...]


def behind(row: Row, figure: Figure) -> list[Behind]:
    """Return the customers behind a figure of a row, the largest amount first; their cents sum to the row's.

    One query for 500 lines behind them.
    """
    found = [(one, owner) for one, owner in _customers(row, "") if one.cents.get(figure)]
    items = {id(one): [item for item in one.items if item.amounts.get(figure)] for one, _owner in found}
    names = causes({line for told in items.values() for item in told for line in item.lines})
    listed = [
        Behind(one, owner, one.cents[figure], tuple(
            (item, tuple(sorted(item.causes or [names[line] for line in item.lines if line in names],
                                key=lambda cause: (cause.paper, cause.product))))
            for item in sorted(items[id(one)], key=lambda item: item.on)
        ))
        for one, owner in found
    ]  # fmt: skip
    return sorted(listed, key=lambda one: (-abs(one.cents), one.row.name))


def _customers(row: Row, owner: str) -> Iterator[tuple[Row, str]]:
    if row.kind is RowKind.CUSTOMER:
        yield row, owner
    for below in row.below:
        yield from _customers(below, row.name if row.kind is RowKind.MEMBER else owner)
