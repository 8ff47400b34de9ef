"""Amendments as properties: a cut moves nothing, and what moves is what the days show, over random lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from perennial.contracts.calculations import amendments
from perennial.contracts.calculations.amendments import NotAmendable
from perennial.contracts.calculations.differences import balance, difference, months_changed
from perennial.contracts.calculations.due_terms import due_keys
from perennial.contracts.calculations.movements import movements
from perennial.contracts.calculations.mrr import mrr_on, stretches
from perennial.contracts.terms import (
    Discount,
    DiscountsInMrr,
    GiftMonths,
    LineTerms,
    Movement,
    OddTerm,
    PolicySwitches,
)
from perennial.kernel.periods import add_months

START = date(2024, 2, 29)
DAYS = st.integers(0, 1500).map(lambda days: START + timedelta(days))
SWITCHES = st.builds(
    PolicySwitches,
    discounts_in_mrr=st.sampled_from(DiscountsInMrr),
    gift_months=st.sampled_from(GiftMonths),
    odd_term=st.sampled_from(OddTerm),
    grace_days=st.sampled_from([0, 30]),
)


@st.composite
def lines(draw: st.DrawFn) -> LineTerms:
    starts_on = draw(st.sampled_from([START, date(2024, 1, 31), date(2024, 3, 1)]))
    months = draw(st.sampled_from([None, 1, 12]))
    length = draw(st.sampled_from([12, 24, 36])) if months is None or draw(st.booleans()) else None
    odd = timedelta(draw(st.sampled_from([0, 0, 5])))
    ends_on = None if length is None else add_months(starts_on, length) + odd
    off = draw(st.sampled_from([None, Discount(percent=Fraction(33, 2)), Discount(amount_minor=101),
                                Discount(percent=Fraction(50), months=6)]))  # fmt: skip
    since = draw(DAYS)
    pause = (since, draw(st.sampled_from([None, since + timedelta(40)])))
    return LineTerms(
        line_key="a",
        customer_id=1,
        currency="USD",
        amount_minor=draw(st.integers(1, 10_000_000)),
        starts_on=starts_on,
        ends_on=ends_on,
        amount_months=months,
        quantity=draw(st.integers(1, 40)),
        product_id=1,
        tax_rate=Fraction(6, 100),
        amount_includes_tax=draw(st.booleans()),
        discount=off,
        gift_months=draw(st.sampled_from([0, 0, 2])) if ends_on else 0,
        pauses=(pause,) if draw(st.booleans()) else (),
    )


def ledger(found: list[LineTerms], switches: PolicySwitches) -> list[Movement]:
    return movements(stretches(found, switches), switches, as_of=date(2026, 1, 1))


@settings(max_examples=1000)
@given(lines(), DAYS, SWITCHES)
def test_a_cut_alone_moves_nothing(line: LineTerms, on: date, switches: PolicySwitches) -> None:
    try:
        parts = amendments.cut(line, on, "b", switches)
    except NotAmendable:
        assume(False)
    assert difference(ledger([line], switches), ledger(list(parts), switches)) == []
    for day in (line.starts_on, on - timedelta(1), on, on + timedelta(200)):
        assert sum((mrr_on(one, day, switches) for one in parts), Fraction(0)) == mrr_on(line, day, switches)
    due = due_keys(parts, {"a"}, switches)  # who amends a line knows its end: it is agreed from then on
    assert "a" not in due
    assert "b" in due or not due_keys([line], set(), switches)


@settings(max_examples=300)
@given(lines(), DAYS, st.integers(1, 60), SWITCHES)
def test_another_quantity_moves_its_share_of_what_ran_and_is_no_price(
    line: LineTerms, on: date, quantity: int, switches: PolicySwitches
) -> None:
    assume(not line.pauses)
    try:
        before, after = amendments.cut(line, on, "b", switches)
        becomes = amendments.with_quantity(after, quantity)
    except NotAmendable:
        assume(False)
    steps = difference(ledger([line], switches), ledger([before, becomes], switches))
    share = Fraction(quantity - (line.quantity or 0), line.quantity or 1)
    assert sum((one.after - one.before for one in steps if one.on == on), Fraction(0)) == share * mrr_on(
        line, on, switches
    )
    assert {one.kind.value for one in steps if one.on == on} <= {"expansion", "contraction"}


@settings(max_examples=300)
@given(lines(), st.integers(13, 60), SWITCHES)
def test_another_end_leaves_every_day_before_as_it_was(line: LineTerms, months: int, switches: PolicySwitches) -> None:
    assume(line.ends_on is not None and line.starts_on < line.ends_on)
    try:
        becomes = amendments.until(line, add_months(line.starts_on, months), switches)
    except NotAmendable:
        assume(False)
    ends = [line.ends_on, becomes.ends_on]
    steps = difference(ledger([line], switches), ledger([becomes], switches))
    assert all(one.on >= min(end for end in ends if end) for one in steps) or line.pauses


def test_the_months_that_change_are_told_with_what_their_closing_becomes() -> None:
    line = LineTerms(line_key="a", customer_id=1, currency="USD", amount_minor=100, amount_months=1,
                     starts_on=date(2025, 1, 1))  # fmt: skip
    steps = difference(ledger([line], PolicySwitches()), ledger([replace(line, starts_on=date(2025, 3, 1))],
                                                                PolicySwitches()))  # fmt: skip
    assert months_changed(steps, date(2025, 12, 31)) == [
        (date(2025, 1, 1), "USD", Fraction(-100)), (date(2025, 3, 1), "USD", Fraction(0))]  # fmt: skip
    assert balance(ledger([line], PolicySwitches()), date(2025, 1, 1), "USD", 1) == 100


def test_a_discount_that_ends_within_a_month_of_the_day_is_no_place_to_cut() -> None:
    line = LineTerms(line_key="a", customer_id=1, currency="USD", amount_minor=100, amount_months=1,
                     starts_on=date(2025, 1, 1), discount=Discount(percent=Fraction(10), months=6))  # fmt: skip
    with pytest.raises(NotAmendable) as refused:
        amendments.cut(line, date(2025, 3, 15), "b", PolicySwitches())
    assert (refused.value.field, refused.value.day) == ("on", date(2025, 7, 1))
    _before, after = amendments.cut(line, date(2025, 3, 1), "b", PolicySwitches())
    assert after.discount == Discount(percent=Fraction(10), months=4)
