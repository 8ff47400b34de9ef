"""How good forecasts were: pinball loss, coverage, Brier. Floats: statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perennial.contracts.calculations.retention import wilson_interval
from perennial.insights.calculations.shock import QUANTILES

LEADS = (13, 8, 4, 1)
"""Weeks before a quarter's end at which its forecast is judged (analytics 4)."""


def pinball(fan: Sequence[float], actual: float) -> float:
    """Return the mean pinball loss of the quantiles 10, 50 and 90, in the unit of `actual`; 0 is perfect.

    (80, 100, 110) against 90: (.1×10 + .5×10 + .1×20) / 3 = 2.667.
    """
    losses = [
        share * (actual - at) if actual >= at else (1 - share) * (at - actual)
        for share, at in zip(QUANTILES, fan, strict=True)
    ]
    return sum(losses) / len(losses)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the quarters lay within 10 to 90, with Wilson's interval at 95 %; four in five is right."""

    inside: int
    count: int
    interval: tuple[float, float] | None


def coverage(fans: Sequence[tuple[Sequence[float], float]]) -> Coverage:
    """Return the coverage of (quantiles, actual) pairs; edges count as inside."""
    inside = sum(fan[0] <= actual <= fan[-1] for fan, actual in fans)
    return Coverage(inside, len(fans), wilson_interval(inside, len(fans)))


def brier(told: Sequence[tuple[float, bool]]) -> float | None:
    """Return the mean squared distance of probabilities from what happened; None of nothing. (.9, yes), (.6, no):
    (.01 + .36) / 2 = .185."""
    return sum((p - happened) ** 2 for p, happened in told) / len(told) if told else None


@dataclass(frozen=True, slots=True)
class Calibration:
    """A category's promise against what happened: expected share, renewed of count, Wilson's interval at 95 %."""

    expected: float
    kept: int
    count: int
    interval: tuple[float, float] | None


def calibration(told: Sequence[tuple[float, bool]]) -> Calibration | None:
    """Return whether what was promised came; None of nothing."""
    if not told:
        return None
    kept = sum(happened for _p, happened in told)
    return Calibration(sum(p for p, _ in told) / len(told), kept, len(told), wilson_interval(kept, len(told)))
