"""Folding on disk: which files come, which go, and when."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.lake.builders import AT, DAY, METRICS, batch, event

from perennial.lake import compaction, manifest
from perennial.lake.engine import Engine
from perennial.lake.reading import Snapshot, events
from perennial.lake.storage.folder import Folder
from perennial.lake.store import Lake
from perennial.lake.terms import Compaction, Counts, Subject, Tombstone

HOUR = timedelta(hours=1)


def _files(root: Path, folder: str) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in (root / folder).rglob("*.parquet"))


def test_a_file_folded_stays_for_the_grace_and_its_name_leaves_after_it(tmp_path: Path) -> None:
    lake = Lake(tmp_path, grace=HOUR)
    lake.accept(batch(event("a")), writer="w1")
    (waiting,) = _files(tmp_path, "inbox")
    lake.compact(METRICS, at=AT)
    assert _files(tmp_path, "inbox") == [waiting]
    lake.compact(METRICS, at=AT + HOUR / 2)
    assert _files(tmp_path, "inbox") == [waiting]
    assert waiting in manifest.read(Folder(tmp_path)).retired
    lake.compact(METRICS, at=AT + HOUR)
    assert _files(tmp_path, "inbox") == []
    assert waiting not in manifest.read(Folder(tmp_path)).retired
    assert lake.totals() == Counts(accepted=1, stored=1)


def test_a_compaction_without_work_commits_nothing(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.accept(batch(event("a")), writer="w1")
    lake.compact(METRICS, at=AT)
    generation = manifest.read(Folder(tmp_path)).generation
    assert lake.compact(METRICS, at=AT).counts == Counts()
    assert manifest.read(Folder(tmp_path)).generation == generation


@pytest.mark.parametrize("at_once", [1, 3, 1000])
def test_however_many_events_are_summed_up_at_once_the_facts_are_the_same(
    tmp_path: Path, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "AT_ONCE", at_once)
    lake = Lake(tmp_path)
    days = [DAY, DAY + 1, DAY + 40, DAY + 41, DAY + 200]
    lake.accept(batch(*(event(f"{day} {n}", day=day) for day in days for n in range(2))), writer="w1")
    lake.compact(METRICS, at=AT)
    assert lake.check() == []
    assert [(one.day, one.n) for one in lake.event_counts(1, from_day=DAY, until_day=DAY + 400)] == [
        (day, 2) for day in days
    ]


def test_only_the_days_touched_are_written_anew(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.accept(batch(event("a"), event("b", day=DAY + 1)), writer="w1")
    lake.compact(METRICS, at=AT)
    lake.accept(batch(event("c", day=DAY + 1)), writer="w1")
    assert lake.compact(METRICS, at=AT).days == (DAY + 1,)
    live = manifest.read(Folder(tmp_path)).files("events")
    assert [(file.path, file.rows) for file in live] == [
        ("events/day=2023-01-01/1.parquet", 1),
        ("events/day=2023-01-02/2.parquet", 2),
    ]


def test_an_old_month_becomes_one_file_and_a_late_event_goes_into_it(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.accept(batch(event("a"), event("b", day=DAY + 1)), writer="w1")
    lake.compact(METRICS, at=AT)
    lake.accept(batch(event("c", day=DAY + 90)), writer="w1")
    lake.compact(METRICS, at=AT)
    spans = [file.path.split("/")[1] for file in manifest.read(Folder(tmp_path)).files("events")]
    assert spans == ["month=2023-01", "day=2023-04-01"]
    lake.accept(batch(event("late", day=DAY + 2)), writer="w1")
    assert lake.compact(METRICS, at=AT).days == (DAY + 2,)
    assert [file.rows for file in manifest.read(Folder(tmp_path)).files("events")] == [3, 1]
    assert [e.day - DAY for e in lake.events(1, from_day=DAY, until_day=DAY + 91)] == [90, 2, 1, 0]
    assert lake.check() == []


def test_a_reader_that_began_before_a_compaction_reads_on_as_if_nothing_happened(tmp_path: Path) -> None:
    lake = Lake(tmp_path, grace=HOUR)
    lake.accept(batch(event("a")), writer="w1")
    lake.compact(METRICS, at=AT)
    lake.accept(batch(event("b")), writer="w1")
    began = Snapshot.of(Folder(tmp_path), manifest.read(Folder(tmp_path)))
    lake.compact(METRICS, at=AT)
    lake.compact(METRICS, at=AT + HOUR / 2)
    with Engine(memory="200MB", threads=1).session() as connection:
        assert len(events(connection, began, 1, from_day=DAY, until_day=DAY + 1, limit=9)) == 2


def test_a_reader_whose_inbox_is_listed_after_a_fold_counts_the_event_once(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.accept(batch(event("a")), writer="w1")
    live = manifest.read(Folder(tmp_path))
    lake.compact(METRICS, at=AT)
    with Engine(memory="200MB", threads=1).session() as connection:
        for snapshot in (
            Snapshot.of(Folder(tmp_path), live),
            Snapshot.of(Folder(tmp_path), manifest.read(Folder(tmp_path))),
        ):
            assert len(events(connection, snapshot, 1, from_day=DAY, until_day=DAY + 1, limit=9)) == 1


def test_what_is_published_or_erased_while_a_compaction_runs_is_kept_for_the_next(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.stage(1, 0, batch(event("a", import_id=1)))
    lake.publish(1)
    began = manifest.read(Folder(tmp_path))
    run = compaction.Work(Folder(tmp_path), began, list(began.adopted), {})
    lake.stage(2, 0, batch(event("b", import_id=2)))
    lake.publish(2)
    lake.erase([Tombstone(Subject.USER, 7)])
    nothing = Compaction(counts=Counts(), by_import={}, changed={})
    after = compaction._folded(manifest.read(Folder(tmp_path)), run, nothing, [], [], AT)
    assert after.adopted == ("staging/2/000000.parquet",)
    assert after.retired == {"staging/1/000000.parquet": AT}
    assert after.pending == after.tombstones == (Tombstone(Subject.USER, 7),)
    assert after.imports.keys() == {1, 2}
