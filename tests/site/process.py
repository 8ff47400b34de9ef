"""The real command in processes of its own, with a home of its own: what a script and an operator see."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.home import HOME

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a-long-password-1"


@dataclass(frozen=True)
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return the one JSON value that stands on stdout."""
        assert self.code == 0, self.err
        return json.loads(self.out)


def perennial(*arguments: str | Path, home: Path | None = None, stdin: str = "", **variables: str) -> Done:
    """Run one command to its end."""
    where = ["--home", str(home)] if home else []
    done = subprocess.run(
        [sys.executable, "-m", "perennial.site", *map(str, arguments), *where],
        input=stdin, capture_output=True, text=True, env=environment(**variables), timeout=120, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


def environment(**variables: str) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PERENNIAL_", "DJANGO_", "DATABASE_"))
    }
    return {**kept, "PYTHONPATH": str(ROOT / "src"), **variables}


def made(home: Path, **variables: str) -> Path:
    """Make a home with an admin; return it. Made once, then copied: dozens of tests begin with one."""
    if variables:
        return _made(home, **variables)
    first = HOME / "made"
    if not first.exists():
        _made(first)
    shutil.copytree(first, home)
    return home


def _made(home: Path, **variables: str) -> Path:
    assert perennial("init", "--currency", "USD", "--timezone", "Asia/Shanghai", home=home, **variables).code == 0
    add = perennial("member", "create", "admin@example.com", "--role", "admin", "--password-stdin", home=home,
                    stdin=PASSWORD + "\n", **variables)  # fmt: skip
    assert add.code == 0, add.err
    return home


class Served:
    """`perennial serve --with-worker`, as a process tree."""

    def __init__(self, home: Path, **variables: str) -> None:
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [sys.executable, "-m", "perennial.site", "serve", "--with-worker", "--processes", "1"]
        command += ["--port", str(self.port), "--home", str(home)]
        self.process = subprocess.Popen(command, env=environment(**variables), stderr=subprocess.DEVNULL)
        until(lambda: self.status("/healthz") == 200, seconds=60)

    def status(self, path: str) -> int | None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def tree(self) -> list[int]:
        """Return every process below (and with) the one that was started."""
        return [self.process.pid, *below(self.process.pid)]

    def worker(self) -> int:
        """Return the worker's process."""
        return next(pid for pid in below(self.process.pid) if command_of(pid).endswith("perennial.site\0worker\0"))

    def kill(self) -> None:
        """End everything with SIGKILL at once, as a power switch does."""
        for pid in self.tree():
            stop(pid, signal.SIGKILL)
        self.process.wait()

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


def below(pid: int) -> list[int]:
    """Return the processes below one, through /proc."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, wave = list[int](), [pid]
    while wave:
        wave = [child for child, parent in parents.items() if parent in wave]
        found += wave
    return found


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    """Say whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def stop(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def until(holds: Callable[[], object], *, seconds: float) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
