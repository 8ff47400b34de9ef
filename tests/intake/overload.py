"""Much more than one machine takes, for a while, at a server that also shows pages (promise D6)."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.intake.served import ADMIN
from tests.site.process import ROOT, Served, made, perennial, until

from perennial.lake.store import Lake

PAGES = ("/healthz", "/sign-in", "/api/v1/customers")


@dataclass
class Shown:
    """What pages did meanwhile (seconds each; statuses that are not 200), and memory in MB at each page: of the largest
    process that answers, and of the worker."""

    took: list[float] = field(default_factory=list)
    odd: list[int] = field(default_factory=list)
    web: list[float] = field(default_factory=list)
    worker: list[float] = field(default_factory=list)

    @property
    def p99(self) -> float:
        return sorted(self.took)[int(len(self.took) * 0.99)]


class Overloaded:
    """`perennial serve` with its worker, and senders of two keys."""

    def __init__(self, folder: Path) -> None:
        self.home = made(folder / "home")
        self.keys = [self._key(name, "intake") for name in ("flood", "calm")]
        self._read = self._key("read", "read")
        self.served = Served(self.home)

    def _key(self, name: str, scope: str) -> str:
        done = perennial("key", "create", name, "--scope", scope, "--member", ADMIN, home=self.home)
        assert done.code == 0, done.err
        return done.out.strip()

    def flood(self, key: int, *, seconds: float, connections: int, size: int) -> subprocess.Popen[str]:
        numbers = (seconds, connections, size, f"k{key}")
        command = [sys.executable, "-m", "tests.intake.flood", str(self.served.port), self.keys[key]]
        return subprocess.Popen([*command, *map(str, numbers)], cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def watch(self, *senders: subprocess.Popen[str]) -> Shown:
        """Ask for pages as long as somebody sends."""
        shown, turn = Shown(), 0
        while any(sender.poll() is None for sender in senders):
            request = urllib.request.Request(f"http://127.0.0.1:{self.served.port}{PAGES[turn % len(PAGES)]}")
            request.add_header("Authorization", f"Bearer {self._read}")
            started = time.monotonic()
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    answer.read()
            except OSError as error:
                shown.odd.append(getattr(error, "code", 0))
            shown.took.append(time.monotonic() - started)
            worker = self.served.worker()
            shown.web.append(max(_memory(pid) for pid in self.served.tree() if pid != worker))
            shown.worker.append(_memory(worker))
            turn += 1
            time.sleep(0.1)
        return shown

    def drained(self, *, seconds: float) -> float:
        """Return after how long nothing waits in the inbox any more."""
        lake, started = Lake(self.home / "lake"), time.monotonic()
        until(lambda: not lake.is_waiting(), seconds=seconds)
        return time.monotonic() - started


def _memory(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def said(sender: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what a sender found when it was done."""
    out, _err = sender.communicate(timeout=120)
    assert sender.returncode == 0
    found: dict[str, Any] = json.loads(out)
    return found
