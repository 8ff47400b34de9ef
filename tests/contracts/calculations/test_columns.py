"""Sums over columns are exact where doubles would not be; denominators are shared as far as they fit."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np
import pytest

from perennial.contracts.calculations.columns import KINDS, MOST_MONEYS, Columns, Groups, columns_of, exact_sums


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


def test_a_customer_has_one_denominator_and_small_ones_are_shared() -> None:
    columns, apart = made((1, 10, "USD", 3, 1), (1, 20, "USD", 4, 1), (2, 10, "USD", 7, 2), (3, 10, "EUR", 5, 1))
    assert apart == [] and set(columns.moneys) == {("USD", 84), ("EUR", 5)}
    amounts = [Fraction(int(n), columns.moneys[int(code) // len(KINDS)][1])
               for n, code in zip(columns.numerator, columns.code, strict=True)]  # fmt: skip
    assert amounts == [Fraction(1, 3), Fraction(1, 4), Fraction(2, 7), Fraction(1, 5)]


def test_what_cannot_be_told_in_one_money_stands_apart() -> None:
    first, second = 2**61 - 1, 2**31 - 1  # two primes whose product fits nowhere
    columns, apart = made(
        (1, 10, "USD", first, 1), (1, 20, "USD", second, 1), (2, 10, "USD", 1, 1), (2, 10, "EUR", 1, 1),
        (3, 10, "USD", 1, 2**62), (3, 11, "USD", 1, 2**62), (4, 10, "USD", 1, 5),
    )  # fmt: skip
    assert apart == [1, 2, 3] and columns.ids.tolist() == [4]


def test_of_very_many_denominators_the_rarest_stand_apart() -> None:
    primes = [n for n in range(2**16, 2**16 + 60_000) if n % 2 and all(n % p for p in range(3, 300, 2))]
    count = MOST_MONEYS * 3
    columns, apart = made(*((one, 10, "USD", primes[one], 1) for one in range(count)))
    assert len(columns.moneys) == MOST_MONEYS
    assert len(columns.ids) + len(apart) == count and apart


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
    assert apart == [] and columns.first_day() is None
    assert len(columns.only(np.array([1])).ids) == 0
    assert Groups({"a": np.array([3, 1])}).split([1, 2, 3]) == {"a": [1, 3], None: [2]}
