"""The forecast as of today, or as a frozen week knew it: terms with what is expected of them, and what that adds up to.

Statistics are floats; what they end in, an amount, is rounded once to minor units.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

import numpy as np
from django.db.models import Q

from perennial.customers.models import PortfolioRow
from perennial.health import queries as health
from perennial.insights import due, learning
from perennial.insights.calculations import shock
from perennial.insights.calculations.base_rate import Kind, Rate, age_at, stand_at
from perennial.insights.calculations.quarters import horizon, quarters_in
from perennial.insights.calculations.shock import Floats
from perennial.insights.due import View
from perennial.insights.models import ForecastRow, ForecastSnapshot
from perennial.insights.terms import MONTHS_AHEAD, Known, Learned, Probability, Term
from perennial.kernel.among import among
from perennial.kernel.money import exact_sum, largest_remainder, round_half_even
from perennial.kernel.periods import Period, fiscal_quarter
from perennial.renewals import calls
from perennial.renewals.calculations.categories import derived, in_force
from perennial.renewals.calls import Called
from perennial.renewals.terms import Category, Outcome

MOST_DRAWN = 64
_DRAWN: dict[bytes, Floats] = {}
"""Fans by all that they are drawn of: nothing in them can be stale."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A forecast: the day of its figures, its terms by due day, and what it was learned from.

    `week_on`: the frozen week that it is, None for today's; `is_rebuilt`: that week was made later.
    """

    on: date
    span: Period
    terms: list[Term]
    learned: Learned
    first_month: int
    week_on: date | None = None
    is_rebuilt: bool = False


@dataclass(frozen=True, slots=True)
class Fan:
    """What some terms will have renewed, in minor units: in nine of ten cases more than `low`, in half of them more
    than `middle`, in one of ten more than `high`."""

    low: int
    middle: int
    high: int


def today(rows: Q, view: View, learned: Learned, first_month: int) -> Forecast:
    """Return the forecast of the terms among `rows` in the quarters around and after the view's day; in earlier ones
    only where a customer's longer grace keeps something open. Thirteen queries for 500 customers."""
    usual = horizon(view.on, first_month, late_days=view.late_days, months=MONTHS_AHEAD)
    widest = Period(fiscal_quarter(due.first_open(view), first_month).period.since, usual.until)
    found = due.known(widest, rows, view)
    still = (fiscal_quarter(one.due_on, first_month).period.since for one in found if one.outcome is Outcome.OPEN)
    span = Period(min([usual.since, *still]), usual.until)
    found = [one for one in found if one.due_on in span]
    return Forecast(view.on, span, terms_of(found, view, learned, first_month), learned, first_month)


def terms_of(found: Sequence[Known], view: View, learned: Learned, first_month: int) -> list[Term]:
    """Return what is expected of terms, by due day. Seven queries for 500 customers; a past day has no calls and
    vetoes, which nobody can tell any more."""
    ids = sorted({one.customer_id for one in found})
    since = due.first_days(ids)
    called = {} if view.is_past else calls.latest(ids)
    vetoes = {} if view.is_past else health.open_vetoes(ids)
    people = _people(ids)
    printed = _printed(found, first_month)
    rates: dict[Kind, Probability] = {}
    made = []
    for one, (arr, kept) in zip(found, printed, strict=True):
        owner, segment = people.get(one.customer_id, (None, ""))
        age = age_at((one.due_on - since.get(one.customer_id, one.due_on)).days)
        kind = Kind(segment, age, stand_at((one.due_on - view.on).days))
        probability = None
        if one.outcome is Outcome.OPEN:
            probability = rates.setdefault(kind, rates.get(kind) or learned.probability(kind))
        made.append(_expected(one, (arr, kept), probability, called.get((one.customer_id, one.due_on)),
                              vetoes.get(one.customer_id, ()), owner, segment))  # fmt: skip
    return made


def _expected(
    one: Known, amounts: tuple[int, int], probability: Probability | None, call: Called | None,
    vetoes: tuple[str, ...], owner_id: int | None, segment: str,
) -> Term:  # fmt: skip
    model = derived(probability.rate.p, has_veto=bool(vetoes)) if probability else None
    called = call.category if call else None
    return Term(
        customer_id=one.customer_id, due_on=one.due_on, arr=amounts[0], kept=amounts[1], outcome=one.outcome,
        probability=probability, model=model, category=in_force(model, called) if model else None, called=called,
        call=call, vetoes=vetoes, owner_id=owner_id, segment=segment,
    )  # fmt: skip


def _printed(found: Sequence[Known], first_month: int) -> list[tuple[int, int]]:
    """Return due and kept of each term in whole minor units that add up, quarter by quarter, to the rounded sums."""
    places: dict[date, list[int]] = defaultdict(list)
    for place, one in enumerate(found):
        places[fiscal_quarter(one.due_on, first_month).period.since].append(place)
    amounts = [(0, 0)] * len(found)
    for group in places.values():
        arr, kept = ([found[place].arr for place in group], [found[place].kept for place in group])
        whole = [largest_remainder(part, round_half_even(exact_sum(part))) for part in (arr, kept)]
        for place, one, of_it in zip(group, *whole, strict=True):
            amounts[place] = (one, of_it)
    return amounts


def _people(ids: Sequence[int]) -> dict[int, tuple[int | None, str]]:
    found: dict[int, tuple[int | None, str]] = {}
    rows = PortfolioRow.objects.filter(among("customer_id", ids))
    for customer, owner, segment in rows.values_list("customer_id", "owner_id", "segment"):
        found[customer] = (owner, segment or "")
    return found


def fans(forecast: Forecast, groups: Sequence[Sequence[int]]) -> list[Fan]:
    """Return the fan of each group of terms, by their places in the forecast: what renewed, and what will.

    All groups come from the same draws; the same day gives the same draws.
    """
    terms = forecast.terms
    still = [place for place, one in enumerate(terms) if one.probability is not None]
    column = {place: number for number, place in enumerate(still)}
    amounts = np.zeros((len(still), len(groups)))
    for number, group in enumerate(groups):
        for place in group:
            if place in column:
                amounts[column[place], number] = terms[place].arr
    chances = np.array([terms[place].probability.rate.p for place in still])  # type: ignore[union-attr]
    told = _drawn(chances, _quarter_numbers(forecast, still), amounts, forecast.learned.posterior,
                  seed=forecast.on.toordinal())  # fmt: skip
    kept = [sum(terms[place].kept for place in group) for group in groups]
    return [Fan(*(kept[number] + round(float(one)) for one in told[:, number])) for number in range(len(groups))]


def _drawn(
    chances: Floats, quarters: np.ndarray[tuple[int], np.dtype[np.int64]], amounts: Floats, weights: Floats, *,
    seed: int,
) -> Floats:  # fmt: skip
    """Return the fan of what renews (`shock.totals`). What the same was asked before is not drawn again."""
    digest = blake2b(f"{seed} {amounts.shape}".encode())
    for part in (chances, quarters, amounts, weights):
        digest.update(np.ascontiguousarray(part).data)
    key = digest.digest()
    told = _DRAWN.pop(key, None)
    if told is None:
        told = shock.fan(shock.totals(chances, quarters, amounts, weights, seed=seed))
    _DRAWN[key] = told
    while len(_DRAWN) > MOST_DRAWN:
        _DRAWN.pop(next(iter(_DRAWN)), None)
    return told


def _quarter_numbers(forecast: Forecast, places: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    starts = [quarter.since for quarter in quarters_in(forecast.span, forecast.first_month)]
    days = [fiscal_quarter(forecast.terms[place].due_on, forecast.first_month).period.since for place in places]
    return np.array([starts.index(day) for day in days], dtype=np.int64)


def counts(terms: Sequence[Term]) -> tuple[int, ...]:
    """Return how many of the terms renew at 10, 50 and 90 % if nothing systematic happens: those that did, and the
    exact distribution of the others."""
    done = sum(one.is_renewed for one in terms)
    spread = shock.poisson_binomial([one.probability.rate.p for one in terms if one.probability is not None])
    return tuple(done + count for count in shock.count_quantiles(spread))


def snapshot_at(on: date) -> ForecastSnapshot | None:
    """Return the last week that was frozen for a day up to `on`, with what it was learned from. One query."""
    rows = ForecastSnapshot.objects.filter(as_of_on__lte=on).select_related("learned")
    return rows.order_by("-as_of_on", "-id").first()


def frozen(snapshot: ForecastSnapshot, rows: Q, first_month: int) -> Forecast:
    """Return the forecast as a week knew it, of the terms among `rows`. One query."""
    found = [_thawed(row) for row in ForecastRow.objects.filter(rows, snapshot=snapshot).order_by("due_on", "id")]
    last = max((one.due_on for one in found), default=snapshot.as_of_on)
    first = min((one.due_on for one in found), default=snapshot.as_of_on)
    span = Period(fiscal_quarter(first, first_month).period.since, fiscal_quarter(last, first_month).period.until)
    return Forecast(snapshot.as_of_on, span, found, learning.of_snapshot(snapshot), first_month, snapshot.week_on,
                    snapshot.is_rebuilt)  # fmt: skip


def _thawed(row: ForecastRow) -> Term:
    probability = None
    if row.p is not None and row.low is not None and row.high is not None:
        segment, age, stand, kept, count, borrowed = row.evidence
        probability = Probability(Kind(segment, age, stand), Rate(row.p, row.low, row.high, kept, count, borrowed))
    model = Category(row.category) if row.category else None
    called = Category(row.called) if row.called else None
    return Term(
        customer_id=row.customer_id, due_on=row.due_on, arr=row.arr, kept=row.kept, outcome=Outcome(row.outcome),
        probability=probability, model=model, category=in_force(model, called) if model else None, called=called,
        call=None, vetoes=(), owner_id=row.owner_id, segment=row.segment,
    )  # fmt: skip
