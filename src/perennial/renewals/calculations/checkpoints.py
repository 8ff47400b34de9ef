"""The two checkpoints of a term: when each is, and how our own call stands at the one that was reached last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from perennial.blueprint.renewal_terms import SegmentRenewal
from perennial.renewals.terms import State, Taken, Which


def days_of(starts_on: date, due_on: date, rules: SegmentRenewal) -> dict[Which, date]:
    """Return the day of each checkpoint. A term that is shorter than the way to its first one has the last alone; where
    it is shorter than that as well, this one is on its first day."""
    first, last = due_on - timedelta(days=rules.first_days), due_on - timedelta(days=rules.last_days)
    found = {Which.FIRST: first} if first >= starts_on else {}
    return found | {Which.LAST: max(last, starts_on)}


def reached(days: Mapping[Which, date], on: date) -> tuple[Which, date] | None:
    """Return the checkpoint that was reached last, and its day; None while both lie ahead."""
    passed = [(which, day) for which, day in days.items() if day <= on]
    return passed[-1] if passed else None


@dataclass(frozen=True, slots=True)
class Standing:
    """How an open term stands at the checkpoint that it reached last, on the day `since`.

    `is_unplanned`: it is the last one, and nothing is planned. `taken` is our own call there, None where there is none.
    """

    which: Which
    since: date
    state: State
    is_unplanned: bool
    taken: Taken | None

    @property
    def is_to_do(self) -> bool:
        """Say whether something is still to be recorded."""
        return self.state is State.MISSING or self.is_unplanned

    @property
    def is_overdue(self) -> bool:
        """Say whether somebody waits and sees where nobody may: no call or no plan at the last checkpoint."""
        return self.which is Which.LAST and self.is_to_do


def standing(days: Mapping[Which, date], taken: Mapping[Which, Taken], on: date, *, has_plan: bool) -> Standing | None:
    """Return how an open term stands on a day; None while both checkpoints lie ahead."""
    passed = reached(days, on)
    if passed is None:
        return None
    which, since = passed
    call = taken.get(which)
    return Standing(which, since, _state(call), which is Which.LAST and not has_plan, call)


def _state(call: Taken | None) -> State:
    if call is None:
        return State.MISSING
    if call.category is None:
        return State.WAITING
    if call.category is call.model:
        return State.AGREED
    return State.DISPUTED if call.ruling is None else State.SETTLED
