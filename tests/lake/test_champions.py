"""The champion's silence: the golden cases, who the champion is, and a recount of both plans in plain Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.lake.builders import AT, DAY, batch, event, periods

from perennial.lake import champions
from perennial.lake.algebra import BadDefinition, Measure, parse_metrics
from perennial.lake.store import Lake

ON = DAY + 300
CHAMPION = {"of": "champion", "where": "event = 'use'", "admin": "event = 'invite'"}
METRICS = parse_metrics([
    {"key": "gap", "measures": {"gap": {"aggregate": "gap", **CHAMPION}}},
    {"key": "silence", "measures": {"silence": {"aggregate": "silence", **CHAMPION}}},
    {"key": "led", "measures": {"gap": {"aggregate": "gap", "of": "champion", "where": "event = 'use'"}}},
    {"key": "alarm", "measures": {"g": {"aggregate": "gap", **CHAMPION}, "s": {"aggregate": "silence", **CHAMPION}},
     "expression": "case when champion_left > 0 then 1 when s < 0.01 and g >= 3 then 1 when s >= 0 then 0 end"},
])  # fmt: skip


def called(champion: int | None, *customers: int, left: int = 0) -> pa.Table:
    """Return periods in which contacts name a champion."""
    table = periods(*customers)
    for name, value in (("champion", champion), ("champion_left", left)):
        table = table.append_column(name, pa.array([value] * len(customers), pa.int64()))
    return table


def weeks(user: int, *backs: int, **given: Any) -> list[dict[str, Any]]:
    """Return one event of a user in each of these weeks before the last."""
    return [event(f"{user} {back} {given}", user=user, day=ON - 7 * back - 3, **given) for back in backs]


def rows(tmp_path: Path, found: list[dict[str, Any]], table: pa.Table, day: int = ON) -> list[dict[str, Any]]:
    """Return the values of a day, which both plans must agree on."""
    lake = Lake(tmp_path)
    lake.accept(batch(*found), writer="w")
    lake.compact(METRICS, at=AT)
    asof = lake.metrics_asof(METRICS, table, day).to_pylist()
    many = lake.metrics_backfill(METRICS, table, from_day=day - 3, until_day=day + 2).to_pylist()
    same(sorted((one for one in many if one["day"] == day), key=lambda one: one["customer"]), asof)
    return asof


def same(found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert one.keys() == other.keys()
        for key, value in other.items():
            assert one[key] == (None if value is None else pytest.approx(value, rel=1e-9)), (key, one, other)


@pytest.mark.parametrize(
    ("gap", "silence", "alarm"), [(3, 0.0057, 1), (2, 0.0319, 0)]
)  # analytics 10: active in 22 of 26 weeks, r = .8214
def test_the_golden_cases(tmp_path: Path, gap: int, silence: float, alarm: int) -> None:
    (row,) = rows(tmp_path, weeks(1, *range(gap, gap + 22)), called(1, 1))
    assert champions.rate(22) == pytest.approx(0.8214, abs=5e-5)
    assert row["silence"] == pytest.approx(silence, abs=5e-5) == champions.silence(22, gap)
    assert (row["gap"], row["alarm"]) == (gap, alarm)


def test_a_small_chance_alone_is_no_alarm_and_one_who_left_is_one_at_once(tmp_path: Path) -> None:
    (row,) = rows(tmp_path / "a", weeks(1, *range(2, 26)), called(1, 1))
    assert row["silence"] == pytest.approx((3 / 28) ** 2) and row["alarm"] == 0  # two weeks are too few
    (row,) = rows(tmp_path / "b", weeks(1, *range(26)), called(None, 1, left=1))
    assert (row["gap"], row["silence"], row["alarm"]) == (0, 1, 1)


def test_without_a_contact_it_is_the_one_with_the_largest_shares_of_use_and_of_administration(tmp_path: Path) -> None:
    user, admin = weeks(1, 0, n=6), [*weeks(2, 4, n=5), *weeks(2, 4, event="invite", n=1)]
    (row,) = rows(tmp_path, [*user, *admin, *weeks(3, 1, n=1)], called(None, 1))
    assert (row["gap"], row["led"]) == (4, 0)  # 5/12 + 1 above 6/12; by use alone 6/12


def test_use_of_more_than_90_days_ago_makes_no_champion_and_none_is_unknown(tmp_path: Path) -> None:
    rest = [event("x", customer=2, user=4, day=ON - 89), event("y", customer=3, day=ON)]
    one, two, three = rows(tmp_path, [event("z", user=1, day=ON - 90, n=9), *rest], called(None, 1, 2, 3))
    assert {one[key] for key in ("gap", "silence", "led", "alarm")} == {None}
    assert two["gap"] == 12 and three["gap"] is None  # 89 days are 12 whole weeks; the third names no users


def test_one_who_is_called_so_and_never_came_has_been_silent_for_26_weeks_and_alarms_nobody(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, weeks(1, *range(26)), called(9, 1))
    assert row["gap"] == 26 and row["silence"] == pytest.approx((27 / 28) ** 26) and row["alarm"] == 0


def recounted(found: list[dict[str, Any]], called: int | None, day: int) -> dict[str, Any]:
    """Return what the metrics are, from the events themselves."""
    mine = [one for one in found if one["user"] is not None and day - 182 < one["day"] <= day and one["n"] > 0]

    def by(admin: str | None) -> tuple[int, float] | None:
        near = [one for one in mine if one["day"] > day - 90]
        shares: dict[int, float] = {}
        for kind in ("use", admin):
            every = sum(one["n"] for one in near if one["event"] == kind)
            for user in {one["user"] for one in near if one["event"] == kind}:
                n = sum(one["n"] for one in near if one["event"] == kind and one["user"] == user)
                shares[user] = shares.get(user, 0.0) + n / every
        champion = called or min(shares, key=lambda user: (-shares[user], user), default=None)
        if champion is None:
            return None
        active = {(day - one["day"]) // 7 for one in mine if one["user"] == champion and one["event"] == "use"}
        gap = min(active, default=26)
        return gap, (1 - (len(active) + 1) / 28) ** gap

    told, led = by("invite"), by(None)
    alarm = None if told is None else int(told[1] < 0.01 and told[0] >= 3)
    return {"gap": told and told[0], "silence": told and told[1], "led": led and led[0], "alarm": alarm}


EVENTS = st.lists(
    st.fixed_dictionaries({
        "customer": st.just(1), "user": st.sampled_from((None, 1, 2, 3)), "n": st.sampled_from((0, 1, 2, 7)),
        "event": st.sampled_from(("use", "use", "invite", "login")),
        "day": st.integers(ON - 200, ON + 6) | st.integers(ON - 95, ON - 80),
    }),
    min_size=1, max_size=25,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EVENTS, st.sampled_from((None, 2)))
def test_both_plans_are_what_a_recount_of_the_events_says(
    tmp_path_factory: pytest.TempPathFactory, found: list[dict[str, Any]], named: int | None
) -> None:
    told = [event(str(number), **one) for number, one in enumerate(found)]
    lake = Lake(tmp_path_factory.mktemp("lake"))
    lake.accept(batch(*told), writer="w")
    lake.compact(METRICS, at=AT)
    table = called(named, 1)
    many = {row["day"]: row for row in lake.metrics_backfill(METRICS, table, from_day=ON - 8, until_day=ON + 7)
            .to_pylist()}  # fmt: skip
    assert set(many) == set(range(ON - 8, ON + 7))
    for day in (ON - 8, ON - 1, ON, ON + 6):
        wanted = [{"customer": 1, "day": day, **recounted(told, named, day)}]
        same([many[day]], wanted)
        same(lake.metrics_asof(METRICS, table, day).to_pylist(), wanted)


def test_a_gap_is_of_a_champion_and_of_no_window() -> None:
    for wrong in ({"of": "user"}, {"window": 7}, {"days": "working"}):
        with pytest.raises(BadDefinition):
            parse_metrics([{"key": "g", "measures": {"g": {"aggregate": "gap", "of": "champion", **wrong}}}])
    with pytest.raises(BadDefinition):
        Measure("count", admin="event = 'a'")  # type: ignore[arg-type]
