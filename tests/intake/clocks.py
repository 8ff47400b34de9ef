"""A server whose clock is set back and forth while events come (promise D9)."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.intake.kills import folded
from tests.intake.kinds import good
from tests.intake.served import Intake, basic
from tests.site.process import ROOT

from perennial.lake.terms import Counts

BATCH = 10


@dataclass
class Stepped:
    """What was sent in how many batches, the answers, how many rows were received an hour ago, and the days."""

    batches: int
    sent: int = 0
    back: int = 0
    answers: set[int] = field(default_factory=set)
    days: set[int] = field(default_factory=set)
    counts: Counts = field(default_factory=Counts)


def under_steps(folder: Path, *, batches: int, every: int) -> Stepped:
    """Send batches, some of them again five batches later, and set the clock back or right after each `every`."""
    clock = folder / "clock"
    clock.write_text("0")
    intake = Intake(folder)
    intake.end()
    intake.variables = {"CLOCK_FILE": str(clock), "PYTHONPATH": f"{Path(__file__).parent / 'clock'}:{ROOT / 'src'}"}
    intake.start()
    found = Stepped(batches)
    for turn in range(batches):
        if turn % every == every // 2:
            clock.write_text("-3600" if clock.read_text() == "0" else "0")
            time.sleep(0.3)  # until the processes looked
        for each in {turn, max(0, turn - 5)}:
            messages = [json.loads(good(each * BATCH + place)) for place in range(BATCH)]
            body = json.dumps({"batch": messages}).encode()
            found.answers.add(intake.call("/v1/batch", body, Authorization=basic(intake.key))[0])
            found.sent += BATCH
    rows = intake.events()
    found.back = sum(row["received_at"] < datetime.now(UTC) - timedelta(minutes=50) for row in rows)
    found.days = {row["day"] for row in rows}
    intake.end()
    found.counts = folded(intake.home)
    return found
