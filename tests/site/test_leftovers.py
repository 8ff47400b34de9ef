"""What killed work leaves behind is removed by the next; what is still going on is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.site.process import environment, made, perennial, until

from perennial.site import leftovers

HOLD = """
import sys, time
from pathlib import Path
from perennial.site import leftovers
with leftovers.held(Path(sys.argv[1]), ".backup-") as folder:
    (folder / "half").write_text("x" * 1000)
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    """Return a process in the middle of its work in tmp_path."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], env=environment(), stdout=subprocess.PIPE,
                               text=True)  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def test_a_folder_is_gone_when_its_work_is_done(tmp_path: Path) -> None:
    with leftovers.held(tmp_path, ".backup-") as folder:
        (folder / "half").write_text("x")
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_work_that_goes_on_keeps_its_folder_and_killed_work_loses_it(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert leftovers.clear(tmp_path) == []
    [folder] = tmp_path.iterdir()
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert folder.exists()
    assert leftovers.clear(tmp_path) == [folder]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_another_name_or_one_just_made_stays(tmp_path: Path) -> None:
    (tmp_path / "backup-of-mine").mkdir()
    (tmp_path / ".backup-fresh").mkdir()
    (tmp_path / ".backup-file").write_text("")
    old = tmp_path / ".restore-old"
    old.mkdir()
    os.utime(old, (0, 0))
    assert leftovers.clear(tmp_path) == [old]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".backup-file", ".backup-fresh", "backup-of-mine"]


@pytest.mark.parametrize("by", ["backup", "start"])
def test_a_killed_backup_is_cleared_up_by_the_next_one_and_by_a_start(by: str, tmp_path: Path) -> None:
    home, target = made(tmp_path / "home"), tmp_path / "files"
    target.mkdir()
    command = [sys.executable, "-m", "perennial.site", "backup", str(target / "b.tar.gz"), "--home", str(home)]
    slow = {"PYTHONPATH": f"{_slow(tmp_path)}:{environment()['PYTHONPATH']}"}
    process = subprocess.Popen(command, env=environment(**slow))
    until(lambda: any(home.glob(".backup-*")) and any(target.glob(".backup-*/*/backup.tar.gz")), seconds=30)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert list(home.glob(".backup-*")) and list(target.glob(".backup-*")) and not (target / "b.tar.gz").exists()
    if by == "backup":
        assert perennial("backup", target / "b.tar.gz", home=home).code == 0
        assert [path.name for path in target.iterdir()] == ["b.tar.gz"]
    else:
        assert perennial("init", "--currency", "USD", "--timezone", "Asia/Shanghai", home=home).code == 0
    assert not list(home.glob(".backup-*"))


def _slow(folder: Path) -> Path:
    """Return a folder whose sitecustomize makes reading for a backup's pack last, so that it can be killed there."""
    place = folder / "slow"
    place.mkdir()
    (place / "sitecustomize.py").write_text(
        "import sys, tarfile, time\n"
        "if 'backup' in sys.argv:\n"
        "    add = tarfile.TarFile.addfile\n"
        "    tarfile.TarFile.addfile = lambda *a, **k: (add(*a, **k), time.sleep(60))[0]\n"
    )
    return place
