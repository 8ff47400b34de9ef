"""Whether what the score reads is still what it was: each measure of the scorecard against thirteen weeks ago."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from perennial.alerts.calculations import drift
from perennial.alerts.calculations.drift import LEAST_VALUES, Psi
from perennial.blueprint.terms import Measure
from perennial.health import measured
from perennial.health import queries as health
from perennial.health.measured import Measured
from perennial.health.terms import Floats, Ints
from perennial.members.models import Member
from perennial.reports.usage_parts import rows_seen

BACK = timedelta(weeks=13)


@dataclass(frozen=True, slots=True)
class Drift:
    """A measure: its index against its noise, whether it drifted, and since which day no value of it came any more
    (None: it comes), with how many customers that turns grey."""

    measure: Measure
    psi: Psi
    is_drifted: bool
    stopped_on: date | None
    grey: int


@dataclass(frozen=True)
class Drifts:
    """The measures of the scorecard, and the two days that are compared; `before` None: nothing was frozen then."""

    on: date
    before: date | None
    measures: Sequence[Drift]


def drifts(member: Member, on: date, *, leaving: bool = False) -> Drifts | None:
    """Return the drift of each measure over the customers that a member sees; `leaving`: of these the ones that it may
    export. Of several scorecards the one for all others is told. None where none is in force or nothing is scored yet.
    Two queries."""
    cards = health.cards_in_force(on)
    ids = list(rows_seen(member, leaving=leaving).values_list("customer_id", flat=True))
    if not cards or not ids:
        return None
    card = cards[-1]
    measures = card.card.measures
    keys = [one.key for one in measures]
    now, then = measured.near(on, keys, ids), measured.near(on - BACK, keys, ids)
    if now is None:
        return None
    if then is None:
        return Drifts(now.on, None, [])
    trusted, was = measured.trust(now, card.card), measured.trust(then, card.card)
    index = [drift.psi(_known(then, was, place), _known(now, trusted, place)) for place in range(len(keys))]
    stopped = np.array([_has_stopped(now, then, place, one) for place, one in enumerate(measures)], dtype=np.bool_)
    flagged = drift.drifted(index) & ~stopped
    return Drifts(now.on, then.on, [
        Drift(one, index[place], bool(flagged[place]), _last(now, then, place) if stopped[place] else None,
              measured.turned_grey(trusted, card.card, place) if stopped[place] else 0)
        for place, one in enumerate(measures)
    ])  # fmt: skip


def _known(day: Measured, trusted: Ints, place: int) -> Floats:
    return np.where(trusted[:, place] > 0, day.values[:, place], np.nan)


def _has_stopped(now: Measured, then: Measured, place: int, measure: Measure) -> bool:
    """Whether it was fresh of twenty customers then, and is of nobody now."""
    fresh = int((then.ages[:, place] <= measure.fresh_days).sum())
    return fresh >= LEAST_VALUES and not (now.ages[:, place] <= measure.fresh_days).any()


def _last(now: Measured, then: Measured, place: int) -> date:
    """Return the day of the youngest value; where none is known any more, that of the earlier day."""
    ages = now.ages[:, place]
    return then.on if np.isnan(ages).all() else now.on - timedelta(days=int(np.nanmin(ages)))
