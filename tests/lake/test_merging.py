"""Merged customers and users count as one, by an independent recount of their events."""

from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from tests.lake.builders import AT, DAY, METRICS, batch, event, periods
from tests.lake.recount import recounted
from tests.lake.test_metrics import _same, events

from perennial.lake.algebra import parse_metrics
from perennial.lake.store import Lake
from perennial.lake.terms import Merged

MERGED = Merged(customers={2: 1, -5: 1}, users={(1, 3): 1, (1, 9): 2})


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """Return an event as it counts."""
    customer = MERGED.customers.get(row["customer"], row["customer"])
    return row | {"customer": customer, "user": MERGED.users.get((customer, row["user"]), row["user"])}


def _lake(root: Path, rows: list[dict[str, Any]]) -> Lake:
    lake = Lake(root)
    if rows:
        lake.accept(batch(*rows), writer="w1")
    lake.compact(METRICS, at=AT)
    return lake


def test_two_customers_are_one_their_common_day_is_one_day_and_their_common_user_one_user(tmp_path: Path) -> None:
    rows = [
        event("1", user=1, feature="search", n=3),
        event("2", customer=2, user=3, feature="search", n=1),  # the same person
        event("3", customer=2, user=4, feature="export", n=2, day=DAY + 1),
        event("4", customer=-5, user=9, n=2, day=DAY + 2),  # known as user 2 by now
        event("5", user=2, n=1, day=DAY + 2),
        event("6", customer=3, user=3, n=7),
    ]
    lake = _lake(tmp_path, rows)
    one, other = lake.metrics_asof(METRICS, periods(1, 3, seats=6), DAY + 2, merged=MERGED).to_pylist()
    assert (one["customer"], one["active_users_28d"], one["breadth_28d"]) == (1, 3, 2)
    assert (one["depth_28d"], one["seats_used_28d"]) == (3.0, 0.5)  # 9 uses on 3 days
    assert one["top_user_share_28d"] == 4 / 9
    assert (other["customer"], other["active_users_28d"], other["top_user_share_28d"]) == (3, 1, 1.0)
    apart = lake.metrics_asof(METRICS, periods(1, 2), DAY + 2).to_pylist()
    assert [(row["customer"], row["active_users_28d"]) for row in apart] == [(1, 2), (2, 2)]


def test_sums_of_values_are_added_and_stay_unknown_where_none_has_one(tmp_path: Path) -> None:
    paid = parse_metrics([{"key": "paid_28d", "measures": {"paid": {"aggregate": "sum", "window": 28}}}])
    lake = Lake(tmp_path)
    rows = [event("a", value="0.1"), event("b", customer=2, value="0.2"), event("c", customer=3)]
    lake.accept(batch(*rows), writer="w1")
    lake.compact(paid, at=AT)
    told = lake.metrics_asof(paid, periods(1, 3), DAY, merged=Merged({2: 1}))["paid_28d"].to_pylist()
    assert [None if value is None else str(value) for value in told] == ["0.300000", None]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events)
def test_backfill_and_every_days_step_equal_a_plain_recount_of_what_counts(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[dict[str, Any]]
) -> None:
    rows = [event(str(number), **row) for number, row in enumerate(drawn)]
    lake = _lake(tmp_path_factory.mktemp("lake"), rows)
    first, until = DAY + 20, DAY + 80
    days = {"from_day": first, "until_day": until}
    backfilled = lake.metrics_backfill(METRICS, periods(1), **days, merged=MERGED).sort_by("day")
    told = [_told(row) for row in rows]
    _same(backfilled.to_pylist(), [recounted(told, 1, day, seats=10) for day in range(first, until)])
    for day in range(first, until, 19):
        asof = lake.metrics_asof(METRICS, periods(1), day, merged=MERGED)
        assert asof.equals(backfilled.filter(pc.equal(backfilled["day"], day))), day
