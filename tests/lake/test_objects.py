"""The lake's promises in an object store, on a real server over a socket; the central ones also in a folder."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from tests.lake.builders import AT, DAY, METRICS, batch, event, periods
from tests.lake.machines import days, machine
from tests.lake.object_server import ObjectServer

from perennial.lake import manifest
from perennial.lake.storage.bucket import Bucket
from perennial.lake.storage.client import Client
from perennial.lake.storage.folder import Folder
from perennial.lake.storage.place import Place
from perennial.lake.storage.terms import LostLease, Storage, Unsuitable
from perennial.lake.store import Lake
from perennial.lake.terms import Counts, Subject, Tombstone


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, store: ObjectServer) -> Storage:
    if request.param == "folder":
        return Folder(tmp_path / "lake")
    return Bucket(Client(store.place()), tmp_path / "cache")


# On both


def test_what_is_accepted_is_read_at_once_folded_and_counted_once(storage: Storage) -> None:
    lake = Lake(storage)
    assert (lake.check(), lake.last_day()) == ([], None)
    lake.accept(batch(event("a", user=7), event("b", day=DAY + 40)), writer="w1")
    lake.accept(batch(event("a", user=7)), writer="w2")
    assert days(lake) == [DAY + 40, DAY]
    assert lake.compact(METRICS, at=AT).counts == Counts(accepted=3, stored=2, duplicates=1)
    assert days(lake) == [DAY + 40, DAY]
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
    assert len(days(lake)) == 2


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
    assert (copy.check(), days(copy)) == ([], [DAY + 2, DAY + 1, DAY])
    back = machine(place, tmp_path / "back")
    assert back.take_over(tmp_path / "held") == 5
    with pytest.raises(Unsuitable, match="a lake already"):
        back.take_over(tmp_path / "held")
    assert (back.check(), days(back)) == ([], [DAY + 2, DAY + 1, DAY])
    assert back.compact(METRICS, at=AT).counts == Counts(accepted=2, stored=2)
    assert (back.check(), days(back)) == ([], [DAY + 2, DAY + 1, DAY])


# Several machines


def test_writers_and_compactors_of_two_machines_lose_and_double_nothing(place: Place, tmp_path: Path) -> None:
    machines = [machine(place, tmp_path / name) for name in ("one", "two")]
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
        assert len(days(lake)) == 78
        assert sum(one.n for one in lake.event_counts(1, from_day=DAY, until_day=DAY + 9)) == 78


def test_who_slept_with_the_lease_in_his_hands_commits_nothing_and_does_it_again(
    place: Place, store: ObjectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper, other = (machine(place, tmp_path / name, patience=0.5) for name in ("one", "two"))
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
    keeper, writer = (machine(place, tmp_path / name, patience=1.0) for name in ("one", "two"))
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
    lake = machine(place, tmp_path / "one")
    bucket = Bucket(Client(place), tmp_path / "two")
    with pytest.raises(LostLease), lake.held(tmp_path / "held"):
        bucket._versions.change(lambda raw: {**raw, "leases": {"hold": ["another", 0]}})


def test_a_lease_that_a_dead_process_of_this_machine_held_is_not_waited_for(place: Place, tmp_path: Path) -> None:
    lake = machine(place, tmp_path / "one", patience=1e9)
    lake.accept(batch(event("a")), writer="w1")
    lake.compact(METRICS, at=AT)
    mine = (tmp_path / "one/machine").read_text()
    Bucket(Client(place), tmp_path / "two")._versions.change(lambda raw: {**raw, "leases": {"lease": [f"{mine}:x", 3]}})
    lake.accept(batch(event("b")), writer="w1")
    thread = threading.Thread(target=lake.compact, args=(METRICS,), kwargs={"at": AT}, daemon=True)
    thread.start()
    thread.join(timeout=30)
    assert lake.totals() == Counts(accepted=2, stored=2)


# Faults


# Order
