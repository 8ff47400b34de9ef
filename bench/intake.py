"""Durable intake over HTTP: how many events a second, how long an answer takes, and its CPU against the plain handler.

The server (2 processes) and the senders share the machine's cores. Every event is on disk before its answer.
"""

# ruff: noqa: S603 (runs this project's own commands)

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

BATCHES, BATCH, SINGLES = 1_500, 100, 6_000
ROOT = Path(__file__).resolve().parent.parent


def rows() -> Iterator[dict[str, Any]]:
    """Yield throughput in batches and one by one, p99 at half of it, and CPU per event ÷ the baseline's."""
    with tempfile.TemporaryDirectory(prefix="bench-intake-") as folder:
        key = _home(Path(folder))
        ours = _Server(_our_command(Path(folder)), key)
        ours.load(per_request=BATCH, connections=16, requests=64)  # identities known, as on any day but the first
        many = ours.load(per_request=BATCH, connections=16, requests=BATCHES)
        one = ours.load(per_request=1, connections=32, requests=SINGLES)
        half = int(many["a_second"] / BATCH / 2)
        calm = ours.load(per_request=BATCH, connections=16, requests=BATCHES // 2, rate=half)
        ours.end()
        plain = _Server(_plain_command(Path(folder)), key)
        least = plain.load(per_request=BATCH, connections=16, requests=BATCHES)
        plain.end()
    how = "client on the same machine"
    ratio = many["cpu_each"] / least["cpu_each"]
    yield _row("intake, batches of 100", round(many["a_second"]), "events/s", 15_000, how, at_least=True)
    each = f"{how}; {one['cpu_each'] * 1e6:.0f} µs CPU each"
    yield _row("intake, one event a request", round(one["a_second"]), "events/s", 1_500, each, at_least=True)
    yield _row("intake, p99 of the answer at half that load", round(calm["p99"], 1), "ms", 100, f"{half} batches/s")
    said = f"{many['cpu_each'] * 1e6:.0f} µs against {least['cpu_each'] * 1e6:.0f} µs (parse, append, fdatasync)"
    yield _row("intake, CPU per event ÷ plain handler", round(ratio, 2), "×", 3, said)


def _row(name: str, value: float, unit: str, reach: float, how: str, *, at_least: bool = False) -> dict[str, Any]:
    ok = value >= reach if at_least else value <= reach
    return {"name": name, "value": value, "unit": unit, "reach": reach, "ok": ok, "how": how}


def _home(folder: Path) -> str:
    run = [sys.executable, "-m", "perennial.site"]
    home = ["--home", str(folder / "home")]
    for command, given in (
        (["init", "--currency", "USD", "--timezone", "UTC"], ""),
        (["member", "create", "bench@example.com", "--role", "admin", "--password-stdin"], "a-long-password-1\n"),
    ):
        subprocess.run([*run, *command, *home], input=given, text=True, check=True, capture_output=True)
    made = [*run, "key", "create", "bench", "--scope", "intake", "--member", "bench@example.com", *home]
    return subprocess.run(made, check=True, capture_output=True, text=True).stdout.strip()


def _our_command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "perennial.site", "intake", "--home", str(folder / "home"), "--port"]


def _plain_command(folder: Path) -> list[str]:
    os.environ["APPEND_TO"] = str(folder / "appended")
    return [sys.executable, "-m", "gunicorn", "bench.baselines.append:application", "--workers", "2", "--threads", "32",
            "--worker-class", "gthread", "--log-level", "warning", "--no-control-socket", "--bind"]  # fmt: skip


class _Server:
    """A server as a process tree, whose CPU seconds are read from /proc."""

    def __init__(self, command: list[str], key: str) -> None:
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._key = key
        where = f"127.0.0.1:{self._port}" if command[-1] == "--bind" else str(self._port)
        self._process = subprocess.Popen([*command, where], cwd=ROOT, stderr=subprocess.DEVNULL)
        self._wait()

    def _wait(self) -> None:
        for _attempt in range(300):
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                time.sleep(1)
                return
        raise SystemExit("the server does not answer")

    def load(self, *, per_request: int, connections: int, requests: int, rate: int = 0) -> dict[str, float]:
        before = self._cpu()
        sent = subprocess.run(
            [sys.executable, "-m", "bench.sending", str(self._port), self._key,
             *map(str, (per_request, connections, requests, rate))],
            cwd=ROOT, check=True, capture_output=True, text=True,
        )  # fmt: skip
        found: dict[str, float] = json.loads(sent.stdout)
        events = found["requests"] * per_request
        return {**found, "a_second": events / found["seconds"], "cpu_each": (self._cpu() - before) / events}

    def _cpu(self) -> float:
        ticks = 0
        for pid in _below(self._process.pid):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)


def _below(pid: int) -> list[int]:
    found, wave = [pid], [pid]
    while wave:
        wave = [int(child) for parent in wave for task in Path(f"/proc/{parent}/task").iterdir()
                for child in (task / "children").read_text().split()]  # fmt: skip
        found += wave
    return found
