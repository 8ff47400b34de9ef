"""How much each measure weighs: shares that always sum to the whole, to the last millionth."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from perennial.blueprint.terms import MissingPolicy, Scorecard
from perennial.health.terms import MILLION, Ints
from perennial.kernel.money import largest_remainder


def weights_of(card: Scorecard) -> Ints:
    """Return each measure's weight: its group's share times its share in the group.

    Unit: millionths, summing to exactly one million. Source: analytics 1.1.
    """
    groups = sum(Fraction(str(group.weight)) for group in card.groups)
    exact = [
        MILLION * Fraction(str(group.weight)) / groups * Fraction(str(measure.weight)) / inside
        for group in card.groups
        for inside in [sum(Fraction(str(measure.weight)) for measure in group.measures)]
        for measure in group.measures
    ]
    return np.array(largest_remainder(exact, MILLION), dtype=np.int64)


def customer_weights(card: Scorecard, trust: Ints) -> tuple[Ints, Ints]:
    """Return the weights of each score and of its coverage (customers × measures, millionths).

    `not_applicable` drops a measure that was never observed from both; `renormalise` gives the untrusted share of a
    measure's weight to the others in the score, but coverage still misses it. Rows sum to one million, or to 0 where no
    measure is left.
    """
    raw = np.broadcast_to(weights_of(card), trust.shape).copy()
    policies = [measure.missing for measure in card.measures]
    for column, policy in enumerate(policies):
        if policy is MissingPolicy.NOT_APPLICABLE:
            raw[trust[:, column] == 0, column] = 0
    cover = shares(raw)
    if MissingPolicy.RENORMALISE not in policies:
        return cover, cover
    counted = raw * MILLION
    for column, policy in enumerate(policies):
        if policy is MissingPolicy.RENORMALISE:
            counted[:, column] = raw[:, column] * trust[:, column]
    return shares(counted), cover


def shares(raw: Ints) -> Ints:
    """Return each row as millionths of its sum, by largest remainder (of equals the earlier); a row of zeros stays so.

    A row's sum may reach 9 × 10¹² before the whole numbers overflow.
    """
    total = raw.sum(axis=1, keepdims=True)
    if np.all(total == MILLION):
        return raw
    whole, rest = np.divmod(raw * MILLION, np.maximum(total, 1))
    missing = np.where(total > 0, MILLION - whole.sum(axis=1, keepdims=True), 0)
    rank = np.argsort(np.argsort(-rest, axis=1, kind="stable"), axis=1, kind="stable")
    shared: Ints = whole + (rank < missing)
    return shared
