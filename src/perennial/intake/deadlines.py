"""How long a request may take to arrive: who is too slow is cut off, so that no thread waits for a client forever.

A timeout of the socket alone does not do: a client that sends a byte now and then begins it anew each time.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

LOOK_SECONDS = 0.5


class Deadlines:
    """One thread of a process watches the sockets that somebody reads from."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[socket.socket, float] = {}
        self._process = 0

    def begin(self, client: socket.socket, seconds: float) -> None:
        """Let nothing more come from a client after so many seconds; a read then answers as if it had hung up."""
        with self._lock:
            if self._process != os.getpid():  # threads do not survive a fork
                self._process = os.getpid()
                self._until.clear()
                threading.Thread(target=self._watch, daemon=True, name="deadlines").start()
            self._until[client] = time.monotonic() + seconds

    def end(self, client: socket.socket) -> None:
        """Say that all has come, or that nobody waits any more."""
        with self._lock:
            self._until.pop(client, None)

    @contextmanager
    def within(self, client: socket.socket, seconds: float) -> Iterator[None]:
        """Hold a deadline as long as the block reads."""
        self.begin(client, seconds)
        try:
            yield
        finally:
            self.end(client)

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            now = time.monotonic()
            with self._lock:  # held over the shutdown: a socket that was let go of may be another's by then
                for client in [client for client, until in self._until.items() if until < now]:
                    del self._until[client]
                    with contextlib.suppress(OSError):
                        client.shutdown(socket.SHUT_RD)


deadlines = Deadlines()
