"""The golden cases of the metrics that are ready to be taken over: each worked by hand, as of a day and backfilled."""

from __future__ import annotations

from math import log, log1p
from pathlib import Path
from typing import Any

import pyarrow as pa
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
    *(event(f"{user} of five", customer=3, user=user, day=ON - 1, n=2) for user in range(1, 6)),  # a Monday
    event("a", customer=3, user=1, day=ON - 2, n=6),  # a Sunday: of the week before, and no working day
    event("b", customer=3, user=2, day=ON - 25, n=4),
]
GOLDEN = {
    "stickiness_day": (None, None, (5 + 1) / 20 / 5),  # 3 users in the month are too few to say
    "stickiness_week": (None, None, 5 / 5),
    "seats_used_4w": ((2 + 1 + 1 + 0) / 4 / 8, None, (5 + 0 + 0 + 1) / 4 / 8),
    # user 1: Sunday; Monday, Tuesday. user 2: of this week, and ten days ago. users 3 and 5: a week each
    "depth_90d": (log1p(14 / 6), None, log1p(20 / 7)),
    "effective_users_90d": (14 / (6**6 * 2**2 * 5**5) ** (1 / 14), None, 20 / (8**8 * 6**6 * 2**6) ** (1 / 20)),
    "users_trend_13w": (None, None, None),  # four weeks are too few; its own case stands below
    "users_trend_13w_adjusted": (None, None, None),  # tests/lake/test_calendars.py
    "active_days_28d": (5, 1, 3),
    "weeks_since_last": (0.0, 1.0, 1 / 7),
    "core_per_user_28d": (13 / 3, None, 20 / 5),
    # user 1 has most; of the third user 1 (8 of 20): here this week, and two weeks of 26
    "champion_gap_weeks": (0, None, 0),
    "champion_silence": (1.0, None, 1.0),  # its own cases: tests/lake/test_champions.py
    "champion_alarm": (0, None, 0),
    # customer 1: "use" alone, of two that it bought; customer 2 bought nothing; customer 3 uses neither often enough
    "breadth_bought_28d": (1 / 2, None, 0.0),
}


def values(table: Any, key: str) -> list[float | None]:
    return [row[key] for row in sorted(table.to_pylist(), key=lambda row: row["customer"])]


def given() -> pa.Table:
    """Seats for everybody; what was bought differs."""
    bought = {1: ["use", "export"], 2: [], 3: ["repor*", "share", "export"]}
    return pa.concat_tables([periods(customer, seats=8, bought=names) for customer, names in bought.items()])


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
    asof = lake.metrics_asof(METRICS, given(), ON)
    backfilled = lake.metrics_backfill(METRICS, given(), from_day=ON, until_day=ON + 1)
    for table in (asof, backfilled):
        for value, wanted in zip(values(table, key), GOLDEN[key], strict=True):
            assert value == (wanted if wanted is None else pytest.approx(wanted, rel=1e-9))


def test_without_seats_or_users_or_any_day_what_is_divided_by_them_is_unknown(lake: Lake) -> None:
    (row,) = lake.metrics_asof(METRICS, periods(3, seats=None), ON).to_pylist()
    assert row["seats_used_4w"] is None and row["stickiness_week"] is not None
    (full,) = lake.metrics_asof(METRICS, periods(3, seats=1), ON).to_pylist()
    assert full["seats_used_4w"] == 1.2
    (late,) = lake.metrics_asof(METRICS, periods(1, seats=8), ON + 60).to_pylist()
    assert late["stickiness_day"] is None and late["core_per_user_28d"] is None
    assert late["active_days_28d"] == 0 and late["seats_used_4w"] == 0.0
    assert late["weeks_since_last"] == pytest.approx(60 / 7)


def test_users_that_double_each_week_and_one_week_that_breaks_the_rule(tmp_path: Path) -> None:
    """1, 3, 7, 15 … users a week: log(1 + users) grows by log 2 each week; a week of silence moves no median."""
    weeks = [2**week - 1 for week in range(1, 9)]
    rows = [event(f"{n} {user}", user=user, day=ON - 7 * (8 - n)) for n, users in enumerate(weeks, 1) if n != 4
            for user in range(1, users + 1)]  # fmt: skip
    lake = Lake(tmp_path)
    lake.accept(batch(*rows, event("before", user=1, day=ON - 7 * 8)), writer="w")
    lake.compact(METRICS, at=AT)
    asof = lake.metrics_asof(METRICS, periods(1, seats=8), ON)
    backfilled = lake.metrics_backfill(METRICS, periods(1, seats=8), from_day=ON, until_day=ON + 1)
    for table in (asof, backfilled):
        assert values(table, "users_trend_13w") == [pytest.approx(log(2), rel=1e-9)]
