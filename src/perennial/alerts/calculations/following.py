"""When an alert of a fall is over (a pure rule, so that its page can say it)."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

BACK = 0.9
QUIET = 0.2
LAST = 3


def is_back(recent: Sequence[float | None], usual: float) -> bool:
    """Return whether the median of the last three known weeks reaches 90 % of what was usual at the alarm."""
    known = [one for one in recent[-LAST:] if one is not None]
    return len(known) == LAST and median(known) >= BACK * usual


def end_of(recent: Sequence[float | None], usual: float, p: float | None, usual_now: float | None) -> str:
    """Return why an alert is over, "" while it is not: `recovered`, or `usual` where nothing is unusual any more
    (p ≥ .2) because what is usual has sunk below 90 % of what it was."""
    if is_back(recent, usual):
        return "recovered"
    if p is None or usual_now is None or p < QUIET:
        return ""
    return "usual" if usual_now < BACK * usual else "recovered"
