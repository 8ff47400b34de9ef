"""Users each day and week, working days, how spread out use is, and guarded expressions, against plain Python."""

from __future__ import annotations

from itertools import combinations
from math import exp, log, log1p
from statistics import median
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.lake.builders import AT, DAY, batch, event, periods
from tests.lake.test_metrics import events

from perennial.lake.algebra import parse_metrics
from perennial.lake.store import Lake
from perennial.lake.terms import day_date

WINDOW = {"where": "event = 'use'", "window": 17, "offset": 3}
MEASURES: dict[str, dict[str, Any]] = {
    "user_days": {"aggregate": "distinct", "of": "user_day", **WINDOW},
    "user_weeks": {"aggregate": "distinct", "of": "user_week", **WINDOW},
    "working_user_days": {"aggregate": "distinct", "of": "user_day", "days": "working", **WINDOW},
    "working_users": {"aggregate": "distinct", "of": "user", "days": "working", **WINDOW},
    "working_events": {"aggregate": "count", "days": "working", **WINDOW},
    "working_features": {"aggregate": "distinct", "of": "feature", "days": "working", **WINDOW},
    "largest_when_working": {"aggregate": "largest", "of": "feature", "days": "working", **WINDOW},
    "working_days": {"aggregate": "distinct", "of": "day", "days": "working", **WINDOW},
    "effective_users": {"aggregate": "effective", "of": "user", **WINDOW},
    "effective_features": {"aggregate": "effective", "of": "feature", **WINDOW},
    "trend": {"aggregate": "trend", "of": "user", "where": "event = 'use'", "window": 7},
}
EXPRESSIONS = {
    "deep": "log1p(working_events / user_weeks)",
    "capped": "least(working_users / seats, 1.2)",
    "enough": "case when user_days >= 2 then working_user_days / user_days else 0 end",
    "some": "coalesce(effective_users, effective_features, -1)",
    "both": "greatest(effective_users, log1p(-1 - working_events), 0.5)",
    "far": "case when user_days > 1 and not (user_weeks > 2) then least(user_days, 3) end",
}
METRICS = parse_metrics([
    *({"key": key, "measures": {"m": measure}} for key, measure in MEASURES.items()),
    *({"key": key, "measures": MEASURES, "expression": text} for key, text in EXPRESSIONS.items()),
])  # fmt: skip


def effective(counts: list[int]) -> float | None:
    total = sum(counts)
    return exp(-sum(n / total * log(n / total) for n in counts)) if total else None


def slope(mine: list[dict[str, Any]], day: int) -> float | None:
    """Return Theil-Sen's slope of log(1 + users a week): of the weeks since the first user, whole ones only."""
    first = min((e["day"] for e in mine if e["user"] is not None), default=day)
    weeks = [week for week in range(13) if day - 7 * week - 6 >= first]
    users = [
        {e["user"] for e in mine if e["event"] == "use" and day - 7 * w - 7 < e["day"] <= day - 7 * w} for w in weeks
    ]
    points = [(-week, log1p(len(found - {None}))) for week, found in zip(weeks, users, strict=True)]
    if len(points) < 8:
        return None
    return median((y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in combinations(points, 2))


def recounted(rows: list[dict[str, Any]], customer: int, day: int, seats: int | None) -> dict[str, Any]:
    """Return what the metrics are, from the events themselves."""
    mine = [e for e in rows if e["customer"] == customer and e["day"] <= day and e["n"] > 0]
    use = [e for e in mine if day - 20 < e["day"] <= day - 3 and e["event"] == "use"]
    users, work = [e for e in use if e["user"] is not None], [e for e in use if day_date(e["day"]).weekday() < 5]

    def per(key: str, of: list[dict[str, Any]]) -> list[int]:
        return [sum(e["n"] for e in of if e[key] == one) for one in {e[key] for e in of} - {None}]

    found: dict[str, Any] = {
        "user_days": len({(e["user"], e["day"]) for e in users}),
        "user_weeks": len({(e["user"], day_date(e["day"]).isocalendar()[:2]) for e in users}),
        "working_user_days": len({(e["user"], e["day"]) for e in users if e in work}),
        "working_users": len({e["user"] for e in users if e in work}),
        "effective_users": effective(per("user", use)),
    }
    if all(e["user"] is None for e in mine):
        found = dict.fromkeys(found)
    found |= {
        "working_events": sum(e["n"] for e in work),
        "working_features": len(per("feature", work)),
        "largest_when_working": max(per("feature", work), default=0),
        "working_days": len({e["day"] for e in work}),
        "effective_features": effective(per("feature", use)),
    }
    days, weeks, spread = found["user_days"], found["user_weeks"], found["effective_users"]
    used = found["working_users"] / seats if seats and found["working_users"] is not None else None
    share = found["working_user_days"] / days if days else None
    known = [one for one in (spread, found["effective_features"]) if one is not None]
    return found | {
        "trend": slope(mine, day),
        "deep": log1p(found["working_events"] / weeks) if weeks else None,
        "capped": None if used is None else min(used, 1.2),
        "enough": share if days is not None and days >= 2 else 0,
        "some": known[0] if known else -1,
        "both": None,
        "far": min(days, 3) if days is not None and days > 1 and weeks <= 2 else None,
    }


def same(row: dict[str, Any], wanted: dict[str, Any]) -> None:
    for key, value in wanted.items():
        assert row[key] == (None if value is None else pytest.approx(value, rel=1e-9, abs=1e-12)), (key, row, wanted)


def test_worked_by_hand(tmp_path: Any) -> None:
    monday = DAY + (4 - DAY) % 7  # day 0 was a Thursday
    assert day_date(monday).weekday() == 0
    rows = [
        event("1", user=1, feature="a", n=3, day=monday),
        event("2", user=1, feature="b", n=1, day=monday + 5),  # a Saturday of the same week
        event("3", user=1, day=monday + 7),  # the next week
        event("4", user=2, n=5, day=monday + 7),
    ]
    lake = Lake(tmp_path)
    lake.accept(batch(*rows), writer="w")
    lake.compact(METRICS, at=AT)
    (row,) = lake.metrics_asof(METRICS, periods(1, seats=1), monday + 12).to_pylist()
    same(row, {
        "user_days": 4, "user_weeks": 3, "working_user_days": 3, "working_users": 2, "working_events": 9,
        "working_features": 1, "largest_when_working": 3, "working_days": 2,
        "effective_users": 2.0, "effective_features": 4 / 27**0.25,  # 3 : 1
        "deep": log1p(3), "capped": 1.2, "enough": 0.75, "some": 2.0, "both": None, "far": None,
    })  # fmt: skip


def test_a_trend_is_the_median_slope_of_whole_weeks_and_unknown_below_eight_of_them(tmp_path: Any) -> None:
    """Users a week, the newest first: 8, 4, 4, 2, 2, 1, 1, 1; a single week that leaps does not move it much."""
    rows = [
        event(f"{week} {user}", user=user, day=DAY + 70 - 7 * week)
        for week, users in enumerate((8, 4, 4, 2, 2, 1, 1, 1)) for user in range(users)
    ]  # fmt: skip
    lake = Lake(tmp_path)
    lake.accept(batch(*rows), writer="w")
    lake.compact(METRICS, at=AT)
    (row,) = lake.metrics_asof(METRICS, periods(1, seats=1), DAY + 76).to_pylist()
    y = [log1p(n) for n in (8, 4, 4, 2, 2, 1, 1, 1)]
    by_hand = sorted((y[a] - y[b]) / (b - a) for a in range(8) for b in range(a + 1, 8))
    assert row["trend"] == pytest.approx((by_hand[13] + by_hand[14]) / 2, rel=1e-9)
    assert 0.15 < row["trend"] < 0.25
    (early,) = lake.metrics_asof(METRICS, periods(1, seats=1), DAY + 75).to_pylist()
    assert early["trend"] is None  # the eighth week is no whole one yet


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events)
def test_both_plans_equal_a_plain_recount(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[dict[str, Any]]
) -> None:
    rows = [event(str(number), **row) for number, row in enumerate(drawn)]
    lake = Lake(tmp_path_factory.mktemp("lake"))
    if rows:
        lake.accept(batch(*rows), writer="w")
    lake.compact(METRICS, at=AT)
    first, until = DAY + 10, DAY + 110
    backfilled = lake.metrics_backfill(METRICS, periods(1, 2, seats=2), from_day=first, until_day=until).to_pylist()
    assert len(backfilled) == 2 * (until - first)
    for row in backfilled:
        same(row, recounted(rows, row["customer"], row["day"], 2))
    for day in range(first, until, 19):
        for row in lake.metrics_asof(METRICS, periods(1, 2, seats=2), day).to_pylist():
            same(row, recounted(rows, row["customer"], day, 2))


def test_a_week_begins_on_monday_and_a_weekend_is_left_out_of_the_longest_window_too(tmp_path: Any) -> None:
    monday = DAY + (4 - DAY) % 7
    rows = [event("1", user=1, day=monday - 1), event("2", user=1, day=monday), event("3", user=2, day=monday - 2)]
    found = parse_metrics([
        {"key": "weeks", "measures": {"m": {"aggregate": "distinct", "of": "user_week", "window": 7}}},
        {"key": "working", "measures": {"m": {"aggregate": "distinct", "of": "user", "window": 7, "days": "working"}}},
        {"key": "days", "measures": {"m": {"aggregate": "distinct", "of": "user_day", "window": 7, "days": "working"}}},
    ])  # fmt: skip
    lake = Lake(tmp_path)
    lake.accept(batch(*rows), writer="w")
    lake.compact(found, at=AT)
    for table in (
        lake.metrics_asof(found, periods(1), monday),
        lake.metrics_backfill(found, periods(1), from_day=monday, until_day=monday + 1),
    ):
        same(table.to_pylist()[0], {"weeks": 3, "working": 1, "days": 1})
