"""What was decided: terms that ended and, of customers that never have one, each month."""

from __future__ import annotations

from datetime import date

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
    start = date(since.year, since.month, 1)
    paying = _paying(book, start, with_terms)
    while (until := add_months(start, 1)) <= on:
        later = _paying(book, until, with_terms)
        if (on - until).days >= late:
            found += [Decision(customer, start, customer not in later, is_month=True) for customer in sorted(paying)]
        start, paying = until, later
    return sorted(found, key=lambda one: (one.on, one.customer_id)), late


def _paying(book: Book, on: date, without: set[int]) -> set[int]:
    return {customer for customer, one in book.standing(on).items() if one.mrr > 0 and customer not in without}
