"""The worker: claims jobs, keeps their lease alive, starts reactions and recurring work, until it is told to stop."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError, close_old_connections, connection

from perennial.jobs import failures, reactions, schedule
from perennial.jobs.failures import Reached
from perennial.jobs.handlers import HANDLERS
from perennial.jobs.live import Live
from perennial.kernel.organisation import stamp
from perennial.kernel.queue import actions as queue
from perennial.kernel.queue.actions import Cancelled, Claim, LostLease, PermanentFailure

log = logging.getLogger("perennial.worker")
PAUSE_SECONDS = 0.5
BEATS_PER_LEASE = 4


def now() -> datetime:
    """Return the clock's instant: the one place of the jobs that reads it."""
    return datetime.now(UTC)


class Worker:
    """One worker process. `run` returns after SIGTERM or SIGINT, or when its parent died."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.live = Live()

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopping.set())
        parent = os.getppid()
        while not self.stopping.is_set() and os.getppid() == parent:
            close_old_connections()
            if not self.step():
                self.stopping.wait(PAUSE_SECONDS)

    def step(self) -> bool:
        """Do the next thing; return whether there was one."""
        at = now()
        schedule.enqueue_due(at=at)
        reacted = reactions.dispatch(at=at)
        claimed = queue.claim(at=at)
        if claimed is not None:
            perform(claimed)
        stamp.keep(None)
        return self.live.step(at=now()) or bool(reacted or claimed)


def perform(claimed: Claim) -> None:
    """Run one claimed job to its end: done, failed, put back, or cancelled."""
    handler = HANDLERS.get(claimed.kind)
    if handler is None:
        queue.fail(claimed, error=f"Unknown kind of job: {claimed.kind}", at=now(), again=False)
        return
    reached = Reached()
    try:
        stamp.keep(None)  # a job reads the configuration that is in force when it begins
        with _heartbeat(claimed):
            result: Mapping[str, Any] | None = handler(claimed, _reporter(claimed, reached), now())
        queue.finish(claimed, result=result, at=now())
    except Cancelled:
        queue.cancel(claimed, at=now())
    except LostLease:
        log.warning("job %s was taken over by another worker", claimed.id)
    except PermanentFailure as failure:
        queue.fail(claimed, error=str(failure), at=now(), again=False)
    except Exception as error:  # the boundary of the process: whatever a job raises must not end the worker
        log.exception("job %s (%s) failed", claimed.id, claimed.kind)
        connection.close()
        queue.fail(claimed, error=failures.told(claimed.kind, claimed.id, error, reached), at=now(), again=True)


def _reporter(claimed: Claim, reached: Reached) -> Any:
    last = [0.0]

    def report(done: int, total: int | None = None, text: str = "") -> None:
        reached.done, reached.total, reached.text = done, total, text
        if time.monotonic() - last[0] < 0.3 and done != total:
            return
        last[0] = time.monotonic()
        queue.progress(claimed, done=done, total=total, text=text, at=now())

    return report


@contextmanager
def _heartbeat(claimed: Claim) -> Any:
    over = threading.Event()

    def beat() -> None:
        while not over.wait(queue.lease().total_seconds() / BEATS_PER_LEASE):
            try:
                queue.beat(claimed, at=now())
            except LostLease:
                break
            except DatabaseError:  # somebody holds the records for long: the next beat comes before the lease ends
                log.warning("job %s could not prolong its lease", claimed.id)
        connection.close()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
