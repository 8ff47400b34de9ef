"""A disk that fails at any step is a refusal and not a loss, and is forgotten without a restart (D8, its short form;
the full disk itself is in test_kills.py)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.intake.faulty_disk import CALLS, FAULTS, face, is_sound
from tests.intake.kills import folded
from tests.intake.served import Intake


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace on this machine")
def test_a_fault_of_any_write_is_refused_with_503_or_507_and_loses_nothing(tmp_path: Path) -> None:
    intake = Intake(tmp_path)
    faced = face(intake, count=len(CALLS) * len(FAULTS))
    intake.end()
    assert faced.odd == []
    assert faced.felt >= 4  # the faults hit somebody
    assert is_sound(intake)
    counts = folded(intake.home)
    assert counts.stored == len(faced.acknowledged)
    assert counts.accepted == counts.stored + counts.duplicates
