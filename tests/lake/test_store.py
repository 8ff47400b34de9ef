"""The lake's door on real files: what goes in once comes out once."""

import json
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.lake.builders import AT, DAY, METRICS, batch, event, periods

from perennial.lake import compaction, manifest
from perennial.lake.storage.folder import Folder
from perennial.lake.store import Lake
from perennial.lake.terms import (
    EVENT_SCHEMA,
    AlreadyPublished,
    Counts,
    EventCount,
    EventDays,
    FactsMissing,
    Holdings,
    NotAnEvent,
    Stale,
    Subject,
    Tombstone,
    WentBackwards,
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def test_an_empty_lake_answers_with_nothing_and_is_sound(lake: Lake) -> None:
    assert lake.last_day() is None
    assert lake.event_days() == {}
    assert lake.events(1, from_day=0, until_day=DAY) == []
    assert lake.read_days("metrics", from_day=0, until_day=DAY).num_rows == 0
    assert lake.check() == []
    assert lake.metrics_asof(METRICS, periods(1), DAY)["days_since_last"].to_pylist() == [None]


def test_an_accepted_event_is_read_before_and_after_it_is_folded(lake: Lake) -> None:
    lake.accept(batch(event("a", user=7, feature="search"), event("b", day=DAY + 1)), writer="w1")
    before = lake.events(1, from_day=DAY, until_day=DAY + 2)
    assert [(e.day, e.user, e.feature) for e in before] == [(DAY + 1, None, None), (DAY, 7, "search")]
    lake.compact(METRICS, at=AT)
    assert lake.events(1, from_day=DAY, until_day=DAY + 2) == before
    assert lake.events(1, from_day=DAY, until_day=DAY + 1) == before[1:]
    assert lake.events(1, from_day=DAY, until_day=DAY + 2, limit=1) == before[:1]


def test_event_files_have_exactly_the_lakes_columns_sorted_by_customer_and_time(lake: Lake, tmp_path: Path) -> None:
    lake.accept(batch(event("a", customer=2), event("b", customer=1, value="1.500000")), writer="w1")
    lake.compact(METRICS, at=AT)
    (path,) = (tmp_path / "lake/events").rglob("*.parquet")
    assert path.relative_to(tmp_path / "lake") == Path("events/day=2023-01-01/1.parquet")
    stored = pq.read_table(path, partitioning=None)
    assert stored.schema.names == EVENT_SCHEMA.names
    assert stored.schema.types == EVENT_SCHEMA.types
    assert stored["customer"].to_pylist() == [1, 2]
    assert pq.ParquetFile(path).schema.column(0).logical_type.type == "NONE"


def test_a_batch_that_is_no_event_is_refused_whole(lake: Lake) -> None:
    for bad in (event("a", n=-1), event("a", event=None), event("a", customer=None)):
        with pytest.raises(NotAnEvent):
            lake.accept(pa.Table.from_pylist([event("b"), bad], _nullable()), writer="w1")
    with pytest.raises(NotAnEvent):
        lake.accept(batch(event("a")).drop_columns(["ts"]), writer="w1")
    assert lake.events(1, from_day=DAY, until_day=DAY + 1) == []


def test_charts_and_the_quality_report_read_counts_and_days_from_the_facts(lake: Lake) -> None:
    lake.accept(
        batch(
            event("a", feature="search", n=3),
            event("b", feature="search"),
            event("c", event="error"),
            event("d", day=DAY + 9),
            event("e", customer=2, day=DAY + 3),
        ),
        writer="w1",
    )
    lake.compact(METRICS, at=AT)
    assert lake.event_counts(1, from_day=DAY, until_day=DAY + 9) == [
        EventCount(DAY, "error", None, 1),
        EventCount(DAY, "use", "search", 4),
    ]
    assert lake.event_days() == {1: EventDays(DAY, DAY + 9), 2: EventDays(DAY + 3, DAY + 3)}
    assert lake.last_day() == DAY + 9


def test_an_import_is_invisible_until_published_and_then_whole(lake: Lake) -> None:
    lake.stage(5, 0, batch(event("a", import_id=5)))
    lake.stage(5, 1, batch(event("old part", import_id=5)))
    lake.stage(5, 1, batch(event("b", import_id=5)))
    lake.compact(METRICS, at=AT)
    assert lake.events(1, from_day=DAY, until_day=DAY + 1) == []
    assert not lake.is_published(5)
    lake.publish(5)
    lake.publish(5)
    assert lake.is_published(5)
    assert len(lake.events(1, from_day=DAY, until_day=DAY + 1)) == 2
    assert lake.compact(METRICS, at=AT).by_import == {5: Counts(accepted=2, stored=2)}
    lake.publish(5)
    assert lake.compact(METRICS, at=AT).counts == Counts()
    assert lake.import_counts(5) == Counts(accepted=2, stored=2)
    assert lake.import_counts(6) is None


def test_a_discarded_import_leaves_nothing_and_a_published_one_stays(lake: Lake, tmp_path: Path) -> None:
    lake.stage(5, 0, batch(event("a")))
    lake.discard(5)
    lake.discard(5)
    assert not list((tmp_path / "lake").rglob("*.parquet"))
    lake.stage(6, 0, batch(event("a")))
    lake.publish(6)
    with pytest.raises(AlreadyPublished):
        lake.discard(6)


def test_a_tombstone_hides_at_once_and_the_next_compaction_removes(lake: Lake, tmp_path: Path) -> None:
    lake.accept(
        batch(
            event("a", user=7),
            event("a", user=8),
            event("b", user=8, day=DAY + 1),
            event("c", customer=2, user=9),
        ),
        writer="w1",
    )
    lake.compact(METRICS, at=AT)
    lake.write_days("metrics", lake.metrics_asof(METRICS, periods(1, 2), DAY), from_day=DAY, until_day=DAY + 1, at=AT)
    lake.accept(batch(event("late", customer=2, user=9), event("later", user=7)), writer="w1")
    lake.erase([Tombstone(Subject.CUSTOMER, 2), Tombstone(Subject.USER, 7)])
    assert lake.events(2, from_day=DAY, until_day=DAY + 1) == []
    assert [e.user for e in lake.events(1, from_day=DAY, until_day=DAY + 2)] == [8]
    assert lake.event_days().keys() == {1}
    assert lake.read_days("metrics", from_day=DAY, until_day=DAY + 1)["customer"].to_pylist() == [1]
    assert lake.metrics_asof(METRICS, periods(1, 2), DAY)["active_users_7d"].to_pylist() == [0, None]
    assert lake.compact(METRICS, at=AT).counts == Counts(accepted=2, stored=-2, erased=4)
    assert lake.totals() == Counts(accepted=6, stored=1, conflicts=1, erased=4)
    assert lake.check() == []
    lake.compact(METRICS, at=AT + timedelta(hours=1))
    for path in (tmp_path / "lake").rglob("*.parquet"):
        table = pq.read_table(path, partitioning=None)
        assert 2 not in table["customer"].to_pylist(), path
        assert "user" not in table.schema.names or 7 not in table["user"].to_pylist(), path


def test_facts_made_for_other_metrics_are_refused_and_made_anew_by_a_compaction(lake: Lake) -> None:
    lake.accept(batch(event("a", event="login")), writer="w1")
    days_since, logins = METRICS[7:8], METRICS[2:3]
    lake.compact(days_since, at=AT)
    with pytest.raises(FactsMissing):
        lake.metrics_asof(logins, periods(1), DAY)
    lake.compact(logins, at=AT)
    assert lake.metrics_asof(logins, periods(1), DAY)["logins_7d"].to_pylist() == [1]


def test_what_changed_is_stale_until_somebody_says_that_it_was_made_anew(lake: Lake) -> None:
    lake.accept(batch(event("a"), event("b", day=DAY + 40), event("c", day=DAY + 40, customer=2)), writer="w1")
    lake.compact(METRICS, at=AT)
    assert lake.stale() == Stale((), {1: DAY, 2: DAY + 40}, changes=1)
    lake.freshen(Stale((), {1: DAY}, changes=1), counted_as={7: 1})
    assert lake.stale() == Stale((), {2: DAY + 40}, changes=1)
    assert lake.counted_as() == {7: 1}
    lake.compact(METRICS, at=AT)
    assert lake.stale().changes == 1


def test_nothing_is_fresh_where_facts_changed_meanwhile(lake: Lake) -> None:
    lake.accept(batch(event("a")), writer="w1")
    lake.compact(METRICS, at=AT)
    before = lake.stale()
    lake.accept(batch(event("b", day=DAY + 1)), writer="w1")
    lake.compact(METRICS, at=AT)
    lake.freshen(before, counted_as={7: 1})
    assert lake.stale() == Stale((), {1: DAY}, changes=2)
    assert lake.counted_as() == {}


def test_a_day_that_changed_for_many_is_stale_for_everybody(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "FEW", 2)
    many = [event(str(customer), customer=customer, day=DAY + 1) for customer in (1, 2, 3)]
    lake.accept(batch(*many, event("x", customer=4)), writer="w1")
    done = lake.compact(METRICS, at=AT)
    assert done.changed == {DAY: (4,), DAY + 1: None}
    assert lake.stale() == Stale((DAY + 1,), {4: DAY}, changes=1)
    lake.freshen(Stale((DAY + 1,), {}, changes=1), counted_as={})
    assert lake.stale() == Stale((), {4: DAY}, changes=1)


def test_too_many_late_customers_are_everybody(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "MOST_NAMED", 2)
    lake.accept(batch(*(event(str(c), customer=c, day=DAY + c) for c in (1, 2, 3))), writer="w1")
    lake.compact(METRICS, at=AT)
    assert lake.stale() == Stale((DAY + 1, DAY + 2, DAY + 3), {}, changes=1)


def test_users_that_are_left_out_count_in_no_fact_and_their_events_stay(lake: Lake) -> None:
    rows = [event("a", user=1), event("b", user=7, n=5), event("c", day=DAY + 1), event("d", user=7, customer=2)]
    lake.accept(batch(*rows), writer="w1")
    lake.compact(METRICS, at=AT, left_out=[7])
    assert [one.n for one in lake.event_counts(1, from_day=DAY, until_day=DAY + 2)] == [1, 1]
    assert lake.event_days() == {1: EventDays(DAY, DAY + 1)}
    assert len(lake.events(1, from_day=DAY, until_day=DAY + 2)) == 3
    assert lake.totals() == Counts(accepted=4, stored=4)
    assert lake.check() == []


def test_a_user_who_is_left_out_later_or_no_more_makes_his_days_stale_and_no_other(lake: Lake) -> None:
    rows = [
        event("a", user=1),
        event("b", user=7, n=5),
        event("c", user=1, day=DAY + 1),
        event("d", user=7, customer=2),
    ]
    lake.accept(batch(*rows), writer="w1")
    lake.compact(METRICS, at=AT)
    lake.freshen(lake.stale(), counted_as={})
    assert lake.compact(METRICS, at=AT, left_out=[7, 9]).changed == {DAY: (1, 2)}
    assert [one.n for one in lake.event_counts(1, 2, from_day=DAY, until_day=DAY + 2)] == [1, 1]
    assert lake.check() == []
    assert lake.compact(METRICS, at=AT).days == ()  # as before
    assert lake.compact(METRICS, at=AT, left_out=[9]).changed == {DAY: (1, 2)}
    assert [one.n for one in lake.event_counts(1, 2, from_day=DAY, until_day=DAY + 2)] == [7, 1]
    assert lake.stale() == Stale((), {1: DAY, 2: DAY}, changes=3)


def test_counts_of_several_customers_are_told_together(lake: Lake) -> None:
    rows = [
        event("a", feature="f", n=2),
        event("b", customer=2, feature="f", n=3),
        event("c", customer=2, event="login"),
    ]
    lake.accept(batch(*rows), writer="w1")
    lake.compact(METRICS, at=AT)
    assert lake.event_counts(1, 2, from_day=DAY, until_day=DAY + 1) == [
        EventCount(DAY, "login", None, 1), EventCount(DAY, "use", "f", 5),
    ]  # fmt: skip


def _without_digests(root: Path) -> None:
    """Make the manifest one of the time before digests were kept: what else is checked is seen behind them."""
    raw = json.loads((root / "manifest.json").read_text())
    raw["tables"] = {name: [file[:4] for file in files] for name, files in raw["tables"].items()}
    (root / "manifest.json").write_text(json.dumps(raw))


def test_check_names_a_missing_file_a_wrong_row_count_and_facts_that_differ(lake: Lake, tmp_path: Path) -> None:
    lake.accept(batch(event("a"), event("b", day=DAY + 1)), writer="w1")
    lake.compact(METRICS, at=AT)
    facts = tmp_path / "lake/facts/event/day=2023-01-01/1.parquet"
    whole = pq.read_table(facts, partitioning=None)
    pq.write_table(whole.set_column(4, "n", pa.array([2], pa.int64())), facts)
    assert lake.check() == [
        "facts/event/day=2023-01-01/1.parquet is damaged: its bytes are not those that were written"
    ]
    _without_digests(tmp_path / "lake")
    assert lake.check() == [f"day {DAY}: events weigh 1, facts 2"]
    pq.write_table(pa.concat_tables([whole, whole]), facts)
    assert lake.check() == ["facts/event/day=2023-01-01/1.parquet has 2 rows, the manifest says 1"]
    facts.unlink()
    assert lake.check() == ["facts/event/day=2023-01-01/1.parquet is missing"]


def test_a_reader_refuses_a_manifest_older_than_one_it_has_seen(lake: Lake, tmp_path: Path) -> None:
    lake.publish(1)
    lake.publish(2)
    assert lake.is_published(2)
    (tmp_path / "lake/manifest.json").unlink()
    manifest.commit(Folder(tmp_path / "lake"), lambda live: manifest.replace(live, dirty=(DAY,)))
    with pytest.raises(WentBackwards):
        lake.is_published(2)


def _nullable() -> pa.Schema:
    return pa.schema([field.with_nullable(True) for field in EVENT_SCHEMA])


def test_a_file_whose_bytes_changed_is_named_and_a_sound_lake_says_what_it_holds(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert lake.holdings() == Holdings(0, 0, 0, None, 0, Counts())
    lake.accept(batch(event("a"), event("b", day=DAY + 1)), writer="w1")
    assert lake.holdings().waiting == 1
    lake.compact(METRICS, at=AT)
    held = lake.holdings()
    assert (held.first_day, held.waiting, held.counts) == (DAY, 0, Counts(accepted=2, stored=2))
    assert held.files == len(list(tmp_path.glob("events/*/*"))) + len(list(tmp_path.glob("facts/*/*/*"))) == 6
    path = next(tmp_path.glob("events/day=2023-01-01/*.parquet"))
    sound = path.read_bytes()
    assert lake.check() == []
    path.write_bytes(sound[:10] + bytes([sound[10] ^ 1]) + sound[11:])
    assert lake.check() == ["events/day=2023-01-01/1.parquet is damaged: its bytes are not those that were written"]
    path.write_bytes(sound[:10])
    assert lake.check() == ["events/day=2023-01-01/1.parquet is damaged: it is no Parquet file any more"]
