"""What is under terms and what never comes due, as the ledger's columns hold it: each stretch of a line is a movement
of its MRR on its first day and back on the day of its end, under `DUE` or `OTHERS` in the place of a product. Private
to the room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np

from perennial.contracts import facts
from perennial.contracts.calculations.due_terms import due_keys, is_odd
from perennial.contracts.calculations.grace import held
from perennial.contracts.calculations.mrr import Stretch, stretches
from perennial.contracts.grace import graces
from perennial.contracts.ledger_files import READ, Read
from perennial.contracts.models import Line
from perennial.contracts.terms import LineKind, LineTerms, PolicySwitches
from perennial.customers.aliases import aliases
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import day_number

OTHERS, DUE = 0, 1
AT_ONCE = 2_000
"""Customers whose lines are in memory at once."""


def read(customer_ids: Sequence[int] | None, currencies: Sequence[str], *, on: date) -> tuple[Read, list[str]]:
    """Return the stretches of these customers' lines (None: of all), with late paper held as it is known on a day, and
    the currencies that they count, those given first. About six queries for 2,000 customers."""
    merged, switches = aliases(), facts.switches_of(house().policy_switches)
    everybody = Line.objects.current().order_by().values_list("customer_id", flat=True).distinct()
    roots = sorted({merged.of(one) for one in (everybody if customer_ids is None else customer_ids)})
    places = {one: place for place, one in enumerate(currencies)}
    chunks = [np.zeros((0, len(READ)), np.int64)]
    for start in range(0, len(roots), AT_ONCE):
        some = roots[start : start + AT_ONCE]
        lines = [one for one in facts.current_lines(some, merged) if one.kind is LineKind.RECURRING]
        due = due_keys(lines, followed(lines, switches), switches)
        found = held(stretches(lines, switches), switches, graces(switches, merged, set(some)).of, as_of=on).stretches
        told = [one for one in found if one.mrr and one.since != one.until]
        rows = [row for one in told for row in _rows(one, one.line.line_key in due, places)]
        chunks.append(np.array(rows, np.int64).reshape(-1, len(READ)))
    table = np.concatenate(chunks)
    return {name: table[:, at] for at, name in enumerate(READ)}, list(places)


def followed(lines: Iterable[LineTerms], switches: PolicySwitches) -> set[str]:
    """Return which of the lines whose end only another line can tell are followed by one. One query for 500."""
    odd = [one.line_key for one in lines if is_odd(one, switches)]
    found: set[str] = set()
    for start in range(0, len(odd), 500):
        rows = Line.objects.current().filter(renewal_of__in=odd[start : start + 500])
        found |= {str(one) for one in rows.values_list("renewal_of", flat=True)}
    return found


def _rows(one: Stretch, is_due: bool, places: dict[str, int]) -> list[tuple[int, ...]]:
    line, mrr = one.line, one.mrr
    currency = places.setdefault(line.currency, len(places))
    ends = [(one.since, 1)] if one.until is None else [(one.since, 1), (one.until, -1)]
    return [(line.customer_id, DUE if is_due else OTHERS, day_number(on), 0, currency, mrr.denominator,
             sign * mrr.numerator) for on, sign in ends]  # fmt: skip
