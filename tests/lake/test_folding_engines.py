"""Folding on Spark: what is stored, repeated, in conflict and erased is what DuckDB makes of it, row by row."""

from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa
import pytest
from tests.lake.agreeing import EVERY, differing, events, lakes_differing, live_rows, resent
from tests.lake.builders import AT, DAY, batch, event, periods

from perennial.lake import dedupe
from perennial.lake.engine import Engine
from perennial.lake.engines import dialects
from perennial.lake.engines.choice import chosen
from perennial.lake.engines.dialects import carried
from perennial.lake.engines.duckdb import DuckSession, InProcess
from perennial.lake.engines.spark import Cluster
from perennial.lake.engines.terms import Session
from perennial.lake.store import Lake
from perennial.lake.terms import EVENT_SCHEMA, Counts, Subject, Tombstone

EVERYBODY = periods(*range(1, 30))
_COLUMNS = ", ".join(f'"{name}"' for name in EVENT_SCHEMA.names)


def _some_events(count: int) -> tuple[pa.Table, pa.Table]:
    came = events(count, customers=30, first_day=DAY, days=40)
    return came, resent(came.slice(0, count // 3))


def _judged(session: Session) -> dict[str, pa.Table]:
    """Return the verdicts on some repeats, of which some are stored and some in conflict already, and their counts."""
    came, again = _some_events(1200)
    middle = again.num_rows // 2
    for name, rows in (("stored", came), ("rejected", again.slice(middle)), ("incoming", again.slice(0, middle + 50))):
        session.register(f"{name}_rows", rows.set_column(0, "event_id", rows["event_id"].cast(pa.binary())))
        session.view(name, f"SELECT {_COLUMNS} FROM {name}_rows")
    dedupe.judge(session)
    assert sum(dedupe.counts_by_import(session).values(), Counts()).accepted == middle + 50
    return {name: session.rows(f"SELECT {columns} FROM {name}") for name, columns in (
        ("judged", f"{_COLUMNS}, stored, verdict"), ("shared", "event_id, day"))}  # fmt: skip


@pytest.fixture(scope="module")
def judged() -> dict[str, pa.Table]:
    with InProcess(Engine(memory="1GB", threads=1)).session(0) as session:
        return _judged(session)


def _differing(one: dict[str, pa.Table], other: dict[str, pa.Table]) -> int:
    return sum(differing(one[name], other[name].cast(one[name].schema)) for name in one)


@pytest.mark.parametrize("at_once", [10_000, 150])
def test_verdicts_are_the_same_rows(
    spark: Cluster, judged: dict[str, pa.Table], at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dedupe, "IDS_AT_ONCE", at_once)
    with spark.session(0) as session:
        theirs = _judged(session)
    assert min(judged["judged"]["verdict"].to_pylist().count(one) for one in ("stored", "duplicate", "conflict")) > 50
    assert _differing(judged, theirs) == 0


@pytest.mark.parametrize(
    ("planted", "instead"),
    [
        (" <= 30 ", " <= 29 "),  # a window one day too short
        ("`value` NULLS LAST", "`value` NULLS FIRST"),  # of two at one moment the other wins
        ("received_at NULLS LAST", "received_at DESC"),  # the last accepted wins
        ("60000000", "59000000"),  # a corrected clock makes a conflict
        ("u.again > 1", "u.again > 2"),  # the same conflict twice
    ],
)
def test_a_planted_difference_is_found(
    spark: Cluster, judged: dict[str, pa.Table], monkeypatch: pytest.MonkeyPatch, planted: str, instead: str
) -> None:
    done = []

    def wrong(sql: str, dialect: dialects.Dialect) -> str:
        done.append(carried(sql, dialect).count(planted))
        return carried(sql, dialect).replace(planted, instead)

    monkeypatch.setattr("perennial.lake.engines.spark.carried", wrong)
    with spark.session(0) as session:
        theirs = _judged(session)
    assert sum(done) > 0
    assert _differing(judged, theirs) > 0


def test_a_fold_with_repeats_and_erasures_leaves_the_same_lake(tmp_path: Path, spark: Cluster) -> None:
    """Events, rejected events, facts and daily values: who is erased, left out or out of time is so on both sides."""
    came, again = _some_events(1200)
    weeks = pa.table({"customer": pa.array([1, 2, 3], pa.int64()), "day": pa.array([DAY] * 3, pa.int32()),
                      "weekly": pa.array([[0.1, None], None, []], pa.list_(pa.float64()))})  # fmt: skip
    roots = tmp_path / "duckdb", tmp_path / "other [1] {x}"
    lakes = Lake(roots[0]), Lake(roots[1])
    for lake in lakes:
        lake.accept(came, writer="w1")
        lake.accept(again.slice(0, 200), writer="w1")
        lake.compact(EVERY, at=AT)
        values = lake.metrics_backfill(EVERY, EVERYBODY, from_day=DAY + 20, until_day=DAY + 30)
        lake.write_days("metrics", values, from_day=DAY + 20, until_day=DAY + 30, at=AT)
        lake.write_days("metrics", weeks, from_day=DAY, until_day=DAY + 1, at=AT)
        lake.accept(again.slice(150), writer="w1")
        lake.erase([Tombstone(Subject.CUSTOMER, 1), Tombstone(Subject.CUSTOMER, 7), Tombstone(Subject.USER, 3)])
        lake.retention.expire(DAY + 10)
    (roots[1] / "sorted" / "left by one who died").mkdir(parents=True)
    ours, theirs = (lake.compact(EVERY, at=AT, left_out=[5]) for lake in (lakes[0], Lake(roots[1], engine=spark)))
    assert ours == theirs
    assert min(ours.counts.duplicates, ours.counts.conflicts, ours.counts.expired) > 5
    assert ours.counts.erased > 100
    assert ours.by_import.keys() == {1, 2}
    assert lakes_differing(*roots) == 0
    left = live_rows(roots[1])
    assert left.keys() == {"events", "rejected", "facts/day", "facts/user", "facts/event", "facts/use", "daily/metrics"}
    for table, rows in left.items():
        assert not {1, 7} & set(rows["customer"].to_pylist()), table
        assert "user" not in rows.column_names or 3 not in rows["user"].to_pylist(), table
    assert lakes[1].check() == []
    assert not list((roots[1] / "sorted").iterdir())


def test_a_fold_is_sent_by_the_rows_that_it_goes_through(tmp_path: Path) -> None:
    asked = []

    class There(InProcess):
        def session(self, rows: int) -> AbstractContextManager[DuckSession]:
            asked.append(rows)
            return super().session(rows)

    lake = Lake(tmp_path, engine=There(Engine(memory="1GB", threads=1)))
    for names, day in (("abcdef", DAY), ("gh", DAY + 3), ("i", DAY)):
        lake.accept(batch(*(event(name, day=day) for name in names)), writer="w1")
        lake.compact(EVERY, at=AT)
    assert asked == [6, 6, 2, 2, 1 + 6, 7]  # events folded, then facts rolled up: a day far away is not touched
    lake.erase([Tombstone(Subject.USER, 3)])
    lake.compact(EVERY, at=AT)
    assert asked[6:] == [9]
    lake.compact(EVERY, at=AT, left_out=[4])
    assert asked[7:] == [9]


def test_postgres_folds_nothing() -> None:
    assert not chosen("postgresql://nobody@nowhere/none", Engine(memory="1GB", threads=1)).folds
