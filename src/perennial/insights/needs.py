"""What the open terms of customers ask for: since when something is to be recorded at a checkpoint, and what else is to
be done before the term ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q

from perennial.blueprint import queries as blueprint
from perennial.customers import queries as customers
from perennial.insights import due, forecast
from perennial.insights.due import View
from perennial.insights.terms import Learned, Term
from perennial.kernel.periods import Period
from perennial.renewals import checkpoints, findings, plans
from perennial.renewals.calculations.needs import need_of
from perennial.renewals.terms import Category, Need, Outcome, Place


@dataclass(frozen=True, slots=True)
class Asked:
    """What the terms of one customer ask for. `checkpoint_on`: the earliest checkpoint at which something is still to
    be recorded, None where nothing is. `need`: what its next term that asks for anything asks for, which is due on
    `due_on`; both None where none does."""

    checkpoint_on: date | None = None
    need: Need | None = None
    due_on: date | None = None


def asked_on(
    view: View, rows: Q, *, learned: Learned | None, first_month: int, at: datetime | None = None
) -> dict[int, Asked]:  # fmt: skip
    """Return what is asked of each customer on the view's day, by what was said up to `at` (None: all); who is asked
    nothing is left out. `rows`: the condition of the lines; `learned` None: no forecast says anything yet. About 20
    queries for 500 customers whose terms come due."""
    rules, on = blueprint.renewals(view.on), view.on
    span = Period(on - timedelta(days=view.longest_days), on + timedelta(days=rules.furthest_days + 1))
    still = [one for one in due.due_of(span, rows, view) if one.outcome is Outcome.OPEN]
    starts: dict[Place, date] = {(one.customer_id, one.due_on): one.starts_on for one in still}
    if not starts:
        return {}
    ids = sorted({customer for customer, _due in starts})
    stands = checkpoints.standings(starts, customers.segments(ids), on=on, at=at)
    found, late = findings.latest(ids, at=at), plans.overdue(ids, on)
    seen = [due.seen(one, view) for one in still] if learned else []
    terms = forecast.terms_of(seen, view, learned, first_month) if learned else []
    said = {(term.customer_id, term.due_on): _said(term) for term in terms}
    asked: dict[int, Asked] = {}
    for place in sorted(starts, key=lambda one: (one[1], one[0])):
        customer, due_on = place
        before, stand = asked.get(customer, Asked()), stands.get(place)
        days = [day for day in (before.checkpoint_on, stand.since if stand and stand.is_to_do else None) if day]
        need, need_on = before.need, before.due_on
        if need is None:
            need = need_of(due_on, on, stands=stand, found=found.get(place, {}), category=said.get(place),
                           has_late_step=place in late)  # fmt: skip
            need_on = due_on if need else None
        asked[customer] = Asked(min(days, default=None), need, need_on)
    return {customer: one for customer, one in asked.items() if one != Asked()}


def _said(term: Term) -> Category | None:
    """Return the category that is in force; None where it is the model's, and no past term stands behind it: one half
    for want of anything known is no danger."""
    rate = term.probability.rate if term.probability else None
    is_blind = rate is None or rate.count + rate.borrowed == 0
    return None if is_blind and term.category is not term.called else term.category
