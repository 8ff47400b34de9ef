"""How many tracking calls one process answers at once: pages keep threads of their own, and one key leaves half of the
places to others while others come, and half of the events to those that find none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from perennial.intake.terms import RETRY_SECONDS, Refusal

CONTENDED_SECONDS = 2.0 * RETRY_SECONDS
"""So long after another key's last call the places are shared: it was told to come again after RETRY_SECONDS."""
KNOCKING_SECONDS = 0.25
"""So long after a refusal a key waits at the door; one that comes again later does not hold up others till then."""
MOST_AHEAD = 5_000
"""Events: what a key that did not want its half has to be given later is no more than this."""


class Slots:
    """The places of one process."""

    def __init__(self, most: int) -> None:
        self._most = max(1, most)
        self._lock = threading.Lock()
        self._busy: dict[str, int] = {}
        self._seen: dict[str, float] = {}
        self._refused: dict[str, float] = {}
        self._had: dict[str, int] = {}

    @contextmanager
    def taken(self, key: str) -> Iterator[Callable[[int], None]]:
        """Hold a place as long as the block runs, which is to say how many events it took. `key` tells senders apart,
        known or not.

        :raises Refusal: there is none now (429).
        """
        with self._lock:
            now = time.monotonic()
            if not self._has_room(key, now):
                self._refused[key] = now
                raise Refusal(429, "Too many requests at once. Send it again later.", retry_after=RETRY_SECONDS)
            self._refused.pop(key, None)
            self._busy[key] = self._busy.get(key, 0) + 1
        try:
            yield partial(self._count, key)
        finally:
            with self._lock:
                self._busy[key] -= 1
                if not self._busy[key]:
                    del self._busy[key]

    def _has_room(self, key: str, now: float) -> bool:
        self._see(key, now)
        most = max(1, self._most // 2) if len(self._seen) > 1 else self._most
        return (
            sum(self._busy.values()) < self._most
            and self._busy.get(key, 0) < most
            and not any(self._had.get(key, 0) > self._had[each] for each in self._refused if each in self._had)
        )

    def _see(self, key: str, now: float) -> None:
        """Note that a key comes, and forget those that come no more."""
        self._seen[key] = now
        self._seen = {each: at for each, at in self._seen.items() if now - at < CONTENDED_SECONDS}
        self._refused = {each: at for each, at in self._refused.items() if now - at < KNOCKING_SECONDS}
        self._had = {each: had for each, had in self._had.items() if each in self._seen}

    def _count(self, key: str, events: int) -> None:
        """Note what a key was given. Who is new begins level with the others; a stranger, who is given nothing, never
        does, and so holds up nobody."""
        if not events:
            return
        with self._lock:
            had = self._had[key] = self._had.get(key, max(self._had.values(), default=0)) + events
            self._had = {each: max(other, had - MOST_AHEAD) for each, other in self._had.items()}
