"""Lines that break: after the fault and the senders' repeats the counts are exact, and no thread is stuck (D7)."""

from __future__ import annotations

from pathlib import Path

from tests.intake.kills import folded
from tests.intake.proxy import Proxy, send_all
from tests.intake.served import Intake


def test_broken_lines_cost_repeats_and_never_an_event(tmp_path: Path) -> None:
    intake = Intake(tmp_path)
    proxy = Proxy(intake.port, share=0.5)
    told = send_all(intake, proxy.port, batches=30)
    proxy.clear()
    after = send_all(intake, proxy.port, batches=8)  # the same ids: nothing new; and nobody waits for a stuck thread
    proxy.close()
    assert min(proxy.faults.values()) > 0 and told.repeated > 0
    assert (told.odd, after.odd, after.repeated) == ([], [], 0)
    counts = folded(intake.home)
    assert (counts.stored, counts.conflicts) == (len(told.sent), 0)
    assert counts.accepted == counts.stored + counts.duplicates
    careless = Proxy(intake.port, share=0.5)
    doubled = send_all(intake, careless.port, batches=8, is_careless=True)
    careless.close()
    intake.end()
    assert folded(intake.home).stored - counts.stored > len(doubled.sent)  # the count sees what they double
