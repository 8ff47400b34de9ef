"""What a draft of the scorecards would change among the customers that a member sees: bands, ARR, who and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

import numpy as np
from django.db.models import QuerySet

from perennial.blueprint import queries as blueprint
from perennial.blueprint.scorecard_terms import Scorecards
from perennial.customers.access import visible_fields
from perennial.customers.models import PortfolioRow
from perennial.health import trying
from perennial.health.terms import BANDS, Bools, Floats, Ints
from perennial.members.models import Member
from perennial.reports.usage_parts import rows_seen

MOST_SHOWN = 50
BIN = 5  # points
SHOWN = ("green", "yellow", "red", "grey")


@dataclass(frozen=True)
class Band:
    """A band before and after: customers, and their ARR in minor units (None: not the member's to see)."""

    key: str
    before: int
    after: int
    arr_before: int | None
    arr_after: int | None


@dataclass(frozen=True)
class Mover:
    """A customer whose band changes. `measure`: what moved the score most, by how many points; "" where the score is
    the same and a threshold, a veto's cap or the least coverage made the difference."""

    key: str
    name: str
    arr: int | None
    from_band: str
    to_band: str
    before: Decimal
    after: Decimal
    measure: str
    points: Decimal


@dataclass(frozen=True)
class Preview:
    """The newest scored day under what is in force and under a draft. `histogram`: customers by five points, before and
    after, grey ones left out; `movers`: those with the most ARR first, at most 50 of `moved`. `is_anew`: the draft's
    rules and vetoes were asked of what is known about the day now."""

    on: date
    customers: int
    bands: Sequence[Band]
    histogram: Sequence[tuple[int, int]]
    moved: int
    changed: int
    movers: Sequence[Mover]
    is_anew: bool = False

    @cached_property
    def fullest(self) -> int:
        """The largest count of the histogram, 1 where there is none."""
        return max((max(pair) for pair in self.histogram), default=0) or 1


def of(member: Member, draft: str, *, leaving: bool = False) -> Preview:
    """Return what a text of the part would change on the newest scored day; `leaving`: with every customer whose band
    changes, of those that the member may export. Three queries, three reads of the lake; about ten more queries where
    a rule or a veto asks something else than those in force.

    :raises BlueprintError: the text cannot be read.
    :raises trying.CannotTry: nothing was scored.
    """
    blueprint.check("scorecard", draft)
    after_cards, before_cards = blueprint.scorecards_from(draft, name="scorecard.yaml"), blueprint.scorecards()
    day = trying.newest_day()
    is_anew = _asks(after_cards) != _asks(before_cards)
    before = trying.tried(day, before_cards)
    after = trying.tried(day, after_cards, trying.asked_anew(day, after_cards) if is_anew else None)
    portfolio = rows_seen(member, leaving=leaving)
    seen = _seen(portfolio, member, day.facts.customers)
    arr = seen.arr
    moved = seen.visible & (before.band != after.band)
    order = np.flatnonzero(moved)
    order = order[np.argsort(-(seen.weight[order]), kind="stable")][: None if leaving else MOST_SHOWN]
    return Preview(
        on=day.on,
        customers=int(seen.visible.sum()),
        bands=[_band(key, before, after, seen.visible, arr) for key in SHOWN],
        histogram=_histogram(before, after, seen.visible),
        moved=int(moved.sum()),
        changed=int((seen.visible & (before.tenths != after.tenths)).sum()),
        movers=_movers(order, day, before, after, seen, portfolio),
        is_anew=is_anew,
    )


def _asks(cards: Scorecards) -> list[object]:
    """Return all that scorecards ask about a customer: their rules, and the conditions of their vetoes."""
    return [
        (rule.card.key, rule.when, rule.priority, {veto.key: veto.when for veto in rule.card.vetoes})
        for rule in cards.rules
    ]


@dataclass(frozen=True)
class _Seen:
    visible: Bools
    weight: Ints
    sees_arr: bool

    @property
    def arr(self) -> Ints | None:
        return self.weight if self.sees_arr else None


def _seen(portfolio: QuerySet[PortfolioRow], member: Member, ids: Sequence[int]) -> _Seen:
    """Return which of the customers the member sees, and their ARR (0 where unknown)."""
    rows = dict(portfolio.values_list("customer_id", "arr"))
    weight = np.array([rows.get(customer) or 0 for customer in ids], dtype=np.int64)
    fields = visible_fields(member)
    visible = np.array([customer in rows for customer in ids], dtype=bool)
    sees = "arr" in fields
    return _Seen(visible, weight if sees else np.zeros_like(weight), sees)


def _band(key: str, before: trying.Outcome, after: trying.Outcome, visible: Bools, arr: Ints | None) -> Band:
    code = [band.value for band in BANDS].index(key)
    was, is_ = visible & (before.band == code), visible & (after.band == code)
    sums = (None, None) if arr is None else (int(arr[was].sum()), int(arr[is_].sum()))
    return Band(key, int(was.sum()), int(is_.sum()), *sums)


def _histogram(before: trying.Outcome, after: trying.Outcome, visible: Bools) -> list[tuple[int, int]]:
    counts = []
    for one in (before, after):
        shown = visible & (one.band != trying.GREY)
        bins = np.minimum(one.tenths[shown] // (10 * BIN), 100 // BIN - 1)
        counts.append(np.bincount(bins, minlength=100 // BIN).tolist())
    return list(zip(*counts, strict=True))


def _movers(
    order: Ints,
    day: trying.Day,
    before: trying.Outcome,
    after: trying.Outcome,
    seen: _Seen,
    rows: QuerySet[PortfolioRow],
) -> list[Mover]:
    ids = [day.facts.customers[row] for row in order.tolist()]
    if len(ids) <= MOST_SHOWN:
        rows = rows.filter(customer_id__in=ids)
    told = rows.values_list("customer_id", "customer__key", "customer__name")
    names = {number: (key, name) for number, key, name in told}
    found = []
    for row, customer in zip(order.tolist(), ids, strict=True):
        measure, points = _cause(row, before, after)
        key, name = names[customer]
        found.append(
            Mover(
                key=key,
                name=name,
                arr=int(seen.weight[row]) if seen.sees_arr else None,
                from_band=BANDS[int(before.band[row])].value,
                to_band=BANDS[int(after.band[row])].value,
                before=_tenths(before.tenths[row]),
                after=_tenths(after.tenths[row]),
                measure=measure,
                points=points,
            )
        )
    return found


def _cause(row: int, before: trying.Outcome, after: trying.Outcome) -> tuple[str, Decimal]:
    """Return the measure that moved a score most in the direction in which it went; "" where it stayed."""
    change = int(after.tenths[row] - before.tenths[row])
    if not change:
        return "", Decimal(0)
    steps = {key: _of(after.adds, key, row) - _of(before.adds, key, row) for key in {*before.adds, *after.adds}}
    sign = 1 if change > 0 else -1
    key = max(sorted(steps), key=lambda one: sign * steps[one])
    return key, _tenths(round(steps[key] * 10))


def _of(adds: Mapping[str, Floats], key: str, row: int) -> float:
    value = adds[key][row] if key in adds else np.nan
    return 0.0 if np.isnan(value) else float(value)


def _tenths(value: int) -> Decimal:
    return Decimal(int(value)).scaleb(-1)
