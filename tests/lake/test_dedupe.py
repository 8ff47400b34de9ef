"""One event per id, the first accepted, within thirty days; accepted = stored + duplicates + conflicts, always."""

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.lake.builders import AT, DAY, METRICS, batch, event

from perennial.lake.store import Lake
from perennial.lake.terms import CONTENT, Counts, Subject, Tombstone


def _folded(lake: Lake, *batches: pa.Table) -> Counts:
    for given_batch in batches:
        lake.accept(given_batch, writer="w1")
    counts = lake.compact(METRICS, at=AT).counts
    assert lake.check() == []
    return counts


def _weights(lake: Lake) -> list[tuple[int, int]]:
    return [(e.day - DAY, e.n) for e in lake.events(1, from_day=DAY - 400, until_day=DAY + 400)]


def test_the_same_event_twice_counts_once_in_one_batch_and_in_two(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    again = event("a", received_at=AT + timedelta(days=3), source="other", import_id=9)
    assert _folded(lake, batch(event("a"), event("a")), batch(again)) == Counts(accepted=3, stored=1, duplicates=2)
    assert _weights(lake) == [(0, 1)]


def test_the_same_event_after_a_compaction_changes_nothing(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    _folded(lake, batch(event("a"), event("b", day=DAY + 1)))
    assert _folded(lake, batch(event("a"), event("b", day=DAY + 1))) == Counts(accepted=2, duplicates=2)
    assert _weights(lake) == [(1, 1), (0, 1)]


def test_other_content_under_the_same_id_is_kept_as_a_conflict(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    later = AT + timedelta(seconds=1)
    assert _folded(lake, batch(event("a", n=2, received_at=later), event("a", n=1))) == Counts(2, 1, 0, 1)
    assert _weights(lake) == [(0, 1)]
    assert lake.rejected()["n"].to_pylist() == [2]
    assert lake.rejected()["received_at"].to_pylist() == [later]


def test_every_column_of_the_content_makes_a_conflict_and_no_other_does(tmp_path: Path) -> None:
    first = event("a", user=1, feature="f", value="1", props="{}")
    other = {
        "customer": 2,
        "user": None,
        "event": "login",
        "feature": None,
        "ts": AT,
        "n": 2,
        "value": None,
        "props": '{"a": 1}',
    }
    assert set(other) == set(CONTENT)
    for column, value in other.items():
        lake = Lake(tmp_path / column)
        changed = first | {column: value, "received_at": AT + timedelta(seconds=1)}
        assert _folded(lake, batch(first, changed)) == Counts(accepted=2, stored=1, conflicts=1), column


@pytest.mark.parametrize(
    ("apart", "timed", "verdict"),
    [(60, True, "duplicates"), (61, True, "conflicts"), (9000, False, "duplicates")],
)
def test_a_message_sent_again_is_the_same_though_its_clock_was_corrected_or_it_had_no_time(
    tmp_path: Path, apart: int, timed: bool, verdict: str
) -> None:
    later = AT + timedelta(seconds=apart)
    first = event("a") | {"ts": AT, "received_at": AT - timedelta(seconds=9 if timed else 0)}
    again = event("a") | {"ts": later, "received_at": later + timedelta(seconds=9 if timed else 0)}
    assert _folded(Lake(tmp_path / "sent"), batch(first, again)) == Counts(2, 1, **{verdict: 1})
    rows = [one | {"import_id": 1} for one in (first, again)]
    assert _folded(Lake(tmp_path / "imported"), batch(*rows)) == Counts(2, 1, conflicts=1)


def test_the_same_conflict_sent_again_is_a_duplicate_of_it(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    both = batch(event("a", n=1), event("a", n=2), event("a", n=2))
    assert _folded(lake, both) == Counts(accepted=3, stored=1, duplicates=1, conflicts=1)
    assert _folded(lake, both) == Counts(accepted=3, duplicates=3)
    assert lake.rejected().num_rows == 1


def test_the_first_accepted_wins_even_where_it_is_folded_later_and_on_another_day(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    _folded(lake, batch(event("a", day=DAY + 2, received_at=AT + timedelta(minutes=1))))
    counts = _folded(lake, batch(event("a", day=DAY, received_at=AT)))
    assert counts == Counts(accepted=1, stored=0, conflicts=1)
    assert _weights(lake) == [(0, 1)]
    assert lake.totals() == Counts(accepted=2, stored=1, conflicts=1)
    assert lake.event_days()[1].last_day == DAY


def test_an_id_is_free_again_more_than_thirty_days_away(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    near = event("a", day=DAY + 30, received_at=AT + timedelta(seconds=1))
    far = event("a", day=DAY + 31, received_at=AT + timedelta(seconds=2))
    assert _folded(lake, batch(event("a")), batch(near)) == Counts(accepted=2, stored=1, conflicts=1)
    assert _folded(lake, batch(far)) == Counts(accepted=1, stored=1)
    assert _weights(lake) == [(31, 1), (0, 1)]


def test_an_imported_rows_id_is_its_sources_key_and_never_free_again(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    rows = [
        event("a", import_id=1, day=DAY + 300),
        event("a", import_id=1, day=DAY, received_at=AT + timedelta(microseconds=1)),
    ]
    assert _folded(lake, batch(*rows)) == Counts(accepted=2, stored=1, conflicts=1)
    again = event("a", import_id=2, day=DAY + 150, received_at=AT + timedelta(days=400))
    assert _folded(lake, batch(again)) == Counts(accepted=1, conflicts=1)
    assert _weights(lake) == [(300, 1)]


def test_a_far_away_event_of_the_same_id_survives_when_its_day_is_rewritten_for_another_reason(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    far = event("a", day=DAY + 20 * 5)
    _folded(lake, batch(event("a"), event("x", user=7), far))
    lake.erase([Tombstone(Subject.USER, 7)])
    assert _folded(lake, batch(far)) == Counts(accepted=1, stored=-1, duplicates=1, erased=1)
    assert _weights(lake) == [(100, 1), (0, 1)]


def test_a_conflict_is_not_shown_to_its_customer_while_its_inbox_file_lives_on(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    _folded(lake, batch(event("a"), event("a", customer=2, received_at=AT + timedelta(seconds=1))))
    assert lake.events(2, from_day=DAY, until_day=DAY + 1) == []


def test_counts_are_kept_by_import(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.stage(1, 0, batch(event("a", import_id=1), event("b", import_id=1)))
    lake.stage(2, 0, batch(event("a", import_id=2, received_at=AT + timedelta(days=1)), event("c", import_id=2)))
    lake.publish(1)
    lake.publish(2)
    assert _folded(lake) == Counts(accepted=4, stored=3, duplicates=1)
    assert lake.import_counts(1) == Counts(accepted=2, stored=2)
    assert lake.import_counts(2) == Counts(accepted=2, stored=1, duplicates=1)


sent = st.tuples(
    st.sampled_from("ab"),  # the message
    st.integers(0, 70),  # its day
    st.integers(1, 2),  # its weight
    st.integers(0, 5),  # whether it is followed by a compaction
)


@settings(max_examples=12, deadline=None)
@given(st.lists(sent, min_size=1, max_size=9))
def test_any_stream_in_order_of_acceptance_comes_out_as_a_plain_recount(
    tmp_path_factory: pytest.TempPathFactory, stream: list[tuple[str, int, int, int]]
) -> None:
    lake = Lake(tmp_path_factory.mktemp("lake"))
    kept: list[tuple[str, int, int]] = []
    rejected: set[tuple[str, int, int]] = set()
    duplicates = 0
    for second, (message, day, n, pause) in enumerate(stream):
        lake.accept(batch(event(message, day=DAY + day, n=n, received_at=AT + timedelta(seconds=second))), writer="w1")
        if pause == 0:
            lake.compact(METRICS, at=AT)
        winner = next((k for k in kept if k[0] == message and abs(k[1] - day) <= 30), None)
        if winner is None:
            kept.append((message, day, n))
        elif winner == (message, day, n) or (message, day, n) in rejected:
            duplicates += 1
        else:
            rejected.add((message, day, n))
    lake.compact(METRICS, at=AT)
    assert lake.totals() == Counts(len(stream), len(kept), duplicates, len(rejected))
    assert sorted(_weights(lake)) == sorted((day, n) for _, day, n in kept)
    assert lake.check() == []
