"""What changed a customer's score between two days, told apart by cause (analytics 1.1).

From the one day to the other four things change, one after the other, and what each did is the score after it minus the
score before it. So the causes add up exactly to the difference, and so do the measures within each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from perennial.blueprint.terms import Scorecard
from perennial.health.calculations.rounding import TENTH, half_even
from perennial.health.calculations.scoring import counted, effective_of
from perennial.health.calculations.weights import customer_weights
from perennial.health.terms import Cause, Floats, Ints, Moved
from perennial.kernel.money import largest_remainder


@dataclass(frozen=True, slots=True)
class Side:
    """One day of a customer: raw values and their ages by the scorecard's measures (NaN where unknown), and the means
    of those he is compared with (millionths of a point)."""

    values: Floats
    ages: Floats
    means: Ints


def moved(was: Scorecard, then: Side, card: Scorecard, then_by_card: Side, now: Side) -> Moved:
    """Return what changed. `was` and `then`: the first day under its own scorecard; `then_by_card`: the same day
    as `card`, the scorecard of the second day, sees it; `now`: the second day."""
    old, aged = _values_first(then_by_card, now)
    steps = [
        (was, then),
        (card, then_by_card),
        (card, old),
        (card, aged),
        (card, now),
    ]
    parts = [_parts(*step) for step in steps]
    keys = list(dict.fromkeys(key for part in parts for key in part))
    cells = [
        (key, cause, after.get(key, 0) - before.get(key, 0))
        for cause, before, after in zip(Cause, parts, parts[1:], strict=False)
        for key in keys
    ]
    first, last = (int(half_even(np.array([sum(part.values())]), TENTH)[0]) for part in (parts[0], parts[-1]))
    tenths = largest_remainder([Fraction(amount, TENTH) for _key, _cause, amount in cells], last - first)
    by: dict[str, dict[Cause, Decimal]] = {}
    for (key, cause, _amount), told in zip(cells, tenths, strict=True):
        if told:
            by.setdefault(key, {})[cause] = Decimal(told).scaleb(-1)
    return Moved(Decimal(first).scaleb(-1), Decimal(last).scaleb(-1), by)


def _values_first(then: Side, now: Side) -> tuple[Side, Side]:
    """Return the first day with the second day's values, and then with their ages too. A value where nothing was known
    comes with its age; one that is gone goes with the ages."""
    came, went = np.isnan(then.values), np.isnan(now.values)
    values = np.where(went, then.values, now.values)
    ages = np.where(came, now.ages, then.ages)
    return Side(values, ages, then.means), Side(now.values, now.ages, then.means)


def _parts(card: Scorecard, side: Side) -> Mapping[str, int]:
    """Return what each measure adds to the score, in units of POINT."""
    points, trust = counted(card, side.values[None, :], side.ages[None, :])
    weights, _cover = customer_weights(card, trust)
    told = weights * effective_of(card, points, trust, side.means[None, :])
    keys: Sequence[str] = [measure.key for measure in card.measures]
    return dict(zip(keys, told[0].tolist(), strict=True))
