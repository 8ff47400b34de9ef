"""What comes due, as it is known on a day: now, or as far as a past day can be told from what is known now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from django.db.models import Q

from perennial.contracts import grace
from perennial.contracts import queries as contracts
from perennial.contracts.facts import switches_of
from perennial.customers.aliases import aliases
from perennial.insights.calculations.base_rate import Kind, Tally, age_at, stands_passed
from perennial.insights.terms import Known
from perennial.kernel.organisation.queries import House
from perennial.kernel.periods import Period, add_months
from perennial.renewals import queries as renewals
from perennial.renewals.terms import RENEWED, Due, Outcome

PAST_MONTHS = 120
"""So far back base rates look."""


@dataclass(frozen=True, slots=True)
class View:
    """From where terms are seen: the day, how late paper usually may be, and that of whoever may be latest, and
    whether the day is a past one, so that what was agreed later is left out."""

    on: date
    late_days: int
    longest_days: int
    is_past: bool = False

    @property
    def then(self) -> Q:
        """Return the lines that were there on the day."""
        return Q(starts_on__lte=self.on) | Q(contract__signed_on__lte=self.on) if self.is_past else Q()


def view_of(place: House, on: date, *, is_past: bool = False) -> View:
    """Return how terms are seen on a day. No query."""
    switches = switches_of(place.policy_switches)
    return View(on, switches.grace_days, grace.longest(switches), is_past)


def first_open(view: View) -> date:
    """Return since when a term may still be open: as long ago as paper is usually late, or since the first end of a
    customer with a longer grace that is held now; of a past day as long ago as anybody's may be. One query."""
    usual = view.on - timedelta(days=view.late_days)
    if view.is_past:
        return view.on - timedelta(days=max(view.late_days, view.longest_days))
    return min(usual, grace.first_held(on=view.on) or usual)


def known(span: Period, rows: Q, view: View) -> list[Known]:
    """Return the terms that end in the span with what was known of them on the view's day. Five queries.

    A follower without a day of signing counts as agreed on its first day: on a past day it is not known before.
    """
    return [seen(one, view) for one in due_of(span, rows, view)]


def due_of(span: Period, rows: Q, view: View) -> list[Due]:
    """Return the terms that end in the span, as the view's day tells them. Five queries."""
    return renewals.due_in(span.since, span.until, rows & view.then, on=view.on)


def seen(one: Due, view: View) -> Known:
    """Return what was known of a term on the view's day."""
    kept = min(one.arr, one.renewed)
    if view.is_past and one.outcome in RENEWED and one.agreed_on is not None and one.agreed_on > view.on:
        return Known(one.customer_id, one.due_on, one.arr, Fraction(0), Outcome.OPEN)
    return Known(one.customer_id, one.due_on, one.arr, kept, one.outcome)


def first_days(customer_ids: Sequence[int]) -> dict[int, date]:
    """Return since when each customer is with us: the first day of its first contract. Two queries for 500."""
    merged = aliases()
    found: dict[int, date] = {}
    for number, (first, _last) in contracts.contract_spans(merged.family(customer_ids)).items():
        customer = merged.of(number)
        found[customer] = min(first, found.get(customer, first))
    return found


def ended(view: View) -> list[Due]:
    """Return the past terms of the whole house after which no paper may be late any more, each by its customer's own
    grace: an end that is open yet would count as lost. Five queries."""
    since = add_months(view.on, -PAST_MONTHS)
    found = renewals.due_in(since, view.on + timedelta(days=1), view.then, on=view.on)
    return [one for one in found if one.over_on <= view.on]


def tallies(found: Sequence[Due], segments: Mapping[int, str]) -> dict[Kind, Tally]:
    """Return how many ended terms of each kind there were, and how many renewed. Two queries for 500 customers."""
    since = first_days(sorted({one.customer_id for one in found}))
    counted: dict[Kind, Tally] = {}
    for one in found:
        age = age_at((one.due_on - since.get(one.customer_id, one.due_on)).days)
        is_kept = one.outcome in RENEWED
        days_before = (one.due_on - one.agreed_on).days if one.agreed_on is not None else None
        for stand in stands_passed(days_before if is_kept else None):
            kind = Kind(segments.get(one.customer_id, ""), age, stand)
            before = counted.get(kind, Tally(0, 0))
            counted[kind] = Tally(before.kept + is_kept, before.ended + 1)
    return counted
