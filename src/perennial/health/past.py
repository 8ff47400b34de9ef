"""The scores of past days under any scorecard, from what was known then: what a backtest is made of.

A day that a night froze is read as it was frozen, so that nothing learned since can touch it. A day that nobody froze
is made of facts by their own dates, and says so: corrections made since are in it. Its means are those of the whole
fleet: the tier of who is late with its paper would tell whether it signed. Nothing is written.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from perennial.blueprint.terms import Scorecard
from perennial.health import frozen
from perennial.health.calculations.bands import is_coloured, scored_band
from perennial.health.calculations.rounding import to_tenths
from perennial.health.calculations.scoring import week_of
from perennial.health.days import Days, can_make
from perennial.health.facts import MEASURES, DayFacts, Facts
from perennial.health.terms import BANDS, MILLION, NO_BAND, POINT, Floats

_NAMES = [band.value for band in BANDS]
NEAR = 7
"""A frozen day stands for as-of days up to six days later: an earlier day knows less, never more."""


@dataclass(frozen=True, slots=True)
class PastFleet:
    """Everybody who was scored on a day. `points`: customers × measures, 0 to 100 as the score counted them; `score`
    0 to 100; `band` what the score alone gives, without vetoes and hysteresis. `is_frozen`: as a night knew it."""

    on: date
    customers: Sequence[int]
    points: Floats
    score: Floats
    band: Sequence[str]
    is_frozen: bool

    def row_of(self, customer: int) -> int | None:
        """Return a customer's row, None where it was not scored on the day."""
        row = bisect_left(self.customers, customer)
        return row if row < len(self.customers) and self.customers[row] == customer else None

    def band_of(self, customer: int) -> str | None:
        """Return a customer's band, None where it was not scored on the day."""
        row = self.row_of(customer)
        return None if row is None else self.band[row]


def fleets_on(card: Scorecard, days: Sequence[date], facts: Facts) -> Iterator[PastFleet]:
    """Yield the scores as of each day, in order: of the last frozen day of the week up to it, else made of facts by
    their own dates, all such days in one pass over the facts. A constant count of queries."""
    ordered = sorted(set(days))
    froze = _frozen_for(ordered)
    bare = [day for day in ordered if day not in froze]
    keys = [measure.key for measure in card.measures] + (["tenure_days"] if card.tenure_bands else [])
    made = iter(Days(facts, keys).made(bare) if can_make(keys) else (facts.of_day(facts.known(day)) for day in bare))
    for day in ordered:
        if day in froze:
            stored = frozen.read_inputs(froze[day], news=None)
            assert stored is not None
            yield _scored(card, facts, stored, is_frozen=True)
        else:
            yield _scored(card, facts, next(made), is_frozen=False)


def fleet_on(card: Scorecard, on: date, facts: Facts) -> PastFleet:
    """Return the scores as of one day, as `fleets_on` does of many."""
    return next(fleets_on(card, [on], facts))


def _frozen_for(days: Sequence[date]) -> dict[date, date]:
    """Return of each day that has one the last frozen day of the week up to it. At most seven reads of the lake."""
    found: dict[date, date] = {}
    for back in range(NEAR):
        asked = {day - timedelta(days=back): day for day in days if day not in found}
        found |= {asked[day]: day for day in frozen.days_frozen(list(asked))}
    return found


def _scored(card: Scorecard, facts: Facts, day: DayFacts, *, is_frozen: bool) -> PastFleet:
    keys, count = [measure.key for measure in card.measures], len(day.customers)
    if not set(keys) <= set(day.measures):
        day = facts.with_own(day, [key for key in keys if key not in MEASURES])
    if not count:
        return PastFleet(day.on, [], np.empty((0, len(keys))), np.empty(0), [], is_frozen)
    columns = [day.measures.index(key) for key in keys]
    tiers = (is_frozen and day.tiers) or [""] * count
    codes = {tier: code for code, tier in enumerate(sorted(set(tiers)))}
    segments = np.array([codes[tier] for tier in tiers], dtype=np.int64)
    week = week_of(card, day.values[:, columns], day.ages[:, columns], segments)
    there = np.flatnonzero(week.scored)
    alone = scored_band(card, to_tenths(week.score), np.full(count, NO_BAND), Facts.tenures(day))
    bands = np.where(is_coloured(card, week.coverage), alone, len(BANDS) - 1)[there]
    return PastFleet(
        day.on, np.array(day.customers)[there].tolist(), week.effective[there] / MILLION, week.score[there] / POINT,
        [_NAMES[band] for band in bands.tolist()], is_frozen,
    )  # fmt: skip
