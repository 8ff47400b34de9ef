"""kill -9 at any step on disk: a reader sees all or nothing of it, and doing it again ends as if nothing had been."""

import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from tests.lake.builders import AT, DAY, METRICS, batch, event
from tests.lake.killed import import_and_compute

from perennial.lake import manifest
from perennial.lake.storage.folder import Folder
from perennial.lake.store import Lake
from perennial.lake.terms import Counts

ROOT = Path(__file__).resolve().parents[2]
STRIDE = 7


def test_a_kill_at_any_step_leaves_the_old_state_or_the_new(tmp_path: Path) -> None:
    before = tmp_path / "before"
    lake = Lake(before)
    lake.accept(batch(event("a")), writer="w1")
    lake.compact(METRICS, at=AT)
    killed = 0
    for step in range(1, 1000, STRIDE):
        root = tmp_path / f"step{step}"
        shutil.copytree(before, root)
        child = subprocess.run(
            [sys.executable, "-m", "tests.lake.killed", str(root), str(step)],
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
            check=False,
        )
        _is_sound_and_can_be_finished(root)
        if child.returncode == 0:
            break
        assert child.returncode == -signal.SIGKILL
        killed += 1
    assert killed >= 5


def _is_sound_and_can_be_finished(root: Path) -> None:
    lake = Lake(root)
    assert lake.check() == []
    assert [e.day for e in lake.events(1, from_day=DAY, until_day=DAY + 2)] in ([DAY], [DAY + 1, DAY, DAY])
    frozen = lake.read_days("metrics", from_day=DAY, until_day=DAY + 2)
    assert frozen.num_rows in (0, 1)
    import_and_compute(lake)
    assert lake.check() == []
    assert lake.totals() == Counts(accepted=3, stored=3)
    assert lake.import_counts(1) == Counts(accepted=2, stored=2)
    assert lake.read_days("metrics", from_day=DAY, until_day=DAY + 2)["days_since_last"].to_pylist() == [0]
    lake.compact(METRICS, at=AT + timedelta(days=1))
    live = {file.path for files in manifest.read(Folder(root)).tables.values() for file in files}
    assert {str(path.relative_to(root)) for path in root.rglob("*.parquet")} == live


def test_data_files_without_their_manifest_are_not_there_and_are_swept(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.accept(batch(event("a")), writer="w1")
    lake.compact(METRICS, at=AT)
    old = (tmp_path / "manifest.json").read_bytes()
    lake.accept(batch(event("b")), writer="w1")
    lake.compact(METRICS, at=AT)
    # As if the second compaction had been killed one moment before its commit.
    (tmp_path / "manifest.json").write_bytes(old)
    lake = Lake(tmp_path)
    assert lake.check() == []
    assert lake.totals() == Counts(accepted=1, stored=1)
    assert len(lake.events(1, from_day=DAY, until_day=DAY + 1)) == 2  # the second still waits in the inbox
    assert lake.compact(METRICS, at=AT).counts == Counts(accepted=1, stored=1)
    assert lake.check() == []
