"""The golden cases of the metrics that are ready to be taken over: each worked by hand, as of a day and backfilled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.lake.builders import AT, DAY, batch, event, periods

from perennial.blueprint import queries
from perennial.lake.algebra import parse_metrics
from perennial.lake.store import Lake

METRICS = parse_metrics([{"key": one.key, **one.algebra} for one in queries.own_metrics_from(queries.metric_library())])
ON = DAY + 100
EVENTS = [
    event("1", user=1, day=ON, n=4),
    event("2", user=1, day=ON - 1),
    event("3", user=1, day=ON - 2),
    event("4", user=2, day=ON),
    event("5", user=2, day=ON - 10),
    event("6", user=3, day=ON - 20, n=5),
    event("7", user=4, day=ON, event="Signed In"),  # signing in is no use
    event("8", user=5, day=ON - 28),  # a day too old
    event("9", customer=2, day=ON - 7, n=3),  # a source that names no users
]
GOLDEN = {
    "stickiness_day": ((2 + 1 + 1) / 7 / 3, None),
    "stickiness_week": (2 / 3, None),
    "seats_used_4w": ((2 + 1 + 1 + 0) / 4 / 8, None),
    "active_days_28d": (5, 1),
    "weeks_since_last": (0.0, 1.0),
    "core_per_user_28d": (13 / 3, None),
}


def values(table: Any, key: str) -> list[float | None]:
    return [row[key] for row in sorted(table.to_pylist(), key=lambda row: row["customer"])]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    found = Lake(tmp_path)
    found.accept(batch(*EVENTS), writer="w")
    found.compact(METRICS, at=AT)
    return found


def test_every_metric_of_the_library_has_its_golden_case() -> None:
    assert {metric.key for metric in METRICS} == set(GOLDEN)


@pytest.mark.parametrize("key", GOLDEN)
def test_a_metric_is_what_was_worked_by_hand(key: str, lake: Lake) -> None:
    asof = lake.metrics_asof(METRICS, periods(1, 2, seats=8), ON)
    backfilled = lake.metrics_backfill(METRICS, periods(1, 2, seats=8), from_day=ON, until_day=ON + 1)
    for table in (asof, backfilled):
        for value, wanted in zip(values(table, key), GOLDEN[key], strict=True):
            assert value == (wanted if wanted is None else pytest.approx(wanted, rel=1e-9))


def test_without_seats_or_users_or_any_day_what_is_divided_by_them_is_unknown(lake: Lake) -> None:
    (row,) = lake.metrics_asof(METRICS, periods(1, seats=None), ON).to_pylist()
    assert row["seats_used_4w"] is None and row["stickiness_week"] is not None
    (late,) = lake.metrics_asof(METRICS, periods(1, seats=8), ON + 60).to_pylist()
    assert late["stickiness_day"] is None and late["core_per_user_28d"] is None
    assert late["active_days_28d"] == 0 and late["seats_used_4w"] == 0.0
    assert late["weeks_since_last"] == pytest.approx(60 / 7)
