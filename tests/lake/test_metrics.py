"""The ten first metrics against an independent recount, as of a day and backfilled."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.lake.builders import AT, DAY, METRICS, batch, event, periods
from tests.lake.recount import recounted

from perennial.lake.algebra import parse_metrics
from perennial.lake.store import Lake


def _lake(root: Path, rows: list[dict[str, Any]]) -> Lake:
    lake = Lake(root)
    if rows:
        lake.accept(batch(*rows), writer="w1")
    lake.compact(METRICS, at=AT)
    return lake


def _same(rows: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """Whole numbers and None must be equal, ratios to 1e-9."""
    assert len(rows) == len(expected)
    for row, wanted in zip(rows, expected, strict=True):
        assert row.keys() == wanted.keys()
        for key, value in wanted.items():
            assert type(row[key]) is type(value), (key, row, wanted)
            if isinstance(value, float):
                assert row[key] == pytest.approx(value, rel=1e-9, abs=0), (key, row, wanted)
            else:
                assert row[key] == value, (key, row, wanted)


def test_one_customers_ten_metrics_worked_by_hand(tmp_path: Path) -> None:
    lake = _lake(
        tmp_path,
        [
            event("1", user=1, feature="search", n=6, day=DAY),
            event("2", user=1, feature="search", n=2, day=DAY + 28),
            event("3", user=2, feature="export", n=4, day=DAY + 28),
            event("4", user=2, event="login", n=3, day=DAY + 30),
            event("5", event="error", n=1, day=DAY + 30),
            event("6", user=1, feature="search", n=3, day=DAY + 36),
        ],
    )
    (row,) = lake.metrics_asof(METRICS, periods(1, seats=8), DAY + 37).to_pylist()
    assert row == {
        "customer": 1,
        "day": DAY + 37,
        "active_users_7d": 1,  # user 1 on the day before
        "active_users_28d": 2,
        "logins_7d": 0,  # they are eight days old
        "breadth_28d": 2,
        "depth_28d": 4.5,  # 9 uses on 2 days
        "trend_28d": 2.0,  # 12 without errors, after 6
        "seats_used_28d": 0.25,
        "days_since_last": 1,
        "errors_28d": 1000 / 12,
        "top_user_share_28d": 5 / 9,
    }


def test_keys_that_come_back_on_the_day_they_leave_and_long_silences_are_counted_right(tmp_path: Path) -> None:
    days = (0, 6, 13, 20, 48, 76, 77, 83)  # gaps of 6, 7, 28 and 1: on both sides of each window's edge
    rows = [event(str(day), user=1 + day % 2, feature="f", n=1 + day % 3, day=DAY + day) for day in days]
    rows += [event("old", customer=2, user=3, day=DAY), event("older", customer=2, event="login", day=DAY - 1)]
    lake = _lake(tmp_path, rows)
    for first, until in ((0, 120), (90, 120), (-40, 3)):
        backfilled = lake.metrics_backfill(METRICS, periods(1, 2), from_day=DAY + first, until_day=DAY + until)
        backfilled = backfilled.sort_by([("day", "ascending"), ("customer", "ascending")])
        expected = [recounted(rows, c, DAY + day, seats=10) for day in range(first, until) for c in (1, 2)]
        _same(backfilled.to_pylist(), expected)


def test_a_customer_whose_source_names_no_users_has_no_user_metrics_and_never_zero(tmp_path: Path) -> None:
    lake = _lake(tmp_path, [event("a", feature="f", n=5), event("b", customer=2, user=1)])
    of_users = ("active_users_7d", "active_users_28d", "seats_used_28d", "top_user_share_28d")
    for table in (
        lake.metrics_asof(METRICS, periods(1, 2), DAY + 40),
        lake.metrics_backfill(METRICS, periods(1, 2), from_day=DAY + 40, until_day=DAY + 41),
    ):
        nameless, named = table.sort_by("customer").to_pylist()
        assert [nameless[key] for key in of_users] == [None] * 4
        # Users are known here, only none was active: zero, and no share of nothing.
        assert [named[key] for key in of_users] == [0, 0, 0.0, None]


def test_users_are_known_only_from_the_first_day_that_names_one(tmp_path: Path) -> None:
    lake = _lake(tmp_path, [event("a"), event("b", user=1, day=DAY + 2)])
    rows = lake.metrics_backfill(METRICS, periods(1), from_day=DAY, until_day=DAY + 3).sort_by("day")
    assert rows["active_users_7d"].to_pylist() == [None, None, 1]


def test_only_days_inside_a_customers_periods_have_rows_with_the_seats_of_their_period(tmp_path: Path) -> None:
    lake = _lake(tmp_path, [event("a", user=1)])
    two = pa.concat_tables(
        [
            periods(1, seats=2, from_day=DAY, until_day=DAY + 1),
            periods(1, seats=4, from_day=DAY + 1, until_day=DAY + 3),
            periods(2, seats=None, from_day=DAY + 2, until_day=DAY + 3),
        ]
    )
    rows = lake.metrics_backfill(METRICS, two, from_day=DAY - 1, until_day=DAY + 9)
    rows = rows.sort_by([("customer", "ascending"), ("day", "ascending")]).to_pylist()
    assert [(r["customer"], r["day"] - DAY, r["seats_used_28d"]) for r in rows] == [
        (1, 0, 0.5),
        (1, 1, 0.25),
        (1, 2, 0.25),
        (2, 2, None),
    ]
    assert [r["customer"] for r in lake.metrics_asof(METRICS, two, DAY + 1).to_pylist()] == [1]


def test_overlapping_periods_are_refused(tmp_path: Path) -> None:
    twice = pa.concat_tables([periods(1), periods(1, from_day=DAY)])
    with pytest.raises(ValueError, match="periods of customer 1 overlap"):
        Lake(tmp_path).metrics_asof(METRICS, twice, DAY)


def test_sums_are_exact_and_unknown_where_no_event_has_a_value(tmp_path: Path) -> None:
    paid = parse_metrics(
        [
            {"key": "paid_28d", "measures": {"paid": {"aggregate": "sum", "window": 28}}},
            {"key": "top_feature_28d", "measures": {"top": {"aggregate": "largest", "of": "feature", "window": 28}}},
            {"key": "kinds", "measures": {"k": {"aggregate": "distinct", "of": "event", "window": 2, "offset": 1}}},
        ]
    )
    lake = Lake(tmp_path)
    rows = [
        event("a", feature="x", value="0.100000"),
        event("b", feature="x", value="0.200000", day=DAY + 1),
        event("c", feature="y", event="login", day=DAY + 1),
        event("d", customer=2, day=DAY),
    ]
    lake.accept(batch(*rows), writer="w1")
    lake.compact(paid, at=AT)
    backfilled = lake.metrics_backfill(paid, periods(1, 2), from_day=DAY, until_day=DAY + 4)
    for day, expected in [(0, ("0.100000", 1, 0)), (1, ("0.300000", 2, 1)), (2, ("0.300000", 2, 2))]:
        asof = lake.metrics_asof(paid, periods(1, 2), DAY + day)
        assert backfilled.filter(pc.equal(backfilled["day"], DAY + day)).sort_by("customer").equals(asof)
        first, second = asof.to_pylist()
        assert (str(first["paid_28d"]), first["top_feature_28d"], first["kinds"]) == expected
        assert second["paid_28d"] is None


events = st.lists(
    st.fixed_dictionaries(
        {
            "customer": st.integers(1, 2),
            "user": st.none() | st.integers(1, 3),
            "event": st.sampled_from(["use", "use", "login", "error"]),
            "feature": st.sampled_from([None, "search", "export"]),
            "day": st.integers(DAY, DAY + 75),
            "n": st.integers(0, 4),
        }
    ),
    max_size=25,
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events, st.sampled_from([0, 3, 10]) | st.none())
def test_backfill_and_every_days_step_equal_a_plain_recount(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[dict[str, Any]], seats: int | None
) -> None:
    rows = [event(str(number), **row) for number, row in enumerate(drawn)]
    lake = _lake(tmp_path_factory.mktemp("lake"), rows)
    first, until = DAY + 20, DAY + 80
    given_periods = periods(1, 2, seats=seats)
    backfilled = lake.metrics_backfill(METRICS, given_periods, from_day=first, until_day=until)
    backfilled = backfilled.sort_by([("day", "ascending"), ("customer", "ascending")])
    expected = [recounted(rows, c, day, seats=seats) for day in range(first, until) for c in (1, 2)]
    _same(backfilled.to_pylist(), expected)
    for day in range(first, until, 19):
        asof = lake.metrics_asof(METRICS, given_periods, day)
        assert asof.equals(backfilled.filter(pc.equal(backfilled["day"], day))), day
