"""Learning from the past, day by day: base rates of renewal, and how far off forecasts have been."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import numpy as np
from django.db import transaction

from perennial.customers.aliases import aliases
from perennial.customers.models import PortfolioRow
from perennial.insights import due
from perennial.insights.calculations import shock
from perennial.insights.calculations.base_rate import Kind, Tally, most_borrowed
from perennial.insights.calculations.quarters import closed_quarters, weeks_before
from perennial.insights.calculations.shock import Quarter
from perennial.insights.due import View, view_of
from perennial.insights.models import ForecastModel, ForecastRow, ForecastSnapshot
from perennial.insights.terms import Learned
from perennial.kernel.organisation.queries import house
from perennial.renewals.terms import RENEWED, Due

MOST_QUARTERS = 12
"""Of so many closed quarters the shock is learned."""
FROM_WEEKS = 13


@transaction.atomic
def learn(on: date, *, at: datetime, is_past: bool = False) -> Learned:
    """Learn from everything that was known on a day; return it. Safe to run twice.

    What was learned before stays only where weeks were frozen under it, or where it is the same. About twelve queries,
    one more for each closed quarter.
    """
    place = house()
    view = view_of(place, on, is_past=is_past)
    ended = due.ended(view)
    found = due.tallies(ended, segments())
    quarters, rebuilt = _quarters(ended, view, place.fiscal_start_month)
    weights = np.round(shock.posterior(quarters), 9)
    told = {"tallies": [[*kind, *tally] for kind, tally in sorted(found.items())], "posterior": weights.tolist(),
            "quarters": len(quarters), "rebuilt": rebuilt}  # fmt: skip
    row = ForecastModel.objects.filter(on=on).order_by("-id").first()
    is_same = row is not None and all(getattr(row, name) == value for name, value in told.items())
    if not is_past:
        ForecastModel.objects.filter(snapshots=None).exclude(pk=row.pk if row and is_same else 0).delete()
    if row is None or not is_same:
        row = ForecastModel.objects.create(on=on, learned_at=at, **told)
    return _learned(row)


def latest() -> Learned | None:
    """Return what was learned last; None before the first night. One query."""
    row = ForecastModel.objects.order_by("-on", "-id").first()
    return None if row is None else _learned(row)


def _learned(row: ForecastModel) -> Learned:
    tallies = {Kind(segment, age, stand): Tally(kept, count) for segment, age, stand, kept, count in row.tallies}
    weights = np.asarray(row.posterior, dtype=np.float64)
    return Learned(row.pk, row.on, tallies, most_borrowed(tallies), weights / weights.sum(), row.quarters, row.rebuilt)


def of_snapshot(snapshot: ForecastSnapshot) -> Learned:
    """Return what was learned when a week was frozen. One query, none where it was fetched with it."""
    return _learned(snapshot.learned)


def segments() -> dict[int, str]:
    """Return the segment of each customer that has one. One query."""
    rows = PortfolioRow.objects.exclude(segment=None).values_list("customer_id", "segment")
    return {customer: str(segment) for customer, segment in rows}


def _quarters(ended: Sequence[Due], view: View, first_month: int) -> tuple[list[Quarter], int]:
    """Return the closed quarters of which a week was frozen at their start, and how many of these were rebuilt."""
    happened = {(one.customer_id, one.due_on): one.outcome in RENEWED for one in ended}
    found, rebuilt, merged = [], 0, aliases()
    closed = closed_quarters(due.first_open(view), first_month, count=MOST_QUARTERS)
    mondays = {weeks_before(quarter, FROM_WEEKS): quarter for quarter in closed}
    for snapshot in ForecastSnapshot.objects.filter(week_on__in=mondays).order_by("week_on"):
        quarter = mondays[snapshot.week_on]
        rows = ForecastRow.objects.filter(snapshot=snapshot, due_on__gte=quarter.since, due_on__lt=quarter.until)
        told = [
            (p, happened[merged.of(customer), due_on])
            for customer, due_on, p in rows.exclude(p=None).values_list("customer_id", "due_on", "p")
            if (merged.of(customer), due_on) in happened
        ]
        if told:
            found.append(Quarter([p for p, _ in told], [renewed for _, renewed in told]))
            rebuilt += snapshot.is_rebuilt
    return found, rebuilt
