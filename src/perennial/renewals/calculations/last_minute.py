"""The last-minute index (M8): how much of a term's contacts fell into its last 90 days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from perennial.renewals.terms import FLAGGED_OVER, LAST_DAYS


@dataclass(frozen=True, slots=True)
class LastMinute:
    """Proactive contacts of a term up to a day: all of them, and those of its last 90 days."""

    last: int
    contacts: int

    @property
    def share(self) -> Fraction | None:
        """Return the index; None where nobody made a contact, which is worse and no ratio."""
        return Fraction(self.last, self.contacts) if self.contacts else None

    @property
    def is_flagged(self) -> bool:
        """Say whether the index is over the limit; exactly at it it is not."""
        return self.share is not None and self.share > FLAGGED_OVER


def last_minute(days: Sequence[date], starts_on: date, due_on: date, on: date) -> LastMinute | None:
    """Return the index of a term [starts_on, due_on) as of the end of `on`, from the days of its contacts; None before
    its last 90 days have begun, when none could lie in them."""
    begins = due_on - timedelta(days=LAST_DAYS)
    if on < begins:
        return None
    inside = [day for day in days if starts_on <= day < due_on and day <= on]
    return LastMinute(sum(day >= begins for day in inside), len(inside))


def together(found: Iterable[LastMinute]) -> LastMinute:
    """Return the index of several terms: all their contacts as one."""
    every = list(found)
    return LastMinute(sum(one.last for one in every), sum(one.contacts for one in every))
