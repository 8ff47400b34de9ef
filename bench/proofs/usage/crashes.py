"""D1 and D2: an acknowledged event survives a crash of the process and a power cut.

D1: the whole process group is killed 200 times under load, senders repeat what was not acknowledged with the same ids.
D2: the power goes at 200 moments in each of three ways, modelled on what strace saw the processes ask of the disk.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.intake.kills import folded, under_kills
from tests.intake.power import MODES
from tests.intake.served import Intake
from tests.intake.test_power import Traced

KILLS = CUTS = 200


def power_cuts() -> Iterator[dict[str, Any]]:
    """Yield what 200 power cuts lost, in each of three ways."""
    with tempfile.TemporaryDirectory(prefix="proof-usage-") as folder:
        traced = Traced(Path(folder) / "run")
        for mode in MODES:
            lost = len(traced.lost(mode, traced.ops, Path(folder) / mode, cuts=CUTS))
            how = f"{CUTS} cuts among {len(traced.ops):,} operations; records and inbox"
            yield {"name": f"D2, lost to a power cut, {mode}", "value": lost, "unit": "events", "reach": 0,
                   "ok": lost == 0, "how": how}  # fmt: skip


def kills() -> Iterator[dict[str, Any]]:
    """Yield what 200 kills lost and doubled, and the longest restart."""
    with tempfile.TemporaryDirectory(prefix="proof-usage-") as folder:
        intake = Intake(Path(folder))
        outcome = under_kills(intake, kills=KILLS)
        intake.end()
        counts = folded(intake.home)
    sent = len(outcome.acknowledged)
    how = f"{outcome.kills} kills, {sent:,} events acknowledged, {outcome.repeated} requests repeated; {counts}"
    doubled = counts.accepted - counts.stored - counts.duplicates - counts.conflicts
    for name, value, unit, reach in (
        ("D1, acknowledged events lost", max(0, sent - counts.stored), "events", 0),
        ("D1, events that were never sent, or counted twice", max(0, counts.stored - sent) + doubled, "events", 0),
        ("D1, answers other than 200, 503 and 507", len(outcome.odd), "answers", 0),
        ("D1, slowest restart", round(outcome.slowest_restart, 1), "s", 5),
    ):
        yield {"name": name, "value": value, "unit": unit, "reach": reach, "ok": value <= reach, "how": how}
