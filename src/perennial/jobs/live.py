"""Live: what arrived counts within seconds. Folds it, and brings its customers' values, health, rows and items in step.

The same steps as the night's, for the customers that the events touched; the night does the whole day again. What needs
a whole run first (a new day, another scorecard, an import) gets one.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from perennial.health import actions as health
from perennial.jobs import nightly
from perennial.kernel.organisation.queries import NotInitialised, house
from perennial.playbooks import actions as playbooks
from perennial.reports import portfolio
from perennial.usage import actions as usage
from perennial.usage import queries as usage_reads

log = logging.getLogger("perennial.worker")
EVERY = timedelta(seconds=2)
AFTER_A_FAULT = timedelta(minutes=1)
REST = 1
"""After each pass the worker is free for so many times as long as it took: half of one core at most."""


class Live:
    """The passes of one worker: when the next one is due, and whether one failed, which a whole run makes good: what it
    had folded waits no more."""

    def __init__(self) -> None:
        self.next_at: datetime | None = None
        self.owes = False

    def step(self, *, at: datetime) -> bool:
        """Bring everything in step with what arrived, where a pass is due and something did; return whether it was."""
        if self.next_at is not None and at < self.next_at:
            return False
        if not self.owes and not usage_reads.is_waiting():
            self.next_at = at + EVERY
            return False
        started, rest = time.monotonic(), EVERY
        try:
            catch_up(at=at, whole=self.owes)
            self.owes = False
        except Exception:  # the boundary of the process: what a pass raises must not end the worker
            log.exception("what arrived could not be brought in; a whole run follows")
            rest, self.owes = AFTER_A_FAULT, True
        self.next_at = at + max(rest, (1 + REST) * timedelta(seconds=time.monotonic() - started))
        return True


def catch_up(*, at: datetime, whole: bool = False) -> None:
    """Fold what arrived and bring its customers (`whole`: all) in step with the present day. Safe to run twice."""
    try:
        on = house().today(at)
    except NotInitialised:
        return
    if whole:
        nightly.run(on, at=at)
        return
    ids = usage.bring_up_to(on, at=at).customers
    if ids is None or not health.rescore(on, ids, at=at):
        nightly.run(on, at=at)
        return
    portfolio.measure(on, at=at, customer_ids=ids)
    playbooks.plan_today(on, at=at, customer_ids=ids)
