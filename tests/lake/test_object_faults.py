"""What a lake does when its object store fails: answers lost, kills, a store that is gone, damage, wrong stores."""

import logging
import random
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.lake.builders import AT, DAY, METRICS, batch, event
from tests.lake.killed import import_and_compute
from tests.lake.machines import days, machine
from tests.lake.object_server import KEY, SECRET, ObjectServer

from perennial.lake import durable, manifest
from perennial.lake.storage.bucket import Bucket
from perennial.lake.storage.client import Client
from perennial.lake.storage.place import Place
from perennial.lake.storage.terms import StoreFault, Unsuitable
from perennial.lake.terms import Counts

ROOT = Path(__file__).resolve().parents[2]
STRIDE = 7
"""Requests between two kills; odd ones before the store has done anything, even ones before its answer."""


@pytest.mark.parametrize("times", [1, 99])
def test_a_commit_whose_answer_was_lost_is_not_made_twice(
    place: Place, store: ObjectServer, tmp_path: Path, times: int
) -> None:
    bucket = Bucket(Client(place), tmp_path / "one")
    machine(place, tmp_path / "two").publish(1)
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


def test_a_kill_at_any_request_leaves_the_old_state_or_the_new(store: ObjectServer, tmp_path: Path) -> None:
    killed = 0
    for step in range(1, 400, STRIDE):
        place = store.place()
        cache = tmp_path / f"step{step}"
        before = machine(place, cache)
        before.accept(batch(event("a")), writer="w1")
        before.compact(METRICS, at=AT)
        code = _run_killed(store, place, cache, step, "before" if step % 2 else "after")
        lake = machine(place, tmp_path / f"other{step}", patience=0.4)
        assert lake.check() == []
        assert days(lake) in ([DAY], [DAY + 1, DAY, DAY])
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
    lake = machine(place, tmp_path / "one")
    lake.accept(batch(event("a")), writer="w1")
    lake.compact(METRICS, at=AT)
    lake.accept(batch(event("b", day=DAY + 1)), writer="w1")
    assert days(lake) == [DAY + 1, DAY]
    with store.gone():
        with pytest.raises(OSError, match="does not do what it was asked"):
            lake.accept(batch(event("c")), writer="w1")
        with pytest.raises(StoreFault):
            lake.compact(METRICS, at=AT)
        assert days(lake) == [DAY + 1, DAY]
        begun_meanwhile = machine(place, tmp_path / "one")
        assert days(begun_meanwhile) == [DAY]
        with pytest.raises(StoreFault):
            machine(place, tmp_path / "new").last_day()
    lake.accept(batch(event("c", day=DAY + 2)), writer="w1")
    for each in (lake, begun_meanwhile):
        each.compact(METRICS, at=AT)
        assert (each.check(), days(each)) == ([], [DAY + 2, DAY + 1, DAY])
    assert lake.totals() == Counts(accepted=3, stored=3)


def test_a_file_that_is_missing_or_damaged_in_the_store_is_named(
    place: Place, store: ObjectServer, tmp_path: Path
) -> None:
    lake = machine(place, tmp_path / "one")
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
        days(machine(place, tmp_path / "three"))
    client.delete([file.path])
    assert lake.check() == [f"{file.path} is missing in {place}"]


def test_a_store_that_ignores_conditions_is_refused_before_anything_is_written(
    place: Place, store: ObjectServer, tmp_path: Path
) -> None:
    store.is_careless = True
    try:
        with pytest.raises(Unsuitable, match="does not honour conditional PUTs"):
            machine(place, tmp_path / "one").publish(1)
    finally:
        store.is_careless = False
    assert not machine(place, tmp_path / "two").is_published(1)


def test_no_bucket_and_no_server_are_told_apart(store: ObjectServer, tmp_path: Path) -> None:
    nowhere = Place("no-such-bucket", "x", "us-east-1", store.address, KEY, SECRET)
    with pytest.raises(Unsuitable, match=r"There is no bucket no-such-bucket at http://127\.0\.0\.1"):
        machine(nowhere, tmp_path / "one").prepare()
    silent = Place("bucket", "x", "us-east-1", "http://127.0.0.1:9", KEY, SECRET)
    with pytest.raises(StoreFault, match="PERENNIAL_LAKE_ENDPOINT"):
        machine(silent, tmp_path / "two").prepare()


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
            machine(place, tmp_path / "one").totals()
        with pytest.raises(OSError, match=r"test-[0-9a-f]*"):
            machine(place, tmp_path / "two").prepare()
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
    lake = machine(place, tmp_path / "one")
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


def test_a_cache_forgets_what_is_live_no_more_and_the_store_what_nobody_knows(
    place: Place, store: ObjectServer, tmp_path: Path
) -> None:
    lake, reader = (machine(place, tmp_path / name) for name in ("one", "two"))
    for turn in range(3):
        lake.accept(batch(event(str(turn), day=DAY + turn % 2)), writer="w1")
        assert len(days(reader)) == turn + 1
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
        machine(place, tmp_path / "three").compact(METRICS, at=at)
        assert len(bucket.listed("events/day=2020-01-01")) == left
    assert {row.name for row in Client(place).listed("events")} == {
        file.path for file in manifest.read(bucket).files("events")
    }
