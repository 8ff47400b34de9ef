"""What the model says of a term in the night in which it reaches a checkpoint, kept beside our own call."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import Q

from perennial.blueprint import queries as blueprint
from perennial.customers import queries as customers
from perennial.insights import due, forecast, learning
from perennial.insights.terms import Term
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import Period
from perennial.renewals import checkpoints
from perennial.renewals.terms import Modelled


def record(on: date, *, at: datetime) -> int:
    """Keep what the model says at the checkpoints that were reached and of which nothing is kept; return how many. Safe
    to run twice; nothing is kept before anything was learned. About 20 queries for 500 customers."""
    learned, place = learning.latest(), house()
    if learned is None:
        return 0
    rules, view = blueprint.renewals(on), due.view_of(place, on)
    span = Period(on - timedelta(days=view.longest_days), on + timedelta(days=rules.furthest_days + 1))
    dues = due.due_of(span, Q(), view)
    segments = customers.segments(sorted({one.customer_id for one in dues}))
    spots = checkpoints.reached_by(dues, segments, rules, on)
    known = checkpoints.recorded(sorted({customer for customer, _due in spots}))
    wanted = {place_: spot for place_, spot in spots.items() if spot not in known}
    seen = [due.seen(one, view) for one in dues if (one.customer_id, one.due_on) in wanted]
    terms = forecast.terms_of(seen, view, learned, place.fiscal_start_month) if seen else []
    found = {wanted[one.customer_id, one.due_on]: said for one in terms if (said := modelled(one)) is not None}
    return checkpoints.record(found, on=on, at=at)


def modelled(term: Term) -> Modelled | None:
    """Return what the model says of a term; None where its outcome is known, or nothing was learned yet."""
    if term.model is None or term.probability is None:
        return None
    rate = term.probability.rate
    return Modelled(term.model, rate.p, rate.low, rate.high)
