"""Reads of renewals: terms that come to their end (contracts' due_terms says which), what became of them, and for the
other lines the day of their yearly review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from django.db.models import Q

from perennial.contracts import grace
from perennial.contracts import queries as contracts
from perennial.contracts.calculations.grace import Grace
from perennial.contracts.facts import switches_of
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import TermLine
from perennial.customers.aliases import Aliases, aliases
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import add_months, months_between
from perennial.renewals.calculations.outcomes import outcomes
from perennial.renewals.terms import LATER_DAYS, Due, TwiceTold


def due_in(since: date, until: date, rows: Q, *, on: date) -> list[Due]:
    """Return the terms that end within [since, until) among `rows`, by day, with what became of them by `on`.

    So long after its end as its customer's grace lasts a term may still be renewed: what the ledger holds is open here.
    Eight queries for up to 500 customers; two where nothing is due; more where only followers tell which ends were
    terms (contracts.queries.due_lines), or a segment has a longer grace.
    """
    return ends_in(since, until, rows).told(on)


@dataclass(frozen=True)
class Ends:
    """Lines whose terms end, and those that may follow them, read once for every way of telling what became of them."""

    due: Sequence[TermLine]
    after: Sequence[TermLine]
    own: grace.Graces
    exchange: Exchange

    def told(self, on: date, *, by_product: bool = False, days: int | None = None, is_past: bool = False) -> list[Due]:
        """Return what became of the terms by a day. `days`: paper may be late so long, whosever it is (None: as long as
        its customer's grace lasts); `is_past`: what began later and names no day of signing was not known then. No
        query."""
        after = [one for one in self.after if (one.signed_on or one.starts_on) <= on] if is_past else self.after
        return outcomes(
            self.due, after, on=on, by_product=by_product, value=self.exchange.value,
            over_on=(lambda customer_id, ended_on: self.own.of(customer_id).over_on(ended_on)) if days is None
            else lambda _customer_id, ended_on: ended_on + timedelta(days=days),
        )  # fmt: skip

    def twice_told(self, on: date, *, by_product: bool = False, is_past: bool = False) -> list[TwiceTold]:
        """Return what became of the terms by a day, by their graces and by LATER_DAYS. No query."""
        told = (self.told(on, by_product=by_product, days=days, is_past=is_past) for days in (None, LATER_DAYS))
        return [TwiceTold(term, later) for term, later in zip(*told, strict=True)]


def ends_in(since: date, until: date, rows: Q) -> Ends:
    """Return the lines whose terms end within [since, until) among `rows`. The queries of `due_in`."""
    due = contracts.due_lines(since, until, rows)
    if not due:
        return Ends([], [], grace.Graces(Grace(0), {}), Exchange(""))
    merged = aliases()
    customers = {merged.of(line.customer_id) for line in due}
    after = contracts.followers(due, merged.family(customers))
    own = grace.graces(switches_of(house().policy_switches), merged, customers)
    return Ends(_counted(due, merged), _counted(after, merged), own, Exchange.of_house())


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
