"""How good the forecast was: frozen weeks against what came, for the quarters that are closed.

A quarter is closed when no paper of it may be late any more. Each is judged by the weeks 13, 8, 4 and 1 before its end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from perennial.customers.aliases import aliases
from perennial.insights import due, forecast
from perennial.insights.calculations import accuracy
from perennial.insights.calculations.accuracy import LEADS, Calibration, Coverage
from perennial.insights.calculations.quarters import closed_quarters, weeks_before
from perennial.insights.due import View
from perennial.insights.forecast import Fan, Forecast
from perennial.insights.freezing import JUDGED
from perennial.insights.models import ForecastSnapshot
from perennial.insights.terms import Known, Term
from perennial.kernel.money import round_half_even
from perennial.kernel.periods import Period
from perennial.renewals.terms import RENEWED, Category, Outcome

CALLED_AS: Mapping[Category, float] = {
    Category.COMMIT: 0.95, Category.BEST_CASE: 0.80, Category.AT_RISK: 0.35, Category.LOST: 0.0,
}  # fmt: skip
"""The probability that a call stands for when it is scored: the middle of its category."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a week said of a quarter, and what came; minor units. `fan` None: the week was not frozen."""

    quarter: Period
    lead: int
    week_on: date
    is_rebuilt: bool
    fan: Fan | None
    actual: int

    @property
    def error(self) -> float | None:
        """Return how far the middle was off, as a share of what came; None where nothing came or was foretold."""
        return (self.fan.middle - self.actual) / self.actual if self.fan and self.actual else None

    @property
    def loss(self) -> float | None:
        """Return the pinball loss in minor units."""
        return accuracy.pinball((self.fan.low, self.fan.middle, self.fan.high), self.actual) if self.fan else None


@dataclass(frozen=True, slots=True)
class Slipped:
    """A row of the slippage matrix: the category 13 weeks before the quarter's end, and what became of its terms.

    `gone`: terms that are not due in the quarter any more: their day was corrected, or the customer merged.
    """

    category: Category
    counts: Mapping[Outcome, int]
    gone: int


@dataclass(frozen=True, slots=True)
class Scored:
    """A member's terms: the Brier score of the model and, where calls moved some (`moved`), of the model with his
    calls. Lower is better."""

    owner_id: int | None
    count: int
    moved: int
    model: float
    called: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """All of it. `leads`: by weeks before the end, the oldest quarter first; `coverage` by lead; the others are of the
    weeks 13 before. `first_frozen_on`: from when on weeks were frozen by the clock, None before the first;
    `first_week`: the oldest rebuilt week that is judged."""

    leads: Mapping[int, list[Judged]]
    coverage: Mapping[int, Coverage]
    calibration: Mapping[Category, Calibration | None]
    slippage: list[Slipped]
    scored: list[Scored]
    rebuilt: int
    first_frozen_on: date | None
    first_week: date | None


def judged(rows: Q, view: View, first_month: int, *, of_all: bool) -> Accuracy:
    """Return how good the forecasts of the terms among `rows` were. `of_all`: they are all terms of the house, whose
    frozen fans are taken as they stand; else the fans are drawn anew from the frozen rows.

    Nine queries, one more for each frozen week that is judged.
    """
    quarters = closed_quarters(due.first_open(view), first_month, count=JUDGED)
    weeks = {weeks_before(quarter, lead) for quarter in quarters for lead in LEADS}
    there = {one.week_on: one for one in ForecastSnapshot.objects.filter(week_on__in=weeks).select_related("learned")}
    span = Period(quarters[0].since, quarters[-1].until)
    came = due.known(span, rows, view)
    leads: dict[int, list[Judged]] = {lead: [] for lead in LEADS}
    starts: list[Term] = []
    for quarter in quarters:
        actual = round_half_even(sum((one.kept for one in came if one.due_on in quarter), start=0))
        for lead in LEADS:
            week = weeks_before(quarter, lead)
            snapshot = there.get(week)
            told = (
                forecast.frozen(snapshot, rows, first_month) if snapshot and (lead == LEADS[0] or not of_all) else None
            )
            fan = _fan(snapshot, told, quarter, of_all=of_all) if snapshot else None
            leads[lead].append(Judged(quarter, lead, week, bool(snapshot and snapshot.is_rebuilt), fan, actual))
            if told and lead == LEADS[0]:
                starts += [one for one in told.terms if one.due_on in quarter]
    happened = _happened(came)
    pairs = [(one, happened.get(place)) for one, place in _places(starts)]
    first = ForecastSnapshot.objects.filter(is_rebuilt=False).order_by("as_of_on").first()
    return Accuracy(
        leads=leads,
        coverage={lead: _coverage(found) for lead, found in leads.items()},
        calibration=_calibrated(pairs),
        slippage=_slippage(pairs),
        scored=_scored(pairs),
        rebuilt=sum(one.is_rebuilt for one in there.values()),
        first_frozen_on=None if first is None else first.as_of_on,
        first_week=min((one.week_on for one in there.values() if one.is_rebuilt), default=None),
    )


def _fan(snapshot: ForecastSnapshot, told: Forecast | None, quarter: Period, *, of_all: bool) -> Fan | None:
    if of_all:
        day = quarter.since.isoformat()
        return next((Fan(*amounts) for since, _until, *amounts in snapshot.fans if since == day), None)
    if told is None or not told.terms:
        return None
    return forecast.fans(told, [[at for at, one in enumerate(told.terms) if one.due_on in quarter]])[0]


def _happened(came: Iterable[Known]) -> dict[tuple[int, date], Outcome]:
    return {(one.customer_id, one.due_on): one.outcome for one in came}


def _places(terms: Iterable[Term]) -> list[tuple[Term, tuple[int, date]]]:
    merged = aliases()
    return [(one, (merged.of(one.customer_id), one.due_on)) for one in terms]


Pairs = Sequence[tuple[Term, Outcome | None]]
"""Terms as a week knew them, each with what became of it; None: it is not due there any more."""


def _coverage(found: Iterable[Judged]) -> Coverage:
    return accuracy.coverage([((one.fan.low, one.fan.middle, one.fan.high), one.actual) for one in found if one.fan])


def _calibrated(pairs: Pairs) -> dict[Category, Calibration | None]:
    told: dict[Category, list[tuple[float, bool]]] = defaultdict(list)
    for one, outcome in pairs:
        if one.probability is not None and one.category is not None and outcome is not None:
            told[one.category].append((one.probability.rate.p, outcome in RENEWED))
    return {category: accuracy.calibration(told[category]) for category in Category}


def _slippage(pairs: Pairs) -> list[Slipped]:
    counts: dict[Category, dict[Outcome | None, int]] = {category: defaultdict(int) for category in Category}
    for one, outcome in pairs:
        if one.category is not None:
            counts[one.category][outcome] += 1
    return [Slipped(category, {outcome: found.get(outcome, 0) for outcome in Outcome}, found.get(None, 0))
            for category, found in counts.items()]  # fmt: skip


def _scored(pairs: Pairs) -> list[Scored]:
    owned: dict[int | None, list[tuple[float, float, bool]]] = defaultdict(list)
    for one, outcome in pairs:
        if one.probability is not None and outcome is not None:
            p = one.probability.rate.p
            is_moved = one.category is not None and one.category is not one.model
            owned[one.owner_id].append((p, CALLED_AS[one.category] if is_moved and one.category else p,
                                        outcome in RENEWED))  # fmt: skip
    made = []
    for owner, told in owned.items():
        model = accuracy.brier([(p, happened) for p, _called, happened in told])
        called = accuracy.brier([(called, happened) for _p, called, happened in told])
        moved = sum(p != called for p, called, _happened in told)
        made.append(Scored(owner, len(told), moved, model or 0.0, called or 0.0))
    return sorted(made, key=lambda one: (one.owner_id is None, -one.count, one.owner_id or 0))
