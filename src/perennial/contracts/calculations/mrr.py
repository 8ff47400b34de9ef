"""MRR of lines: stretches of days over which a line's MRR is constant (analytics 3.1).

Everything else in this folder stands on `stretches`: a balance adds those that hold a day, a movement is where one
ends and another begins.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from perennial.contracts.terms import (
    BillingStatus,
    ChurnDay,
    Discount,
    DiscountsInMrr,
    GiftMonths,
    Level,
    LineKind,
    LineTerms,
    OddTerm,
    PolicySwitches,
)
from perennial.kernel.money import excluding_tax
from perennial.kernel.periods import Period, add_months, months_between, whole_months

Unit = tuple[int, int | str | None]
"""Whose life is told: (customer, None), (customer, product) or (customer, contract)."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The days [since, until) over which a line has one MRR, in exact minor units without tax.

    `until` None: no end is known. A paused stretch has an MRR of 0 and is no churn.
    """

    line: LineTerms
    since: date
    until: date | None
    mrr: Fraction
    paused: bool = False

    def holds(self, day: date) -> bool:
        """Say whether the day lies in it."""
        return self.since <= day and (self.until is None or day < self.until)


def unit_of(line: LineTerms, level: Level) -> Unit:
    """Return whose life the line belongs to. Without a contract a line is a contract of its own."""
    if level is Level.PRODUCT:
        return line.customer_id, line.product_id
    if level is Level.CONTRACT:
        return line.customer_id, line.line_key if line.contract_id is None else line.contract_id
    return line.customer_id, None


def stretches(lines: Iterable[LineTerms], switches: PolicySwitches) -> list[Stretch]:
    """Return the stretches of all lines as they are written; late paper is another question (`grace.held`).

    Lines that make no MRR (one-off, usage, trial, never counted) have none.
    """
    return [stretch for line in lines for stretch in stretches_of(line, switches)]


def stretches_of(line: LineTerms, switches: PolicySwitches) -> tuple[Stretch, ...]:
    """Return one line's stretches in order of time, from its first day to the day on which it stops counting."""
    if line.kind is not LineKind.RECURRING:
        return ()
    end = counts_until(line, switches)
    if end is not None and end <= line.starts_on:
        return ()
    discount = line.discount if _lowers_mrr(line.discount, switches) else None
    mrr = _fee_a_month(line, discount, switches)
    if not line.pauses and (discount is None or discount.months is None):
        return (Stretch(line, line.starts_on, end, mrr),)
    discounted_until = add_months(line.starts_on, discount.months) if discount and discount.months else None
    full = _fee_a_month(line, None, switches) if discounted_until else mrr
    cuts = {discounted_until, *(day for pause in line.pauses for day in pause)}
    inside = sorted(day for day in cuts if day and line.starts_on < day and (end is None or day < end))
    parts = []
    for since, until in pairwise([line.starts_on, *inside, end]):
        assert since is not None  # only the last end may be unknown
        paused = any(begin <= since and (over is None or since < over) for begin, over in line.pauses)
        rate = full if discounted_until and since >= discounted_until else mrr
        parts.append(Stretch(line, since, until, Fraction(0) if paused else rate, paused))
    return tuple(parts)


def mrr_on(line: LineTerms, day: date, switches: PolicySwitches) -> Fraction:
    """Return the line's MRR at the end of the day: a line counts on its first day and not on the day it ends."""
    return sum((part.mrr for part in stretches_of(line, switches) if part.holds(day)), Fraction(0))


def counts_until(line: LineTerms, switches: PolicySwitches) -> date | None:
    """Return the first day on which the line counts no more; None where no end is known.

    A cancelled line of which neither notice nor end is known never counted: its first day is returned.
    """
    ends = [line.ends_on]
    if line.cancelled_on is not None:
        at_once = switches.churn_day is ChurnDay.CANCELLATION
        ends.append(line.cancelled_on if at_once else line.ceases_on or _paid_until(line, line.cancelled_on))
    elif line.billing_status is BillingStatus.CANCELLED and line.ends_on is None:
        ends.append(line.starts_on)
    overdue_since = line.overdue_since or line.starts_on
    if line.billing_status is BillingStatus.UNPAID and not switches.unpaid_counts:
        ends.append(overdue_since)
    if line.billing_status is BillingStatus.PAST_DUE and switches.past_due_counts_for_days is not None:
        ends.append(overdue_since + timedelta(days=switches.past_due_counts_for_days))
    return min((end for end in ends if end is not None), default=None)


def _paid_until(line: LineTerms, cancelled_on: date) -> date | None:
    """Return the end of the period that was running, and so paid, when notice was given."""
    if line.ends_on is not None or line.amount_months is None:
        return line.ends_on
    begun = max(months_between(line.starts_on, cancelled_on - timedelta(days=1)), 0) // line.amount_months + 1
    return add_months(line.starts_on, begun * line.amount_months)


def _lowers_mrr(discount: Discount | None, switches: PolicySwitches) -> bool:
    if discount is None or switches.discounts_in_mrr is DiscountsInMrr.NONE:
        return False
    return discount.months is None or switches.discounts_in_mrr is DiscountsInMrr.EVERY


def _fee_a_month(line: LineTerms, discount: Discount | None, switches: PolicySwitches) -> Fraction:
    """Return the recurring fee of a month, without tax, while nothing pauses."""
    amount = Fraction(line.amount_minor)
    if discount is not None:
        amount = discount.applied_to(amount)
    if line.amount_includes_tax and line.tax_rate is not None:
        amount = excluding_tax(amount, line.tax_rate)
    return amount * share_a_month(line, switches)


def share_a_month(line: LineTerms, switches: PolicySwitches) -> Fraction:
    """Return which part of its amount a recurring line costs a month. It holds a day at least."""
    if line.ends_on is None:
        return Fraction(1, line.amount_months or 1)
    term = Period(line.starts_on, line.ends_on)
    paid = Period(term.since, max(term.since, add_months(term.until, -line.gift_months)))
    if line.amount_months is not None:
        share = Fraction(1, line.amount_months)
        if switches.gift_months is GiftMonths.OUTSIDE or not line.gift_months:
            return share
        return share * _months(paid, switches) / _months(term, switches)
    spread = term if switches.gift_months is GiftMonths.INSIDE or not paid.days else paid
    return 1 / _months(spread, switches)


def _months(period: Period, switches: PolicySwitches) -> Fraction:
    """Return the length in months: exact where they are whole, else by days of a year (analytics 3.1)."""
    if switches.odd_term is OddTerm.SNAPPED_YEARS:
        return 12 * _snapped_years(period.days)
    whole = whole_months(period)
    return Fraction(whole) if whole else Fraction(12 * period.days, 365)


def _snapped_years(days: int) -> Fraction:
    """Return days in years of 365.25, made a quarter, half or whole year where two decimals cannot tell them apart."""
    years = Fraction(100 * days, 36525)
    marks = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), *map(Fraction, range(1, 7)))
    return next((mark for mark in marks if abs(years - mark) <= Fraction(1, 200)), years)
