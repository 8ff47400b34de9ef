"""The score of a whole fleet (analytics 1.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perennial.blueprint.terms import MissingPolicy, Scorecard
from perennial.health.calculations.bands import is_coloured, scored_band
from perennial.health.calculations.curves import points_of, trust_of
from perennial.health.calculations.means import means_of
from perennial.health.calculations.rounding import TENTH, half_even, to_tenths
from perennial.health.calculations.trend import WEEKS_A_QUARTER, kendall_p, theil_sen
from perennial.health.calculations.uncertainty import error_of
from perennial.health.calculations.weights import customer_weights
from perennial.health.terms import (
    BANDS,
    MILLION,
    NO_BAND,
    Bools,
    FleetInputs,
    FleetScores,
    Floats,
    Ints,
)


@dataclass(frozen=True, slots=True)
class Week:
    """One week's scores, customers × measures; units as in FleetScores."""

    points: Ints
    trust: Ints
    means: Ints
    mean_of: Ints
    effective: Ints
    weights: Ints
    cover: Ints

    @property
    def score(self) -> Ints:
        """Σ weight × effective points."""
        total: Ints = (self.weights * self.effective).sum(axis=1)
        return total

    @property
    def coverage(self) -> Ints:
        """Σ weight × trust, in millionths, rounded down."""
        share: Ints = (self.cover * self.trust).sum(axis=1) // MILLION
        return share

    @property
    def scored(self) -> Bools:
        """Whether any measure counts."""
        some: Bools = self.weights.sum(axis=1) > 0
        return some


def score_fleet(card: Scorecard, inputs: FleetInputs) -> FleetScores:
    """Return every customer's score of the last week, and the trend of all weeks under this one configuration.

    Means, spreads and so every score depend on the whole fleet: give all customers that are scored, not a page of them.
    :raises ValueError: the arrays do not fit the scorecard or each other.
    """
    _check(card, inputs)
    weeks = [week_of(card, v, a, inputs.segments) for v, a in zip(inputs.values, inputs.ages, strict=True)]
    weekly = np.stack(
        [np.where(_coloured(card, week), half_even(week.score, TENTH) / 10, np.nan) for week in weeks], axis=1
    )
    last = weeks[-1]
    coloured = _coloured(card, last)
    alone = np.where(coloured, scored_band(card, to_tenths(last.score), inputs.previous, inputs.tenures), NO_BAND)
    return FleetScores(
        scored=last.scored,
        score=last.score,
        segment_score=(last.weights * last.means).sum(axis=1),
        contributions=last.weights * (last.effective - last.means),
        known=last.trust > 0,
        trust=last.trust,
        points=last.points,
        effective=last.effective,
        means=last.means,
        mean_of=last.mean_of,
        weights=last.weights,
        coverage=last.coverage,
        error=error_of(
            last.points,
            last.trust > 0,
            last.cover * (MILLION - last.trust) // MILLION,
            inputs.segments,
            card.smallest_segment,
        ),
        scored_band=alone,
        band=np.where(coloured, np.minimum(alone, inputs.caps), len(BANDS) - 1),
        weekly=weekly,
        trend=theil_sen(weekly) * WEEKS_A_QUARTER,
        trend_p=kendall_p(weekly),
    )


@dataclass(frozen=True, slots=True)
class Tried:
    """What a scorecard would print of a fleet on one day: whole tenths of a point, indexes into BANDS (grey where too
    little is known), and what each measure adds to the score (weight × points, unit POINT)."""

    tenths: Ints
    band: Ints
    scored: Bools
    adds: Ints


def try_fleet(card: Scorecard, inputs: FleetInputs) -> Tried:
    """Return what a scorecard makes of the last week, without trend and error: the same score and band as
    `score_fleet`, in a fraction of its time."""
    _check(card, inputs)
    week = week_of(card, inputs.values[-1], inputs.ages[-1], inputs.segments)
    coloured = _coloured(card, week)
    alone = scored_band(card, to_tenths(week.score), inputs.previous, inputs.tenures)
    band = np.where(coloured, np.minimum(alone, inputs.caps), len(BANDS) - 1)
    return Tried(half_even(week.score, TENTH), band, week.scored, week.weights * week.effective)


def _coloured(card: Scorecard, week: Week) -> Bools:
    coloured: Bools = week.scored & is_coloured(card, week.coverage)
    return coloured


def week_of(card: Scorecard, values: Floats, ages: Floats, segments: Ints) -> Week:
    """Return one week's scores of a fleet, customers × measures."""
    points, trust = counted(card, values, ages)
    means, mean_of = means_of(points, trust > 0, segments, card.smallest_segment)
    weights, cover = customer_weights(card, trust)
    return Week(points, trust, means, mean_of, effective_of(card, points, trust, means), weights, cover)


def counted(card: Scorecard, values: Floats, ages: Floats) -> tuple[Ints, Ints]:
    """Return the points of values and how much each counts, customers × measures, in millionths."""
    points, trust = np.empty(values.shape, dtype=np.int64), np.empty(values.shape, dtype=np.int64)
    for column, measure in enumerate(card.measures):
        points[:, column] = points_of(values[:, column], measure.points)
        trust[:, column] = trust_of(values[:, column], ages[:, column], measure)
    return points, trust


def effective_of(card: Scorecard, points: Ints, trust: Ints, means: Ints) -> Ints:
    """Return what each measure counts for, where the unknown share is what its missing policy says (analytics 1.1)."""
    stand_in = means.copy()
    for column, measure in enumerate(card.measures):
        if measure.missing is MissingPolicy.WORST:
            stand_in[:, column] = 0
    effective: Ints = (trust * points + (MILLION - trust) * stand_in + MILLION // 2) // MILLION
    for column, measure in enumerate(card.measures):
        if measure.missing is MissingPolicy.RENORMALISE:
            effective[:, column] = np.where(trust[:, column] > 0, points[:, column], means[:, column])
    return effective


def _check(card: Scorecard, inputs: FleetInputs) -> None:
    weeks, customers, measures = inputs.values.shape
    if measures != len(card.measures) or weeks < 1:
        raise ValueError(f"{len(card.measures)} measures and a week are wanted, got {measures} and {weeks}")
    if inputs.ages.shape != inputs.values.shape:
        raise ValueError("values and ages have different shapes")
    if any(len(part) != customers for part in (inputs.segments, inputs.previous, inputs.caps)):
        raise ValueError("segments, previous and caps need one entry for each customer")
