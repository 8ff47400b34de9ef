"""kill -9 of the whole intake under load: what was acknowledged is there once (promise D1)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.intake.kills import folded, under_kills
from tests.intake.served import Intake, basic


def test_no_acknowledged_event_is_lost_or_counted_twice(tmp_path: Path) -> None:
    intake = Intake(tmp_path)
    outcome = under_kills(intake, kills=4)
    intake.end()
    counts = folded(intake.home)
    assert outcome.kills == 4
    assert outcome.repeated > 0  # the kills hit somebody
    assert outcome.odd == []
    assert counts.stored == len(outcome.acknowledged) > 100
    assert counts.conflicts == 0
    assert counts.accepted == counts.stored + counts.duplicates


def test_the_count_sees_an_acknowledged_event_that_is_gone(tmp_path: Path) -> None:
    intake = Intake(tmp_path)
    outcome = under_kills(intake, kills=0)
    intake.end()
    next((intake.home / "lake" / "inbox").glob("*.parquet")).unlink()  # as a write without fsync after a power cut
    assert folded(intake.home).stored < len(outcome.acknowledged)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB; only root may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", disk], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("this user may not mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk_refuses_and_takes_again_once_there_is_room(tmp_path: Path, small_disk: Path) -> None:
    intake = Intake(tmp_path)
    inbox = intake.home / "lake" / "inbox"
    inbox.mkdir(parents=True)
    subprocess.run(["mount", "--bind", small_disk, inbox], check=True)
    try:
        acknowledged, refused = _until_full(intake)
        assert refused == 507
        assert not list(inbox.glob("*.tmp"))  # what could not be written takes no room
        first = min(inbox.glob("*.parquet"))
        kept = first.read_bytes()
        first.unlink()
        assert intake.send({"type": "track", "userId": "u", "event": "e"})["accepted"] == 1
        (tmp_path / first.name).write_bytes(kept)
    finally:
        intake.end()
        for path in inbox.glob("*.parquet"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
        subprocess.run(["umount", "-l", inbox], check=True)
    for path in tmp_path.glob("*.parquet"):
        (inbox / path.name).write_bytes(path.read_bytes())
    assert folded(intake.home).stored == acknowledged + 1


def _until_full(intake: Intake) -> tuple[int, int]:
    """Send until the answer is not 200; return how many events were acknowledged before, and that answer."""
    import secrets

    acknowledged = 0
    for turn in range(500):
        batch = [{"type": "track", "userId": "u", "event": "e", "messageId": f"{turn}-{place}",
                  "properties": {"x": secrets.token_hex(2_000)}} for place in range(50)]  # fmt: skip
        status = intake.call("/v1/batch", json.dumps({"batch": batch}).encode(), Authorization=basic(intake.key))[0]
        if status != 200:
            return acknowledged, status
        acknowledged += len(batch)
    raise AssertionError("the disk did not fill up")
