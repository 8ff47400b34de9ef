"""From a score to a colour, with hysteresis and coverage."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np

from perennial.blueprint.terms import Band, Scorecard
from perennial.health.terms import (
    BANDS,
    MILLION,
    NO_BAND,
    POINT,
    BandCause,
    BandReason,
    Bools,
    Confidence,
    Floats,
    Ints,
)


def scored_band(card: Scorecard, score: Ints, previous: Ints, tenures: Floats | None = None) -> Ints:
    """Return the colour that the score alone gives (index into BANDS).

    A threshold is moved away from the previous band by the hysteresis, so that a band is left only beyond it; without a
    previous band (NO_BAND) it stands as it is. `tenures`: days as a customer, for thresholds that depend on them (NaN:
    those for all). Source: analytics 1.1.
    """
    band, margin = np.zeros_like(score), _points(card.hysteresis)
    edges = [(one.until_days, (one.yellow_from, one.green_from)) for one in reversed(card.tenure_bands)]
    for above, threshold in enumerate((card.yellow_from, card.green_from), start=1):
        plain: Ints | int = _points(threshold)
        if tenures is not None:
            for until, of_tenure in edges:
                plain = np.where(tenures < until, _points(of_tenure[above - 1]), plain)
        moved = np.where(previous == NO_BAND, plain, np.where(previous >= above, plain - margin, plain + margin))
        band += score >= moved
    return band


def _points(value: float) -> int:
    return int(Fraction(str(value)) * POINT)


def is_coloured(card: Scorecard, coverage: Ints) -> Bools:
    """Return where enough is known for a colour; `coverage` in millionths."""
    enough: Bools = coverage >= _millionths(card.least_coverage)
    return enough


def confidence_of(card: Scorecard, coverage: int) -> Confidence:
    """Return how far a score of this coverage (millionths) is to be trusted."""
    if coverage >= _millionths(card.high_coverage):
        return Confidence.HIGH
    if coverage >= _millionths(card.medium_coverage):
        return Confidence.MEDIUM
    return Confidence.LOW if coverage >= _millionths(card.least_coverage) else Confidence.GREY


def reason_of(card: Scorecard, score: Decimal | None, scored: Band | None, band: Band) -> BandReason:
    """Return why a printed band is what it is, from the printed score and the band that the score alone gave.

    Says also where the next run leaves the scored band. Source: analytics 1.1.
    """
    if score is None or scored is None or band is Band.GREY:
        return BandReason(BandCause.COVERAGE, Band.GREY, None, None, None, None, None)
    place = BANDS.index(scored)
    edges = (card.yellow_from, card.green_from)
    low, high = (None, *edges)[place], (*edges, None)[place]
    lies_in = sum(score >= Decimal(str(edge)) for edge in edges)
    cause = BandCause.THRESHOLD if lies_in == place else BandCause.HYSTERESIS
    return BandReason(
        cause=BandCause.VETO if band is not scored else cause,
        band=band,
        scored_band=scored,
        from_score=low,
        until_score=high,
        falls_below=None if low is None else low - card.hysteresis,
        rises_from=None if high is None else high + card.hysteresis,
    )


def _millionths(share: float) -> int:
    return round(share * MILLION)
