"""The nightly: from facts to daily values, health, portfolio rows and Today, for one day. Imports use these steps."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from typing import Any

from perennial.alerts import actions as alerts
from perennial.alerts import resting
from perennial.contracts import actions as contracts
from perennial.contracts import columns, watching
from perennial.contracts import queries as contract_reads
from perennial.evidence import shadows
from perennial.health import actions as health
from perennial.insights import checkpoints, freezing, learning
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.organisation.queries import house
from perennial.kernel.queue import actions as queue
from perennial.kernel.queue.actions import Claim, Report
from perennial.lifecycle import actions as lifecycle
from perennial.lifecycle import queries as lifecycle_reads
from perennial.playbooks import actions as playbooks
from perennial.privacy import retention
from perennial.reports import portfolio
from perennial.usage import actions as usage
from perennial.usage import own
from perennial.usage.terms import BACKFILL


class Night:
    """One night: its day, and what several steps read, read once."""

    def __init__(self, on: date, at: datetime) -> None:
        self.on = on
        self.at = at

    @cached_property
    def book(self) -> contract_reads.Book:
        """All contracts with the movements that the first step brought in step."""
        return contract_reads.Book.read()

    @cached_property
    def paying(self) -> set[int]:
        """Who pays on the day; where no contract is kept at all, everybody."""
        found = {customer for customer, one in self.book.standing(self.on).items() if one.mrr > 0}
        return found if found or self.terms.lines else set(self.terms.customers)

    @cached_property
    def terms(self) -> lifecycle_reads.Terms:
        """What stages are derived from, of all customers."""
        return lifecycle_reads.Terms.read(book=self.book)


STEPS: tuple[tuple[str, Callable[[Night], object]], ...] = (
    ("movements", lambda night: contracts.rebuild_movements(on=night.on)),
    ("approvals", lambda night: watching.watch(night.on, at=night.at)),
    ("lifecycle", lambda night: lifecycle.derive(night.on, at=night.at, terms=night.terms)),
    ("usage", lambda night: usage.bring_up_to(night.on, at=night.at, book=night.book)),
    ("health", lambda night: health.score_day(night.on, at=night.at, terms=night.terms)),
    ("alerts", lambda night: alerts.judge(night.on, at=night.at, paying=night.paying)),
    ("forecast", lambda night: learning.learn(night.on, at=night.at)),
    ("portfolio", lambda night: portfolio.rewrite(night.on, at=night.at, terms=night.terms)),
    ("today", lambda night: playbooks.plan_today(night.on, at=night.at)),
    ("checkpoints", lambda night: checkpoints.record(night.on, at=night.at)),
    ("shadow", lambda night: shadows.compare_due(night.on, at=night.at)),
    ("columns", lambda night: columns.make(at=night.at)),
)


def run(on: date, *, at: datetime, report: Report | None = None) -> dict[str, Any]:
    """Compute everything as of a day; return the seconds of each step. Safe to run twice.

    Events are folded aside while the first steps, which need none, are at work: `fold` is how long that took.
    At the end raw events go that are older than the retention period: everything of them is in the sums by then.
    """
    seconds: dict[str, Any] = {}
    night = Night(on, at)
    with _uncollected(), usage.folding(at=at) as fold:
        for number, (name, step) in enumerate(STEPS):
            if report is not None:
                report(number, len(STEPS), name)
            started = time.monotonic()
            step(night)
            seconds[name] = round(time.monotonic() - started, 3)
        seconds["fold"] = round(fold.result(), 3)
        retention.enforce(at=at)
    return {"on": on.isoformat(), "seconds": seconds}


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep Python from searching for cycles meanwhile: a night makes a million small rows and hardly a cycle, and every
    search would walk through all of them, for a sixth of the night's time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def move_to(on: date, *, by: int | None, at: datetime, report: Report | None = None) -> dict[str, Any]:
    """Make `on` the organisation's as-of day where it lies ahead of it, then compute it.

    An earlier day only has its own frozen rows computed again; the organisation stays where it is.
    """
    present = house().as_of_on
    if present is None or on >= present:
        organisation.move_as_of(on=on, by=by, at=at)
        told = run(on, at=at, report=report)
        freezing.freeze_week(on, at=at)
        return told
    usage.bring_up_to(on, at=at)
    health.score_day(on, at=at)
    return {"on": on.isoformat(), "frozen_rows_only": True}


def nightly(claim: Claim, report: Report, at: datetime) -> Mapping[str, Any]:
    """Job `nightly` and `recompute`: today, as the organisation counts it. Safe to run twice.

    A week's first night freezes its forecast; a recompute does not, which may stand between two files of one import.
    Where an own metric is computed otherwise since Perennial was renewed, its history is made anew afterwards.
    """
    if own.is_behind():
        queue.enqueue_once(BACKFILL, at=at)
    on = house().today(at)
    told = run(on, at=at, report=report)
    if claim.kind == "nightly":
        freezing.freeze_week(on, at=at)
    return told


def refresh(claim: Claim, _report: Report, at: datetime) -> None:
    """Job `refresh`: some customers' portfolio rows anew, and what they ask for on Today. Safe to run twice."""
    on, ids = house().today(at), claim.payload["customers"]
    resting.follow(on, at=at, customer_ids=ids)
    portfolio.rewrite(on, at=at, customer_ids=ids)
    playbooks.plan_today(on, at=at, customer_ids=ids)
