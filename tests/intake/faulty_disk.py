"""Faults of the disk at the Nth thing that a running intake asks of it, by strace (promise D8)."""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.intake.served import Intake, basic
from tests.site.process import below, until

CALLS = ("fsync", "fdatasync", "write", "pwrite64", "rename,renameat,renameat2", "ftruncate")
FAULTS = ("ENOSPC", "EIO")


def points(count: int) -> Iterator[tuple[str, str, int]]:
    """Yield (call, fault, the how manieth call of a process) so many times, spread over all of them."""
    for number in range(count):
        kind, which = number % (len(CALLS) * len(FAULTS)), 1 + number // (len(CALLS) * len(FAULTS))
        yield CALLS[kind // len(FAULTS)], FAULTS[kind % len(FAULTS)], which


@dataclass
class Faced:
    """What came of it: ids sent and acknowledged, bad messages sent, points, points that were felt, other answers."""

    acknowledged: set[str] = field(default_factory=set)
    rejected: int = 0
    points: int = 0
    felt: int = 0
    odd: list[int] = field(default_factory=list)
    slowest: float = 0.0


def face(intake: Intake, *, count: int) -> Faced:
    """Let the disk fail at so many points, a batch on its way at each; each sender repeats what was refused."""
    faced = Faced()
    worker = below(intake.process.pid)[-1]
    for number, (call, fault, which) in enumerate(points(count)):
        with _injected(worker, call, fault, which):
            first = _send(intake, number)
        faced.points += 1
        faced.felt += first != 200
        if first not in (200, 503, 507):
            faced.odd.append(first)
        started = time.monotonic()
        while _send(intake, number) != 200:  # the fault is over: no restart is needed
            assert time.monotonic() - started < 30, f"{call} {fault} {which} is not forgotten"
        faced.slowest = max(faced.slowest, time.monotonic() - started)
        faced.acknowledged.update(f"{number}-{place}" for place in range(5))
    return faced


@contextlib.contextmanager
def _injected(pid: int, call: str, fault: str, which: int) -> Iterator[None]:
    """Attach strace to a process; one call fails, at the Nth and every second one after it."""
    inject = f"inject={call}:error={fault}:when={which}+2"
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-p", str(pid), "-e", f"trace={call}", "-e", inject, "-o",
                               "/dev/null"], stderr=subprocess.PIPE, text=True)  # fmt: skip
    until(lambda: _is_traced(pid), seconds=20)
    try:
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait(timeout=20)


def _is_traced(pid: int) -> bool:
    with open(f"/proc/{pid}/status") as status:
        return any(line.startswith("TracerPid") and line.split()[1] != "0" for line in status)


def _send(intake: Intake, number: int) -> int:
    """Send five events of a user and a group that nobody knows yet: the lake and the records are both written."""
    message = {"type": "track", "userId": f"u{number}", "context": {"groupId": f"g{number}"}, "event": "e"}
    messages = [{**message, "messageId": f"{number}-{place}"} for place in range(5)]
    return intake.call("/v1/batch", json.dumps({"batch": messages}).encode(), Authorization=basic(intake.key))[0]


def is_sound(intake: Intake) -> bool:
    """Say whether the records are whole and no unfinished file takes room."""
    with sqlite3.connect(intake.home / "records.sqlite3") as records:
        (found,) = records.execute("PRAGMA integrity_check").fetchone()
    return found == "ok" and not list((intake.home / "lake" / "inbox").glob("*.tmp"))
