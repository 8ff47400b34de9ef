"""MRR of a line (analytics 3.1)."""

from fractions import Fraction
from typing import Any

import pytest
from tests.contracts.calculations.lines import DEFAULT, day, line

from perennial.contracts.calculations.mrr import counts_until, mrr_on, stretches_of, unit_of
from perennial.contracts.terms import (
    BillingStatus,
    ChurnDay,
    Discount,
    GiftMonths,
    Level,
    LineKind,
    LineTerms,
    OddTerm,
    PolicySwitches,
)


def whole_term(since: str, until: str, amount: int, **more: Any) -> LineTerms:
    return line("1", since, until, amount, amount_months=None, **more)


@pytest.mark.parametrize(
    ("terms", "mrr"),
    [
        (whole_term("2024-01-01", "2025-01-01", 120_000), Fraction(10_000)),
        (whole_term("2024-01-01", "2027-01-01", 360_000), Fraction(10_000)),  # three years prepaid
        (whole_term("2024-02-29", "2025-02-28", 120_000), Fraction(10_000)),
        (whole_term("2024-01-15", "2024-04-20", 96_000), Fraction(96_000 * 365, 96 * 12)),
        (whole_term("2024-01-01", "2025-01-01", 1_060_000, tax_rate=Fraction(6, 100)), Fraction(1_060_000, 12)),
        (
            whole_term("2024-01-01", "2025-01-01", 1_060_000, tax_rate=Fraction(6, 100), amount_includes_tax=True),
            Fraction(1_000_000, 12),
        ),
        (line("1", "2024-01-01", None, 9_000, amount_months=3), Fraction(3_000)),
        (line("1", "2024-01-01", None, -9_000, amount_months=3), Fraction(-3_000)),  # a red line
        (line("1", "2024-01-01", None, 9_000, discount=Discount(amount_minor=500)), Fraction(8_500)),
    ],
)
def test_the_fee_is_spread_over_its_months_or_days_without_tax(terms: LineTerms, mrr: Fraction) -> None:
    assert mrr_on(terms, day("2024-03-15"), DEFAULT) == mrr


@pytest.mark.parametrize("kind", [LineKind.ONE_OFF, LineKind.USAGE, LineKind.TRIAL])
def test_what_does_not_recur_makes_no_mrr(kind: LineKind) -> None:
    assert stretches_of(line("1", "2024-01-01", None, 9_000, kind=kind), DEFAULT) == ()


def test_a_line_counts_on_its_first_day_and_not_on_the_day_it_ends() -> None:
    terms = line("1", "2024-01-01", "2024-02-01", 500)
    on = {text: mrr_on(terms, day(text), DEFAULT) for text in ("2023-12-31", "2024-01-01", "2024-01-31", "2024-02-01")}
    assert on == {"2023-12-31": 0, "2024-01-01": 500, "2024-01-31": 500, "2024-02-01": 0}


def test_a_line_that_ends_on_its_first_day_never_counts() -> None:
    assert stretches_of(whole_term("2024-01-01", "2024-01-01", 9_000), DEFAULT) == ()


@pytest.mark.parametrize(
    ("gift", "amount_months", "mrr"),
    [
        (GiftMonths.INSIDE, None, Fraction(84_000, 14)),
        (GiftMonths.OUTSIDE, None, Fraction(7_000)),
        (GiftMonths.INSIDE, 1, Fraction(84_000, 14)),
        (GiftMonths.OUTSIDE, 1, Fraction(7_000)),
    ],
)
def test_twelve_months_paid_and_two_given_are_fourteen_or_twelve_by_the_switch(
    gift: GiftMonths, amount_months: int | None, mrr: Fraction
) -> None:
    amount = 84_000 if amount_months is None else 7_000
    terms = line("1", "2024-01-01", "2025-03-01", amount, amount_months=amount_months, gift_months=2)
    switches = PolicySwitches(gift_months=gift)
    assert mrr_on(terms, day("2024-06-01"), switches) == mrr
    assert mrr_on(terms, day("2025-02-28"), switches) == mrr  # held to the end of the gift, so nobody seems to churn


def test_an_odd_term_is_a_snapped_year_where_the_switch_says_so() -> None:
    snapped = PolicySwitches(odd_term=OddTerm.SNAPPED_YEARS)
    assert mrr_on(whole_term("2024-01-02", "2025-01-01", 120_000), day("2024-03-15"), snapped) == 10_000  # 365 days
    assert mrr_on(whole_term("2024-01-02", "2025-01-01", 120_000), day("2024-03-15"), DEFAULT) == 10_000
    odd = whole_term("2024-01-01", "2024-04-10", 100_000)  # 100 days
    assert mrr_on(odd, day("2024-03-15"), snapped) == Fraction(100_000 * 36525, 12 * 100 * 100)
    assert mrr_on(odd, day("2024-03-15"), DEFAULT) == Fraction(100_000 * 365, 12 * 100)


def test_a_pause_cuts_the_line_into_stretches_and_keeps_its_price() -> None:
    terms = line("1", "2024-01-01", None, 500, pauses=((day("2024-02-01"), day("2024-03-01")),))
    parts = [(part.since, part.until, part.mrr, part.paused) for part in stretches_of(terms, DEFAULT)]
    assert parts == [
        (day("2024-01-01"), day("2024-02-01"), 500, False),
        (day("2024-02-01"), day("2024-03-01"), 0, True),
        (day("2024-03-01"), None, 500, False),
    ]


def test_a_pause_without_an_end_lasts_to_the_end_of_the_line() -> None:
    terms = line("1", "2024-01-01", "2025-01-01", 500, pauses=((day("2024-02-01"), None),))
    assert [(part.until, part.paused) for part in stretches_of(terms, DEFAULT)] == [
        (day("2024-02-01"), False),
        (day("2025-01-01"), True),
    ]


AT_ONCE = PolicySwitches(churn_day=ChurnDay.CANCELLATION)
CANCELLED = BillingStatus.CANCELLED


@pytest.mark.parametrize(
    ("terms", "by_period", "by_notice"),
    [
        ({"until": "2025-01-01", "cancelled_on": day("2024-05-20")}, "2025-01-01", "2024-05-20"),
        ({"cancelled_on": day("2024-05-20")}, "2024-06-15", "2024-05-20"),
        ({"cancelled_on": day("2024-05-15")}, "2024-05-15", "2024-05-15"),
        ({"cancelled_on": day("2024-01-15")}, "2024-02-15", "2024-01-15"),
        ({"cancelled_on": day("2024-05-20"), "amount_months": 12}, "2025-01-15", "2024-05-20"),
        ({"cancelled_on": day("2024-05-20"), "ceases_on": day("2024-08-31")}, "2024-08-31", "2024-05-20"),
        ({"billing_status": CANCELLED, "until": "2024-09-01"}, "2024-09-01", "2024-09-01"),
        ({"billing_status": CANCELLED}, "2024-01-15", "2024-01-15"),
    ],
)
def test_a_cancelled_line_counts_to_the_end_of_the_paid_period_or_to_the_notice(
    terms: dict[str, Any], by_period: str, by_notice: str
) -> None:
    cancelled = line("1", "2024-01-15", terms.pop("until", None), 500, **terms)
    assert counts_until(cancelled, DEFAULT) == day(by_period)
    assert counts_until(cancelled, AT_ONCE) == day(by_notice)


def test_an_overdue_line_counts_as_long_as_the_switches_say() -> None:
    since = {"overdue_since": day("2024-05-01")}
    past_due = line("1", "2024-01-01", None, 500, billing_status=BillingStatus.PAST_DUE, **since)
    unpaid = line("1", "2024-01-01", None, 500, billing_status=BillingStatus.UNPAID, **since)
    assert counts_until(past_due, DEFAULT) is None
    assert counts_until(past_due, PolicySwitches(past_due_counts_for_days=30)) == day("2024-05-31")
    assert counts_until(unpaid, DEFAULT) == day("2024-05-01")
    assert counts_until(unpaid, PolicySwitches(unpaid_counts=True)) is None


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"ends_on": day("2023-12-31")}, "before it starts"),
        ({"amount_months": None}, "needs the end of the term"),
        ({"amount_months": 0}, "one month or more"),
        ({"amount_includes_tax": True}, "needs its tax rate"),
    ],
)
def test_terms_from_which_no_mrr_follows_are_refused(terms: dict[str, Any], message: str) -> None:
    given = {"ends_on": None, "amount_months": 1} | terms
    with pytest.raises(ValueError, match=message):
        LineTerms(line_key="1", customer_id=1, currency="USD", amount_minor=1, starts_on=day("2024-01-01"), **given)


def test_a_discount_is_a_share_or_an_amount() -> None:
    with pytest.raises(ValueError, match="one of the two"):
        Discount()
    with pytest.raises(ValueError, match="one of the two"):
        Discount(percent=Fraction(10), amount_minor=5)


def test_a_line_without_a_contract_is_its_own_contract() -> None:
    lone, signed = line("1", "2024-01-01", None, 1), line("2", "2024-01-01", None, 1, contract_id=7)
    assert [unit_of(one, Level.CONTRACT) for one in (lone, signed)] == [(1, "1"), (1, 7)]
    assert unit_of(signed, Level.PRODUCT) == (1, 1)
    assert unit_of(signed, Level.CUSTOMER) == (1, None)
