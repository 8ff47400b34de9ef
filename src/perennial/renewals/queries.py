"""Reads of renewals: terms that come to their end (contracts' due_terms says which), what became of them, and for the
other lines the day of their yearly review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from django.db.models import Q

from perennial.contracts import grace
from perennial.contracts import queries as contracts
from perennial.contracts.facts import switches_of
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import TermLine
from perennial.customers.aliases import Aliases, aliases
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import add_months, months_between
from perennial.renewals.calculations.outcomes import outcomes
from perennial.renewals.terms import Due


def due_in(since: date, until: date, rows: Q, *, on: date) -> list[Due]:
    """Return the terms that end within [since, until) among `rows`, by day, with what became of them by `on`.

    So long after its end as its customer's grace lasts a term may still be renewed: what the ledger holds is open here.
    Eight queries for up to 500 customers; two where nothing is due; more where only followers tell which ends were
    terms (contracts.queries.due_lines), or a segment has a longer grace.
    """
    due = contracts.due_lines(since, until, rows)
    if not due:
        return []
    merged = aliases()
    customers = {merged.of(line.customer_id) for line in due}
    family = merged.family(customers)
    own = grace.graces(switches_of(house().policy_switches), merged, customers)
    return outcomes(
        _counted(due, merged), _counted(contracts.followers(due, family), merged), on=on,
        over_on=lambda customer_id, ended_on: own.of(customer_id).over_on(ended_on), value=Exchange.of_house().value,
    )  # fmt: skip


def _counted(lines: Sequence[TermLine], merged: Aliases) -> list[TermLine]:
    """Return the lines with the customers that they count for, so that one renews what another entry of it had."""
    return [replace(line, customer_id=merged.of(line.customer_id)) for line in lines] if merged.into else list(lines)


@dataclass(frozen=True)
class Review:
    """The yearly review of a line that never renews: open-ended, short, or stopped. `arr` in minor units."""

    customer_id: int
    on: date
    arr: Fraction
    line: str


def reviews_in(since: date, until: date, rows: Q) -> list[Review]:
    """Return the anniversaries within [since, until) of the lines that never renew, while they run, by day.

    Two queries. A line is reviewed a year after its first day and every year from then.
    """
    found, exchange = [], Exchange.of_house()
    for line in contracts.open_lines(rows):
        years = max(1, -(-months_between(line.starts_on, since) // 12))
        day = add_months(line.starts_on, 12 * years)
        if day < since:
            day = add_months(line.starts_on, 12 * (years + 1))
        ended = line.ends_on is not None and line.ends_on <= day
        ceased = line.cancelled_on is not None and line.cancelled_on <= day
        if since <= day < until and not ended and not ceased:
            found.append(Review(line.customer_id, day, exchange.value(line.arr, line.currency, day), line.fact))
    return sorted(found, key=lambda one: (one.on, one.customer_id, one.line))
