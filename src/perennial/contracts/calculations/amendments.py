"""Amendments of a line: what its terms become, so that MRR moves only by what was agreed (analytics 3.1).

A line whose price is for its whole term, or that gives months away, would be worth another amount a month with another
end. So its fee is first told by the month, exactly, and both parts of a line that is cut keep it.
"""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from math import lcm

from perennial.contracts.calculations.mrr import counts_until, share_a_month
from perennial.contracts.terms import BillingStatus, Discount, LineKind, LineTerms, PolicySwitches
from perennial.kernel.periods import Period, add_months, whole_months

MOST_MONTHS = 32_767
MOST = 2**63 - 1
Pause = tuple[date, date | None]


class NotAmendable(ValueError):
    """A change that the line does not allow. `field` is the input to blame, `reason` a word for the program."""

    def __init__(self, field: str, reason: str, day: date | None = None) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason, self.day = field, reason, day


def by_the_month(line: LineTerms, switches: PolicySwitches) -> LineTerms:
    """Return the line with the same fee a month, whatever its end becomes."""
    if line.kind is not LineKind.RECURRING or line.ends_on is None or line.ends_on == line.starts_on:
        return line
    if line.amount_months is not None and not line.gift_months:
        return line
    share = share_a_month(line, switches)
    amount, months = line.amount_minor * share.numerator, share.denominator
    if months > MOST_MONTHS or abs(amount) > MOST:
        raise NotAmendable("", "too_fine")
    off = _discount_times(line.discount, Fraction(share.numerator))
    return replace(line, amount_minor=amount, amount_months=months, gift_months=0, discount=off)


def _discount_times(discount: Discount | None, share: Fraction) -> Discount | None:
    """Return a discount by amount for an amount that is that many times as much; a share of it stays the share."""
    if discount is None or discount.amount_minor is None:
        return discount
    return replace(discount, amount_minor=int(discount.amount_minor * share))


def cut(line: LineTerms, on: date, successor: str, switches: PolicySwitches) -> tuple[LineTerms, LineTerms]:
    """Return the line up to the day, and the one with the same terms that goes on with it from that day.

    Together they are worth what the line was, on every day.

    :raises NotAmendable: the line does not run on the day, begins on it, was given notice, or its discount ends within
        a month of the day.
    """
    _check_runs(line, on, switches)
    whole = by_the_month(line, switches)
    before = replace(whole, ends_on=on, is_amended=True, pauses=tuple(p for p in line.pauses if p[0] < on))
    overdue = line.billing_status in {BillingStatus.PAST_DUE, BillingStatus.UNPAID}
    after = replace(
        whole,
        line_key=successor,
        starts_on=on,
        renewal_of=line.line_key,
        term_starts_on=line.term_starts_on or line.starts_on,
        ramp_step=None,
        discount=_left(line, whole.discount, on),
        pauses=tuple((max(since, on), until) for since, until in line.pauses if until is None or until > on),
        overdue_since=line.overdue_since or (line.starts_on if overdue else None),
        gift_months=0 if whole is not line else line.gift_months,
    )
    return before, after


def _check_runs(line: LineTerms, on: date, switches: PolicySwitches) -> None:
    if line.cancelled_on is not None:
        raise NotAmendable("", "cancelled", line.cancelled_on)
    if on <= line.starts_on:
        raise NotAmendable("on", "from_the_start", line.starts_on)
    end = counts_until(line, switches) if line.kind is LineKind.RECURRING else line.ends_on
    if end is not None and on >= end:
        raise NotAmendable("on", "after_the_end", end)


def _left(line: LineTerms, discount: Discount | None, on: date) -> Discount | None:
    """Return what is left of a discount from a day on."""
    if discount is None or discount.months is None:
        return discount
    until = add_months(line.starts_on, discount.months)
    if on >= until:
        return None
    months = whole_months(Period(on, until))
    if months is None or add_months(on, months) != until:
        raise NotAmendable("on", "within_discount", until)
    return replace(discount, months=months)


def with_quantity(line: LineTerms, quantity: int) -> LineTerms:
    """Return the line with another quantity at the same unit price, exactly.

    :raises NotAmendable: the line states no quantity, so that it has no unit price.
    """
    if not line.quantity:
        raise NotAmendable("price", "no_unit_price")
    share = Fraction(quantity, abs(line.quantity))
    off = line.discount.amount_minor if line.discount and line.discount.amount_minor else 0
    months = lcm((line.amount_minor * share).denominator, (off * share).denominator)
    if months > 1 and line.amount_months is None:
        raise NotAmendable("price", "no_whole_amount")
    share *= months
    if months * (line.amount_months or 1) > MOST_MONTHS or abs(line.amount_minor * share) > MOST:
        raise NotAmendable("quantity", "too_fine")
    return replace(
        line,
        quantity=quantity,
        amount_minor=int(line.amount_minor * share),
        amount_months=None if line.amount_months is None else line.amount_months * months,
        discount=_discount_times(line.discount, share),
    )


def with_price(line: LineTerms, quantity: int | None, amount: int, months: int | None) -> LineTerms:
    """Return the line with another amount for its whole quantity over `months` (None: over the rest of the term). What
    was typed is what is paid: a discount of the old price is gone."""
    if months is None and line.ends_on is None:
        raise NotAmendable("months", "no_term")
    return replace(line, quantity=quantity, amount_minor=amount, amount_months=months, discount=None)


def until(line: LineTerms, ends_on: date | None, switches: PolicySwitches) -> LineTerms:
    """Return the line with another end at the same fee a month; None: it goes on until somebody gives notice.

    :raises NotAmendable: it was given notice, or the end is not after its first day.
    """
    if line.cancelled_on is not None:
        raise NotAmendable("", "cancelled", line.cancelled_on)
    if ends_on is not None and ends_on <= line.starts_on:
        raise NotAmendable("ends_on", "before_the_start", line.starts_on)
    if ends_on is None and line.kind is LineKind.RECURRING and line.ends_on is None:
        raise NotAmendable("ends_on", "open_already")
    return replace(by_the_month(line, switches), ends_on=ends_on, term_starts_on=line.term_starts_on or line.starts_on)


def paused(line: LineTerms, since: date, back: date | None) -> LineTerms:
    """Return the line with a pause from a day to the day it goes on (None: not known yet).

    :raises NotAmendable: the pause lies outside the line, ends before it begins, or overlaps another one.
    """
    if line.cancelled_on is not None:
        raise NotAmendable("", "cancelled", line.cancelled_on)
    if back is not None and back <= since:
        raise NotAmendable("back_on", "pause_backwards", since)
    if since < line.starts_on or (line.ends_on is not None and since >= line.ends_on):
        raise NotAmendable("on", "outside_line", line.ends_on if since >= line.starts_on else line.starts_on)
    if back is not None and line.ends_on is not None and back > line.ends_on:
        raise NotAmendable("back_on", "after_the_end", line.ends_on)
    for begin, over in line.pauses:
        if (back is None or begin < back) and (over is None or since < over):
            raise NotAmendable("on", "paused_already", begin)
    return replace(line, pauses=tuple(sorted((*line.pauses, (since, back)), key=lambda one: one[0])))


def resumed(line: LineTerms, on: date) -> LineTerms:
    """Return the line with the pause that holds the day ended on it; a pause that begins on it is gone.

    :raises NotAmendable: no pause holds the day.
    """
    held = next((p for p in line.pauses if p[0] <= on and (p[1] is None or on < p[1])), None)
    if held is None:
        raise NotAmendable("on", "not_paused")
    kept: list[Pause] = [p for p in line.pauses if p != held]
    if held[0] < on:
        kept.append((held[0], on))
    return replace(line, pauses=tuple(sorted(kept, key=lambda one: one[0])))
