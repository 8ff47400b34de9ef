"""What a figure was measured on."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from datetime import UTC, datetime


def pace() -> float:
    """Return the CPU seconds of ten million sums in Python: what a figure's seconds are to be read against, since the
    same virtual machine is twice as fast in one hour as in another."""
    started, total = time.process_time(), 0
    for number in range(10_000_000):
        total += number * number
    return time.process_time() - started


def line() -> str:
    """Return machine, interpreter, date and commit in one line."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 - git from the PATH of whoever measures
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return (
        f"{pace():.2f} s for ten million sums, "
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit or 'unknown'}"
    )
