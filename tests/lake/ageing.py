"""A process that lets events age in a lake and is killed at its Nth step on disk: `… FOLDER N`."""

import sys
from pathlib import Path

from tests.lake.builders import AT, DAY, METRICS, batch, event
from tests.lake.killed import kill_at

from perennial.lake.store import Lake

KEPT = DAY + 45
"""The first day that is kept: within February, the second of three months."""


def filled(root: Path) -> Lake:
    """Return a lake with a use on every third day of 120 days, and on each such day the same event with another
    content, which is kept aside."""
    lake = Lake(root)
    days = range(DAY, DAY + 120, 3)
    lake.accept(batch(*(event(str(day), day=day, user=1 + day % 2, n=2) for day in days)), writer="w1")
    lake.compact(METRICS, at=AT)
    lake.accept(batch(*(event(str(day), day=day, n=3) for day in days)), writer="w1")
    lake.compact(METRICS, at=AT)
    return lake


def age(lake: Lake) -> None:
    """Do what a night does."""
    lake.retention.expire(KEPT)
    lake.compact(METRICS, at=AT)


if __name__ == "__main__":
    kill_at(sys.argv[1], int(sys.argv[2]))
    age(Lake(Path(sys.argv[1])))
