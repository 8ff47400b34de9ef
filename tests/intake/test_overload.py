"""Overload: what was accepted is stored, the rest is told to come again, pages still come (D6, its short form; without
its timings, which `./run proof usage` measures)."""

from __future__ import annotations

from pathlib import Path

from tests.intake.overload import Overloaded, said

from perennial.lake.store import Lake


def test_a_flood_is_stored_or_told_to_come_again_and_pages_are_shown(tmp_path: Path) -> None:
    server = Overloaded(tmp_path)
    senders = [
        server.flood(0, seconds=5, connections=24, size=500),
        server.flood(1, seconds=5, connections=2, size=50),
    ]
    shown = server.watch(*senders)
    flood, calm = (said(sender) for sender in senders)
    server.drained(seconds=90)
    server.served.end()
    assert set(flood["statuses"]) | set(calm["statuses"]) <= {"200", "429", "503"}
    assert (flood["mute"], shown.odd) == (0, [])
    assert min(flood["accepted"], calm["accepted"]) > 0
    accepted = flood["accepted"] + calm["accepted"]
    assert Lake(server.home / "lake").totals().stored == accepted
