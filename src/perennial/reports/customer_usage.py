"""The usage of one customer: the metrics of the as-of day and the series behind the charts. No SQL query.

The day's values stand in the portfolio row; thirteen weeks are some fifty files of the lake, and so are read only by
what shows them: the charts, and the table's small lines, which follow on the page.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from perennial.blueprint import queries as blueprint
from perennial.customers.models import PortfolioRow
from perennial.lake.terms import EventCount, day_date
from perennial.usage import queries as usage
from perennial.usage.lake import metric_keys

DAYS = 91
TOP_FEATURES = 5


class Known(StrEnum):
    """What a source tells of a customer's usage."""

    NOTHING = "nothing"
    NO_USERS = "no_users"  # events, and nobody's name on them
    USERS = "users"


Series = Mapping[str, Sequence[float | None]]
"""Metrics day by day, oldest first, None where unknown."""


def series_of(customer_id: int, on: date) -> Series:
    """Return each metric of the 91 days up to a day."""
    days = days_up_to(on)
    found = usage.series_of(customer_id, from_on=days[0], until_on=on + timedelta(days=1))
    rows = {row.on: row.values for row in found}
    return {key: [rows[day].get(key) if day in rows else None for day in days] for key in usage.all_keys()}


def weekly(series: Series) -> Series:
    """Return the values of every seventh day, the last one among them."""
    return {key: values[(len(values) - 1) % 7 :: 7] for key, values in series.items()}


def known_of(row: PortfolioRow, on: date) -> Known:
    """Return what is known of a customer's usage: by its row, and where that says nothing by the 13 weeks before."""
    if row.active_users_7d is not None or row.active_users_28d is not None:
        return Known.USERS
    if any(getattr(row, key) is not None for key in metric_keys()):
        return Known.NO_USERS
    return _known(series_of(row.customer_id, on))


def days_up_to(on: date) -> list[date]:
    """Return the 91 days up to a day, oldest first."""
    return [on - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]


def _known(series: Series) -> Known:
    if any(value is not None for value in series["active_users_28d"]):
        return Known.USERS
    anything = any(value is not None for values in series.values() for value in values)
    return Known.NO_USERS if anything else Known.NOTHING


@dataclass(frozen=True)
class Stack:
    """Core events a day by feature: the most used ones by name, all others together under None."""

    days: Sequence[date]
    features: Mapping[str | None, Sequence[int]]


def core_events(customer_id: int, on: date) -> Stack:
    """Return the core events of 13 weeks; a day without an event is 0, because the source speaks on other days."""
    days = days_up_to(on)
    return stacked(usage.counts_of(customer_id, from_on=days[0], until_on=on + timedelta(days=1)), days)


def stacked(found: Sequence[EventCount], days: Sequence[date]) -> Stack:
    """Return the core events among some counts, day by day."""
    totals: Counter[str] = Counter()
    counts: dict[tuple[str, date], int] = defaultdict(int)
    for one in found:
        if blueprint.is_core(one.event):
            feature = one.feature or one.event
            totals[feature] += one.n
            counts[feature, day_date(one.day)] += one.n
    top = [feature for feature, _n in totals.most_common(TOP_FEATURES)]
    stacked: dict[str | None, Sequence[int]] = {f: [counts.get((f, day), 0) for day in days] for f in top}
    others = [f for f in totals if f not in top]
    if others:
        stacked[None] = [sum(counts.get((f, day), 0) for f in others) for day in days]
    return Stack(days, stacked)


@dataclass(frozen=True)
class Lines:
    """Metrics day by day."""

    days: Sequence[date]
    metrics: Series


def metric_lines(customer_id: int, on: date, keys: Sequence[str]) -> Lines:
    """Return some metrics of the 13 weeks up to a day."""
    found = series_of(customer_id, on)
    return Lines(days_up_to(on), {key: found[key] for key in keys})
