"""Runs every check in one go and says at the end what was skipped and why. `./run test` calls it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
NO_TESTS = 5
"""What pytest says where the arguments choose no test: those of another lane."""
_one_at_a_time = threading.Lock()
Step = tuple[str, list[str], dict[str, str]]
"""A name, a command, and what its environment has besides."""


def short_steps() -> list[Step]:
    python, no_home = sys.executable, {"PERENNIAL_HOME": str(ROOT / ".check-home")}
    return [
        ("format", [str(BIN / "ruff"), "format", "--check", "--quiet", "."], {}),
        ("lint", [str(BIN / "ruff"), "check", "--quiet", "."], {}),
        ("types", [str(BIN / "mypy")], no_home),
        ("layers", [str(BIN / "lint-imports")], {}),
        ("migrations", [python, "-m", "django", "makemigrations", "--check", "--dry-run"],
         {**no_home, "DJANGO_SETTINGS_MODULE": "perennial.site.settings"}),
        ("words", [python, "words.py", "check"], {}),
    ]  # fmt: skip


def lanes(arguments: list[str]) -> list[list[Step]]:
    """Return the tests in two lanes of about the same length, for two cores, and the short steps beside them, while the
    first lane waits for processes; a lane does one step after the other.

    Only what touches the records differs between the databases: `tests/conftest.py` leaves the rest out on PostgreSQL,
    and the lake's tests, which touch none, run where the time is.
    """
    pytest = [sys.executable, "-m", "pytest", *arguments]
    postgres: list[Step] = [("tests on PostgreSQL", [*pytest, "-m", "not browser"], {"TEST_ON": "postgres"})]
    return [
        short_steps(),
        [("tests on SQLite", [*pytest, "-m", "not browser and not lake"], {"TEST_ON": "sqlite"})],
        [*(postgres if os.environ.get("TEST_DATABASE_URL") else []),
         ("tests in a browser", [*pytest, "-m", "browser"], {"TEST_ON": "sqlite"}),
         ("tests of the lake", [*pytest, "-m", "lake"], {"TEST_ON": "sqlite"})],
    ]  # fmt: skip


def skipped() -> list[str]:
    return (
        [
            text
            for variable, text in (
                ("TEST_DATABASE_URL", "tests on PostgreSQL: TEST_DATABASE_URL is not set"),
                ("PERENNIAL_SAMPLE_DATA", "tests on the sample data: PERENNIAL_SAMPLE_DATA is not set"),
            )
            if not os.environ.get(variable)
        ]
        + spark_missing()
        + (
            []
            if shutil.which("strace")
            else ["power cuts and faults of a disk: no strace (Debian: apt-get install strace)"]
        )
        + ([] if chromium() else ["browser tests: no Chromium on this machine (Debian: apt-get install chromium)"])
    )


def spark_missing() -> list[str]:
    """Return why the tests on Spark are skipped, if they are."""
    if importlib.util.find_spec("pyspark") is not None and shutil.which("java"):
        return []
    return ["tests on Spark: pyspark (./run proof spark fetches it, 456 MB) and Java 17 are not both on this machine"]


def chromium() -> str | None:
    """Return the path of Debian's Chromium, None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def main(arguments: list[str]) -> int:
    with ThreadPoolExecutor() as pool:
        done = pool.map(lambda lane: [_run(step, few=bool(arguments)) for step in lane], lanes(arguments))
        failed = [name for lane in done for names in lane for name in names]
    for text in skipped():
        print(f"skipped: {text}")
    print(f"failed: {', '.join(failed)}" if failed else "every check passed")
    return 1 if failed else 0


def _run(step: Step, *, few: bool = False) -> list[str]:
    """Run a step and print what it said once it is over; return its name where it failed. `few`: of chosen tests."""
    name, command, extra = step
    started = time.monotonic()
    print(f"── {name} …", flush=True)
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **extra}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)  # fmt: skip
    nothing_chosen = done.returncode == NO_TESTS and few
    verdict = "ok" if done.returncode == 0 else "no such test" if nothing_chosen else f"FAILED ({done.returncode})"
    with _one_at_a_time:
        sys.stdout.buffer.write(done.stdout)
        print(f"   {name}: {verdict} after {time.monotonic() - started:.0f} s", flush=True)
    return [] if done.returncode == 0 or nothing_chosen else [name]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
