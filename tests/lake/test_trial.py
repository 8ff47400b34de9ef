"""A metric on trial is what the facts would make of it; columns come beside those that are there."""

from pathlib import Path

import pyarrow as pa
import pytest
from tests.lake.builders import AT, DAY, METRICS, batch, event, periods

from perennial.lake.algebra import BadDefinition, parse_metrics
from perennial.lake.store import Lake
from perennial.lake.terms import Merged

WANTED = parse_metrics(
    [
        {
            "key": "exports",
            "measures": {"n": {"aggregate": "count", "where": "feature = 'export'", "window": 7}},
        },
        {
            "key": "exporters",
            "measures": {
                "users": {
                    "aggregate": "distinct",
                    "of": "user",
                    "where": "feature = 'export'",
                    "window": 14,
                    "offset": 2,
                }
            },
            "expression": "users / seats",
        },
        {"key": "since_login", "measures": {"since": {"aggregate": "since", "where": "event = 'login'"}}},
        {
            "key": "since_somebody",
            "measures": {"since": {"aggregate": "since", "where": "event = 'login' and user is not null"}},
        },
        {"key": "spent", "measures": {"v": {"aggregate": "sum", "where": "event <> 'login'", "window": 30}}},
        {"key": "kinds", "measures": {"k": {"aggregate": "distinct", "of": "event", "window": 30}}},
        {
            "key": "top",
            "measures": {"t": {"aggregate": "largest", "of": "user", "where": "event = 'login'", "window": 30}},
        },
        {"key": "squared", "measures": {"n": {"aggregate": "count", "window": 30}}, "expression": "n * n * n * n * n"},
    ]
)
EVENTS = [
    event("1", user=1, feature="export", day=DAY, value="2.5"),
    event("2", user=2, feature="export", day=DAY + 3, n=4),
    event("3", user=1, event="login", day=DAY + 1),
    event("4", customer=2, event="login", day=DAY + 2),
    event("5", customer=3, user=9, event="login", day=DAY + 4, n=2_000_000_000),
    event("6", customer=4, user=8, feature="export", day=DAY + 4),
    event("7", user=7, feature="export", day=DAY + 3),
]


@pytest.mark.parametrize("merged", [Merged(), Merged({4: 1}, {(1, 8): 1})])
@pytest.mark.parametrize("day", [DAY, DAY + 4, DAY + 20])
def test_a_metric_on_trial_is_what_its_facts_would_make_of_it(tmp_path: Path, day: int, merged: Merged) -> None:
    lake = Lake(tmp_path)
    lake.accept(batch(*EVENTS), writer="w")
    lake.compact(METRICS, at=AT, left_out=[7])
    before = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    tried = [lake.metrics_trial((one,), periods(1, 2, 3), day, merged=merged) for one in WANTED]
    together = lake.metrics_trial(WANTED, periods(1, 2, 3), day, merged=merged)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == before
    lake.compact(WANTED, at=AT)
    made = lake.metrics_asof(WANTED, periods(1, 2, 3), day, merged=merged)
    assert together == made
    for one, table in zip(WANTED, tried, strict=True):
        assert table == made.select(["customer", "day", one.key])
    backfilled = lake.metrics_backfill(WANTED, periods(1, 2, 3), from_day=day, until_day=day + 1, merged=merged)
    assert backfilled.sort_by("customer") == made


def test_columns_come_beside_those_that_are_there_and_others_leave(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    days = range(DAY, DAY + 4)
    ids = {"customer": pa.array([1, 2] * 4, pa.int64()), "day": pa.array(sorted([*days, *days]), pa.int32())}
    rows = pa.table(ids | {"a": pa.array(range(8), pa.int64()), "gone": pa.array(range(8), pa.int64())})
    lake.write_days("metrics", rows, from_day=DAY, until_day=DAY + 4, at=AT)
    new = pa.table({"customer": pa.array([1, 3], pa.int64()), "day": pa.array([DAY + 1] * 2, pa.int32()),
                    "b": pa.array([0.5, 0.7])})  # fmt: skip
    lake.write_columns("metrics", new, from_day=DAY + 1, until_day=DAY + 3, at=AT, keep=["a"])
    found = lake.read_days("metrics", from_day=DAY, until_day=DAY + 4).sort_by(
        [("day", "ascending"), ("customer", "ascending")]
    )
    assert found["a"].to_pylist() == list(range(8))
    assert found["b"].to_pylist() == [None, None, 0.5, None, None, None, None, None]
    assert found["gone"].to_pylist() == [0, 1, None, None, None, None, 6, 7]
    again = new.set_column(2, "b", pa.array([0.6, 0.7]))
    lake.write_columns("metrics", again, from_day=DAY + 1, until_day=DAY + 2, at=AT, keep=["a"])
    assert lake.read_days("metrics", from_day=DAY + 1, until_day=DAY + 2)["b"].to_pylist() == [0.6, None]
    assert lake.check() == []


def test_a_text_of_a_thousand_brackets_is_refused_and_breaks_nothing() -> None:
    given = {"key": "a", "measures": {"n": {"aggregate": "count"}}, "expression": "(" * 1900 + "n" + ")" * 1900}
    with pytest.raises(BadDefinition):
        parse_metrics([given])


def test_a_stretch_that_ends_within_a_months_file_leaves_the_columns_other_days_as_they_were(tmp_path: Path) -> None:
    lake, days = Lake(tmp_path), range(DAY, DAY + 90)  # a first month of one file
    rows = pa.table({"customer": pa.array([1] * 90, pa.int64()), "day": pa.array(days, pa.int32())})
    lake.write_days("metrics", rows.append_column("a", pa.array(days)), from_day=DAY, until_day=DAY + 90, at=AT)
    for start in (DAY, DAY + 10):
        new = rows.slice(start - DAY, 10).append_column("b", pa.array([start] * 10))
        lake.write_columns("metrics", new, from_day=start, until_day=start + 10, at=AT, keep=["a"])
    found = lake.read_days("metrics", from_day=DAY, until_day=DAY + 90)
    assert found["b"].to_pylist() == [DAY] * 10 + [DAY + 10] * 10 + [None] * 70
    assert found["a"].to_pylist() == list(days)
