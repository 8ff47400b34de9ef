"""Group commit: what many requests bring becomes one durable file, and each is answered after the fsync.

A batch is written when the one before is on disk: at rest at once, under load as many as waited (usage.md, Inbox), and
those that come while another would take as long, because a file of five events costs as much as one of fifty.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from perennial.intake.terms import RETRY_SECONDS, Refusal
from perennial.lake.terms import EVENT_SCHEMA

MOST_AT_ONCE = 1_000
MOST_WAITING = 20_000
"""Events that may wait in one process; beyond it senders are asked to come again."""
BUSY = 2
"""Requests in the group before from which on the next one is gathered a moment longer."""
MOST_GATHERING_SECONDS = 0.02
"""A busy process gathers as long as its last file took, and no longer than this."""
WORTH_WRITING = 64
"""Events that are written without waiting for more."""
Columns = Sequence[Sequence[Any]]
"""One sequence a column of the lake's event schema."""


@dataclass(frozen=True)
class _Waiting:
    key: int
    columns: Columns
    size: int
    done: Future[None]


class Committer:
    """The one writer of a process. Memory is bounded: who finds it full is refused, and one key may not fill it."""

    def __init__(
        self,
        accept: Callable[[pa.Table], None],
        *,
        most_waiting: int = MOST_WAITING,
        gather: Callable[[float], None] = time.sleep,
    ) -> None:
        self._accept = accept
        self._gather = gather
        self._most = most_waiting
        self._changed = threading.Condition()
        self._waiting: list[_Waiting] = []
        self._of_key: dict[int, int] = {}
        self._process = 0

    def commit(self, key: int, columns: Columns) -> None:
        """Return once the events are durable.

        :raises Refusal: there is no room (429), or the disk refused them (507 full, 503 any other fault).
        """
        size = len(columns[0])
        if not size:
            return
        done: Future[None] = Future()
        with self._changed:
            self._start()
            if not self._has_room(key, size):
                raise Refusal(429, "Too many events at once. Send them again later.", retry_after=RETRY_SECONDS)
            self._waiting.append(_Waiting(key, columns, size, done))
            self._of_key[key] = self._of_key.get(key, 0) + size
            self._changed.notify()
        try:
            done.result()
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            text = "There is no room left on the disk." if full else "The events could not be stored."
            raise Refusal(507 if full else 503, text, retry_after=RETRY_SECONDS) from error

    def _has_room(self, key: int, size: int) -> bool:
        """One key may take half of the room, also while it is alone: who comes next finds the other half."""
        waiting = sum(self._of_key.values())
        mine = self._of_key.get(key, 0)
        return not waiting or (waiting + size <= self._most and (not mine or mine + size <= self._most // 2))

    def _start(self) -> None:
        """Start the writing thread on first use, in each process anew: threads do not survive a fork."""
        if self._process != os.getpid():
            self._process = os.getpid()
            threading.Thread(target=self._run, daemon=True, name="committer").start()

    def _run(self) -> None:
        before, took = 0, 0.0
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                few = sum(each.size for each in self._waiting) < WORTH_WRITING
            if few and before >= BUSY:
                self._gather(min(took, MOST_GATHERING_SECONDS))
            with self._changed:
                group = self._take()
            started = time.monotonic()
            self._write(group)
            before, took = len(group), time.monotonic() - started

    def _take(self) -> list[_Waiting]:
        size, count = 0, 0
        for each in self._waiting:
            if count and size + each.size > MOST_AT_ONCE:
                break
            size, count = size + each.size, count + 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group

    def _write(self, group: Sequence[_Waiting]) -> None:
        fault: BaseException | None = None
        try:
            self._accept(table_of([each.columns for each in group]))
        except BaseException as error:  # each waiting request has to hear of it; the thread goes on
            fault = error
        with self._changed:
            for each in group:
                left = self._of_key[each.key] - each.size
                self._of_key[each.key] = left
                if not left:
                    del self._of_key[each.key]
        for each in group:
            if fault is None:
                each.done.set_result(None)
            else:
                each.done.set_exception(fault)


def table_of(parts: Sequence[Columns]) -> pa.Table:
    """Return several requests' columns as one table in the lake's schema."""
    columns = [
        pa.array([value for part in parts for value in part[place]], field.type)
        for place, field in enumerate(EVENT_SCHEMA)
    ]
    return pa.Table.from_arrays(columns, schema=EVENT_SCHEMA)
