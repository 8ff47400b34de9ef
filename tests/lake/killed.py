"""A process that works on a lake and is killed at its Nth step on disk: `python -m tests.lake.killed FOLDER N`; or
one whose object store kills it: `… FOLDER s3://bucket/prefix ENDPOINT`."""

import os
import signal
import sys
from pathlib import Path

from tests.lake.builders import AT, DAY, METRICS, batch, event, periods

from perennial.lake.storage.bucket import Bucket
from perennial.lake.storage.client import Client
from perennial.lake.storage.place import Place
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


def in_bucket(folder: str, address: str, endpoint: str) -> Lake:
    """Return a lake in an object store, whose server does the killing."""
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    return Lake(Bucket(Client(Place(bucket, prefix, "us-east-1", endpoint, "key", "secret")), Path(folder)))


if __name__ == "__main__":
    if sys.argv[2].startswith("s3://"):
        import_and_compute(in_bucket(*sys.argv[1:]))
    else:
        kill_at(sys.argv[1], int(sys.argv[2]))
        import_and_compute(Lake(Path(sys.argv[1])))
