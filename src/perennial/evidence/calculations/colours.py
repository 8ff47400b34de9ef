"""What red and green were worth: lead time, false reds, false greens (analytics 1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from perennial.evidence.calculations.intervals import Estimate, share


@dataclass(frozen=True, slots=True)
class Warned:
    """How early a colour told: of those that left, how many were red at some time before, and the median of days
    between the first red and the due day (None where none was)."""

    lost: int
    warned: int
    median_days: float | None


def lead_time(first_red_days: Sequence[float | None]) -> Warned:
    """Return it for the lost: days from the first red to the due day of each, None who was never red.
    (120, None, 30, 90): 3 of 4, 90 days."""
    days = [one for one in first_red_days if one is not None]
    return Warned(len(first_red_days), len(days), float(median(days)) if days else None)


def share_lost(bands: Sequence[str], lost: Sequence[bool], band: str) -> tuple[int, int, Estimate | None]:
    """Return of those with a band how many were lost, how many they were, and the share with Wilson's interval.

    Of green these are the false greens; of red the others are the false reds.
    """
    of = [gone for one, gone in zip(bands, lost, strict=True) if one == band]
    return sum(of), len(of), share(sum(of), len(of))


@dataclass(frozen=True, slots=True)
class Ruled:
    """A veto held against what happened: how often it was met, how many of those were lost (their share with Wilson's
    interval, None where nobody met it), and how many of all that were lost it missed."""

    met: int
    right: int
    share: Estimate | None
    missed: int


def ruled(met: Sequence[bool], lost: Sequence[bool]) -> Ruled:
    """Return it. Met [1, 1, 0, 0], lost [1, 0, 1, 0]: met twice, right once, one loss missed."""
    right = sum(one and gone for one, gone in zip(met, lost, strict=True))
    return Ruled(sum(met), right, share(right, sum(met)), sum(lost) - right)


def first_red(days: Sequence[tuple[int, str | None]]) -> int | None:
    """Return how many days before the decision the first red was, None where none was: (days before, colour) of each
    week, None where the customer was not scored, in any order."""
    return max((before for before, band in days if band == "red"), default=None)
