"""Sums over columns are exact where doubles would not be; denominators are shared as far as they fit."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np
import pytest

from perennial.contracts.calculations.columns import Columns, Groups, columns_of
from perennial.contracts.calculations.parts import exact_sums, factors_of, parts_of


@pytest.mark.parametrize("digits", [3, 9, 15, 18])
@pytest.mark.parametrize("count", [1, 2, 5_000])
def test_sums_are_exact_however_large(digits: int, count: int) -> None:
    chance = Random(digits)
    values = [chance.randrange(-(10**digits), 10**digits) for _ in range(count)]
    keys = [chance.randrange(7) for _ in values]
    wanted: dict[int, int] = {}
    for key, value in zip(keys, values, strict=True):
        wanted[key] = wanted.get(key, 0) + value
    found = exact_sums(np.array(keys), np.array(values), 7)
    assert found == {key: total for key, total in wanted.items() if total}


def test_the_ends_of_what_fits_are_summed_too() -> None:
    values = np.array([2**63 - 1, -(2**63), 2**63 - 1, 1])
    assert exact_sums(np.array([0, 1, 0, 1]), values, 2) == {0: 2**64 - 2, 1: 1 - 2**63}
    assert exact_sums(np.zeros(0, np.int64), np.zeros(0, np.int64), 2) == {}


def made(*rows: tuple[int, int, str, int, int]) -> tuple[Columns, list[int]]:
    """Columns of (customer, day, currency, denominator, numerator)."""
    currencies = sorted({row[2] for row in rows})
    told = [(row[0], -1, row[1], 0, currencies.index(row[2]), row[3], row[4]) for row in rows]
    names = ("customer", "product", "on", "kind", "currency", "denominator", "numerator")
    return columns_of({name: np.array([row[at] for row in told], np.int64) for at, name in enumerate(names)},
                      currencies)  # fmt: skip


def test_a_customer_has_one_denominator_and_sums_over_all_are_exact() -> None:
    columns, apart = made((1, 10, "USD", 3, 1), (1, 20, "USD", 4, 1), (2, 10, "USD", 7, 2), (3, 10, "EUR", 5, -1))
    assert apart == [] and columns.parts.denominators[columns.own].tolist() == [12, 12, 7, 5]
    keys = np.array([0, 0, 0, 1])
    assert columns.amounts.sums(keys, 2) == {0: Fraction(1, 3) + Fraction(1, 4) + Fraction(2, 7), 1: Fraction(-1, 5)}


@pytest.mark.parametrize("seed", range(20))
def test_sums_of_many_denominators_are_exact(seed: int) -> None:
    chance = Random(seed)
    denominators = sorted({chance.choice([1, chance.randrange(1, 60), chance.randrange(1, 10**chance.randrange(1, 12))])
                           for _ in range(30)})  # fmt: skip
    parts, fits = parts_of(np.array(denominators))
    assert fits.tolist() == [factors_of(one) is not None for one in denominators]
    own = np.array([chance.choice(np.flatnonzero(fits).tolist()) for _ in range(500)])
    values = np.array([chance.randrange(-(10**14), 10**14) for _ in own])
    keys = np.array([chance.randrange(4) for _ in own])
    wanted = {key: sum((Fraction(int(value), denominators[at]) for one, value, at in zip(keys, values, own, strict=True)
                        if one == key), Fraction(0)) for key in range(4)}  # fmt: skip
    assert parts.split(values, own).sums(keys, 4) == wanted


def test_a_factor_that_is_too_large_is_told() -> None:
    assert factors_of(720) == {2: 16, 3: 9, 5: 5} and factors_of(1) == {}
    assert factors_of(2**31 - 1) == {2**31 - 1: 2**31 - 1} and factors_of(2**31) is None
    assert factors_of(4_294_967_291) is None and factors_of(65_537 * 65_539) is None


def test_what_cannot_be_told_in_one_money_stands_apart() -> None:
    first, second = 2**61 - 1, 2**31 - 1  # two primes whose product fits nowhere
    columns, apart = made(
        (1, 10, "USD", first, 1), (1, 20, "USD", second, 1), (2, 10, "USD", 1, 1), (2, 10, "EUR", 1, 1),
        (3, 10, "USD", 1, 2**62), (3, 11, "USD", 1, 2**62), (4, 10, "USD", 1, 5),
    )  # fmt: skip
    assert apart == [1, 2, 3] and columns.ids.tolist() == [4]


def test_a_day_of_several_movements_is_one_step_and_a_return_another() -> None:
    columns, _ = made((1, 10, "USD", 1, 5), (1, 20, "USD", 1, -5), (1, 20, "USD", 1, 3), (1, 30, "USD", 1, -3),
                      (1, 40, "USD", 1, 1), (2, 10, "USD", 1, -4))  # fmt: skip
    assert dict(zip(columns.on[columns.steps].tolist(), columns.step[columns.steps].tolist(), strict=True)) == {
        10: 1, 30: -1, 40: 1}  # fmt: skip


def test_nobody_has_columns_too() -> None:
    columns, apart = columns_of(
        {name: np.zeros(0, np.int64)
         for name in ("customer", "product", "on", "kind", "currency", "denominator", "numerator")}, [],
    )  # fmt: skip
    assert apart == [] and len(columns.first_days()) == 0
    assert len(columns.only(np.array([1])).ids) == 0
    assert Groups({"a": "3,1"}).split([1, 2, 3]) == {"a": [1, 3], None: [2]}
