"""RavenStack: its folder into an empty home, everything computed, the first page answered. Wall seconds and memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ON = "2024-12-31"
FILES = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "perennial.site.settings"
django.setup()
from perennial.site.start import place_static_files
place_static_files()
"""
PAGE = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "perennial.site.settings"
django.setup()
from django.test import Client
from perennial.members.models import Member
client = Client(SERVER_NAME="localhost")
client.force_login(Member.objects.get())
assert client.get("/customers").status_code == 200
"""


def rows() -> Iterator[dict[str, Any]]:
    """Yield the wall seconds of import + compute + first page, and the largest process's memory."""
    folder = os.environ.get("PERENNIAL_SAMPLE_DATA")
    if not folder:
        print("ravenstack: PERENNIAL_SAMPLE_DATA names no folder, not measured", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "PERENNIAL_HOME": home}
        perennial = [sys.executable, "-m", "perennial.site"]

        def run(*arguments: str, given: str | None = None) -> None:
            subprocess.run(  # noqa: S603 - our own command line
                [*perennial, *arguments], env=environment, input=given, text=True, check=True,
                stdout=subprocess.DEVNULL,
            )  # fmt: skip

        run("init", "--currency", "USD", "--timezone", "UTC")
        run(
            "member",
            "create",
            "bench@example.com",
            "--role",
            "admin",
            "--password-stdin",
            given="correct horse battery\n",
        )
        subprocess.run([sys.executable, "-c", FILES], env=environment, check=True)  # noqa: S603
        started = time.monotonic()
        run("import", str(Path(folder) / "ravenstack"))
        run("nightly", "--on", ON)
        subprocess.run([sys.executable, "-c", PAGE], env=environment, check=True)  # noqa: S603
        seconds = time.monotonic() - started
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    how = "cold: `perennial import` + `perennial nightly` + one process that answers /customers; wall, all processes"
    yield {"name": "ravenstack folder to first page", "value": round(seconds, 1), "unit": "s", "reach": 15,
           "ok": seconds <= 15, "how": how}  # fmt: skip
    yield {"name": "ravenstack peak memory", "value": round(megabytes), "unit": "MB", "reach": 700,
           "ok": megabytes <= 700, "how": "largest process, getrusage"}  # fmt: skip
