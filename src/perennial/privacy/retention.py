"""How long raw events are kept: the period in force, what it would remove, and the night that removes it.

The period is the organisation's, in months; which day that means is told to the lake each night, which never goes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from perennial.intake import expiring
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.organisation.queries import House, house
from perennial.kernel.periods import add_months
from perennial.lake.terms import day_date, day_number
from perennial.usage import counted
from perennial.usage.actions import folded
from perennial.usage.lake import lake

LEAST, MOST = organisation.LEAST_MONTHS, organisation.MOST_MONTHS


@dataclass(frozen=True)
class Forecast:
    """What a period would remove now: raw events, events kept aside, refused messages; `first_on` is the first day that
    stays, `oldest_on` the day of the oldest event that goes (None: none goes)."""

    months: int
    first_on: date
    oldest_on: date | None
    events: int
    aside: int
    refused: int

    @property
    def is_nothing(self) -> bool:
        """Return whether nothing would go now."""
        return not (self.events or self.aside or self.refused)


def first_kept_on(months: int, place: House, *, at: datetime) -> date:
    """Return the first day whose raw events stay. Neither an as-of day in the past nor one ahead of the clock lets more
    go than both do: what is gone stays gone."""
    return add_months(min(place.today(at), place.day_of(at)), -months)


def forecast(months: int, *, at: datetime) -> Forecast:
    """Return what a period would remove; nothing is changed."""
    place = house()
    first = first_kept_on(months, place, at=at)
    found = lake().retention.would_go(day_number(first))
    oldest = None if found.first_day is None else day_date(found.first_day)
    return Forecast(months, first, oldest, found.events, found.rejected, expiring.older(_start(first, place)))


def gone_before() -> date | None:
    """Return the first day whose raw events are still there by rule, None where none ever went."""
    day = lake().retention.kept_from()
    return None if day is None else day_date(day)


def enforce(*, at: datetime) -> date | None:
    """Let go what the period in force no longer keeps, raw events and refused messages; return the first day kept.

    Safe to run twice and to kill at any point: what the lake was told, its next fold does. Whoever calls this folded
    what waited before, so that it is in the facts.
    """
    place = house()
    if place.events_kept_months is None:
        return None
    first = first_kept_on(place.events_kept_months, place, at=at)
    if lake().retention.expire(day_number(first)):
        lake().compact(folded(), at=at, left_out=counted.left_out())
    expiring.remove_older(_start(first, place), at=at)
    return first


def _start(day: date, place: House) -> datetime:
    return datetime.combine(day, time.min, place.timezone)
