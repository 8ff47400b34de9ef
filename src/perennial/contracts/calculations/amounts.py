"""What each of very many customers pays or moved: exact, added up and rounded in a few passes over arrays.

An amount is a number of a customer's own parts (`columns.Columns`), each worth so much of our currency. Whose amount is
not told so, or whose worth has too many digits for 64 bits, is a fraction beside the arrays; both say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.contracts.calculations.parts import Ints, Parts, parts_of
from perennial.kernel.money import largest_remainder

MOST = 2.0**62
NEAR = 1e-15
"""How far a remainder told as a double, below one, may be off: two nearer ones are compared as fractions."""
NONE: Ints = np.zeros(0, np.int64)
NO_PARTS = parts_of(NONE)[0]


def present(places: NDArray[np.integer[Any]]) -> list[int]:
    """Return which of a few small numbers are there at all, in order."""
    found: list[int] = np.flatnonzero(np.bincount(places)).tolist()
    return found


@dataclass(frozen=True)
class Amounts:
    """Amounts of customers, each customer's once. Those in columns, in order of `ids`: `numerator` counts by the
    customer's denominator (`own`: its place in `parts`) units that are worth `worth[unit]`. `beside`: the others'."""

    ids: Ints
    numerator: Ints
    own: NDArray[np.integer[Any]]
    unit: NDArray[np.integer[Any]]
    parts: Parts
    worth: Sequence[Fraction]
    beside: Mapping[int, Fraction]

    @classmethod
    def of(cls, amounts: Mapping[int, Fraction]) -> Amounts:
        """Return amounts by customer as they are."""
        return cls(NONE, NONE, NONE, NONE, NO_PARTS, (), amounts)

    def those(self, kept: NDArray[np.bool_], beside: Mapping[int, Fraction]) -> Amounts:
        """Return some of those in columns, and these beside."""
        return replace(self, ids=self.ids[kept], numerator=self.numerator[kept], own=self.own[kept],
                       unit=self.unit[kept], beside=beside)  # fmt: skip

    def nonzero(self) -> Amounts:
        """Return the amounts that are something."""
        return self.those(self.numerator != 0, {key: one for key, one in self.beside.items() if one})

    def positive(self) -> Amounts:
        """Return the amounts above zero."""
        return self.those(self.numerator > 0, {key: one for key, one in self.beside.items() if one > 0})

    def times(self, factor: int) -> Amounts:
        """Return each amount so many times."""
        return replace(self, worth=[factor * one for one in self.worth],
                       beside={key: factor * one for key, one in self.beside.items()})  # fmt: skip

    @property
    def customers(self) -> Ints:
        """Return whose amounts these are, in order."""
        return np.sort(np.append(self.ids, np.array([*self.beside], np.int64)))

    def total(self) -> Fraction:
        """Return the sum of all, exact."""
        whole = sum(self.beside.values(), Fraction(0))
        for unit, amount in self.parts.split(self.numerator, self.own).sums(self.unit, len(self.worth)).items():
            whole += amount * self.worth[unit]
        return whole

    def printed(self, whole: int) -> Ints:
        """Return each customer's amount, in the order of `customers`, as whole minor units that add up to `whole`:
        `largest_remainder`, where of equals the earlier customer is the earlier part.

        :raises ValueError: `whole` is too far from the sum to be a rounding of it.
        """
        fits, over, under = self._valued()
        rows = np.flatnonzero(~fits)
        beside = {**self.beside, **{int(self.ids[row]): self._exact(row) for row in rows.tolist()}}
        whole_of, rest = np.divmod(over[fits], under[fits])
        fine = [(key, floor(one), one - floor(one)) for key, one in beside.items()]
        ids = np.append(self.ids[fits], np.array([key for key, _whole, _rest in fine], np.int64))
        if any(abs(one) >= MOST for _key, one, _rest in fine):
            exact = {int(key): self._exact(row) for row, key in enumerate(self.ids.tolist())} | dict(self.beside)
            return np.array(largest_remainder([exact[key] for key in sorted(exact)], whole), object)
        rounded = np.append(whole_of, np.array([one for _key, one, _rest in fine], np.int64))
        rests = np.append(rest / under[fits], np.array([one for _key, _whole, one in fine], object).astype(np.float64))
        is_claim = np.append(over[fits] != 0, [bool(one or more) for _key, one, more in fine]).astype(np.bool_)
        missing = whole - sum(rounded.tolist())
        claims = np.flatnonzero(is_claim)
        if abs(missing) > len(claims):
            raise ValueError(f"{whole} is no rounding of amounts that sum to {self.total()}")
        if missing:
            near = rests[claims]
            last = -np.partition(-near, abs(missing) - 1)[abs(missing) - 1]
            sure, band = claims[near > last + NEAR], claims[np.abs(near - last) <= NEAR]
            told = _Rests(rest, under[fits], [one for _key, _whole, one in fine])
            first = told.first(band, abs(missing) - len(sure), rounded, ids)
            rounded[np.append(sure, first)] += 1 if missing > 0 else -1
        return rounded[np.argsort(ids, kind="stable")]

    def _valued(self) -> tuple[NDArray[np.bool_], Ints, Ints]:
        """Return which amounts in columns fit 64 bits in our currency, and all as numerator and denominator."""
        size = [np.array([getattr(one, name) for one in self.worth], object).astype(np.float64)[self.unit]
                for name in ("numerator", "denominator")]  # fmt: skip
        under = self.parts.denominators[self.own] if len(self.own) else NONE
        fits = (np.abs(self.numerator.astype(float)) * size[0] < MOST) & (under * size[1] < MOST)
        used = set(present(self.unit[fits]))
        up, down = (np.array([getattr(one, name) if place in used else 1 for place, one in enumerate(self.worth)],
                             np.int64) for name in ("numerator", "denominator"))  # fmt: skip
        return fits, self.numerator * up[self.unit], under * down[self.unit]

    def _exact(self, row: int) -> Fraction:
        own = int(self.parts.denominators[self.own[row]])
        return Fraction(int(self.numerator[row]), own) * self.worth[int(self.unit[row])]


@dataclass(frozen=True)
class _Rests:
    """What amounts have above their whole units: those in arrays, then those beside."""

    rest: Ints
    under: Ints
    beside: Sequence[Fraction]

    def first(self, band: Ints, count: int, rounded: Ints, ids: Ints) -> Ints:
        """Return the places in `band` of so many with the largest remainders: of equals the larger amount, then the
        earlier customer."""
        if count == len(band):
            return band
        in_arrays, apart = band[band < len(self.rest)], band[band >= len(self.rest)]
        divisor = np.gcd(self.rest[in_arrays], self.under[in_arrays])
        pairs, which = np.unique(
            np.stack([self.rest[in_arrays] // divisor, self.under[in_arrays] // divisor], axis=1),
            axis=0, return_inverse=True,
        )  # fmt: skip
        by_rest: dict[Fraction, list[Ints]] = {}
        for number, (over, under) in enumerate(pairs.tolist()):
            by_rest.setdefault(Fraction(over, under), []).append(in_arrays[which.reshape(-1) == number])
        for place in apart.tolist():
            rest = self.beside[place - len(self.rest)]
            by_rest.setdefault(rest, []).append(np.array([place], np.int64))
        found: list[Ints] = []
        for rest in sorted(by_rest, reverse=True):
            equal = np.concatenate(by_rest[rest])
            found.append(equal[_by_size(rounded[equal], rest, ids[equal])[: count - sum(map(len, found))]])
        return np.concatenate(found)


def _by_size(rounded: Ints, rest: Fraction, ids: Ints) -> NDArray[np.intp]:
    """Return the order of amounts (whole units and the same rest) by size, the largest first, then by customer."""
    below = rounded < 0
    size = np.where(below, -rounded - (1 if rest else 0), rounded)
    half = np.where(below & bool(rest), 1 - rest > rest, rest > 1 - rest) & bool(rest)
    return np.lexsort((ids, ~half, -size))
