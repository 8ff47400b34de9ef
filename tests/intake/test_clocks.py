"""A server whose clock is set back while events come counts each once, on its day (promise D9, its short form)."""

from __future__ import annotations

from pathlib import Path

from tests.intake.clocks import BATCH, under_steps


def test_a_clock_set_back_and_right_again_changes_no_count_and_no_day(tmp_path: Path) -> None:
    found = under_steps(tmp_path, batches=40, every=10)
    assert found.answers == {200}
    assert 0 < found.back < found.sent  # the clock was back, and is right again
    assert (found.counts.stored, found.counts.conflicts) == (40 * BATCH, 0)
    assert found.sent == found.counts.stored + found.counts.duplicates
    assert len(found.days) == 1
