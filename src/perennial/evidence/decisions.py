"""What was decided: terms that ended and, of customers that never have one, each month."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from django.db.models import Q

from perennial.contracts.facts import switches_of
from perennial.contracts.queries import Book
from perennial.evidence.terms import YEARS, Decision
from perennial.kernel.organisation.queries import House
from perennial.kernel.periods import add_months
from perennial.renewals import queries as renewals
from perennial.renewals.terms import RENEWED, Outcome


def decisions(place: House, book: Book, on: date) -> tuple[list[Decision], int]:
    """Return the decisions of the last three years that are known by a day, the oldest first, and by how many days a
    paper may be late. A term that is open is no decision yet.

    Of customers of whom no term ends in those years each month is one: paid on its first day, and lost where nothing is
    paid on the first of the next. Eight queries; what the book knows of each month costs none.
    """
    since, late = add_months(on, -12 * YEARS), switches_of(place.policy_switches).grace_days
    due = renewals.due_in(since, on, Q(), on=on)
    found = [
        Decision(one.customer_id, one.due_on, one.outcome is Outcome.LOST, is_month=False)
        for one in due
        if one.outcome is Outcome.LOST or one.outcome in RENEWED
    ]
    with_terms = {one.customer_id for one in due}
    with_terms |= {one.customer_id for one in renewals.due_in(on, add_months(on, 12 * YEARS), Q(), on=on)}
    firsts = [date(since.year, since.month, 1)]
    while (start := add_months(firsts[-1], 1)) <= on:
        firsts.append(start)
    for customer, paid in book.revenue_over(firsts).items():
        if customer in with_terms:
            continue
        for (start, before), (until, after) in pairwise(zip(firsts, paid, strict=True)):
            if before > 0 and (on - until).days >= late:
                found.append(Decision(customer, start, after <= 0, is_month=True))
    return sorted(found, key=lambda one: (one.on, one.customer_id)), late
