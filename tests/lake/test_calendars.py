"""What a week was for everybody, and trends without it: held to a recount in numpy."""

from __future__ import annotations

from itertools import combinations
from math import log1p
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pytest
from tests.lake.builders import AT, DAY, batch, event, periods

from perennial.lake.algebra import parse_metrics
from perennial.lake.calendars import EVERYBODY, Calendar, Factor
from perennial.lake.store import Lake

ON = DAY + 400
WEEKS = 40
EMPTY = pa.table({"customer": pa.array([], pa.int64()), "day": pa.array([], pa.int32()),
                  "users": pa.array([], pa.int64())})  # fmt: skip
METRICS = parse_metrics([
    {"key": key, "measures": {"slope": {"aggregate": key, "of": "user", "where": "event = 'use'", "window": 7}}}
    for key in ("trend", "adjusted_trend")
])  # fmt: skip


def fleet(customers: int) -> np.ndarray:
    """Return weekly users, customers × weeks: some began late, some have nobody, week 36 was a holiday of the first."""
    dice = np.random.default_rng(5)
    users = dice.poisson(dice.uniform(0.2, 30, (customers, 1)), (customers, WEEKS)).astype(float)
    users[: customers // 2, 36] = np.floor(users[: customers // 2, 36] / 3)
    for customer in range(0, customers, 5):
        users[customer, : dice.integers(0, WEEKS)] = np.nan
    return users


def table(users: np.ndarray) -> pa.Table:
    rows = [
        (c, ON - 7 * (WEEKS - 1 - w), int(v)) for c, of in enumerate(users) for w, v in enumerate(of) if not np.isnan(v)
    ]
    customers, days, values = zip(*rows, strict=True)
    return pa.table({"customer": pa.array(customers, pa.int64()), "day": pa.array(days, pa.int32()),
                     "users": pa.array(values, pa.int64())})  # fmt: skip


def recounted(users: np.ndarray, week: int) -> tuple[int, float] | None:
    ratios = []
    for of in users:
        own = of[max(0, week - 25) : week + 1]
        own = own[~np.isnan(own)]
        if not np.isnan(of[week]) and len(own) >= 8 and np.median(own) > 0:
            ratios.append((of[week] + 0.5) / (np.median(own) + 0.5))
    return (len(ratios), float(np.median(ratios))) if len(ratios) >= 50 else None


def asked(lake: Lake, fresh: pa.Table, parts: list[tuple[int, int]], weeks: list[int]) -> dict[tuple[int, int], Factor]:
    days = [ON - 7 * (WEEKS - 1 - week) for week in weeks]
    with lake.analysis() as reads:
        found = reads.calendar("weekly", "users", fresh, parts, days)
    return {(one.part, weeks[days.index(one.day)]): one for one in found}


def test_factors_are_the_medians_of_a_recount_for_everybody_and_for_each_region_that_is_large_enough(
    tmp_path: Path,
) -> None:
    users, lake = fleet(150), Lake(tmp_path)
    lake.write_days("weekly", table(users), from_day=ON - 300, until_day=ON + 1, at=AT)
    regions = np.array([0 if c < 75 else 1 if c < 145 else 2 for c in range(150)])
    weeks = [26, 35, 36, 39]
    found = asked(lake, EMPTY, list(enumerate(regions.tolist())), weeks)
    wanted = {(EVERYBODY, week): recounted(users, week) for week in weeks}
    wanted |= {(part, week): recounted(users[regions == part], week) for part in (0, 1, 2) for week in weeks}
    assert {key: (one.customers, pytest.approx(one.value, rel=1e-12)) for key, one in found.items()} == {
        key: one for key, one in wanted.items() if one is not None}  # fmt: skip
    assert {part for part, _week in found} == {EVERYBODY, 0, 1}  # five customers make no region
    assert found[0, 36].value < 0.6 and found[1, 36].value > 0.9  # the first region's holiday


def test_below_fifty_customers_there_is_none(tmp_path: Path) -> None:
    users, lake = np.full((50, WEEKS), 4.0), Lake(tmp_path)
    lake.write_days("weekly", table(users), from_day=ON - 300, until_day=ON + 1, at=AT)
    assert asked(lake, EMPTY, [], [39])[EVERYBODY, 39].customers == 50
    few = Lake(tmp_path / "few")
    few.write_days("weekly", table(users[:49]), from_day=ON - 300, until_day=ON + 1, at=AT)
    assert asked(few, EMPTY, [], [39]) == {}


def test_fresh_rows_stand_in_place_of_those_that_were_stored(tmp_path: Path) -> None:
    users, lake = fleet(80), Lake(tmp_path)
    before = users.copy()
    before[:, 38:] = 1
    lake.write_days("weekly", table(before), from_day=ON - 300, until_day=ON + 1, at=AT)
    told = table(users)
    fresh = told.filter(pa.compute.greater(told["day"], ON - 14))
    found = asked(lake, fresh, [], [38, 39])
    assert [(one.customers, pytest.approx(one.value)) for one in found.values()] == [
        recounted(users, 38), recounted(users, 39)]  # fmt: skip


def test_a_trend_is_adjusted_by_the_factors_of_its_weeks_in_both_plans(tmp_path: Path) -> None:
    """Twice as many users each third week: the calendar says that it was so for all of part 1, and twice that for all
    others."""
    counts = [3, 6, 4, 8, 5, 9, 2, 7, 3, 6, 4, 8, 5]
    rows = [
        event(f"{customer} {back} {user}", customer=customer, user=user, day=ON - 7 * back - 6)
        for customer in (1, 2) for back, users in enumerate(counts) for user in range(users)
    ]  # fmt: skip
    lake = Lake(tmp_path)
    lake.accept(batch(*rows), writer="w")
    lake.compact(METRICS, at=AT)
    values = {back: 1.5 if back % 3 else 0.8 for back in range(12)}  # the oldest week has none
    factors = [Factor(1, ON - 7 * back, 60, value) for back, value in values.items()]
    factors += [Factor(EVERYBODY, ON - 7 * back, 99, 2 * value) for back, value in values.items()]
    calendar = Calendar({(one.part, one.day): one for one in factors}, {1: 1})

    def slope(by: dict[int, float]) -> float:
        points = [(-back, log1p(users / by.get(back, 1))) for back, users in enumerate(counts)]
        return float(np.median([(y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in combinations(points, 2)]))

    wanted = [slope(values), slope({back: 2 * value for back, value in values.items()})]
    asof = lake.metrics_asof(METRICS, periods(1, 2), ON, calendar=calendar)
    many = lake.metrics_backfill(METRICS, periods(1, 2), from_day=ON - 2, until_day=ON + 2, calendar=calendar)
    for found in (asof, many.filter(pa.compute.equal(many["day"], ON)).sort_by("customer")):
        assert found["adjusted_trend"].to_pylist() == [pytest.approx(one, rel=1e-9) for one in wanted]
        assert found["trend"].to_pylist() == [pytest.approx(slope({}), rel=1e-9)] * 2
    (one, _other) = lake.metrics_asof(METRICS, periods(1, 2), ON).to_pylist()
    assert one["adjusted_trend"] == one["trend"]
