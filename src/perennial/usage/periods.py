"""What each customer had contracted on which days: seats, and the features of the products that it bought.

As far as anybody knows now: the lines that run on a day, and what the method lists for that day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import pyarrow as pa

from perennial.blueprint import queries as blueprint
from perennial.contracts import queries as contracts
from perennial.customers import queries as customers
from perennial.lake.bought import set_named
from perennial.lake.terms import EventDays, day_date, day_number

FOREVER = 2**30
SCHEMA = pa.schema({"customer": pa.int64(), "from_day": pa.int32(), "until_day": pa.int32(), "seats": pa.int64(),
                    "bought": pa.string(), "features_bought": pa.int64()}.items())  # fmt: skip
"""A customer's stretches of days as the metrics read them: `bought` names the set of features (lake/bought.py)."""
Seats = Sequence[tuple[int, int, int | None]]
Bought = Sequence[tuple[int, int, frozenset[str]]]
"""The half-open days [from, until) with the features of what was bought; stretches may overlap."""


def periods(book: contracts.Book, days: Mapping[int, EventDays], *, until: int) -> pa.Table:
    """Return each customer's stretches of days with what was contracted then, without a gap from its first event on.

    A customer without any event has no stretch and so no values: that nothing was measured is unknown, not zero
    (private deployments, M21). Seats are unknown where no contract names them, and how many features were bought where
    no product names any. Two queries at most.
    """
    seats, bought = book.seat_periods(), bought_of(book.product_lines(), until=until)
    begun = {one: days[one].first_day for one in customers.all_ids() if one in days and days[one].first_day < until}
    return table({
        one: crossed(seat_stretches(seats.get(one, ())), bought.get(one, ()), first, until)
        for one, first in begun.items()
    })  # fmt: skip


def seat_stretches(found: Iterable[contracts.SeatPeriod]) -> Seats:
    """Return seats by the lake's days."""
    return [(day_number(start), day_number(end) if end else FOREVER, count) for start, end, count in found]


def bought_of(lines: Mapping[int, Sequence[contracts.ProductLine]], *, until: int) -> dict[int, Bought]:
    """Return the features of each customer's recurring lines, up to before a day; who bought none is left out. No query
    where the method lists no product on any day, else one."""
    listed = _listed(until)
    if not any(features for _start, _end, features in listed):
        return {}
    codes = contracts.product_codes()
    found: dict[int, Bought] = {}
    for customer, theirs in lines.items():
        stretches = [
            (max(day_number(one.starts_on), start), min(day_number(one.ends_on) if one.ends_on else until, end), names)
            for one in theirs
            for start, end, features in listed
            if (names := features.get(codes.get(one.product, "")))
        ]
        if stretches:
            found[customer] = [one for one in stretches if one[0] < one[1]]
    return found


def crossed(seats: Seats, bought: Bought, first: int, until: int) -> list[tuple[int, int, int | None, frozenset[str]]]:
    """Return [first, until) in stretches without a gap, each with the seats and the features of its days."""
    edges = {day for one in (*seats, *bought) for day in one[:2] if first < day < until}
    return [
        (
            start,
            end,
            next((count for begin, stop, count in seats if begin <= start < stop), None),
            frozenset[str]().union(*(names for begin, stop, names in bought if begin <= start < stop)),
        )
        for start, end in pairwise(sorted({first, until, *edges}))
    ]


def table(stretches: Mapping[int, Iterable[tuple[int, int, int | None, frozenset[str]]]]) -> pa.Table:
    """Return stretches by customer as the metrics read them."""
    rows = [
        (customer, start, end, seats, set_named(names), len(names) or None)
        for customer, theirs in stretches.items()
        for start, end, seats, names in theirs
    ]
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    return pa.Table.from_arrays([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)


def _listed(until: int) -> list[tuple[int, int, dict[str, frozenset[str]]]]:
    """Return the features by product's code, with the days for which the method says so."""
    changes = (day_number(one.from_on) for one in blueprint.history("products") if one.from_on is not None)
    edges = sorted({0, until, *(day for day in changes if 0 < day < until)})
    return [
        (start, end, {one.product: frozenset(one.features) for one in blueprint.products(day_date(start))})
        for start, end in pairwise(edges)
    ]
