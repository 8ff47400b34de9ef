"""Runs every check in one go and says at the end what was skipped and why. `./run test` calls it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
POSTGRES = "tests on PostgreSQL"
Step = tuple[str, list[str], dict[str, str]]
"""A name, a command, and what its environment has besides."""


def steps(arguments: list[str]) -> list[Step]:
    python, no_home = sys.executable, {"PERENNIAL_HOME": str(ROOT / ".check-home")}
    pytest = [python, "-m", "pytest", *arguments]
    found = [
        ("format", [str(BIN / "ruff"), "format", "--check", "--quiet", "."], {}),
        ("lint", [str(BIN / "ruff"), "check", "--quiet", "."], {}),
        ("types", [str(BIN / "mypy")], no_home),
        ("layers", [str(BIN / "lint-imports")], {}),
        ("migrations", [python, "-m", "django", "makemigrations", "--check", "--dry-run"],
         {**no_home, "DJANGO_SETTINGS_MODULE": "perennial.site.settings"}),
        ("words", [python, "words.py", "check"], {}),
        ("tests on SQLite", pytest, {"TEST_ON": "sqlite"}),
    ]  # fmt: skip
    if os.environ.get("TEST_DATABASE_URL"):
        # Only what touches the records differs between the databases; the browser tests ran above.
        found.append((POSTGRES, [*pytest, "-m", "not browser"], {"TEST_ON": "postgres"}))
    return found


def skipped() -> list[str]:
    return [
        text
        for variable, text in (
            ("TEST_DATABASE_URL", "tests on PostgreSQL: TEST_DATABASE_URL is not set"),
            ("PERENNIAL_SAMPLE_DATA", "tests on the sample data: PERENNIAL_SAMPLE_DATA is not set"),
        )
        if not os.environ.get(variable)
    ] + ([] if chromium() else ["browser tests: no Chromium on this machine (Debian: apt-get install chromium)"])


def chromium() -> str | None:
    """Return the path of Debian's Chromium, None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def main(arguments: list[str]) -> int:
    failed = []
    *short, on_sqlite = (each for each in steps(arguments) if each[0] != POSTGRES)
    for step in short:
        failed += _run([step])
    # Each of the two keeps one core busy: side by side they take little more than the longer one.
    failed += _run([on_sqlite, *(each for each in steps(arguments) if each[0] == POSTGRES)])
    for text in skipped():
        print(f"skipped: {text}")
    print(f"failed: {', '.join(failed)}" if failed else "every check passed")
    return 1 if failed else 0


def _run(together: list[Step]) -> list[str]:
    """Run steps side by side, the first one's output as it comes, the others' after it; return those that failed."""
    started = time.monotonic()
    print(f"── {' · '.join(name for name, _command, _extra in together)}", flush=True)
    failed = []
    with ExitStack() as files:
        outputs = [None, *(files.enter_context(tempfile.TemporaryFile()) for _other in together[1:])]
        running = [
            subprocess.Popen(command, cwd=ROOT, env={**os.environ, **extra}, stdout=output, stderr=output)
            for (_name, command, extra), output in zip(together, outputs, strict=True)
        ]
        for (name, _command, _extra), process, output in zip(together, running, outputs, strict=True):
            code = process.wait()
            if output is not None:
                output.seek(0)
                sys.stdout.flush()
                shutil.copyfileobj(output, sys.stdout.buffer)
            verdict = "ok" if code == 0 else f"FAILED ({code})"
            print(f"   {name}: {verdict} after {time.monotonic() - started:.0f} s", flush=True)
            failed += [name] if code else []
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
