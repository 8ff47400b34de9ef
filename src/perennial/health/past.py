"""The scores of past days under any scorecard, from what was known then: what a backtest is made of.

A day that a night froze is read as it was frozen, so that nothing learned since can touch it. A day that nobody froze
is made of facts by their own dates, and says so: corrections made since are in it. Its means are those of the whole
fleet: the tier of who is late with its paper would tell whether it signed. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from perennial.blueprint.terms import Scorecard
from perennial.health import frozen
from perennial.health.calculations.scoring import score_fleet
from perennial.health.facts import MEASURES, DayFacts, Facts
from perennial.health.terms import BANDS, MILLION, NO_BAND, NO_CAP, POINT, FleetInputs, Floats

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


def fleet_on(card: Scorecard, on: date, facts: Facts) -> PastFleet:
    """Return the scores as of a day: of the last frozen day of the week up to it, else made of facts by their own
    dates.

    No query where the day is frozen, nine where it is made.
    """
    for days in range(NEAR):
        stored = frozen.read_inputs(on - timedelta(days=days), news=None)
        if stored is not None:
            return _scored(card, facts, stored, is_frozen=True)
    return _scored(card, facts, facts.of_day(facts.known(on)), is_frozen=False)


def _scored(card: Scorecard, facts: Facts, day: DayFacts, *, is_frozen: bool) -> PastFleet:
    own = [measure.key for measure in card.measures if measure.key not in MEASURES]
    day, count = facts.with_own(day, own), len(day.customers)
    if not count:
        return PastFleet(day.on, [], np.empty((0, len(card.measures))), np.empty(0), [], is_frozen)
    columns = [day.measures.index(measure.key) for measure in card.measures]
    tiers = (is_frozen and day.tiers) or [""] * count
    codes = {tier: code for code, tier in enumerate(sorted(set(tiers)))}
    found = score_fleet(card, FleetInputs(
        values=day.values[None][:, :, columns], ages=day.ages[None][:, :, columns],
        segments=np.array([codes[tier] for tier in tiers], dtype=np.int64),
        previous=np.full(count, NO_BAND), caps=np.full(count, NO_CAP), tenures=Facts.tenures(day),
    ))  # fmt: skip
    there = np.flatnonzero(found.scored)
    return PastFleet(
        day.on, [day.customers[row] for row in there], found.effective[there] / MILLION, found.score[there] / POINT,
        [BANDS[band].value for band in found.band[there]], is_frozen,
    )  # fmt: skip
