"""Sums of very many fractions of very many denominators, exact, in a few passes over arrays.

A fraction is whole units and a rest, and the rest is told by its partial fractions: 5/12 = 2/3 + 3/4 - 1. Rests add up
by the prime's power, of which there are few, however many denominators there are: seats and days of terms are products
of small primes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import prod

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
SMALL, LARGE = 2**16, 2**31
"""Primes are tried up to here; a prime's power up to there can be multiplied by another."""


@dataclass(frozen=True)
class Parts:
    """The partial fractions of denominators. Those of `denominators[n]` are the places starts[n] until starts[n + 1] of
    the other columns: the prime's place in `moduli` (its highest power anywhere), its `power` in this denominator,
    and what a rest is multiplied by to become the numerator over it (`inverse`) and over the modulus (`scale`)."""

    denominators: Ints
    starts: Ints
    prime: Ints
    power: Ints
    inverse: Ints
    scale: Ints
    moduli: Ints

    def split(self, numerators: Ints, own: NDArray[np.integer]) -> Split:
        """Return numbers as whole units and partial fractions; `own` is each one's place in `denominators`."""
        whole = numerators.copy()
        fine = np.flatnonzero(self.denominators[own] > 1)
        denominator = self.denominators[own[fine]]
        whole[fine], rest = np.divmod(numerators[fine], denominator)
        fine, denominator, rest = fine[rest > 0], denominator[rest > 0], rest[rest > 0]
        first = self.starts[own[fine]]
        lengths = self.starts[own[fine] + 1] - first
        at = ranges(first, lengths)
        power = self.power[at]
        part = np.repeat(rest, lengths) % power * self.inverse[at] % power
        if len(fine):  # parts add up to the rest and whole units more, which are taken back
            more = np.add.reduceat(part / power, np.cumsum(lengths) - lengths) - rest / denominator
            whole[fine] -= np.rint(more).astype(np.int64)
        told = np.flatnonzero(part)
        at, part = at[told], part[told]
        return Split(whole, np.repeat(fine, lengths)[told], self.prime[at], part * self.scale[at], self.moduli)


@dataclass(frozen=True)
class Split:
    """Numbers as `whole` units and partial fractions: of the number in row `row`, `part` over the modulus in `prime`.
    They add up to the numbers."""

    whole: Ints
    row: Ints
    prime: Ints
    part: Ints
    moduli: Ints

    def sums(self, keys: NDArray[np.integer], size: int) -> dict[int, Fraction]:
        """Return the sum of each key below `size`, where it is not zero."""
        found = {key: Fraction(total) for key, total in exact_sums(keys, self.whole, size).items()}
        width = len(self.moduli)
        if not width:
            return found
        over = prod(self.moduli.tolist())
        factors = [over // modulus for modulus in self.moduli.tolist()]
        rests: dict[int, int] = defaultdict(int)
        parts = exact_sums(keys[self.row] * width + self.prime, self.part, size * width)
        for place, total in parts.items():
            rests[place // width] += total * factors[place % width]
        for key, total in rests.items():
            found[key] = found.get(key, Fraction(0)) + Fraction(total, over)
        return {key: total for key, total in found.items() if total}


def parts_of(denominators: Ints) -> tuple[Parts, NDArray[np.bool_]]:
    """Return the partial fractions of denominators, and which of them have any: a prime's power may be too large."""
    factors = [factors_of(int(one)) for one in denominators.tolist()]
    fits = np.array([one is not None for one in factors], np.bool_)
    highest: dict[int, int] = {}
    for one in factors:
        for base, power in (one or {}).items():
            highest[base] = max(highest.get(base, 1), power)
    places = {base: place for place, base in enumerate(sorted(highest))}
    told = [
        (places[base], power, pow(denominator // power, -1, power), highest[base] // power)
        for denominator, one in zip(denominators.tolist(), factors, strict=True)
        for base, power in (one or {}).items()
    ]
    prime, powers, inverse, scale = np.array(told, np.int64).reshape(-1, 4).T
    starts = np.cumsum([0, *(len(one or {}) for one in factors)])
    moduli = np.array([highest[base] for base in places], np.int64)
    return Parts(denominators, starts, prime, powers, inverse, scale, moduli), fits


def factors_of(number: int) -> dict[int, int] | None:
    """Return the prime powers whose product it is, by prime; None where one is too large."""
    found, rest = {}, number
    small = _primes()
    for base in small[number % small == 0].tolist():
        power = 1
        while rest % base == 0:
            rest, power = rest // base, power * base
        found[base] = power
    if rest > 1:
        found[rest] = rest  # prime, or too large
    return found if all(power < LARGE for power in found.values()) else None


@cache
def _primes() -> Ints:
    is_prime = np.ones(SMALL, np.bool_)
    is_prime[:2] = False
    for base in range(2, int(SMALL**0.5) + 1):
        if is_prime[base]:
            is_prime[base * base :: base] = False
    return np.flatnonzero(is_prime)


def ranges(first: Ints, lengths: Ints) -> Ints:
    """Return the numbers first[n] until first[n] + lengths[n], one range after the other."""
    return np.repeat(first - (np.cumsum(lengths) - lengths), lengths) + np.arange(int(lengths.sum()))


def exact_sums(keys: NDArray[np.integer], values: Ints, size: int) -> dict[int, int]:
    """Return the sum of the values of each key below `size`, those that are not zero: exact, however large.

    Doubles add whole numbers exactly below 2^53, so values are cut into parts small enough for as many as there are.
    """
    if not len(values):
        return {}
    bits = 52 - len(values).bit_length()
    found: dict[int, int] = {}
    shift, rest = 0, values
    while True:
        is_last = max(-int(rest.min()), int(rest.max())) < 2**bits
        part = rest if is_last else rest & (2**bits - 1)
        sums = np.bincount(keys, weights=part, minlength=size)
        for place in np.flatnonzero(sums).tolist():
            found[place] = found.get(place, 0) + (int(sums[place]) << shift)
        if is_last:
            return {place: total for place, total in found.items() if total}
        shift, rest = shift + bits, rest >> bits
