"""How much recurring revenue is under terms that come due, and how much never does: the weekly meeting and Revenue say
the same, from the same lines by the same definition (calculations/due_terms)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from django.db.models import Q

from perennial.contracts import columns, facts
from perennial.contracts.behind import Source, held_under
from perennial.contracts.calculations.amounts import Amounts
from perennial.contracts.calculations.due_terms import due_keys
from perennial.contracts.deriving import as_held
from perennial.contracts.grace import graces
from perennial.contracts.models import Line
from perennial.contracts.rates import Exchange
from perennial.contracts.term_rows import DUE, OTHERS, followed
from perennial.contracts.terms import LineKind
from perennial.customers.aliases import aliases
from perennial.kernel.organisation.queries import house


@dataclass(frozen=True, slots=True)
class Split:
    """MRR on a day by customer, exact minor units without tax: under terms, and outside of any. One may hold both."""

    terms: Amounts
    others: Amounts

    @property
    def term(self) -> Fraction:
        """Return all that is under terms."""
        return self.terms.total()

    @property
    def open(self) -> Fraction:
        """Return all that never comes due."""
        return self.others.total()


def split(day: date, rows: Q, exchange: Exchange, *, as_of: date, ledger: Q | None = None) -> Split:
    """Return the MRR at the end of a day under terms and outside of any; together they are the day's MRR. `rows` is
    the condition of the lines that the reader may see (access.facts_of), `ledger` that of the same customers' movements
    (access.revenue_of); late paper is held as it is known on `as_of`.

    Where columns tell it as it is known now, of them and of the lines of who changed since; else every line is read.
    At most eight queries, and the rates where a line is in another currency.
    """
    found = columns.seen_terms(ledger) if ledger is not None else None
    if found is None or found[1] > as_of:
        return _by_lines(day, rows, exchange, as_of)
    where = found[0]
    merged = aliases()
    changed = Q(customer_id__in=merged.family(where.changed)) if where.changed else None
    beside = _by_lines(day, rows & changed, exchange, as_of) if changed else Split(Amounts.of({}), Amounts.of({}))
    source = Source(columns.Seen(Q(), None, where.parts, where.changed), None, exchange)
    terms, others = (
        held_under(day, source, kind, amounts.beside)
        for kind, amounts in ((DUE, beside.terms), (OTHERS, beside.others))
    )
    return Split(terms, others)


def _by_lines(day: date, rows: Q, exchange: Exchange, as_of: date) -> Split:
    merged, switches = aliases(), facts.switches_of(house().policy_switches)
    found = Line.objects.current().filter(rows, kind=LineKind.RECURRING.value)
    lines = [facts.terms_of(line, merged) for line in found.only(*facts.COLUMNS).order_by("id")]
    due = due_keys(lines, followed(lines, switches), switches)
    terms: dict[int, Fraction] = defaultdict(Fraction)
    others: dict[int, Fraction] = defaultdict(Fraction)
    for stretch in as_held(lines, switches, graces(switches, merged), as_of).stretches:
        if stretch.holds(day) and stretch.mrr:
            held = terms if stretch.line.line_key in due else others
            held[stretch.line.customer_id] += exchange.value(stretch.mrr, stretch.line.currency, day)
    return Split(Amounts.of(terms), Amounts.of(others))
