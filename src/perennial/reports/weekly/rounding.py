"""Rounding that adds up: printed rows sum to their printed total, and every printed row holds its own sums
(`terms.SUMS`: due = renewed + lost + open, and so on)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from perennial.kernel.money import decimals_of, largest_remainder, minor_per_major, round_half_even
from perennial.reports.weekly.terms import SUMS, Figure, Row

CENTS_BELOW = 10_000  # major units: smaller sheets show every decimal
LARGE_FROM = 100_000
WHOLE_FROM = 10_000_000
TEN_THOUSAND = 10_000


@dataclass(frozen=True, slots=True)
class Scale:
    """How a sheet prints: `per` minor units are one printed unit (a yuan, 万元), shown with so many decimals."""

    per: int
    decimals: int
    is_ten_thousands: bool = False

    @property
    def step(self) -> Fraction:
        """Return the minor units of one in the last printed digit."""
        return Fraction(self.per, 10**self.decimals)


def scale_of(top: Row, currency: str, *, in_ten_thousands: bool) -> Scale:
    """Return how to print a sheet: cents while small, whole units when larger, 万 where a reader counts so."""
    major = minor_per_major(currency)
    largest = max((abs(amount) for row in top.walk() for amount in row.cents.values()), default=0) / Fraction(major)
    if in_ten_thousands and largest >= LARGE_FROM:
        return Scale(TEN_THOUSAND * major, 0 if largest >= WHOLE_FROM else 1, is_ten_thousands=True)
    return Scale(major, decimals_of(currency) if largest < CENTS_BELOW else 0)


def round_to_cents(top: Row) -> None:
    """Fill `cents` of the row and all below from `exact` and the targets, whole minor units that add up."""
    for figure in {figure for row in top.walk() for figure in row.exact} - SUMS.keys():
        for row, amount in apportion(top, figure, {id(r): r.exact.get(figure) for r in top.walk()}, Fraction(1)):
            row.cents[figure] = amount
    for row in top.walk():
        _set_sums(row.cents)


def printed(top: Row, scale: Scale) -> dict[int, dict[Figure, int]]:
    """Return each row's figures by `id(row)` in last printed digits; unknown ones are missing. Rows add up."""
    shown: dict[int, dict[Figure, int]] = {id(row): {} for row in top.walk()}
    for figure in {figure for row in top.walk() for figure in row.cents} - SUMS.keys():
        amounts = {id(row): _fraction(row.cents.get(figure)) for row in top.walk()}
        for row, amount in apportion(top, figure, amounts, scale.step):
            shown[id(row)][figure] = amount
    for figures in shown.values():
        _set_sums(figures)
    return shown


def apportion(
    top: Row, figure: Figure, amounts: Mapping[int, Fraction | None], step: Fraction
) -> list[tuple[Row, int]]:
    """Return each row with its amount in whole steps; rows of unknown amount are left out.

    Where the rows below sum to the row they are rounded by largest remainder, so that they still do; where they do
    not (a team's own target beside its members') each is rounded by itself.
    """
    total = amounts[id(top)]
    rounded: list[tuple[Row, int]] = []
    if total is not None:
        rounded.append((top, round_half_even(total / step)))
    waiting = [(top, rounded[0][1] if rounded else None)]
    while waiting:
        row, whole = waiting.pop()
        parts = [(below, amount) for below in row.below if (amount := amounts[id(below)]) is not None]
        exact = [amount / step for _below, amount in parts]
        if whole is not None and sum(exact) == (amounts[id(row)] or 0) / step:
            wholes = largest_remainder(exact, whole)
        else:
            wholes = [round_half_even(amount) for amount in exact]
        below = list(zip([part for part, _ in parts], wholes, strict=True))
        rounded += below
        waiting += below
        waiting += [(part, None) for part in row.below if amounts[id(part)] is None]
    return rounded


def _set_sums(figures: dict[Figure, int]) -> None:
    for figure, parts in SUMS.items():
        if all(part in figures for part, _sign in parts):
            figures[figure] = sum(sign * figures[part] for part, sign in parts)


def _fraction(amount: int | None) -> Fraction | None:
    return None if amount is None else Fraction(amount)
