"""What came of a step of a receivable plan, and what is still owed of it: the one place where this is said.

Money that was matched to the step counts, each part on the day on which it was received. Only where nothing was
matched, what the plan's source states as received counts, so that nothing is counted twice. Whole minor units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Bucket(StrEnum):
    """How long a step is overdue, by days after its last day."""

    NOT_DUE = "not_due"
    TO_30 = "to_30"
    TO_60 = "to_60"
    TO_90 = "to_90"
    OVER_90 = "over_90"


_UP_TO = ((0, Bucket.NOT_DUE), (30, Bucket.TO_30), (60, Bucket.TO_60), (90, Bucket.TO_90))


def bucket_of(late_days: int) -> Bucket:
    """Return the bucket of so many days after the last day on which it was to come; 0 and less: not overdue."""
    return next((bucket for most, bucket in _UP_TO if late_days <= most), Bucket.OVER_90)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a step on a day: received, invoiced, or written off."""

    on: date
    amount: int


@dataclass(frozen=True, slots=True)
class Settled:
    """What counts as received of a step and what was given up of it. `is_stated`: the plan's source says what came, no
    payment does."""

    received: tuple[Part, ...] = ()
    written_off: tuple[Part, ...] = ()
    is_stated: bool = False

    @property
    def matched(self) -> tuple[Part, ...]:
        """The parts of payments."""
        return () if self.is_stated else self.received


NOTHING = Settled()


def came(stated_on: date | None, stated: int, settled: Settled = NOTHING) -> Settled:
    """Return what counts as received: the matched parts; else what the source states, where it names a day."""
    if settled.received or stated_on is None:
        return settled
    return Settled((Part(stated_on, stated),), settled.written_off, is_stated=True)


def until(parts: Sequence[Part], on: date) -> int:
    """Return the sum of the parts up to the end of a day."""
    return sum(part.amount for part in parts if part.on <= on)


def owed(amount: int, parts: Settled, on: date) -> int:
    """Return what is still to come at the end of a day; 0 where more came than was asked for."""
    left = amount - until(parts.received, on) - until(parts.written_off, on)
    return left if (left > 0) == (amount > 0) else 0
