"""Every engine gives the same rows: DuckDB is the measure, and its own are held to a recount in test_metrics."""

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tests.lake.agreeing import EVERY, differing, events, fact_rows
from tests.lake.builders import AT, DAY, batch, event, periods

from perennial.lake.engine import Engine
from perennial.lake.engines import chosen, dialects
from perennial.lake.engines.spark import Cluster
from perennial.lake.engines.terms import Door, NoEngine
from perennial.lake.store import Lake
from perennial.lake.terms import Merged, Subject, Tombstone

MERGED = Merged(customers={2: 1, 7: 5}, users={(1, 3): 1, (5, 2): 4})
DAYS = {"from_day": DAY + 60, "until_day": DAY + 130}


@pytest.fixture(scope="module")
def spark() -> Iterator[Door]:
    if importlib.util.find_spec("pyspark") is None or shutil.which("java") is None:
        pytest.skip("pyspark and Java are not both on this machine")
    cluster = Cluster("local[2]", {"spark.sql.shuffle.partitions": "2", "spark.driver.memory": "1g",
                                   "spark.ui.enabled": "false", "spark.driver.bindAddress": "127.0.0.1"})  # fmt: skip
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Door]:
    server = os.environ.get("TEST_DATABASE_URL")
    if not server:
        pytest.skip("TEST_DATABASE_URL is not set")
    name = f"engine_{uuid4().hex[:12]}"
    inside = psycopg.conninfo.make_conninfo(server, dbname="postgres")
    with psycopg.connect(inside, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield chosen(f"{server.rpartition('/')[0]}/{name}", Engine(memory="1GB", threads=1))
        connection.execute(f"DROP DATABASE {name}".encode())


@pytest.fixture(params=["spark", "postgres"])
def door(request: pytest.FixtureRequest) -> Door:
    found: Door = request.getfixturevalue(request.param)
    return found


def _both(tmp_path: Path, door: Door, rows: pa.Table) -> tuple[Lake, Lake]:
    """Return the same events in two lakes, the first DuckDB's."""
    lakes = Lake(tmp_path / "duckdb"), Lake(tmp_path / "other [1] {x}", engine=door)
    for lake in lakes:
        if rows.num_rows:
            lake.accept(rows, writer="w1")
        lake.compact(EVERY, at=AT)
    return lakes


def test_facts_metrics_of_a_day_and_of_many_days_are_the_same_rows(tmp_path: Path, door: Door) -> None:
    one, other = _both(tmp_path, door, events(6000, customers=40, first_day=DAY, days=150))
    for (table, mine), theirs in zip(
        fact_rows(tmp_path / "duckdb").items(), fact_rows(tmp_path / "other [1] {x}").values(), strict=True
    ):
        assert mine.equals(theirs), table  # in the same order too
    given = pa.concat_tables([periods(*range(1, 30), seats=7), periods(*range(30, 50), seats=None, until_day=DAY + 90)])
    for merged in (Merged(), MERGED):
        for day in (DAY, DAY + 71, DAY + 300):
            asof = [lake.metrics_asof(EVERY, given, day, merged=merged) for lake in (one, other)]
            assert asof[0].equals(asof[1]), day
            assert differing(*asof) == 0
        backfilled = [lake.metrics_backfill(EVERY, given, **DAYS, merged=merged) for lake in (one, other)]
        assert backfilled[0].num_rows > 70 * 29
        assert differing(*backfilled) == 0


def test_an_empty_lake_late_events_and_somebody_erased_give_the_same_rows(tmp_path: Path, door: Door) -> None:
    one, other = _both(tmp_path, door, batch())
    given = periods(1, 2, 3)
    assert one.metrics_asof(EVERY, given, DAY).equals(other.metrics_asof(EVERY, given, DAY))
    late = [event("a", user=1, value="0.100000"), event("b", customer=2, user=2), event("c", customer=2, user=3)]
    for rows in (late[1:], late[:1]):
        for lake in (one, other):
            lake.accept(batch(*rows), writer="w2")
            lake.compact(EVERY, at=AT)
        assert differing(*(lake.metrics_backfill(EVERY, given, from_day=DAY - 1, until_day=DAY + 40)
                           for lake in (one, other))) == 0  # fmt: skip
    for lake in (one, other):
        lake.erase([Tombstone(Subject.CUSTOMER, 1), Tombstone(Subject.USER, 3)])
    for fold in (False, True):
        for lake in (one, other):
            if fold:
                lake.compact(EVERY, at=AT)
        asof = [lake.metrics_asof(EVERY, given, DAY) for lake in (one, other)]
        assert asof[0].equals(asof[1])
        assert asof[1]["active_users_28d"].to_pylist() == [None, 1, None]


@pytest.mark.parametrize(
    ("planted", "instead"),
    [
        ("28 PRECEDING", "27 PRECEDING"),  # a window one day too short
        ("before >= 28", "before > 28"),  # a user who comes back on the very day
        ("0.1 *", "0.10000000000000001 *"),  # the last bits of a double
        (r"a\\\\_", r"a\\_"),  # a backslash that escapes
    ],
)
def test_a_planted_difference_is_found(
    tmp_path: Path, spark: Door, monkeypatch: pytest.MonkeyPatch, planted: str, instead: str
) -> None:
    one, other = _both(tmp_path, spark, events(6000, customers=40, first_day=DAY, days=150))
    given, right = periods(*range(1, 30)), dialects.carried

    def wrong(sql: str, dialect: dialects.Dialect) -> str:
        return right(sql, dialect).replace(planted, instead)

    expected = one.metrics_backfill(EVERY, given, **DAYS)
    monkeypatch.setattr("perennial.lake.engines.spark.carried", wrong)
    if planted.startswith("a"):
        Lake(tmp_path / "wrong", engine=spark)
    assert differing(expected, other.metrics_backfill(EVERY, given, **DAYS)) > 0


def test_rows_that_differ_by_one_bit_a_null_or_a_type_are_counted() -> None:
    rows = pa.table({"customer": pa.array([1, 2, 2]), "share": pa.array([0.1, None, 0.3])})
    bit = rows.set_column(1, "share", pa.array([0.1, None, 0.30000000000000004]))
    nothing = rows.set_column(1, "share", pa.array([0.1, 0.0, 0.3]))
    assert differing(rows, rows.take(pa.array([2, 0, 1]))) == 0
    assert differing(rows, bit) == 2
    assert differing(rows, nothing) == 2
    assert differing(rows, rows.slice(1)) == 1
    assert differing(rows, rows.set_column(0, "customer", rows["customer"].cast(pa.int32()))) > 0


def test_an_address_that_names_no_engine_is_refused() -> None:
    with pytest.raises(NoEngine, match="clickhouse"):
        chosen("clickhouse", Engine(memory="1GB", threads=1))
