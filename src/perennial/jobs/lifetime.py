"""Curves of lifetime value, fitted outside of any request: the bootstrap of one takes about a second."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q

from perennial.contracts import facts
from perennial.contracts.rates import Exchange
from perennial.insights import actions, queries
from perennial.kernel.organisation.queries import house
from perennial.kernel.queue.actions import Claim, Report
from perennial.reports import lifetime
from perennial.reports.revenue import Book


def nightly(_claim: Claim, _report: Report, at: datetime) -> Mapping[str, Any]:
    """Job `lifetime`: the curves of all customers and of each part, as of today. Safe to run twice."""
    place = house()
    book = Book(Q(), Exchange(place.currency), place.today(at), facts.switches_of(place.policy_switches))
    fitted = 0
    for by in lifetime.Dimension:
        found = lifetime.told(book, by, is_whole=True)
        fitted += actions.fit(found.pending, at=at) if found else 0
    return {"fitted": fitted}


def fit(claim: Claim, _report: Report, at: datetime) -> Mapping[str, Any]:
    """Job `lifetime.fit`: the curves that a page waits for. Safe to run twice: what is kept is passed over."""
    return {"fitted": actions.fit([queries.ages_from(one) for one in claim.payload["ages"]], at=at)}
