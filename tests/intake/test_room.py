"""Memory is bounded and shared: one key finds half of the room, and another finds room while it floods (D6)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pyarrow as pa
from tests.lake.builders import batch, event

from perennial.intake.committer import Committer
from perennial.intake.terms import Refusal
from perennial.lake.terms import EVENT_SCHEMA

AT = datetime(2026, 3, 2, tzinfo=UTC)


def test_a_key_that_floods_takes_half_of_the_room_and_all_that_was_let_in_is_written() -> None:
    may_write, written = threading.Event(), list[int]()

    def slow_disk(rows: pa.Table) -> None:
        may_write.wait(30)
        written.append(rows.num_rows)

    committer = Committer(slow_disk, most_waiting=100)
    ten = batch(*(event(str(number)) for number in range(10)))
    columns = [ten[name].to_pylist() for name in EVENT_SCHEMA.names]

    def commit(key: int) -> int:
        try:
            committer.commit(key, columns)
        except Refusal as refusal:
            assert refusal.retry_after
            return refusal.status
        return 200

    with ThreadPoolExecutor(20) as pool:
        flood = [pool.submit(commit, 1) for _turn in range(12)]
        refused = [each for each in flood if _ends_soon(each)]
        other = [pool.submit(commit, 2) for _turn in range(3)]
        may_write.set()
        statuses = [each.result() for each in flood]
        assert [each.result() for each in other] == [200] * 3
    assert (statuses.count(200), statuses.count(429), len(refused)) == (5, 7, 7)
    assert sum(written) == 80


def _ends_soon(each: object) -> bool:
    from concurrent.futures import Future, TimeoutError

    assert isinstance(each, Future)
    try:
        each.result(timeout=1)
    except TimeoutError:
        return False
    return True
