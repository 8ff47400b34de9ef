"""A power cut at any moment loses no acknowledged event, neither its row nor whose it is (promise D2)."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.intake.power import MODES, TRACED, Disk, Op, operations
from tests.intake.served import Intake
from tests.site.process import below, stop

REQUESTS, CUTS = 30, 8
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="no strace on this machine")


class Traced:
    """One run of an intake under strace: the home before it, what it asked of the disk, and what it acknowledged."""

    def __init__(self, folder: Path) -> None:
        intake = Intake(folder)
        intake.end()
        self.home = intake.home
        self.before = {str(path): path.read_bytes() for path in self.home.rglob("*") if path.is_file()}
        log = folder / "trace"
        command = ["strace", "-f", "-y", "-xx", "-s", "10000000", "-e", f"trace={TRACED}", "-o", str(log)]
        intake.start(before=command)
        for turn in range(REQUESTS):
            ids = [f"{turn}-{place}" for place in range(3)]
            intake.send(*({"type": "track", "userId": f"u{turn}", "event": each, "messageId": each} for each in ids))
        for pid in below(intake.process.pid):
            stop(pid, signal.SIGKILL)
        intake.process.wait()
        self.ops = operations(log, self.home)

    def lost(self, mode: str, ops: Sequence[Op], folder: Path, *, cuts: int) -> list[str]:
        """Cut the power at moments spread over the run; return what was missing after each cut."""
        chance = random.Random(7)
        answers = [place for place, op in enumerate(ops) if op.kind == "answer" and op.data == b"200"]
        assert len(answers) == REQUESTS
        moments = [*sorted(chance.sample(range(answers[0], len(ops)), cuts - 1)), len(ops) - 1]
        disk, faults = Disk(self.before), []
        for place, op in enumerate(ops):
            disk.ask(op)
            if place in moments:
                acknowledged = sum(answer <= place for answer in answers)
                target = folder / f"{mode}-{place}"
                for path, content in disk.after_cut(mode, chance).items():
                    file = target / Path(path).relative_to(self.home)
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(content)
                faults += [f"{mode} at {place}: {fault}" for fault in _missing(target, acknowledged)]
        return faults


def _missing(home: Path, acknowledged: int) -> list[str]:
    """Return what of the acknowledged requests is not there: rows of the inbox, their users and customers."""
    (home / "records.sqlite3-shm").unlink(missing_ok=True)
    with sqlite3.connect(home / "records.sqlite3") as records:
        if records.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            return ["the records are broken"]
        users = {row[0] for row in records.execute("SELECT id FROM perennial_productuser")}
        customers = {-row[0] for row in records.execute("SELECT id FROM perennial_unconfirmed")}
    rows = {row["event"]: row for path in (home / "lake" / "inbox").glob("*.parquet")
            for row in pq.read_table(path).to_pylist()}  # fmt: skip
    wanted = [f"{turn}-{place}" for turn in range(acknowledged) for place in range(3)]
    return [
        f"{each} is lost" if each not in rows else f"whose {each} was is lost"
        for each in wanted
        if each not in rows or rows[each]["user"] not in users or rows[each]["customer"] not in customers
    ]


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    return Traced(tmp_path_factory.mktemp("power"))


@needs_strace
@pytest.mark.parametrize("mode", MODES)
def test_what_was_acknowledged_survives_a_power_cut(tmp_path: Path, mode: str, traced: Traced) -> None:
    assert traced.lost(mode, traced.ops, tmp_path, cuts=CUTS) == []


@needs_strace
def test_the_model_sees_an_fsync_that_is_left_out(tmp_path: Path, traced: Traced) -> None:
    without = [op for op in traced.ops if op.kind != "sync" or "inbox" not in op.path]
    assert traced.lost("unsynced", without, tmp_path, cuts=3) != []
    careless = [replace(op, kind="") if op.kind == "sync" and op.path.endswith("-wal") else op for op in traced.ops]
    assert traced.lost("unsynced", careless, tmp_path, cuts=3) != []
