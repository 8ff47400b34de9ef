"""Start the child for one file and tell its end: a report, or the reason why there is none."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from perennial.integrations.imports.reading import limits
from perennial.integrations.imports.reading.terms import Code

_MODULE = "perennial.integrations.imports.reading.child"


def read_in_child(path: Path, into: Path, rules: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the child's report; where the child died, a report that refuses the file with the likeliest reason.

    `rules`: what a person said of this file (`manner.told`).

    The child knows none of our secrets: it gets no environment but the way to its own code.
    """
    into.mkdir(parents=True)
    (into / "rules.json").write_text(json.dumps(rules), encoding="utf-8")
    search = os.pathsep.join(entry for entry in sys.path if entry)
    said = into / "stderr"
    with said.open("wb") as errors:
        child = subprocess.Popen(  # noqa: S603 -- our own module, no shell
            [sys.executable, "-P", "-B", "-S", "-m", _MODULE, str(path.resolve()), str(into.resolve())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={"PYTHONPATH": search, "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8", "ARROW_DEFAULT_MEMORY_POOL": "system"},
            start_new_session=True,
            close_fds=True,
        )
        try:
            more = path.stat().st_size * limits.CHILD_WALL_SECONDS_PER_MEGABYTE / limits.MEGABYTE
            ended = child.wait(limits.CHILD_WALL_SECONDS + more)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            return {"refused": [{"code": Code.TOO_LONG}]}
    report = into / "report.json"
    if ended == 0 and report.exists():
        return dict(json.loads(report.read_text(encoding="utf-8")))
    return {"refused": [{"code": _reason(ended, said)}]}


def _reason(ended: int, said: Path) -> Code:
    if ended in (-signal.SIGXCPU, -signal.SIGKILL):
        return Code.TOO_LONG
    if ended == -signal.SIGXFSZ:
        return Code.TOO_LARGE
    words = said.read_bytes()[-4096:]
    out_of_memory = b"memory allocation of" in words or b"capacity overflow" in words or b"MemoryError" in words
    return Code.TOO_MUCH_MEMORY if out_of_memory else Code.READER_STOPPED
