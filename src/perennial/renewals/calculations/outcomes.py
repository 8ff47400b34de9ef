"""What became of terms that came to their end, told by due day, so that neither early nor late paper moves a renewal
from one period into another (analytics 3.4).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from perennial.contracts.terms import TermLine
from perennial.kernel.money import exact_sum
from perennial.renewals.terms import EARLY_DAYS, RENEWED, Due, Outcome, RenewalRate

Value = Callable[[Fraction, str, date], Fraction]
"""What an amount of a currency is worth on a day."""
OverOn = Callable[[int, date], date]
"""The day on which the grace of a customer's term is over that ended on a day."""


def as_it_is(amount: Fraction, _currency: str, _day: date) -> Fraction:
    """Return the amount, where all lines are in one currency."""
    return amount


def outcomes(
    due: Sequence[TermLine],
    lines: Sequence[TermLine],
    *,
    on: date,
    over_on: OverOn,
    value: Value = as_it_is,
    by_product: bool = False,
) -> list[Due]:
    """Return what became, by `on`, of the terms that are due, those of one customer and day together, by day.

    A term and what follows it are worth what they are at the rates of the day on which the term ends, so that no rate
    makes a renewal larger or smaller.

    `lines` are all recurring lines of these customers. A line follows a term that it names; where a line names none,
    it follows a term of its product that ends on its first day, or before it while the grace is not over (`over_on`). A
    line follows once.
    What was signed after `on` has not happened. `by_product`: those of one product, of a customer and day, are a term.
    """
    ending: dict[tuple[date, int, int], list[TermLine]] = defaultdict(list)
    for line in due:
        if line.ends_on is not None:
            ending[line.ends_on, line.customer_id, (line.product_id or 0) if by_product else 0].append(line)
    free: dict[int, list[TermLine]] = defaultdict(list)
    for line in lines:
        if line.signed_on is None or line.signed_on <= on:
            free[line.customer_id].append(line)
    found = []
    for (due_on, customer_id, _product), terms in sorted(ending.items(), key=lambda item: item[0]):
        clock = _Clock(on, over_on(customer_id, due_on))
        after = [line for line in free[customer_id] if _follows(line, terms, due_on, clock.over_on)]
        free[customer_id] = [line for line in free[customer_id] if line not in after]
        one = _told(customer_id, due_on, terms, after, clock, value)
        found.append(replace(one, product_id=terms[0].product_id) if by_product else one)
    return found


@dataclass(frozen=True, slots=True)
class _Clock:
    """The day on which it is told, and the one on which the grace is over: who signs on it is late and in time, and
    what nobody signed by then is lost, as the ledger has it (`contracts.calculations.grace`)."""

    on: date
    over_on: date


def _follows(line: TermLine, terms: Sequence[TermLine], due_on: date, over_on: date) -> bool:
    if line.renewal_of is not None:
        return any(line.renewal_of == term.fact for term in terms)
    in_time = due_on <= line.starts_on <= over_on
    return in_time and any(line.product_id == term.product_id for term in terms)


def _told(
    customer_id: int, due_on: date, terms: Sequence[TermLine], after: Sequence[TermLine], clock: _Clock, value: Value
) -> Due:
    agreed_on = min((line.signed_on or line.starts_on for line in after), default=None)
    given_up = all(term.cancelled_on is not None and term.cancelled_on <= clock.on for term in terms)
    outcome = _outcome(due_on, agreed_on, clock, given_up=given_up)
    return Due(
        customer_id=customer_id,
        due_on=due_on,
        arr=sum((value(term.arr, term.currency, due_on) for term in terms), Fraction(0)),
        renewed=sum((value(line.arr, line.currency, due_on) for line in after if outcome in RENEWED), Fraction(0)),
        agreed_on=agreed_on,
        outcome=outcome,
        lines=tuple(sorted(term.fact for term in terms)),
        starts_on=min(term.starts_on for term in terms),
        over_on=clock.over_on,
    )


def _outcome(due_on: date, agreed_on: date | None, clock: _Clock, *, given_up: bool) -> Outcome:
    if agreed_on is not None and agreed_on <= clock.over_on:
        if agreed_on > due_on:
            return Outcome.LATE
        return Outcome.EARLY if (due_on - agreed_on).days > EARLY_DAYS else Outcome.ON_TIME
    return Outcome.LOST if given_up or clock.on >= clock.over_on else Outcome.OPEN


def rate_of(found: Sequence[Due]) -> RenewalRate:
    """Return the renewal rate of the terms: resolved ones and open ones, so that nobody reads renewed / resolved."""
    due = exact_sum(one.arr for one in found)
    kept = exact_sum(min(one.arr, one.renewed) for one in found)
    net = exact_sum(one.renewed for one in found)
    still_open = exact_sum(one.arr for one in found if one.outcome is Outcome.OPEN)
    renewed = sum(one.outcome in RENEWED for one in found)
    return RenewalRate(
        due=due,
        count=len(found),
        dollar=kept / due if due else None,
        net=net / due if due else None,
        logo=Fraction(renewed, len(found)) if found else None,
        highest=(kept + still_open) / due if due else None,
        resolved=(due - still_open) / due if due else None,
    )
