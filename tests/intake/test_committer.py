"""Group commit: what comes in while a file is written, and a moment later, shares the next file."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event

import pyarrow as pa

from perennial.intake.committer import BUSY, WORTH_WRITING, Columns, Committer

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)


def columns(*numbers: int) -> Columns:
    size = len(numbers)
    return [
        [number.to_bytes(16, "big") for number in numbers], [1] * size, [2] * size, ["e"] * size, [None] * size,
        [AT] * size, [20_514] * size, [1] * size, [None] * size, [None] * size, [AT] * size, ["events"] * size,
        [None] * size,
    ]  # fmt: skip


class Disk:
    """Keeps the ids of each file; each write waits until it is let through."""

    def __init__(self) -> None:
        self.files: list[list[int]] = []
        self.began, self.go = Event(), Event()

    def accept(self, batch: pa.Table) -> None:
        self.began.set()
        assert self.go.wait(10)
        self.files.append([int.from_bytes(one, "big") for one in batch["event_id"].to_pylist()])


class Sending:
    """Requests in threads of their own, of which it is known when they wait."""

    def __init__(self, committer: Committer) -> None:
        self.pool = ThreadPoolExecutor(max_workers=16)
        self.committer = committer

    def __call__(self, *numbers: int) -> Future[None]:
        waiting = len(self.committer._waiting)
        sent = self.pool.submit(self.committer.commit, 1, columns(*numbers))
        while len(self.committer._waiting) == waiting and not sent.done():
            pass
        return sent


def test_after_a_busy_file_the_next_one_takes_what_comes_while_it_is_gathered() -> None:
    disk, gathering, go_on = Disk(), Event(), Event()

    def gather(_seconds: float) -> None:
        gathering.set()
        assert go_on.wait(10)

    committer = Committer(disk.accept, gather=gather)
    sent = [Sending(committer).pool.submit(committer.commit, 1, columns(1))]
    assert disk.began.wait(10)
    send = Sending(committer)
    sent += [send(number) for number in range(2, 2 + BUSY)]
    disk.go.set()
    for one in sent:
        one.result(10)
    assert not gathering.is_set()  # the file before them had one request
    late = [send.pool.submit(committer.commit, 1, columns(20))]
    assert gathering.wait(10)
    late.append(send(21))
    go_on.set()
    for one in late:
        one.result(10)
    assert disk.files == [[1], list(range(2, 2 + BUSY)), [20, 21]]


def test_many_events_are_written_without_waiting_for_more() -> None:
    disk = Disk()

    def gather(_seconds: float) -> None:
        raise AssertionError("enough was there")

    committer = Committer(disk.accept, gather=gather)
    send = Sending(committer)
    sent = [send.pool.submit(committer.commit, 1, columns(1))]
    assert disk.began.wait(10)
    sent += [send(number) for number in range(2, 2 + BUSY)]
    disk.go.set()
    for one in sent:
        one.result(10)
    send.pool.submit(committer.commit, 1, columns(*range(100, 100 + WORTH_WRITING))).result(10)
    assert [len(file) for file in disk.files] == [1, BUSY, WORTH_WRITING]
