"""The same id sent again counts once, however it comes again (promise D3)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pyarrow.dataset as ds
import pytest
from tests.intake.sending import SEEN_BY_ALL_THREADS, Sending, track

from perennial.intake.terms import ID_LENGTH
from perennial.lake.latest import Wanted
from perennial.lake.terms import REPEAT_WINDOW_DAYS, Counts, day_number
from perennial.usage.lake import definitions, lake

pytestmark = SEEN_BY_ALL_THREADS
IDS = ["m" * 101, "m" * ID_LENGTH, "订单-42", "\u00e9", "e\u0301", "😀" * 100, "a b\tc", "\0"]
"""Long ones, ones in other scripts; the é once as one character and once as two, which are two ids."""


def folded(now: datetime) -> Counts:
    """Fold; return what became of everything, which the charts, the live page and the Parquet files have to show."""
    lake().compact(definitions(), at=now)
    counts = lake().totals()
    assert lake().check() == []
    assert counts.accepted == counts.stored + counts.duplicates + counts.conflicts
    customers = list(lake().event_days())
    first, last = day_number(now.date()) - 400, day_number(now.date()) + 400
    assert sum(each.n for each in lake().event_counts(*customers, from_day=first, until_day=last)) == counts.stored
    assert sum(len(lake().events(one, from_day=first, until_day=last)) for one in customers) == counts.stored
    files = sorted(str(path) for path in (lake()._root.folder / "events").rglob("*.parquet"))
    assert ds.dataset(files[-1:]).count_rows() <= counts.stored
    return counts


def test_a_batch_that_comes_again_counts_once_before_and_after_it_is_folded(web: Sending, now: datetime) -> None:
    sent = [track(number, userId=f"u{number % 3}") for number in range(40)]
    web.send(*sent)
    web.send(*sent[:2])
    assert folded(now) == Counts(42, 40, 2)
    web.send(*sent[2:4])
    assert folded(now) == Counts(44, 40, 4)


def test_an_id_twice_in_one_batch_and_from_eight_threads_at_once_counts_once(web: Sending, now: datetime) -> None:
    web.send(track(0), track(0), track(0))
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda _turn: web.send(track(1), track(2)), range(8)))
    assert [verdict.accepted for verdict in verdicts] == [2] * 8
    assert folded(now) == Counts(19, 3, 16)


def test_ids_that_are_long_or_in_any_script_are_known_again(web: Sending, now: datetime) -> None:
    for _turn in range(2):
        assert web.send(*(track(0, messageId=each) for each in IDS)).accepted == len(IDS)
    assert folded(now) == Counts(2 * len(IDS), len(IDS), len(IDS))


def test_another_content_under_a_known_id_is_a_conflict_that_can_be_seen(web: Sending, now: datetime) -> None:
    web.send(track(1))
    web.send(track(1, event="Something Else"), at=now + timedelta(seconds=1))
    assert folded(now) == Counts(2, 1, 0, 1)
    assert lake().rejected()["event"].to_pylist() == ["Something Else"]
    web.send(track(1, event="Something Else"), at=now + timedelta(seconds=2))
    assert folded(now) == Counts(3, 1, 1, 1)
    with lake().arrivals() as arrivals:
        assert sum(not each.is_repeat for each in arrivals.newest(Wanted(), limit=10)) == 1


@pytest.mark.parametrize("has_time", [True, False])
def test_the_window_of_thirty_days_holds_and_ends(web: Sending, now: datetime, has_time: bool) -> None:
    message = track(1) if has_time else {key: value for key, value in track(1).items() if key != "timestamp"}
    web.send(message)
    folded(now)
    web.send(message, at=now + timedelta(days=REPEAT_WINDOW_DAYS))
    assert folded(now) == Counts(2, 1, 1)
    web.send(message, at=now + timedelta(days=REPEAT_WINDOW_DAYS + 1))
    # One that names its time is the same message for ever; one that does not happened when it came.
    assert folded(now) == (Counts(3, 1, 2) if has_time else Counts(3, 2, 1))
