"""Senders that never give up against an intake that is killed again and again, and the count of what came of it."""

from __future__ import annotations

import json
import random
import signal
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.intake.served import Intake, basic
from tests.site.process import below, stop

from perennial.lake.store import Lake
from perennial.lake.terms import Counts


@dataclass
class Outcome:
    """What happened: messages acknowledged, requests repeated, kills, the longest restart in seconds, other answers."""

    acknowledged: set[str] = field(default_factory=set)
    repeated: int = 0
    kills: int = 0
    slowest_restart: float = 0.0
    odd: list[int] = field(default_factory=list)


def under_kills(intake: Intake, *, kills: int, senders: int = 4, seed: int = 7) -> Outcome:
    """Kill the whole process group `kills` times under load, each time at another moment; return what happened."""
    outcome, over, chance = Outcome(), threading.Event(), random.Random(seed)
    threads = [threading.Thread(target=_send, args=(intake, line, outcome, over)) for line in range(senders)]
    for thread in threads:
        thread.start()
    for _kill in range(kills):
        time.sleep(chance.uniform(0.2, 1.2))
        for pid in [intake.process.pid, *below(intake.process.pid)]:
            stop(pid, signal.SIGKILL)
        intake.process.wait()
        started = time.monotonic()
        intake.start()
        outcome.slowest_restart = max(outcome.slowest_restart, time.monotonic() - started)
        outcome.kills += 1
    time.sleep(1)
    over.set()
    for thread in threads:
        thread.join()
    return outcome


def _send(intake: Intake, line: int, outcome: Outcome, over: threading.Event) -> None:
    """Send batches of five; one without an acknowledgement is sent again with the same ids until it has one."""
    turn = 0
    while not over.is_set():
        ids = [f"{line}-{turn}-{place}" for place in range(5)]
        body = json.dumps(
            {"batch": [{"type": "track", "userId": f"u{line}", "event": "e", "messageId": each,
                        "timestamp": "2026-03-02T08:00:00Z"} for each in ids]}
        ).encode()  # fmt: skip
        while (status := intake.call("/v1/batch", body, Authorization=basic(intake.key))[0]) != 200:
            outcome.repeated += 1
            if status not in (0, 503, 507):
                outcome.odd.append(status)
            time.sleep(0.05)
        outcome.acknowledged.update(ids)
        turn += 1


def folded(home: Path) -> Counts:
    """Fold the inbox; return what became of all that arrived. Every file is checked against the manifest."""
    lake = Lake(home / "lake")
    lake.compact((), at=datetime.now(UTC))
    assert lake.check() == []
    return lake.totals()
