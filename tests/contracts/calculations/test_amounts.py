"""Amounts in columns are rounded as `largest_remainder` rounds fractions one by one, whatever they are."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np
import pytest

from perennial.contracts.calculations.amounts import Amounts
from perennial.contracts.calculations.parts import parts_of
from perennial.kernel.money import largest_remainder, round_half_even

WORTH = [Fraction(1), Fraction(11, 10), Fraction(3, 400), Fraction(10**25 + 1, 10**24)]


def random_amounts(chance: Random) -> tuple[Amounts, dict[int, Fraction]]:
    """Amounts of few or many denominators with many equal rests, of either sign, some so large that no array holds
    them; and the same as fractions."""
    denominators = chance.choice([[1], [1, 12], [2, 3, 4, 12, 365], [*range(1, 40), 99_991 * 7]])
    parts, _fits = parts_of(np.array(denominators, np.int64))
    ids = sorted(chance.sample(range(1, 400), chance.randrange(0, 60)))
    inside = [one for one in ids if chance.random() < 0.8]
    most = chance.choice([3, 40, 10**6, 10**17])
    rows = [(chance.randrange(-most // 3, most), chance.randrange(len(denominators)), chance.randrange(len(WORTH)))
            for _ in inside]  # fmt: skip
    numerator, own, unit = np.array(rows, np.int64).reshape(-1, 3).T
    beside = {one: Fraction(chance.randrange(-most, most), chance.choice([1, 2, 3, 10**20])) for one in ids
              if one not in inside}  # fmt: skip
    told = Amounts(np.array(inside, np.int64), numerator, own, unit, parts, WORTH, beside)
    exact = beside | {one: Fraction(over, denominators[part]) * WORTH[which]
                      for one, (over, part, which) in zip(inside, rows, strict=True)}  # fmt: skip
    return told, {one: exact[one] for one in ids}


@pytest.mark.parametrize("seed", range(400))
def test_amounts_are_rounded_as_fractions_are(seed: int) -> None:
    told, exact = random_amounts(Random(seed))
    whole = round_half_even(sum(exact.values(), Fraction(0)))
    assert told.total() == sum(exact.values(), Fraction(0))
    assert told.customers.tolist() == list(exact)
    for total in (whole, whole - 1, whole + 1):
        try:
            wanted = largest_remainder(list(exact.values()), total)
        except ValueError:
            with pytest.raises(ValueError, match="is no rounding"):
                told.printed(total)
        else:
            assert told.printed(total).tolist() == wanted
    assert told.positive().printed(round_half_even(told.positive().total())).tolist() == largest_remainder(
        [one for one in exact.values() if one > 0], round_half_even(sum((one for one in exact.values() if one > 0),
                                                                       Fraction(0))))  # fmt: skip


def test_equal_rests_go_to_the_larger_amount_of_either_sign() -> None:
    exact = [Fraction(-5, 3), Fraction(4, 3), Fraction(1, 3), Fraction(-2, 3), Fraction(1, 3), Fraction(-8, 3)]
    for total in range(-4, 3):
        try:
            wanted = largest_remainder(exact, total)
        except ValueError:
            continue
        assert Amounts.of(dict(enumerate(exact))).printed(total).tolist() == wanted
