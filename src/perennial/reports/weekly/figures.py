"""What was reached, by customer, on the organisation's basis: each kind of target reads its own room.

The organisation's basis is whether its amounts include tax. Receivables are taken as their source states them; ARR is
kept without tax and gets the tax rate of its own lines where the basis includes it, so that 1,000,000 stays 1,000,000.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction

from django.db.models import Q

from perennial.contracts import changes, ledger, nodes, receivables
from perennial.contracts import queries as contracts
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import MovementKind, Tag
from perennial.customers.aliases import aliases
from perennial.kernel.organisation.queries import House
from perennial.kernel.periods import Period
from perennial.renewals import queries as renewals_room
from perennial.renewals.terms import RENEWED, Due, Outcome
from perennial.reports.weekly.periods import a_year_before
from perennial.reports.weekly.terms import Figure, Found, Item, Node
from perennial.team.terms import TargetKind

GROWTH = frozenset({MovementKind.EXPANSION, MovementKind.PRICE_UP})


def renewals(period: Period, rows: Q, place: House, on: date) -> Found:
    """Return the ARR of the terms that end in the period: due, renewed, still open, lost. At most 25 queries.

    Due = renewed + lost + open, at the value that was due; `DONE` is what the followers are worth a year, also where
    that is more (analytics 3.4, net), and `UPLIFT` the difference. What a due term is: contracts' due_terms.
    """
    before = a_year_before(period, on)
    due = renewals_room.due_in(period.since, period.until, rows, on=on)
    past = renewals_room.due_in(before.since, before.until, rows, on=on)
    found = Found(TargetKind.RENEWALS, is_known=ledger.first_day(rows) is not None, has_last_year=bool(past))
    taxed = _taxed(due + past, place, found)
    for one in due:
        found.of(one.customer_id).take(_term(one, taxed, counts_to_date=one.due_on <= on or period.since > on))
    for customer_id, waits in _waiting(due, on).items():
        found.of(customer_id).waits += [_node(wait) for wait in waits]
    for one in past:
        amounts = {Figure.LAST_YEAR: taxed(one, one.renewed)}
        found.of(one.customer_id).take(Item(one.due_on, one.outcome.value, amounts, one.lines))
    return found


def _waiting(due: Sequence[Due], on: date) -> dict[int, list[nodes.Wait]]:
    """Return where paper of the customers hangs whose terms are still open."""
    customers = sorted({one.customer_id for one in due if one.outcome is Outcome.OPEN})
    return nodes.waits(on, customers) if customers else {}


def _term(one: Due, taxed: Callable[[Due, Fraction], Fraction], *, counts_to_date: bool) -> Item:
    due, renewed = taxed(one, one.arr), taxed(one, one.renewed)
    is_renewed = one.outcome in RENEWED
    amounts = {
        Figure.DUE: due,
        Figure.RENEWED: due if is_renewed else Fraction(0),
        Figure.LOST: due if one.outcome is Outcome.LOST else Fraction(0),
        Figure.OPEN: due if one.outcome is Outcome.OPEN else Fraction(0),
        Figure.UPLIFT: renewed - due if is_renewed else Fraction(0),
        Figure.DONE: renewed,
        Figure.KEPT: min(due, renewed),
    }
    if counts_to_date:
        amounts[Figure.TO_DATE] = renewed
    return Item(one.due_on, one.outcome.value, amounts, one.lines)


def collections(period: Period, rows: Q, place: House, on: date) -> Found:
    """Return the money received in the period, and what is due by its end and on its way. At most seven queries.

    It counts for the customer that uses, whoever pays. What waits at an approval node is `WAITING` until it is
    invoiced and `OWED` from then on; red steps lower what they belong to.
    """
    before = a_year_before(period, on)
    found = Found(TargetKind.COLLECTIONS, is_known=receivables.any_kept(rows))
    if not found.is_known:
        return found
    merged, exchange, usual, segments = aliases(), Exchange(place.currency), nodes.usuals(), nodes.segments_of()
    read = receivables.steps(rows, received_in=[period, before], due_before=period.until, on=on)
    for step in read:
        if not exchange.knows(step.currency, step.due_on):
            found.left_out += 1
            continue
        figures = found.of(merged.of(step.customer_id))
        if step.payer:
            figures.payers.add(step.payer)
        for part in step.came.received:
            if part.on > on:
                continue
            value = exchange.value(part.amount, step.currency, part.on)
            if part.on in period:
                figures.take(Item(part.on, "", {Figure.DONE: value, Figure.TO_DATE: value}))
            elif part.on in before:
                found.has_last_year = True
                figures.take(Item(part.on, "", {Figure.LAST_YEAR: value}))
        if step.due_on < period.until and (owed := exchange.value(step.owed(on), step.currency, on)):
            if step.invoiced(on):
                figures.take(Item(step.due_on, "", {Figure.OWED: owed}))
            elif step.node and (step.node_since_on is None or step.node_since_on <= on):
                figures.take(Item(step.due_on, step.node, {Figure.WAITING: owed}))
                figures.waits.append(_node(nodes.wait_of(step, segments.get(merged.of(step.customer_id)), usual, on)))
    return found


def _node(wait: nodes.Wait) -> Node:
    holder = wait.step.node_holder
    return Node(wait.step.node, 1, wait.days, (holder,) if holder else (), wait.over)


def expansion(period: Period, rows: Q, place: House, on: date) -> Found:
    """Return the ARR won by expansion and price rises in the period. At most five queries for 500 lines.

    A ramp agreed when the contract was signed is nobody's expansion (analytics 3.1).
    """
    found = Found(TargetKind.EXPANSION, is_known=ledger.first_day(rows) is not None)
    if not found.is_known:
        return found
    _grow(found, period, (Figure.DONE, Figure.TO_DATE), rows, place, on)
    _grow(found, a_year_before(period, on), (Figure.LAST_YEAR,), rows, place, on)
    return found


READS: Mapping[TargetKind, Callable[[Period, Q, House, date], Found]] = {
    TargetKind.RENEWALS: renewals,
    TargetKind.COLLECTIONS: collections,
    TargetKind.EXPANSION: expansion,
}


def _grow(found: Found, period: Period, figures: tuple[Figure, ...], rows: Q, place: House, on: date) -> None:
    for customer_id, told in changes.changes(period, rows, Exchange(place.currency), as_of=on).items():
        for change in told:
            if change.kind in GROWTH and Tag.RAMP not in change.tags:
                won = 12 * change.amount * _factor([cause.tax_rate for cause in change.causes], place, found)
                item = Item(change.on, change.kind.value, dict.fromkeys(figures, won), causes=change.causes)
                found.of(customer_id).take(item)
                found.has_last_year |= Figure.LAST_YEAR in figures


def _taxed(due: Sequence[Due], place: House, found: Found) -> Callable[[Due, Fraction], Fraction]:
    """Return how an amount of a term gets its tax. One query for 500 lines, none where the basis is without tax."""
    rates = contracts.tax_rates({fact for one in due for fact in one.lines}) if place.amounts_include_tax else {}
    factors = {
        (one.customer_id, one.due_on): _factor([rates.get(fact) for fact in one.lines], place, found) for one in due
    }
    return lambda one, amount: amount * factors[one.customer_id, one.due_on]


def _factor(rates: Sequence[Fraction | None], place: House, found: Found) -> Fraction:
    """Return what an amount without tax is multiplied by; 1, and counted, where its lines have no one rate."""
    if not place.amounts_include_tax:
        return Fraction(1)
    known = {rate for rate in rates if rate is not None}
    if len(known) == 1 and None not in rates:
        return 1 + known.pop()
    found.without_rate += 1
    return Fraction(1)
