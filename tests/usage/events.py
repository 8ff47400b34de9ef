"""Puts events into the lake's inbox, for the tests of what is made of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from perennial.lake.inbox import event_ids
from perennial.lake.terms import EVENT_SCHEMA, day_number
from perennial.usage.lake import lake

ON = date(2026, 3, 2)


def ago(days: int) -> date:
    return ON - timedelta(days=days)


def happened(rows: list[tuple[int, int | None, str, str | None, date, int]], *, now: datetime) -> None:
    """Put events (customer, user, event, feature, day, n) into the inbox."""
    columns: dict[str, list[Any]] = {name: [] for name in EVENT_SCHEMA.names}
    for number, (customer, user, event, feature, day, n) in enumerate(rows):
        at = datetime(day.year, day.month, day.day, 4, tzinfo=now.tzinfo)
        id_ = event_ids("test", [f"{customer} {day} {event} {number}"])[0].as_py()
        values = (id_, customer, user, event, feature, at,
                  day_number(day), n, None, None, now, "test", None)  # fmt: skip
        for name, value in zip(columns, values, strict=True):
            columns[name].append(value)
    batch = pa.table({name: pa.array(values, EVENT_SCHEMA.field(name).type) for name, values in columns.items()})
    lake().accept(batch, writer="test")
