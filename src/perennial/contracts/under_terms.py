"""How much recurring revenue is under terms that come due, and how much never does: the weekly meeting and Revenue say
the same, from the same lines by the same definition (calculations/due_terms)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from django.db.models import Q

from perennial.contracts import facts
from perennial.contracts.calculations.due_terms import due_keys
from perennial.contracts.deriving import as_held
from perennial.contracts.grace import graces
from perennial.contracts.models import Line
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import LineKind
from perennial.customers.aliases import aliases
from perennial.kernel.organisation.queries import house


@dataclass(frozen=True, slots=True)
class Split:
    """MRR on a day by customer, exact minor units without tax: under terms, and outside of any. One may hold both."""

    terms: Mapping[int, Fraction]
    others: Mapping[int, Fraction]

    @property
    def term(self) -> Fraction:
        """Return all that is under terms."""
        return sum(self.terms.values(), Fraction(0))

    @property
    def open(self) -> Fraction:
        """Return all that never comes due."""
        return sum(self.others.values(), Fraction(0))


def split(day: date, rows: Q, exchange: Exchange, *, as_of: date) -> Split:
    """Return the MRR at the end of a day under terms and outside of any; together they are the day's MRR. `rows` is
    the condition of the lines that the reader may see (access.facts_of); late paper is held as it is known on `as_of`.

    Five queries, and the rates where a line is in another currency, but every such line is read: for what somebody
    opens, not for every page.
    """
    merged, switches = aliases(), facts.switches_of(house().policy_switches)
    found = Line.objects.current().filter(rows, kind=LineKind.RECURRING.value)
    lines = [facts.terms_of(line, merged) for line in found.only(*facts.COLUMNS).order_by("id")]
    due = due_keys(lines, {line.renewal_of for line in lines if line.renewal_of is not None}, switches)
    terms: dict[int, Fraction] = defaultdict(Fraction)
    others: dict[int, Fraction] = defaultdict(Fraction)
    for stretch in as_held(lines, switches, graces(switches, merged), as_of).stretches:
        if stretch.holds(day) and stretch.mrr:
            held = terms if stretch.line.line_key in due else others
            held[stretch.line.customer_id] += exchange.value(stretch.mrr, stretch.line.currency, day)
    return Split(dict(terms), dict(others))
