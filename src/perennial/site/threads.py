"""Gunicorn's threads, with an end to the wait for a request's head: a few clients that never finish theirs would
otherwise hold every thread of a process."""

from __future__ import annotations

import os
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from perennial.intake.deadlines import deadlines

HEAD_SECONDS = 10.0
COUNT = "PERENNIAL_THREADS"


def count() -> int:
    """Return how many threads this process answers with; 1 where another server runs it."""
    return int(os.environ.get(COUNT, "1"))


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Threads that let go of a client whose request line and headers did not come in time."""

    def init_process(self) -> None:
        os.environ[COUNT] = str(self.cfg.threads)  # the application is loaded after this
        super().init_process()

    def handle(self, conn: TConn) -> Any:
        deadlines.begin(conn.sock, HEAD_SECONDS)
        try:
            return super().handle(conn)
        finally:
            deadlines.end(conn.sock)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        deadlines.end(conn.sock)  # what follows is the body, or the answer: the application knows how long
        return super().handle_request(req, conn)
