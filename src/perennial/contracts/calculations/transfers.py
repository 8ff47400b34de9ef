"""Transfers: lines that go on with another customer (re-parenting, a merger of companies) move no revenue in sum.

A line hands over where its successor (`renewal_of`) belongs to another unit and starts on the day it ends. What it
held goes across by a pair of `transfer` movements; only the difference to the successor is a movement of the latter.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from perennial.contracts.calculations.holdings import Change
from perennial.contracts.calculations.mrr import Stretch, Unit, unit_of
from perennial.contracts.terms import Level


@dataclass(frozen=True, slots=True)
class Handover:
    """One side of a transfer: what leaves or reaches a unit on a day, with both lines' keys."""

    change: Change
    line_keys: tuple[str, ...]


def handovers(stretches: Iterable[Stretch], level: Level) -> dict[tuple[Unit, date], list[Handover]]:
    """Return both sides of every transfer, by unit and day.

    Several successors share what the predecessor held by their MRR, successors in the same unit included.
    """
    successors: dict[tuple[str, date], list[Stretch]] = defaultdict(list)
    ended: dict[tuple[str, date], Stretch] = {}
    for stretch in stretches:
        line = stretch.line
        if line.renewal_of is not None and stretch.since == line.starts_on and stretch.mrr > 0:
            successors[line.renewal_of, stretch.since].append(stretch)
        if stretch.until is not None and stretch.mrr > 0:
            ended[line.line_key, stretch.until] = stretch
    sides: dict[tuple[Unit, date], list[Handover]] = defaultdict(list)
    for (key, day), heirs in successors.items():
        before = ended.get((key, day))
        if before is None:
            continue
        whole = sum((heir.mrr for heir in heirs), Fraction(0))
        giver = unit_of(before.line, level)
        for heir in heirs:
            taker = unit_of(heir.line, level)
            if taker == giver:
                continue
            gone = Change.of(before)
            part = gone.by.times(heir.mrr / whole)
            keys = tuple(sorted((key, heir.line.line_key)))
            sides[giver, day].append(Handover(Change(gone.slot, part.times(-1), gone.line, begins=False), keys))
            sides[taker, day].append(Handover(Change(Change.of(heir).slot, part, heir.line, begins=True), keys))
    return sides
