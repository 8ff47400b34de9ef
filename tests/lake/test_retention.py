"""Raw events go when their time is over, from the files and for good; what was counted of them stays."""

import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import duckdb
from tests.lake.ageing import KEPT, age, filled
from tests.lake.agreeing import fact_rows
from tests.lake.builders import AT, DAY, METRICS, batch, event, periods
from tests.lake.object_server import ObjectServer

from perennial.lake import manifest
from perennial.lake.algebra import parse_metrics
from perennial.lake.storage.bucket import Bucket
from perennial.lake.storage.client import Client
from perennial.lake.storage.folder import Folder
from perennial.lake.store import Lake
from perennial.lake.terms import Ageing, Counts, Subject, Tombstone

ROOT = Path(__file__).resolve().parents[2]
EXPORTS = parse_metrics(
    [
        {"key": "exports_7d", "measures": {"n": {"aggregate": "count", "where": "event = 'use'", "window": 7}}},
        {"key": "since_login", "measures": {"last": {"aggregate": "since", "where": "event = 'export'"}}},
        {"key": "anything_7d", "measures": {"n": {"aggregate": "count", "where": "event <> 'x'", "window": 7}}},
        {"key": "kinds_28d", "measures": {"n": {"aggregate": "distinct", "of": "event", "window": 28}}},
    ]
)


def _rows(root: Path, folder: str) -> list[int]:
    """Return the days of all rows that any file of a folder holds, live or not."""
    files = [str(path) for path in (root / folder).rglob("*.parquet")]
    if not files:
        return []
    found = duckdb.sql(f"SELECT day FROM read_parquet({files}, hive_partitioning = false) ORDER BY day").fetchall()
    return [day for (day,) in found]


def _facts(root: Path, until: int) -> dict[str, list[dict[str, object]]]:
    return {name: [row for row in rows.to_pylist() if row["day"] < until] for name, rows in fact_rows(root).items()}


def test_expired_events_are_gone_from_every_file_and_facts_stay_as_they_were(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    before, value = _facts(tmp_path, DAY + 200), lake.metrics_asof(METRICS, periods(1), DAY + 50)
    assert lake.retention.would_go(KEPT) == Ageing(events=15, rejected=15, first_day=DAY)
    age(lake)
    kept = list(range(KEPT, DAY + 120, 3))
    assert [one.day for one in lake.events(1, from_day=0, until_day=99_999)] == kept[::-1]
    lake.compact(METRICS, at=AT + timedelta(hours=1))  # readers have let go
    assert _rows(tmp_path, "events") == kept
    assert _rows(tmp_path, "rejected") == kept
    assert _facts(tmp_path, DAY + 200) == before
    assert lake.metrics_asof(METRICS, periods(1), DAY + 50).equals(value)
    assert lake.check() == []
    assert lake.totals() == Counts(accepted=80, stored=40, conflicts=40)
    held = lake.holdings()
    assert (held.kept_from, held.aged) == (KEPT, 30)
    assert lake.retention.would_go(KEPT) == Ageing(0, 0, None)


def test_whole_months_go_unread_and_one_is_cut(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    files = manifest.read(Folder(tmp_path)).files("events")
    assert [file.span.label for file in files][:2] == ["month=2023-01", "month=2023-02"]
    (tmp_path / files[0].path).write_bytes(b"nobody reads this")
    age(lake)
    live = manifest.read(Folder(tmp_path)).files("events")
    assert (live[0].span.label, live[0].rows) == ("month=2023-02", 5)
    assert lake.check() == []


def test_what_arrives_for_an_expired_day_has_its_own_verdict_and_counts_nowhere(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    age(lake)
    before = _facts(tmp_path, DAY + 200)
    late = [event("late", day=KEPT - 1), event("edge", day=KEPT), event("in time", day=KEPT + 1)]
    lake.stage(7, 0, batch(*({**row, "import_id": 7} for row in late)))
    lake.publish(7)
    done = lake.compact(METRICS, at=AT)
    assert done.counts == lake.import_counts(7) == Counts(accepted=3, stored=1, expired=2)
    assert done.days == (KEPT + 1,)
    assert lake.check() == []
    assert _facts(tmp_path, KEPT + 1) == {
        name: [row for row in rows if row["day"] <= KEPT] for name, rows in before.items()
    }


def test_an_event_sent_again_near_the_edge_does_not_count_twice(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    midnight = event("x", day=KEPT)["ts"] - timedelta(hours=12)
    lake.accept(batch(event("x", day=KEPT - 1, ts=midnight - timedelta(seconds=10))), writer="w1")
    lake.compact(METRICS, at=AT)
    age(lake)
    lake.accept(batch(event("x", day=KEPT, ts=midnight + timedelta(seconds=20))), writer="w1")
    assert lake.compact(METRICS, at=AT).counts == Counts(accepted=1, expired=1)
    assert [one.n for one in lake.event_counts(1, from_day=0, until_day=99_999)] == [1]


def test_the_edge_never_goes_back(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    age(lake)
    generation = manifest.read(Folder(tmp_path)).generation
    lake.retention.expire(KEPT - 10)
    lake.retention.expire(KEPT)
    assert (lake.retention.kept_from(), manifest.read(Folder(tmp_path)).generation) == (KEPT, generation)


def test_a_column_that_could_not_be_computed_is_unknown_and_says_since_when_it_is_known(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    both = (*METRICS, *EXPORTS)
    plain = Lake(tmp_path / "plain")
    shutil.copytree(tmp_path, tmp_path / "plain", dirs_exist_ok=True, ignore=shutil.ignore_patterns("plain"))
    plain.compact(both, at=AT)
    tried = lake.metrics_trial(both, periods(1), KEPT + 3)
    assert tried.equals(plain.metrics_asof(both, periods(1), KEPT + 3))
    age(lake)
    tried = lake.metrics_trial(both, periods(1), KEPT + 3).to_pylist()[0]
    lake.compact(both, at=AT)
    assert lake.check() == []
    days = {"from_day": DAY + 20, "until_day": DAY + 100}
    whole = {row["day"]: row for row in plain.metrics_backfill(both, periods(1), **days).to_pylist()}
    found = {row["day"]: row for row in lake.metrics_backfill(both, periods(1), **days).to_pylist()}
    assert tried == found[KEPT + 3]
    assert [lake.retention.known_from(one) for one in EXPORTS] == [None, KEPT, KEPT + 6, None]
    for day, row in whole.items():
        expected = row | {"anything_7d": None} if day < KEPT + 6 else row
        assert found[day] == expected, day
        if day % 9 == 0:
            assert lake.metrics_asof(both, periods(1), day).to_pylist() == [expected]
    assert found[KEPT + 6]["anything_7d"] == whole[KEPT + 6]["anything_7d"] == 6


def test_a_user_left_out_changes_only_days_whose_events_are_kept(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    age(lake)
    before = _facts(tmp_path, DAY + 200)
    done = lake.compact(METRICS, at=AT, left_out=[1])
    assert min(done.days) >= KEPT
    after = _facts(tmp_path, DAY + 200)
    for name, rows in before.items():
        assert [row for row in after[name] if row["day"] < KEPT] == [row for row in rows if row["day"] < KEPT]
    assert {row["user"] for row in after["facts/user"] if row["day"] >= KEPT} == {2}
    assert lake.check() == []


def test_an_erased_customer_leaves_the_facts_of_expired_days_too(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    lake.accept(batch(*(event(f"o{day}", customer=2, user=9, day=day) for day in range(DAY, DAY + 60, 7))), writer="w")
    lake.compact(METRICS, at=AT)
    age(lake)
    before = _facts(tmp_path, DAY + 200)
    lake.erase([Tombstone(Subject.CUSTOMER, 2)])
    lake.compact(METRICS, at=AT)
    lake.compact(METRICS, at=AT + timedelta(hours=1))
    after = _facts(tmp_path, DAY + 200)
    assert after == {name: [row for row in rows if row["customer"] != 2] for name, rows in before.items()}
    assert any(row["customer"] == 2 and row["day"] < KEPT for row in before["facts/user"])
    for table in ("day", "user", "event"):
        files = [str(path) for path in (tmp_path / "facts" / table).rglob("*.parquet")]
        found = duckdb.sql(f"SELECT COUNT(*) FROM read_parquet({files}, hive_partitioning = false) WHERE customer = 2")
        assert found.fetchall() == [(0,)]
    assert lake.check() == []


def test_who_is_erased_in_the_night_in_which_his_events_expire_counts_as_erased(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    lake.erase([Tombstone(Subject.USER, 1)])
    age(lake)
    assert lake.check() == []
    assert lake.totals() == Counts(accepted=80, stored=20, conflicts=40, erased=20)
    assert all(row["user"] == 2 for row in _facts(tmp_path, DAY + 200)["facts/user"])


def test_a_restored_older_lake_expires_again(tmp_path: Path) -> None:
    lake = filled(tmp_path / "lake")
    with lake.held(tmp_path / "backup"):
        pass
    age(lake)
    restored = Lake(tmp_path / "backup")
    assert restored.retention.kept_from() is None
    age(restored)
    assert restored.totals() == lake.totals()
    assert _facts(tmp_path / "backup", DAY + 200) == _facts(tmp_path / "lake", DAY + 200)
    assert restored.check() == []


def test_four_hundred_days_later_nothing_raw_is_left_and_the_years_are_there(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    lake.retention.expire(DAY + 119 + 400)
    lake.compact(METRICS, at=AT)
    lake.compact(METRICS, at=AT + timedelta(hours=1))
    assert _rows(tmp_path, "events") == _rows(tmp_path, "rejected") == []
    assert len(lake.event_counts(1, from_day=0, until_day=99_999)) == 40
    assert lake.check() == []


def test_a_hundred_days_one_by_one_keep_thirty_days_of_events_and_every_day_of_facts(tmp_path: Path) -> None:
    lake = Lake(tmp_path, grace=timedelta(0))
    sent: list[int] = []
    for day in range(DAY, DAY + 100):
        rows = [event(f"{day}", day=day, n=1 + day % 3), event(f"late {day}", day=day - 20 * (day % 5 == 0))]
        lake.accept(batch(*rows), writer="w1")
        lake.retention.expire(day - 30)
        lake.compact(METRICS, at=AT + timedelta(days=day - DAY))
        sent += [row["day"] for row in rows]
        raw = lake.events(1, from_day=0, until_day=99_999, limit=1000)
        assert sorted(one.day for one in raw) == sorted(one for one in sent if one >= day - 30)
        if day % 20 == 0:
            assert lake.check() == []
    lake.compact(METRICS, at=AT + timedelta(days=101))
    assert min(_rows(tmp_path, "events")) == DAY + 69
    counts = lake.event_counts(1, from_day=0, until_day=99_999)
    assert sum(one.n for one in counts) == sum(2 + day % 3 for day in range(DAY, DAY + 100))
    assert lake.totals() == Counts(accepted=200, stored=200)
    assert lake.check() == []


def test_a_kill_at_any_step_leaves_the_old_state_or_the_new_and_it_can_be_done_again(tmp_path: Path) -> None:
    filled(tmp_path / "before")
    whole = _facts(tmp_path / "before", DAY + 200)
    killed = 0
    for step in range(1, 1000, 7):
        root = tmp_path / f"step{step}"
        shutil.copytree(tmp_path / "before", root)
        child = subprocess.run(
            [sys.executable, "-m", "tests.lake.ageing", str(root), str(step)],
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
            check=False,
        )
        lake = Lake(root)
        assert lake.check() == []
        assert len(lake.events(1, from_day=0, until_day=99_999)) in (40, 25)
        age(lake)
        assert (lake.check(), lake.totals()) == ([], Counts(accepted=80, stored=40, conflicts=40))
        assert _facts(root, DAY + 200) == whole
        lake.compact(METRICS, at=AT + timedelta(days=1))
        assert min(_rows(root, "events")) == KEPT == min(_rows(root, "rejected"))
        if child.returncode == 0:
            break
        assert child.returncode == -signal.SIGKILL
        killed += 1
    assert killed >= 4


def test_check_finds_events_whose_time_is_over(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    age(lake)
    text = (tmp_path / "manifest.json").read_text()
    (tmp_path / "manifest.json").write_text(text.replace(f'"kept_from": {KEPT}', f'"kept_from": {KEPT + 1}'))
    faults = Lake(tmp_path).check()
    assert [fault.partition("/")[0] for fault in faults] == ["events", "rejected"]
    assert all("month=2023-02" in fault and "holds events whose time is over" in fault for fault in faults)


def test_in_an_object_store_the_same(tmp_path: Path) -> None:
    store = ObjectServer()
    try:
        place = store.place()
        lake = Lake(Bucket(Client(place), tmp_path / "one"))
        days = range(DAY, DAY + 120, 3)
        lake.accept(batch(*(event(str(day), day=day) for day in days)), writer="w1")
        lake.compact(METRICS, at=AT)
        age(lake)
        other = Lake(Bucket(Client(place), tmp_path / "other"))
        assert [one.day for one in other.events(1, from_day=0, until_day=99_999)] == list(days)[:14:-1]
        assert len(other.event_counts(1, from_day=0, until_day=99_999)) == 40
        assert other.check() == []
        assert other.retention.kept_from() == KEPT
    finally:
        store.stop()
