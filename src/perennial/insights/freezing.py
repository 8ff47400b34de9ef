"""The forecast of each week, frozen: what was known then, never changed, so that it can be judged when the quarter is
over. The first night of a week freezes the one that ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q

from perennial.insights import forecast, learning
from perennial.insights.calculations.accuracy import LEADS
from perennial.insights.calculations.quarters import closed_quarters, quarters_in, week_of, weeks_before
from perennial.insights.due import first_open, view_of
from perennial.insights.forecast import Forecast
from perennial.insights.models import ForecastRow, ForecastSnapshot
from perennial.insights.terms import Learned, Term
from perennial.kernel.organisation.queries import house
from perennial.kernel.queue.actions import Report

JUDGED = 8
"""So many closed quarters are judged."""


def freeze_week(on: date, *, at: datetime, learned: Learned | None = None) -> bool:
    """Freeze the forecast of the day's week; say whether it was done now. Safe to run twice: a week is frozen once.

    Nothing is frozen while nothing comes due: there is no forecast to be judged.
    """
    if ForecastSnapshot.objects.filter(week_on=week_of(on)).exists():
        return False
    return _freeze(on, at=at, learned=learned or learning.latest() or learning.learn(on, at=at), is_rebuilt=False)


@transaction.atomic
def _freeze(on: date, *, at: datetime, learned: Learned, is_rebuilt: bool) -> bool:
    place = house()
    told = forecast.today(Q(), view_of(place, on, is_past=is_rebuilt), learned, place.fiscal_start_month)
    if not told.terms:
        return False
    snapshot, is_new = ForecastSnapshot.objects.get_or_create(
        week_on=week_of(on),
        defaults={"as_of_on": on, "frozen_at": at, "is_rebuilt": is_rebuilt, "currency": place.currency,
                  "learned_id": learned.id, "fans": _fans(told)},
    )  # fmt: skip
    if is_new:
        rows = [_row(snapshot.pk, one) for one in told.terms]
        ForecastRow.objects.bulk_create(rows, batch_size=500)
    return is_new


def _fans(told: Forecast) -> list[list[str | int]]:
    quarters = list(quarters_in(told.span, told.first_month))
    groups = [[at for at, one in enumerate(told.terms) if one.due_on in quarter] for quarter in quarters]
    return [
        [quarter.since.isoformat(), quarter.until.isoformat(), fan.low, fan.middle, fan.high]
        for quarter, fan in zip(quarters, forecast.fans(told, groups), strict=True)
    ]


def _row(snapshot_id: int, one: Term) -> ForecastRow:
    told = one.probability
    rate = told.rate if told else None
    return ForecastRow(
        snapshot_id=snapshot_id, customer_id=one.customer_id, due_on=one.due_on, arr=one.arr, kept=one.kept,
        outcome=one.outcome, p=rate.p if rate else None, low=rate.low if rate else None,
        high=rate.high if rate else None,
        evidence=[*told.kind, told.rate.kept, told.rate.count, told.rate.borrowed] if told else [],
        category=one.model or "", called=(one.called or "") if one.is_open else "", owner_id=one.owner_id,
        segment=one.segment,
    )  # fmt: skip


def missing_weeks(on: date) -> list[date]:
    """Return the Mondays of past weeks by which forecasts are judged and that were never frozen, the oldest first.
    Three queries."""
    place = house()
    view = view_of(place, on)
    closed = closed_quarters(first_open(view), place.fiscal_start_month, count=JUDGED)
    wanted = {weeks_before(quarter, lead) for quarter in closed for lead in LEADS}
    there = set(ForecastSnapshot.objects.filter(week_on__in=wanted).values_list("week_on", flat=True))
    return sorted(week for week in wanted - there if week < week_of(on))


def rebuild(on: date, *, at: datetime, report: Report | None = None) -> int:
    """Make the missing past weeks anew, each of what is known now about it then; return how many. Safe to run twice.

    They are marked as rebuilt: nobody froze them, calls and vetoes of then are not known, and contracts may have been
    corrected since. The oldest comes first, so that each learns from those before it.
    """
    weeks: Sequence[date] = missing_weeks(on)
    made = 0
    for number, week in enumerate(weeks):
        if report is not None:
            report(number, len(weeks), week.isoformat())
        learned = learning.learn(week, at=at, is_past=True)
        if learned.terms:
            made += _freeze(week, at=at, learned=learned, is_rebuilt=True)
    learning.learn(on, at=at)
    return made


def next_freeze(on: date) -> date:
    """Return the day whose night freezes the next week."""
    return week_of(on) + timedelta(weeks=1)
