"""The lake's promises in an object store, on a real server over a socket; the central ones also in a folder."""

import logging
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.lake.builders import AT, DAY, METRICS, batch, event, periods
from tests.lake.killed import import_and_compute
from tests.lake.object_server import KEY, SECRET, ObjectServer

from perennial.lake import durable, manifest
from perennial.lake.storage.bucket import Bucket
from perennial.lake.storage.client import Client
from perennial.lake.storage.folder import Folder
from perennial.lake.storage.place import Place
from perennial.lake.storage.terms import LostLease, Storage, StoreFault, Unsuitable
from perennial.lake.store import Lake
from perennial.lake.terms import Counts, Subject, Tombstone

ROOT = Path(__file__).resolve().parents[2]
STRIDE = 7
"""Requests between two kills; odd ones before the store has done anything, even ones before its answer."""


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectServer]:
    server = ObjectServer()
    yield server
    server.stop()


@pytest.fixture
def place(store: ObjectServer) -> Place:
    return store.place()


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, store: ObjectServer) -> Storage:
    if request.param == "folder":
        return Folder(tmp_path / "lake")
    return Bucket(Client(store.place()), tmp_path / "cache")


def _machine(place: Place, folder: Path, *, patience: float = 30.0) -> Lake:
    """Return the lake as another machine sees it: with a cache of its own."""
    return Lake(Bucket(Client(place), folder, patience=patience))


def _days(lake: Lake) -> list[int]:
    return [one.day for one in lake.events(1, from_day=0, until_day=99_999, limit=1_000)]


# On both


def test_what_is_accepted_is_read_at_once_folded_and_counted_once(storage: Storage) -> None:
    lake = Lake(storage)
    assert (lake.check(), lake.last_day()) == ([], None)
    lake.accept(batch(event("a", user=7), event("b", day=DAY + 40)), writer="w1")
    lake.accept(batch(event("a", user=7)), writer="w2")
    assert _days(lake) == [DAY + 40, DAY]
    assert lake.compact(METRICS, at=AT).counts == Counts(accepted=3, stored=2, duplicates=1)
    assert _days(lake) == [DAY + 40, DAY]
    assert lake.metrics_asof(METRICS, periods(1), DAY + 40)["days_since_last"].to_pylist() == [0]
    assert lake.check() == []
    held = lake.holdings()
    assert (held.first_day, held.waiting, held.files) == (DAY, 0, 7)


def test_an_import_goes_live_whole_its_parts_replaced_and_discarded(storage: Storage) -> None:
    lake = Lake(storage)
    lake.stage(5, 0, batch(event("a", import_id=5)))
    lake.stage(5, 1, batch(event("old part", import_id=5)))
    lake.stage(5, 1, batch(event("b", import_id=5)))
    lake.stage(6, 0, batch(event("c", import_id=6)))
    lake.discard(6)
    lake.publish(6)
    lake.publish(5)
    assert lake.compact(METRICS, at=AT).by_import == {5: Counts(accepted=2, stored=2)}
    assert len(_days(lake)) == 2


def test_the_erased_are_hidden_at_once_and_leave_the_files(storage: Storage) -> None:
    lake = Lake(storage)
    lake.accept(batch(event("a", user=7), event("b", user=8), event("c", customer=2)), writer="w1")
    lake.compact(METRICS, at=AT)
    lake.erase([Tombstone(Subject.CUSTOMER, 2), Tombstone(Subject.USER, 7)])
    assert [one.user for one in lake.events(1, from_day=DAY, until_day=DAY + 1)] == [8]
    lake.compact(METRICS, at=AT)
    assert lake.totals() == Counts(accepted=3, stored=1, erased=2)
    lake.compact(METRICS, at=AT + timedelta(hours=1))
    left = set(storage.listed("events/day=2023-01-01"))
    assert left == {file.path for file in manifest.read(storage).files("events")}
    assert lake.check() == []


def test_daily_tables_are_written_beside_each_other(storage: Storage) -> None:
    lake = Lake(storage)
    lake.accept(batch(event("a")), writer="w1")
    lake.compact(METRICS, at=AT)
    for day in (DAY, DAY + 1):
        rows = lake.metrics_asof(METRICS, periods(1), day)
        lake.write_days("metrics", rows, from_day=day, until_day=day + 1, at=AT)
    more = lake.read_days("metrics", from_day=DAY, until_day=DAY + 2).select(["customer", "day"])
    with lake.writing("metrics"):
        lake.write_columns(
            "metrics", more.append_column("own", [[7.0, 8.0]]), from_day=DAY, until_day=DAY + 2, at=AT, keep=[]
        )
    assert lake.read_days("metrics", from_day=DAY, until_day=DAY + 2).to_pylist() == [
        {"customer": 1, "day": DAY, "own": 7.0},
        {"customer": 1, "day": DAY + 1, "own": 8.0},
    ]


def test_what_is_held_for_a_backup_is_a_lake_by_itself_and_can_go_back(
    storage: Storage, tmp_path: Path, place: Place
) -> None:
    lake = Lake(storage)
    lake.accept(batch(event("a")), writer="w1")
    lake.compact(METRICS, at=AT)
    lake.accept(batch(event("b", day=DAY + 1)), writer="w1")
    lake.stage(3, 0, batch(event("c", day=DAY + 2, import_id=3)))
    lake.publish(3)
    with lake.held(tmp_path / "held"):
        pass
    copy = Lake(tmp_path / "held")
    assert (copy.check(), _days(copy)) == ([], [DAY + 2, DAY + 1, DAY])
    back = _machine(place, tmp_path / "back")
    assert back.take_over(tmp_path / "held") == 5
    with pytest.raises(Unsuitable, match="a lake already"):
        back.take_over(tmp_path / "held")
    assert (back.check(), _days(back)) == ([], [DAY + 2, DAY + 1, DAY])
    assert back.compact(METRICS, at=AT).counts == Counts(accepted=2, stored=2)
    assert (back.check(), _days(back)) == ([], [DAY + 2, DAY + 1, DAY])


# Several machines


def test_writers_and_compactors_of_two_machines_lose_and_double_nothing(place: Place, tmp_path: Path) -> None:
    machines = [_machine(place, tmp_path / name) for name in ("one", "two")]
    faults: list[BaseException] = []

    def work(number: int, lake: Lake) -> None:
        try:
            for turn in range(6):
                rows = [event(f"{number}-{turn}-{one}", day=DAY + one, user=number) for one in range(3)]
                lake.accept(batch(*rows, event(f"shared-{turn}", user=9)), writer=f"w{number}")
                if turn % 2 == number % 2:
                    lake.compact(METRICS, at=AT)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(number, machines[number % 2])) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    for lake in machines:
        lake.compact(METRICS, at=AT)
        assert lake.totals() == Counts(accepted=96, stored=78, duplicates=18)
        assert lake.check() == []
        assert len(_days(lake)) == 78
        assert sum(one.n for one in lake.event_counts(1, from_day=DAY, until_day=DAY + 9)) == 78


def test_who_slept_with_the_lease_in_his_hands_commits_nothing_and_does_it_again(
    place: Place, store: ObjectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper, other = (_machine(place, tmp_path / name, patience=0.5) for name in ("one", "two"))
    sleeper.accept(batch(event("a")), writer="w1")
    monkeypatch.setattr("perennial.lake.storage.leases.BEATS", 1e-6)  # it never counts up: as if it were stopped
    taken: list[Counts] = []

    def between(method: str, path: str) -> None:
        if method == "PUT" and "/events/" in path and not taken:
            taken.append(Counts())
            # The sleeper's file is on its way; the other one sees no sign of life, and folds the same event.
            thread = threading.Thread(target=lambda: taken.append(other.compact(METRICS, at=AT).counts))
            threads.append(thread)
            thread.start()

    threads: list[threading.Thread] = []
    keep = Bucket.keep

    def slow_keep(self: Bucket, names: list[str]) -> None:
        keep(self, names)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join()

    monkeypatch.setattr(Bucket, "keep", slow_keep)
    store.before = between
    try:
        again = sleeper.compact(METRICS, at=AT)
    finally:
        store.before = lambda method, path: None
    assert taken[1] == Counts(accepted=1, stored=1)
    assert again.counts == Counts()
    assert sleeper.totals() == Counts(accepted=1, stored=1)
    assert (sleeper.check(), other.check()) == ([], [])


def test_nobody_commits_while_a_backup_holds_and_a_dead_one_is_passed_over(place: Place, tmp_path: Path) -> None:
    keeper, writer = (_machine(place, tmp_path / name, patience=1.0) for name in ("one", "two"))
    writer.publish(1)
    thread = threading.Thread(target=writer.publish, args=(2,))
    (tmp_path / "held").mkdir()
    with keeper.held(tmp_path / "held"):
        thread.start()
        thread.join(timeout=0.6)
        assert not keeper.is_published(2)
        assert thread.is_alive()
    thread.join()
    assert keeper.is_published(2)
    dead = Bucket(Client(place), tmp_path / "three", patience=1.0)
    raw = dead.read()
    assert raw is not None
    dead._versions.change(lambda raw: {**raw, "leases": {"hold": ["who died", 3]}})
    writer.publish(4)
    assert keeper.is_published(4)


def test_a_backup_that_lost_its_hold_says_so(place: Place, tmp_path: Path) -> None:
    lake = _machine(place, tmp_path / "one")
    bucket = Bucket(Client(place), tmp_path / "two")
    with pytest.raises(LostLease), lake.held(tmp_path / "held"):
        bucket._versions.change(lambda raw: {**raw, "leases": {"hold": ["another", 0]}})


def test_a_lease_that_a_dead_process_of_this_machine_held_is_not_waited_for(place: Place, tmp_path: Path) -> None:
    lake = _machine(place, tmp_path / "one", patience=1e9)
    lake.accept(batch(event("a")), writer="w1")
    lake.compact(METRICS, at=AT)
    mine = (tmp_path / "one/machine").read_text()
    Bucket(Client(place), tmp_path / "two")._versions.change(lambda raw: {**raw, "leases": {"lease": [f"{mine}:x", 3]}})
    lake.accept(batch(event("b")), writer="w1")
    thread = threading.Thread(target=lake.compact, args=(METRICS,), kwargs={"at": AT}, daemon=True)
    thread.start()
    thread.join(timeout=30)
    assert lake.totals() == Counts(accepted=2, stored=2)


@pytest.mark.parametrize("times", [1, 99])
def test_a_commit_whose_answer_was_lost_is_not_made_twice(
    place: Place, store: ObjectServer, tmp_path: Path, times: int
) -> None:
    bucket = Bucket(Client(place), tmp_path / "one")
    _machine(place, tmp_path / "two").publish(1)
    lost: list[str] = []

    def drop(method: str, path: str) -> None:
        if method == "PUT" and path.endswith("manifest.json") and len(lost) < times:
            lost.append(path)
            raise ConnectionResetError

    store.after = drop
    try:
        manifest.commit(bucket, lambda live: replace(live, changes=live.changes + 1))
    finally:
        store.after = lambda method, path: None
    assert lost
    assert (manifest.read(bucket).changes, manifest.read(bucket).generation) == (1, 2)


# Faults


def test_a_kill_at_any_request_leaves_the_old_state_or_the_new(store: ObjectServer, tmp_path: Path) -> None:
    killed = 0
    for step in range(1, 400, STRIDE):
        place = store.place()
        cache = tmp_path / f"step{step}"
        before = _machine(place, cache)
        before.accept(batch(event("a")), writer="w1")
        before.compact(METRICS, at=AT)
        code = _run_killed(store, place, cache, step, "before" if step % 2 else "after")
        lake = _machine(place, tmp_path / f"other{step}", patience=0.4)
        assert lake.check() == []
        assert _days(lake) in ([DAY], [DAY + 1, DAY, DAY])
        import_and_compute(lake)
        assert lake.check() == []
        assert lake.totals() == Counts(accepted=3, stored=3)
        assert lake.read_days("metrics", from_day=DAY, until_day=DAY + 2)["days_since_last"].to_pylist() == [0]
        if code == 0:
            break
        assert code == -signal.SIGKILL
        killed += 1
    assert killed >= 5


def _run_killed(store: ObjectServer, place: Place, cache: Path, step: int, moment: str) -> int:
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.lake.killed", str(cache), f"{place!r}", place.endpoint or ""],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )
    seen = 0

    def watch(_method: str, _path: str) -> None:
        nonlocal seen
        seen += 1
        if seen == step:
            child.kill()
            child.wait()

    setattr(store, moment, watch)
    child.wait()
    setattr(store, moment, lambda method, path: None)
    return child.returncode


def test_while_the_store_is_gone_events_are_refused_reads_go_on_and_nothing_is_lost(
    place: Place, store: ObjectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perennial.lake.storage.bucket.SILENCE", 0.0)
    lake = _machine(place, tmp_path / "one")
    lake.accept(batch(event("a")), writer="w1")
    lake.compact(METRICS, at=AT)
    lake.accept(batch(event("b", day=DAY + 1)), writer="w1")
    assert _days(lake) == [DAY + 1, DAY]
    with store.gone():
        with pytest.raises(OSError, match="does not do what it was asked"):
            lake.accept(batch(event("c")), writer="w1")
        with pytest.raises(StoreFault):
            lake.compact(METRICS, at=AT)
        assert _days(lake) == [DAY + 1, DAY]
        begun_meanwhile = _machine(place, tmp_path / "one")
        assert _days(begun_meanwhile) == [DAY]
        with pytest.raises(StoreFault):
            _machine(place, tmp_path / "new").last_day()
    lake.accept(batch(event("c", day=DAY + 2)), writer="w1")
    for each in (lake, begun_meanwhile):
        each.compact(METRICS, at=AT)
        assert (each.check(), _days(each)) == ([], [DAY + 2, DAY + 1, DAY])
    assert lake.totals() == Counts(accepted=3, stored=3)


def test_a_file_that_is_missing_or_damaged_in_the_store_is_named(
    place: Place, store: ObjectServer, tmp_path: Path
) -> None:
    lake = _machine(place, tmp_path / "one")
    lake.accept(batch(event("a")), writer="w1")
    lake.compact(METRICS, at=AT)
    (file,) = manifest.read(Bucket(Client(place), tmp_path / "two")).files("events")
    client = Client(place)
    found = client.get(file.path)
    assert found is not None
    sound = found[0]
    assert lake.check() == []
    (tmp_path / "one" / file.path).write_bytes(b"damaged here only")
    assert lake.check() == []
    assert (tmp_path / "one" / file.path).read_bytes() == sound
    client.put(file.path, sound[:10] + bytes([sound[10] ^ 1]) + sound[11:])
    damaged = f"{file.path} in {place} is damaged: its bytes are not those that were written"
    assert lake.check() == [damaged]
    with pytest.raises(StoreFault, match="is damaged"):
        _days(_machine(place, tmp_path / "three"))
    client.delete([file.path])
    assert lake.check() == [f"{file.path} is missing in {place}"]


def test_a_store_that_ignores_conditions_is_refused_before_anything_is_written(
    place: Place, store: ObjectServer, tmp_path: Path
) -> None:
    store.is_careless = True
    try:
        with pytest.raises(Unsuitable, match="does not honour conditional PUTs"):
            _machine(place, tmp_path / "one").publish(1)
    finally:
        store.is_careless = False
    assert not _machine(place, tmp_path / "two").is_published(1)


def test_no_bucket_and_no_server_are_told_apart(store: ObjectServer, tmp_path: Path) -> None:
    nowhere = Place("no-such-bucket", "x", "us-east-1", store.address, KEY, SECRET)
    with pytest.raises(Unsuitable, match=r"There is no bucket no-such-bucket at http://127\.0\.0\.1"):
        _machine(nowhere, tmp_path / "one").prepare()
    silent = Place("bucket", "x", "us-east-1", "http://127.0.0.1:9", KEY, SECRET)
    with pytest.raises(StoreFault, match="PERENNIAL_LAKE_ENDPOINT"):
        _machine(silent, tmp_path / "two").prepare()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (("403 Forbidden", b"<Error><Code>AccessDenied</Code></Error>"), r"refuses access \(AccessDenied\)"),
        (("200 OK", b"<html>some other server</html>"), "is no manifest"),
        (("500 Internal Server Error", b""), "does not do what it was asked"),
    ],
)
def test_what_a_store_answers_instead_is_said(
    place: Place, store: ObjectServer, tmp_path: Path, answer: tuple[str, bytes], said: str
) -> None:
    store.instead = answer
    try:
        with pytest.raises(StoreFault, match=said):
            _machine(place, tmp_path / "one").totals()
        with pytest.raises(OSError, match=r"test-[0-9a-f]*"):
            _machine(place, tmp_path / "two").prepare()
    finally:
        store.instead = None


def test_a_large_file_goes_up_in_parts_and_is_checked_by_reading_it(place: Place, tmp_path: Path) -> None:
    bucket, client = Bucket(Client(place), tmp_path / "one"), Client(place)
    content = random.Random(1).randbytes(13_000_000)
    name = bucket.named("events/day=2023-01-01/1.parquet", durable.digest_of(content))
    (tmp_path / "one" / name).parent.mkdir(parents=True)
    (tmp_path / "one" / name).write_bytes(content)
    bucket.keep([name])
    (row,) = client.listed("events")
    assert (row.size, "-" in row.tag) == (13_000_000, True)
    assert bucket.faults([name]) == []
    assert Bucket(client, tmp_path / "two").here([name])[0].read_bytes() == content
    client.put(name, content[:-1] + b"x")
    assert len(bucket.faults([name])) == 1


def test_credentials_are_in_no_object_no_cache_no_log_and_no_message(
    place: Place, store: ObjectServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    lake = _machine(place, tmp_path / "one")
    lake.accept(batch(event("a")), writer="w1")
    lake.compact(METRICS, at=AT)
    lake.last_day()
    said = [repr(place), caplog.text]
    with store.gone(), pytest.raises(StoreFault) as fault:
        lake.accept(batch(event("b")), writer="w1")
    said += [str(fault.value), repr(fault.value), repr(fault.value.__cause__)]
    client = Client(place)
    objects = [found[0] for row in client.listed("") if (found := client.get(row.name))]
    assert len(objects) == 5
    files = [path.read_bytes() for path in (tmp_path / "one").rglob("*") if path.is_file()]
    for content in [*objects, *files, *(text.encode() for text in said)]:
        assert KEY.encode() not in content
        assert SECRET.encode() not in content
    assert lake.holdings().generation == 1


# Order


def test_a_cache_forgets_what_is_live_no_more_and_the_store_what_nobody_knows(
    place: Place, store: ObjectServer, tmp_path: Path
) -> None:
    lake, reader = (_machine(place, tmp_path / name) for name in ("one", "two"))
    for turn in range(3):
        lake.accept(batch(event(str(turn), day=DAY + turn % 2)), writer="w1")
        assert len(_days(reader)) == turn + 1
        lake.compact(METRICS, at=AT + timedelta(hours=turn))
    bucket = Bucket(Client(place), tmp_path / "two")
    lake.compact(METRICS, at=AT + timedelta(hours=9))
    live = manifest.read(bucket).known
    cached = {str(path.relative_to(tmp_path / "two")) for path in (tmp_path / "two").rglob("*.parquet")}
    assert cached - live
    bucket.tidy(lambda: live, grace=timedelta(0))
    cached = {str(path.relative_to(tmp_path / "two")) for path in (tmp_path / "two").rglob("*.parquet")}
    assert cached <= live
    Client(place).put("events/day=2020-01-01/1.parquet", b"left by a killed writer")
    soon, later = datetime.now(UTC), datetime.now(UTC) + timedelta(days=2)
    for at, left in ((soon, 1), (later, 0)):
        _machine(place, tmp_path / "three").compact(METRICS, at=at)
        assert len(bucket.listed("events/day=2020-01-01")) == left
    assert {row.name for row in Client(place).listed("events")} == {
        file.path for file in manifest.read(bucket).files("events")
    }
