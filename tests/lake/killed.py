"""A process that works on a lake and is killed at its Nth step on disk: `python -m tests.lake.killed FOLDER N`."""

import os
import signal
import sys
from pathlib import Path

from tests.lake.builders import AT, DAY, METRICS, batch, event, periods

from perennial.lake.store import Lake


def import_and_compute(lake: Lake) -> None:
    """Do what an import and a nightly run do: stage, publish, fold, freeze a day."""
    if not lake.is_published(1):
        lake.stage(1, 0, batch(event("b", import_id=1)))
        lake.stage(1, 1, batch(event("c", day=DAY + 1, import_id=1)))
        lake.publish(1)
    lake.compact(METRICS, at=AT)
    rows = lake.metrics_asof(METRICS, periods(1), DAY + 1)
    lake.write_days("metrics", rows, from_day=DAY + 1, until_day=DAY + 2, at=AT)


def kill_at(folder: str, step: int) -> None:
    """Send this process SIGKILL when it opens, makes or renames its Nth thing in the folder."""
    seen = 0

    def watch(name: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if name in ("open", "os.mkdir", "os.rename") and str(arguments[0]).startswith(folder):
            seen += 1
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


if __name__ == "__main__":
    kill_at(sys.argv[1], int(sys.argv[2]))
    import_and_compute(Lake(Path(sys.argv[1])))
