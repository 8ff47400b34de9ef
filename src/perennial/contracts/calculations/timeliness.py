"""Whether money came in time: what fell due, how it came, and how many days late, each day weighted by its money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from perennial.contracts.calculations.receipts import Settled


@dataclass(frozen=True, slots=True)
class Timely:
    """What fell due, in minor units: due = on time + late + owed + written off, exactly. `late_days` and `owed_days`
    are sums of money × days after the last day: of what came late, and of what is still owed."""

    on_time: int = 0
    late: int = 0
    owed: int = 0
    written_off: int = 0
    late_days: int = 0
    owed_days: int = 0

    @property
    def due(self) -> int:
        """All that fell due."""
        return self.on_time + self.late + self.owed + self.written_off

    @property
    def share(self) -> Fraction | None:
        """What came by its last day ÷ what fell due; None where nothing did."""
        return Fraction(self.on_time, self.due) if self.due else None

    @property
    def average(self) -> Fraction | None:
        """Mean days late of the money that came, in time counted as 0; None where nothing came."""
        came = self.on_time + self.late
        return Fraction(self.late_days, came) if came else None

    @property
    def open_average(self) -> Fraction | None:
        """Mean days that what is still owed is late by now; None where nothing is owed."""
        return Fraction(self.owed_days, self.owed) if self.owed else None

    def __add__(self, other: Timely) -> Timely:
        return Timely(
            self.on_time + other.on_time, self.late + other.late, self.owed + other.owed,
            self.written_off + other.written_off, self.late_days + other.late_days, self.owed_days + other.owed_days,
        )  # fmt: skip


def timely(amount: int, last_day: date, came: Settled, on: date) -> Timely:
    """Return how a step that was due by `last_day` came up to a day; money beyond its amount counts for nothing, and a
    red step (below zero) is no debt. Parts are taken in the order of their days."""
    left, on_time, late, late_days = max(0, amount), 0, 0, 0
    for part in sorted(came.received, key=lambda one: one.on):
        if part.on > on or part.amount <= 0:
            continue
        taken = min(left, part.amount)
        left -= taken
        days = max(0, (part.on - last_day).days)
        on_time, late = (on_time, late + taken) if days else (on_time + taken, late)
        late_days += taken * days
    given_up = min(left, sum(part.amount for part in came.written_off if part.on <= on and part.amount > 0))
    owed = left - given_up
    return Timely(on_time, late, owed, given_up, late_days, owed * max(0, (on - last_day).days))
