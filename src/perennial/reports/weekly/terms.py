"""The words of the weekly meeting: its figures, and the rows that carry them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

from perennial.contracts.causes import Cause
from perennial.kernel.periods import Period
from perennial.team.terms import Aim, Holder, TargetKind


class Figure(StrEnum):
    """A column of money. `DUE` to `UPLIFT` are of renewals, `WAITING` and `OWED` of collections."""

    TARGET = "target"
    DONE = "done"  # of renewals: at the new value
    DUE = "due"
    RENEWED = "renewed"  # at the value that was due
    LOST = "lost"
    OPEN = "open"
    UPLIFT = "uplift"  # new value less the value that was due, where renewed; below zero where it shrank
    WAITING = "waiting"  # not yet invoiced, at an approval node
    OWED = "owed"  # invoiced, not received
    GAP = "gap"
    LAST_YEAR = "last_year"
    TO_DATE = "to_date"  # what of `DONE` compares with last year's same days
    KEPT = "kept"  # of renewals: each no more than was due


_F = Figure
SHOWN: Mapping[TargetKind, tuple[Figure, ...]] = {
    TargetKind.RENEWALS: (
        _F.TARGET,
        _F.DUE,
        _F.RENEWED,
        _F.LOST,
        _F.OPEN,
        _F.UPLIFT,
        _F.DONE,
        _F.GAP,
        _F.LAST_YEAR,
    ),
    TargetKind.COLLECTIONS: (_F.TARGET, _F.DONE, _F.WAITING, _F.OWED, _F.GAP, _F.LAST_YEAR),
    TargetKind.EXPANSION: (_F.TARGET, _F.DONE, _F.GAP, _F.LAST_YEAR),
}
BEHIND: Mapping[TargetKind, tuple[Figure, ...]] = {
    TargetKind.RENEWALS: (_F.TO_DATE, _F.KEPT),
    TargetKind.COLLECTIONS: (_F.TO_DATE,),
    TargetKind.EXPANSION: (_F.TO_DATE,),
}

WEIGHT: Mapping[TargetKind, tuple[Figure, ...]] = {
    TargetKind.RENEWALS: (_F.DUE,),
    TargetKind.COLLECTIONS: (_F.DONE, _F.WAITING, _F.OWED),
    TargetKind.EXPANSION: (_F.DONE,),
}
"""What rows are ordered by, the largest sum first."""
SUMS: Mapping[Figure, tuple[tuple[Figure, int], ...]] = {
    _F.DUE: ((_F.RENEWED, 1), (_F.LOST, 1), (_F.OPEN, 1)),
    _F.UPLIFT: ((_F.DONE, 1), (_F.RENEWED, -1)),
    _F.GAP: ((_F.TARGET, 1), (_F.DONE, -1)),
}
"""Figures that are printed as the sum of other printed ones, so that each row adds up in sight."""


@dataclass(frozen=True, slots=True)
class Node:
    """An approval node at which receivables wait: its code, how many, the longest wait in days (None: unknown), who
    holds them, and the most days over the usual (None: unknown)."""

    code: str
    count: int
    days: int | None
    holders: tuple[str, ...] = ()
    over: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One thing behind a customer's amounts: a term that came due, a step of money, a change of revenue.

    `what` is a code in the words of its room: an outcome, a kind of movement, "" for money. `lines` are the ids of the
    contract lines, `causes` their names where they are known already.
    """

    on: date
    what: str
    amounts: Mapping[Figure, Fraction]
    lines: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()


@dataclass(slots=True)
class Figures:
    """The exact money of one customer, minor units on the organisation's basis, and what a reader asks about it."""

    amounts: dict[Figure, Fraction] = field(default_factory=dict)
    waits: list[Node] = field(default_factory=list)
    payers: set[str] = field(default_factory=set)
    items: list[Item] = field(default_factory=list)

    def take(self, item: Item) -> None:
        """Count an item in."""
        for figure, amount in item.amounts.items():
            self.amounts[figure] = self.amounts.get(figure, Fraction(0)) + amount
        self.items.append(item)


@dataclass(slots=True)
class Found:
    """What the rooms know for one kind of target, by customer.

    `is_known` False: nothing of this kind was ever kept, so that all is unknown, not 0; `has_last_year` likewise for
    last year's days. `without_rate` amounts stand without tax for want of a rate; `left_out` are in another currency.
    """

    kind: TargetKind
    is_known: bool
    has_last_year: bool = False
    customers: dict[int, Figures] = field(default_factory=dict)
    without_rate: int = 0
    left_out: int = 0

    def of(self, customer_id: int) -> Figures:
        """Return a customer's figures, to be added to."""
        return self.customers.setdefault(customer_id, Figures())


class RowKind(StrEnum):
    """Whose row it is."""

    ALL = "all"
    TEAM = "team"
    LOOSE = "loose"  # members without a team
    MEMBER = "member"
    NOBODY = "nobody"  # customers without an owner
    CUSTOMER = "customer"


@dataclass(slots=True)
class Row:
    """A row, with the rows that it is the sum of.

    `exact` holds what adds up; a figure that is missing is unknown. `cents` are the same rounded to the minor unit so
    that the rows below add up, with target and gap. `aim` is what was set for the row itself.
    """

    kind: RowKind
    name: str = ""
    holder: Holder | None = None
    customer_key: str = ""
    customers: int = 0
    exact: dict[Figure, Fraction] = field(default_factory=dict)
    cents: dict[Figure, int] = field(default_factory=dict)
    aim: Aim | None = None
    without_target: int = 0
    nodes: tuple[Node, ...] = ()
    payers: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    below: list[Row] = field(default_factory=list)

    def walk(self) -> Iterator[Row]:
        """Yield the row and then all rows below, as a page lists them."""
        yield self
        for row in self.below:
            yield from row.walk()

    @property
    def share_done(self) -> Fraction | None:
        """Return done ÷ target; None where either is unknown or nothing is aimed at."""
        target, done = self.cents.get(Figure.TARGET), self.exact.get(Figure.DONE)
        return done / target if target and done is not None else None

    @property
    def renewal_rate(self) -> tuple[Fraction, Fraction] | None:
        """Return the share of the ARR due that was renewed, and what it would be if all that is open were (3.4).

        Each renewal counts for no more than was due. None where nothing was due.
        """
        due, kept = self.exact.get(Figure.DUE), self.exact.get(Figure.KEPT)
        if not due or kept is None:
            return None
        return kept / due, (kept + self.exact.get(Figure.OPEN, 0)) / due

    @property
    def change(self) -> Fraction | None:
        """Return how much more was done than in last year's same days, as a ratio; None where there is no basis."""
        before, now = self.exact.get(Figure.LAST_YEAR), self.exact.get(Figure.TO_DATE)
        return now / before - 1 if before and before > 0 and now is not None else None


@dataclass(frozen=True)
class Sheet:
    """One kind's table: the row of all with everything below it, and on what basis it stands."""

    kind: TargetKind
    period: Period
    as_of: date
    currency: str
    includes_tax: bool
    passed: Fraction | None
    last_year: Period
    top: Row
    is_known: bool
    without_rate: int = 0
    left_out: int = 0
