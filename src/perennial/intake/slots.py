"""How many tracking calls one process answers at once: pages keep threads of their own, and one key leaves half of the
places to others while others come."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from perennial.intake.terms import RETRY_SECONDS, Refusal

CONTENDED_SECONDS = 2.0 * RETRY_SECONDS
"""So long after another key's last call the places are shared: it was told to come again after RETRY_SECONDS."""


class Slots:
    """The places of one process."""

    def __init__(self, most: int) -> None:
        self._most = max(1, most)
        self._lock = threading.Lock()
        self._busy: dict[str, int] = {}
        self._seen: dict[str, float] = {}

    @contextmanager
    def taken(self, key: str) -> Iterator[None]:
        """Hold a place as long as the block runs. `key` tells senders apart, known or not.

        :raises Refusal: there is none now (429).
        """
        with self._lock:
            if not self._has_room(key):
                raise Refusal(429, "Too many requests at once. Send it again later.", retry_after=RETRY_SECONDS)
            self._busy[key] = self._busy.get(key, 0) + 1
        try:
            yield
        finally:
            with self._lock:
                self._busy[key] -= 1
                if not self._busy[key]:
                    del self._busy[key]

    def _has_room(self, key: str) -> bool:
        now = time.monotonic()
        self._seen[key] = now
        self._seen = {each: at for each, at in self._seen.items() if now - at < CONTENDED_SECONDS}
        most = max(1, self._most // 2) if len(self._seen) > 1 else self._most
        return sum(self._busy.values()) < self._most and self._busy.get(key, 0) < most
