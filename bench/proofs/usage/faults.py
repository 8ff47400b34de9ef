"""D6 to D9: overload, broken lines, a failing disk, a clock that is set back."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.intake.clocks import BATCH, under_steps
from tests.intake.faulty_disk import face, is_sound
from tests.intake.kills import folded
from tests.intake.overload import Overloaded, said
from tests.intake.proxy import Proxy, send_all
from tests.intake.served import Intake

from bench.proofs.usage.figures import figure, found
from perennial.lake.store import Lake

SECONDS = float(os.environ.get("PERENNIAL_PROOF_SECONDS", "300"))
BATCHES, POINTS = 600, 100


def overload() -> Iterator[dict[str, Any]]:
    """Yield what became of a flood at a server that also shows pages; PERENNIAL_PROOF_SECONDS makes it shorter."""
    with tempfile.TemporaryDirectory(prefix="proof-usage-") as folder:
        server = Overloaded(Path(folder))
        senders = [server.flood(0, seconds=SECONDS, connections=64, size=500),
                   server.flood(1, seconds=SECONDS, connections=16, size=500)]  # fmt: skip
        shown = server.watch(*senders)
        told = [said(sender) for sender in senders]
        drained = server.drained(seconds=1800)
        server.served.end()
        totals = Lake(server.home / "lake").totals()
    accepted = sum(each["accepted"] for each in told)
    statuses = {status: sum(each["statuses"].get(status, 0) for each in told)
                for status in sorted({*told[0]["statuses"], *told[1]["statuses"]})}  # fmt: skip
    how = f"{SECONDS:.0f} s, 64 + 16 connections that never wait, batches of 500: answers {statuses}"
    odd = sum(count for status, count in statuses.items() if status not in ("200", "429", "503"))
    yield figure(
        "D6, accepted events that are not stored", abs(accepted - totals.stored), "events", 0, f"{how}; {totals}"
    )
    yield found("D6", abs(accepted + 500 - totals.stored), "one more batch said to be accepted")
    mute = odd + sum(each["mute"] + each["lost"] for each in told)
    yield figure("D6, refusals without Retry-After, other answers, lost connections", mute, "answers", 0, how)
    pages = f"{len(shown.took):,} pages meanwhile, {len(shown.odd)} of them failed; longest {max(shown.took):.2f} s"
    yield figure("D6, p99 of a page meanwhile", round(shown.p99, 2), "s", 2, pages)
    share = round(100 * told[0]["accepted"] / max(1, accepted), 1)
    yield figure(
        "D6, share of the key that floods while another waits",
        share,
        "%",
        50,
        f"{told[0]['accepted']:,} of {accepted:,}",
    )
    third = max(1, len(shown.web) // 3)
    for name, memory in (("web", shown.web), ("worker", shown.worker)):
        grown = max(memory[third:]) - max(memory[:third])
        least = f"{min(memory[:third]):.0f} at least in the first third, {min(memory[third:]):.0f} after it"
        how = f"peak {max(memory):.0f} MB; {least}"
        yield figure(f"D6, memory of the {name} after the first third", round(grown), "MB", 50, how)
    yield figure("D6, backlog drained after", round(drained), "s", SECONDS, "nothing waits in the inbox")


def lines() -> Iterator[dict[str, Any]]:
    """Yield what lines that break in five ways cost."""
    with tempfile.TemporaryDirectory(prefix="proof-usage-") as folder:
        intake = Intake(Path(folder))
        proxy = Proxy(intake.port, share=0.5)
        told = send_all(intake, proxy.port, batches=BATCHES)
        proxy.clear()
        started = time.monotonic()
        after = send_all(intake, proxy.port, batches=16)
        waited = time.monotonic() - started
        counts = folded(intake.home)
        careless = send_all(intake, Proxy(intake.port, share=0.5).port, batches=16, is_careless=True)
        intake.end()
        doubled = folded(intake.home).stored - counts.stored - len(careless.sent)
    how = f"{len(told.sent):,} events, faults {proxy.faults}, {told.repeated} requests repeated; {counts}"
    wrong = abs(len(told.sent) - counts.stored) + counts.accepted - counts.stored - counts.duplicates
    yield figure("D7, events lost or counted twice", wrong, "events", 0, how)
    yield figure("D7, answers that no sender should get", len(told.odd + after.odd), "answers", 0, how)
    yield figure(
        "D7, threads stuck once the line is whole", after.repeated, "requests", 0, f"16 batches in {waited:.1f} s"
    )
    yield found("D7", doubled, f"senders that make new ids double {doubled} events")


def disk() -> Iterator[dict[str, Any]]:
    """Yield what a disk that fails at 100 points cost."""
    with tempfile.TemporaryDirectory(prefix="proof-usage-") as folder:
        intake = Intake(Path(folder))
        faced = face(intake, count=POINTS)
        intake.end()
        sound, counts = is_sound(intake), folded(intake.home)
        next((intake.home / "lake" / "events").rglob("*.parquet")).unlink()
        fewer = len(Lake(intake.home / "lake").check())
    how = f"{faced.points} points (ENOSPC and EIO in six calls), {faced.felt} refused; {counts}"
    lost = abs(len(faced.acknowledged) - counts.stored) + counts.accepted - counts.stored - counts.duplicates
    yield figure("D8, acknowledged events lost or doubled", lost, "events", 0, how)
    yield figure("D8, answers other than 200, 503 and 507", len(faced.odd), "answers", 0, how)
    yield figure("D8, records broken or unfinished files left", int(not sound), "homes", 0, "integrity_check; inbox")
    yield figure(
        "D8, taken again without a restart after", round(faced.slowest, 1), "s", 5, "the slowest of all points"
    )
    yield found("D8", fewer, "a file of the lake taken away")


def clocks() -> Iterator[dict[str, Any]]:
    """Yield what a server's clock that is set back by an hour and forth under load changed."""
    with tempfile.TemporaryDirectory(prefix="proof-usage-") as folder:
        stepped = under_steps(Path(folder), batches=400, every=50)
    counts = stepped.counts
    how = f"{stepped.sent:,} events, 8 steps, {stepped.back:,} received while it was back; {counts}"
    wrong = abs(stepped.batches * BATCH - counts.stored) + abs(stepped.sent - counts.stored - counts.duplicates)
    wrong += len(stepped.days) - 1 + len(stepped.answers - {200})
    yield figure("D9, events lost, doubled or on another day", wrong, "events", 0, how)
    yield found("D9", stepped.back, "the steps reached the server: events carry the earlier time of receipt")
