"""Retention: how much of what was there at the start is there at the end (analytics 3.2).

The headline looks at the customers of the start, one by one. The movement view divides the period's losses by the
opening balance: the same data, another figure (the golden ledger: .86 and .62), because it counts as lost what came
back within the period.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from statistics import NormalDist
from typing import TypeVar

from perennial.contracts.calculations.churn import gross_mrr_churn_rate
from perennial.contracts.terms import Movement

_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What became of the cohort. Ratios are exact (1 = 100 %) and None where nobody was there at the start.

    `opening`, `kept` (capped at each customer's opening) and `closing` are the cohort's MRR in minor units;
    `logo_interval` is Wilson's at 95 %.
    """

    gross: Fraction | None
    net: Fraction | None
    logo: Fraction | None
    logo_interval: tuple[float, float] | None
    opening: Fraction
    kept: Fraction
    closing: Fraction
    customers: int
    customers_kept: int


@dataclass(frozen=True, slots=True)
class Tally:
    """The sums of a cohort, which add up over cohorts that share no customer."""

    opening: Fraction = Fraction(0)
    kept: Fraction = Fraction(0)
    closing: Fraction = Fraction(0)
    customers: int = 0
    customers_kept: int = 0

    def plus(self, other: "Tally", times: Fraction | int = 1, sign: int = 1) -> "Tally":
        """Return both together: the other's amounts times a rate; sign -1 takes its customers away."""
        by = sign * times
        return Tally(
            self.opening + by * other.opening,
            self.kept + by * other.kept,
            self.closing + by * other.closing,
            self.customers + sign * other.customers,
            self.customers_kept + sign * other.customers_kept,
        )

    def retention(self) -> Retention:
        """Return what became of the cohort."""
        return Retention(
            gross=self.kept / self.opening if self.customers else None,
            net=self.closing / self.opening if self.customers else None,
            logo=Fraction(self.customers_kept, self.customers) if self.customers else None,
            logo_interval=wilson_interval(self.customers_kept, self.customers),
            opening=self.opening,
            kept=self.kept,
            closing=self.closing,
            customers=self.customers,
            customers_kept=self.customers_kept,
        )


def retention(opening: Mapping[_Key, Fraction], closing: Mapping[_Key, Fraction]) -> Retention:
    """Return the retention of those with MRR above zero in `opening`. Who came later does not count.

    Both maps are balances of customers (or of products, contracts) in one currency at the rates of the start.
    Each one's closing is capped at its own opening for `gross`; a closing below zero is nothing held.
    """
    return tally(opening, closing).retention()


def tally(opening: Mapping[_Key, Fraction], closing: Mapping[_Key, Fraction]) -> Tally:
    """Return the sums of the same."""
    cohort = {key: amount for key, amount in opening.items() if amount > 0}
    held = {key: max(closing.get(key, Fraction(0)), Fraction(0)) for key in cohort}
    return Tally(
        opening=sum(cohort.values(), Fraction(0)),
        kept=sum((min(held[key], amount) for key, amount in cohort.items()), Fraction(0)),
        closing=sum(held.values(), Fraction(0)),
        customers=len(cohort),
        customers_kept=sum(amount > 0 for amount in held.values()),
    )


def together(tallies: Iterable[Tally]) -> Tally:
    """Return cohorts that share no customer as one."""
    whole = Tally()
    for one in tallies:
        whole = whole.plus(one)
    return whole


def flow_gross_retention(opening: Fraction, movements: Iterable[Movement]) -> Fraction | None:
    """Return 1 - losses of the period / opening, the "movement view". It may fall below zero. None without opening.

    Unit: ratio. Every customer's losses count, also of those that came within the period; so it never exceeds the
    cohort's gross retention as long as no customer hands over to another.
    """
    lost = gross_mrr_churn_rate(opening, movements)
    return None if lost is None else 1 - lost


def of_sums(opening: Fraction, kept: Fraction, closing: Fraction, customers: int, customers_kept: int) -> Retention:
    """Return the retention of a cohort whose sums are known."""
    return Tally(opening, kept, closing, customers, customers_kept).retention()


def wilson_interval(successes: int, trials: int, level: float = 0.95) -> tuple[float, float] | None:
    """Return Wilson's score interval for a share (34 of 40: .7093 to .9294). None without trials."""
    if not trials:
        return None
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, weight = successes / trials, z * z / trials
    centre = (share + weight / 2) / (1 + weight)
    half = sqrt(share * (1 - share) * weight + weight * weight / 4) / (1 + weight)
    low = 0.0 if successes == 0 else max(0.0, centre - half)  # exact ends, which floating point would miss by a hair
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return low, high
