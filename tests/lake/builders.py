"""Events by hand for the lake's tests: short rows in, the lake's own tables out."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from perennial.lake.algebra import parse_metrics
from perennial.lake.bought import set_named
from perennial.lake.inbox import event_ids
from perennial.lake.terms import EPOCH, EVENT_SCHEMA

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = 19_358  # 2023-01-01

CORE = "event = 'use'"
METRICS = parse_metrics(
    [
        {
            "key": "active_users_7d",
            "measures": {"users": {"aggregate": "distinct", "of": "user", "where": CORE, "window": 7}},
        },
        {
            "key": "active_users_28d",
            "measures": {"users": {"aggregate": "distinct", "of": "user", "where": CORE, "window": 28}},
        },
        {"key": "logins_7d", "measures": {"logins": {"aggregate": "count", "where": "event = 'login'", "window": 7}}},
        {"key": "breadth_28d", "measures": {"kinds": {"aggregate": "distinct", "of": "feature", "window": 28}}},
        {
            "key": "depth_28d",
            "measures": {
                "core": {"aggregate": "count", "where": CORE, "window": 28},
                "days": {"aggregate": "distinct", "of": "day", "where": CORE, "window": 28},
            },
            "expression": "core / days",
        },
        {
            "key": "trend_28d",
            "measures": {
                "now": {"aggregate": "count", "where": "event <> 'error'", "window": 28},
                "before": {"aggregate": "count", "where": "event <> 'error'", "window": 28, "offset": 28},
            },
            "expression": "now / before",
        },
        {
            "key": "seats_used_28d",
            "measures": {"users": {"aggregate": "distinct", "of": "user", "where": CORE, "window": 28}},
            "expression": "users / seats",
        },
        {"key": "days_since_last", "measures": {"last": {"aggregate": "since"}}},
        {
            "key": "errors_28d",
            "measures": {
                "errors": {"aggregate": "count", "where": "event = 'error'", "window": 28},
                "events": {"aggregate": "count", "where": "event <> 'error'", "window": 28},
            },
            "expression": "1000 * errors / events",
        },
        {
            "key": "top_user_share_28d",
            "measures": {
                "top": {"aggregate": "largest", "of": "user", "where": CORE, "window": 28},
                "all_users": {"aggregate": "count", "where": f"{CORE} AND user IS NOT NULL", "window": 28},
            },
            "expression": "top / all_users",
        },
    ]
)


def event(message: str, **given: Any) -> dict[str, Any]:
    """Return one event of customer 1 at noon of its day, with what is given instead."""
    row: dict[str, Any] = {
        "event_id": event_ids("test", [message])[0].as_py(),
        "customer": 1,
        "user": None,
        "event": "use",
        "feature": None,
        "day": DAY,
        "n": 1,
        "value": None,
        "props": None,
        "received_at": AT,
        "source": "test",
        "import_id": None,
    } | given
    noon = datetime.combine(EPOCH + timedelta(days=row["day"]), datetime.min.time(), tzinfo=UTC) + timedelta(hours=12)
    row.setdefault("ts", noon)
    row["value"] = None if row["value"] is None else Decimal(row["value"])
    return row


def batch(*rows: dict[str, Any]) -> pa.Table:
    """Return events as a table in the lake's schema."""
    return pa.Table.from_pylist(list(rows), EVENT_SCHEMA)


def periods(
    *customers: int,
    seats: int | None = 10,
    from_day: int = 0,
    until_day: int = 100_000,
    bought: Sequence[str] = (),
) -> pa.Table:
    """Return the same period, seats and features that were bought for each customer."""
    return pa.table(
        {
            "customer": pa.array(customers, pa.int64()),
            "from_day": pa.array([from_day] * len(customers), pa.int32()),
            "until_day": pa.array([until_day] * len(customers), pa.int32()),
            "seats": pa.array([seats] * len(customers), pa.int64()),
            "bought": pa.array([set_named(bought)] * len(customers), pa.string()),
            "features_bought": pa.array([len(set(bought)) or None] * len(customers), pa.int64()),
        }
    )
