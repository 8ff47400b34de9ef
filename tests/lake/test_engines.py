"""Every engine gives the same rows: DuckDB is the measure, and its own are held to a recount in test_metrics."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pyarrow as pa
import pytest
from tests.lake.agreeing import EVERY, differing, events, fact_rows
from tests.lake.builders import AT, DAY, batch, event, periods
from tests.lake.test_measures import METRICS as MEASURES
from tests.lake.test_measures import same

from perennial.blueprint import queries as blueprint
from perennial.lake.algebra import parse_metrics
from perennial.lake.engine import Engine
from perennial.lake.engines import dialects
from perennial.lake.engines.choice import BySize, chosen
from perennial.lake.engines.dialects import carried
from perennial.lake.engines.duckdb import InProcess
from perennial.lake.engines.terms import Door, NoEngine, Session
from perennial.lake.facts import FACT_TABLES
from perennial.lake.metrics import FEW
from perennial.lake.store import Lake
from perennial.lake.terms import Merged, Subject, Tombstone

MERGED = Merged(customers={2: 1, 7: 5}, users={(1, 3): 1, (5, 2): 4})
LIBRARY = blueprint.own_metrics_from(blueprint.metric_library())
LED = {"of": "champion", "where": "event = 'use'", "admin": "event = 'login'"}
SILENT = [{"key": of, "measures": {of: {"aggregate": of, **LED}}} for of in ("gap", "silence")]
MEASURED = (*MEASURES, *parse_metrics([*({"key": one.key, **one.algebra} for one in LIBRARY), *SILENT]))
DAYS = {"from_day": DAY + 60, "until_day": DAY + 130}
FEATURES = ("search", "导出", "it's", "c:*", "a\\*", "Ünï")
GIVEN = pa.concat_tables([
    periods(*range(1, 30), seats=7, bought=FEATURES, until_day=DAY + 80),
    periods(*range(1, 30), seats=7, bought=FEATURES[:3], from_day=DAY + 80),
    periods(*range(30, 50), seats=None, until_day=DAY + 90),
])  # fmt: skip
GIVEN = GIVEN.append_column(
    "champion", pa.array([None, 3] * (GIVEN.num_rows // 2) + [2] * (GIVEN.num_rows % 2), pa.int64())
)


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


@pytest.fixture(scope="module", params=["spark", "postgres"])
def door(request: pytest.FixtureRequest) -> Door:
    found: Door = request.getfixturevalue(request.param)
    return found


@dataclass(frozen=True)
class Pair:
    """The same events in two lakes, the first DuckDB's."""

    roots: tuple[Path, Path]
    lakes: tuple[Lake, Lake]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, door: Door) -> Pair:
    return _pair(tmp_path_factory.mktemp("pair"), door, events(6000, customers=40, first_day=DAY, days=150))


def _pair(folder: Path, door: Door, rows: pa.Table) -> Pair:
    roots = folder / "duckdb", folder / "other [1] {x}"
    lakes = Lake(roots[0]), Lake(roots[1], engine=door)
    for lake in lakes:
        if rows.num_rows:
            lake.accept(rows, writer="w1")
        lake.compact(EVERY, at=AT)
    return Pair(roots, lakes)


def test_the_facts_are_the_same_rows_in_the_same_order(pair: Pair) -> None:
    ours, theirs = (fact_rows(root) for root in pair.roots)
    assert ours.keys() == theirs.keys() == FACT_TABLES.keys()
    for table in FACT_TABLES:
        assert ours[table].num_rows > 1000
        assert ours[table].equals(theirs[table]), table


def test_the_metrics_of_a_day_are_the_same_rows(pair: Pair) -> None:
    for day, merged in ((DAY, MERGED), (DAY + 71, Merged()), (DAY + 300, MERGED)):
        one, other = (lake.metrics_asof(EVERY, GIVEN, day, merged=merged) for lake in pair.lakes)
        assert one.equals(other), day
        assert differing(one, other) == 0


def test_the_metrics_of_many_days_are_the_same_rows(pair: Pair) -> None:
    one, other = (lake.metrics_backfill(EVERY, GIVEN, **DAYS, merged=MERGED) for lake in pair.lakes)
    assert one.num_rows > 70 * 29
    assert differing(one, other) == 0


def test_logarithms_and_guarded_expressions_agree_to_a_billionth(tmp_path: Path, door: Door) -> None:
    """Engines sum doubles in orders of their own, and each has its own logarithm."""
    lakes = Lake(tmp_path / "duckdb"), Lake(tmp_path / "other", engine=door)
    for lake in lakes:
        lake.accept(events(6000, customers=40, first_day=DAY, days=150), writer="w1")
        lake.compact(MEASURED, at=AT)
    by = [("day", "ascending"), ("customer", "ascending")]
    for tables in (
        [lake.metrics_asof(MEASURED, GIVEN, DAY + 71, merged=MERGED) for lake in lakes],
        [lake.metrics_backfill(MEASURED, GIVEN, **DAYS, merged=MERGED).sort_by(by) for lake in lakes],
    ):
        one, other = tables
        assert one.schema.equals(other.schema) and one.num_rows == other.num_rows > 20
        known = 0
        for row, found in zip(one.to_pylist(), other.to_pylist(), strict=True):
            same(found, row)
            known += sum(value is not None for value in row.values())
        assert known > one.num_rows * 10


@pytest.mark.parametrize(
    ("planted", "instead"),
    [
        ("27 PRECEDING", "26 PRECEDING"),  # a window one day too short
        ("before >= 7", "before > 7"),  # a user who comes back on the day he leaves
        ("-v AS v", "0 AS v"),  # uses that are never forgotten
        ("-n AS n", "0 AS n"),  # nor those of a feature
        ("CAST('0.1' AS DOUBLE)", "CAST('0.10000000000000003' AS DOUBLE)"),  # the last bits of a double
        (r"a\_%", "a_%"),  # a backslash that escapes
    ],
)
def test_a_planted_difference_is_found(pair: Pair, monkeypatch: pytest.MonkeyPatch, planted: str, instead: str) -> None:
    one, other = pair.lakes
    done = []

    def wrong(sql: str, dialect: dialects.Dialect) -> str:
        done.append(sql.count(planted))
        return carried(sql.replace(planted, instead), dialect)

    for engine in ("spark", "postgres"):
        monkeypatch.setattr(f"perennial.lake.engines.{engine}.carried", wrong)
    theirs = other.metrics_backfill(EVERY, GIVEN, **DAYS)
    assert sum(done) > 0
    assert differing(one.metrics_backfill(EVERY, GIVEN, **DAYS), theirs) > 0


def test_an_empty_lake_late_events_and_somebody_erased_give_the_same_rows(tmp_path: Path, door: Door) -> None:
    one, other = _pair(tmp_path, door, batch()).lakes
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


def test_what_sqlglot_leaves_to_the_writer_is_carried() -> None:
    assert carried(r"SELECT 1 FROM a WHERE e LIKE 'x\_%'", "postgres") == r"SELECT 1 FROM a WHERE e LIKE 'x\\_%'"
    series = "SELECT day FROM (SELECT UNNEST(GENERATE_SERIES(1, 3)) AS day)"
    assert carried(series, "spark") == "SELECT day FROM (SELECT EXPLODE(SEQUENCE(1, 3)) AS day)"
    assert carried(series, "postgres") == "SELECT day FROM (SELECT GENERATE_SERIES(1, 3) AS day) AS q0"


def test_little_work_stays_here_and_much_is_sent(tmp_path: Path) -> None:
    asked = []

    class There:
        folds = True

        def session(self, rows: int) -> AbstractContextManager[Session]:
            asked.append(rows)
            return here.session(rows)

    here = InProcess(Engine(memory="1GB", threads=1))
    lake = Lake(tmp_path, engine=BySize(here, There(), least=50))
    for count, sent in ((49, []), (50, [50 + 49, 50])):  # the second judges and rolls up the same day anew
        lake.accept(batch(*(event(f"{number}", user=number) for number in range(count))), writer="w1")
        lake.compact(EVERY, at=AT)
        assert asked == sent
    lake.metrics_asof(EVERY, periods(1, 2), DAY)
    assert len(asked) == 2
    lake.metrics_backfill(EVERY, periods(1, 2), from_day=DAY, until_day=DAY + 25)
    lake.metrics_asof(EVERY, periods(*range(FEW + 1)), DAY)
    assert asked[2:] == [50, FEW + 1 + 2 * 50 + 2]  # facts: 50 of users and of use, one of the day, one of the event
