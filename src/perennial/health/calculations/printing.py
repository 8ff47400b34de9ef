"""Scores as people read them: tenths of a point whose parts add up."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from math import isnan

import numpy as np

from perennial.blueprint.terms import Scorecard
from perennial.health.calculations.bands import confidence_of
from perennial.health.calculations.means import MEAN_OF
from perennial.health.calculations.rounding import TENTH, half_even
from perennial.health.calculations.trend import is_shown
from perennial.health.terms import (
    BANDS,
    MILLION,
    NO_BAND,
    CustomerScore,
    FleetInputs,
    FleetScores,
    Floats,
    Ints,
    Part,
)


def print_fleet(card: Scorecard, inputs: FleetInputs, scores: FleetScores) -> list[CustomerScore]:
    """Return the printed score of every customer, in the order of the inputs.

    Score and segment's score are rounded half-even to tenths, the contributions by largest remainder to their
    difference.
    """
    score, segment = (_decimals(half_even(part, TENTH)) for part in (scores.score, scores.segment_score))
    error, trend, trend_p = _printed(scores.error), _printed(scores.trend), scores.trend_p.tolist()
    weekly = [tuple(_printed(row)) for row in scores.weekly]
    shown = is_shown(scores.trend, scores.trend_p).tolist()
    coverage, band, alone = scores.coverage.tolist(), scores.band.tolist(), scores.scored_band.tolist()
    parts = _parts(card, inputs, scores)
    tenures: list[float | None] = [None] * len(scores.scored)
    if card.tenure_bands and inputs.tenures is not None:
        tenures = [None if isnan(days) else days for days in inputs.tenures.tolist()]
    return [
        CustomerScore(
            score=score[row] if scored else None,
            segment_score=segment[row] if scored else None,
            error=error[row] if scored else None,
            coverage=coverage[row] / MILLION,
            confidence=confidence_of(card, coverage[row]),
            band=BANDS[band[row]],
            scored_band=None if alone[row] == NO_BAND else BANDS[alone[row]],
            trend=trend[row],
            trend_p=None if trend[row] is None else trend_p[row],
            trend_shown=shown[row],
            change_28d=_difference(weekly[row]),
            weekly=weekly[row],
            parts=parts[row] if scored else (),
            vetoes=inputs.vetoes[row] if inputs.vetoes else (),
            tenure_days=tenures[row],
        )
        for row, scored in enumerate(scores.scored.tolist())
    ]


def contribution_tenths(scores: FleetScores) -> Ints:
    """Return the contributions in tenths, each row adding up to its printed score minus its printed segment's score.

    The rule of `kernel.money.largest_remainder`, for a fleet at once.
    """
    parts = scores.contributions
    total = half_even(scores.score, TENTH) - half_even(scores.segment_score, TENTH)
    whole, rest = np.divmod(parts, TENTH)
    missing = (total - whole.sum(axis=1))[:, None]
    order = np.lexsort((-np.abs(parts), -rest), axis=-1)
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(parts.shape[1])[None, :], axis=1)
    tenths: Ints = whole + np.sign(missing) * (rank < np.abs(missing))
    return tenths


def _parts(card: Scorecard, inputs: FleetInputs, scores: FleetScores) -> list[tuple[Part, ...]]:
    keys = [measure.key for measure in card.measures]
    points, effective, means = (
        half_even(part, MILLION // 10).tolist() for part in (scores.points, scores.effective, scores.means)
    )
    columns = zip(
        inputs.values[-1].tolist(),
        inputs.ages[-1].tolist(),
        points,
        effective,
        scores.trust.tolist(),
        scores.weights.tolist(),
        means,
        scores.mean_of.tolist(),
        contribution_tenths(scores).tolist(),
        strict=True,
    )
    return [tuple(_part(*one) for one in zip(keys, *row, strict=True)) for row in columns]


def _part(  # noqa: PLR0913, PLR0917 - one argument for each column of the arrays
    key: str, value: float, age: float, z: int, effective: int, trust: int, weight: int, mean: int, mean_of: int,
    contribution: int,
) -> Part:  # fmt: skip
    return Part(
        key=key,
        value=value if trust else None,
        points=_decimal(z) if trust else None,
        effective=_decimal(effective),
        trust=trust / MILLION,
        weight=weight / MILLION,
        mean=_decimal(mean),
        assumed_from=MEAN_OF[mean_of] if trust < MILLION else None,
        contribution=_decimal(contribution),
        mean_of=MEAN_OF[mean_of],
        age_days=None if isnan(value) or isnan(age) else age,
    )


def _difference(weekly: tuple[Decimal | None, ...]) -> Decimal | None:
    """Return what the score gained over four weeks; None where one of the two had no colour."""
    now, then = weekly[-1], weekly[-5] if len(weekly) >= 5 else None
    return None if now is None or then is None else now - then


def _decimals(tenths: Ints) -> list[Decimal]:
    return [_decimal(one) for one in tenths.tolist()]


def _printed(points: Floats) -> list[Decimal | None]:
    return [None if isnan(one) else _decimal(round(one * 10)) for one in points.tolist()]


@lru_cache(maxsize=4096)  # a fleet has a million figures, and few different ones
def _decimal(tenths: int) -> Decimal:
    return Decimal(tenths).scaleb(-1)
