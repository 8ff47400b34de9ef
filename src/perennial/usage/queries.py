"""Reads of usage: daily values from the lake's frozen rows, counts for charts.

No SQL query on the records, but one where facts are read: they count for the customer that theirs was merged into; and
one where own metrics are served, once for each change of the configuration.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.customers.aliases import aliases
from perennial.lake.terms import EventCount, day_date, day_number
from perennial.usage import own
from perennial.usage.lake import METRICS_TABLE, lake, metric_keys

Values = Mapping[str, float | None]


@dataclass(frozen=True)
class DayValues:
    """A customer's metrics on one day; None is unknown."""

    on: date
    values: Values


def values_on(on: date, customer_ids: Sequence[int] | None = None) -> dict[int, Values]:
    """Return each customer's metrics of one day; customers without a row are left out."""
    day = day_number(on)
    rows = lake().read_days(METRICS_TABLE, customers=_listed(customer_ids), from_day=day, until_day=day + 1)
    columns = _columns()
    return {row["customer"]: _values(row, columns) for row in rows.to_pylist()}


@dataclass(frozen=True)
class DayColumns:
    """Metrics on several days, a row for each customer and day that has one; NaN is unknown. `days` as numbers."""

    customers: NDArray[np.int64]
    days: NDArray[np.int64]
    values: Mapping[str, NDArray[np.float64]]


def columns_on(days: Sequence[date], keys: Sequence[str]) -> DayColumns:
    """Return some metrics of all customers on some days, as `values_on` says them, in one pass over the daily values; a
    key without daily values is left out."""
    columns = dict(_columns())
    asked = {key: columns[key] for key in keys if key in columns}
    with lake().analysis() as analysis:
        rows = analysis.on_days(METRICS_TABLE, sorted(set(asked.values())), [day_number(day) for day in days])
    return DayColumns(
        rows["customer"].to_numpy(), rows["day"].to_numpy().astype(np.int64),
        {key: rows[column].to_numpy().astype(np.float64) for key, column in asked.items()},
    )  # fmt: skip


def series_of(customer_id: int, *, from_on: date, until_on: date) -> list[DayValues]:
    """Return one customer's metrics for each day of [from_on, until_on) that has a row, oldest first."""
    rows = lake().read_days(
        METRICS_TABLE, customers=[customer_id], from_day=day_number(from_on), until_day=day_number(until_on)
    )
    columns = _columns()
    return [DayValues(on=day_date(row["day"]), values=_values(row, columns)) for row in rows.to_pylist()]


def all_keys() -> tuple[str, ...]:
    """Return the keys of the metrics that have daily values: those that ship, then own ones."""
    return (*metric_keys(), *(one.key for one in own.served()))


def _columns() -> list[tuple[str, str]]:
    """Return each metric's key with the column that its values stand in."""
    return [*((key, key) for key in metric_keys()), *((one.key, one.column) for one in own.served())]


def _values(row: Mapping[str, Any], columns: list[tuple[str, str]]) -> Values:
    found = {key: row.get(column) for key, column in columns}
    return {key: number(value) for key, value in found.items()}


def number(value: Decimal | float | None) -> float | None:
    """Return a value of the lake as pages and scores reckon with it."""
    return float(value) if isinstance(value, Decimal) else value


def counts_of(customer_id: int, *, from_on: date, until_on: date) -> list[EventCount]:
    """Return one customer's event counts by day, event and feature; days without events are absent. One query."""
    numbers = aliases().family([customer_id])
    return lake().event_counts(*numbers, from_day=day_number(from_on), until_day=day_number(until_on))


def is_waiting() -> bool:
    """Return whether events arrived that are in no daily value yet. No query."""
    return lake().is_waiting()


def last_event_on() -> date | None:
    """Return the last day on which anybody has an event, None where nobody has; no query."""
    day = lake().last_day()
    return None if day is None else day_date(day)


def last_used_on() -> dict[int, date]:
    """Return the last day on which each customer has an event; who never had one is left out. One query."""
    return {customer: max(days) for customer, days in _used().items()}


def first_used_on() -> dict[int, date]:
    """Return the first day on which each customer has an event; who never had one is left out. One query."""
    return {customer: min(days) for customer, days in _used().items()}


def _used() -> dict[int, list[date]]:
    by, found = aliases(), defaultdict[int, list[date]](list)
    for number, days in lake().event_days().items():
        found[by.of(number)] += [day_date(days.first_day), day_date(days.last_day)]
    return found


def _listed(customer_ids: Sequence[int] | None) -> list[int] | None:
    return None if customer_ids is None else list(customer_ids)
