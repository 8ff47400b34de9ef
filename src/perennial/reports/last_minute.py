"""The last-minute index of terms, from the contacts that were made of our own accord."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from perennial.engagement import queries as engagement
from perennial.kernel.organisation.queries import House
from perennial.renewals.calculations.last_minute import LastMinute, last_minute
from perennial.renewals.terms import Place


def of_terms(starts: Mapping[Place, date], *, on: date, place: House) -> dict[Place, LastMinute]:
    """Return the index of each term whose last 90 days have begun on a day, by its first day. One query for 500
    customers; days are the organisation's."""
    if not starts:
        return {}
    since = datetime.combine(min(starts.values()), time.min, tzinfo=place.timezone)
    until = datetime.combine(on + timedelta(days=1), time.min, tzinfo=place.timezone)
    made = engagement.proactive(sorted({customer for customer, _due in starts}), since=since, until=until)
    days = {customer: [place.day_of(at) for at in found] for customer, found in made.items()}
    told = {
        (customer, due_on): last_minute(days.get(customer, ()), begins, due_on, on)
        for (customer, due_on), begins in starts.items()
    }
    return {key: one for key, one in told.items() if one is not None}
