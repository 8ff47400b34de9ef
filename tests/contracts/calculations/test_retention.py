"""Retention and rates of movements (analytics 3.2)."""

from fractions import Fraction

import pytest
from tests.contracts.calculations.lines import DEFAULT, day

from perennial.contracts.calculations.churn import (
    average_revenue_per_account,
    customer_churn_rate,
    gross_mrr_churn_rate,
    naive_lifetime_value,
    net_mrr_churn_rate,
    quick_ratio,
)
from perennial.contracts.calculations.retention import flow_gross_retention, retention, wilson_interval
from perennial.contracts.terms import ChurnBase, Movement, MovementKind, PolicySwitches


def movement(kind: str, amount: int) -> Movement:
    return Movement(
        customer_id=1,
        product_id=1,
        on=day("2024-01-10"),
        kind=MovementKind(kind),
        amount=Fraction(amount),
        currency="USD",
    )


def test_each_customer_is_capped_at_its_own_opening_and_newcomers_do_not_count() -> None:
    opening = {"grew": Fraction(100), "shrank": Fraction(200), "left": Fraction(50), "same": Fraction(50)}
    closing = {"grew": Fraction(150), "shrank": Fraction(120), "same": Fraction(50), "newcomer": Fraction(999)}
    kept = retention(opening, closing)
    assert (kept.gross, kept.net, kept.logo) == (Fraction(270, 400), Fraction(320, 400), Fraction(3, 4))
    assert (kept.opening, kept.kept, kept.closing) == (400, 270, 320)
    assert (kept.customers, kept.customers_kept) == (4, 3)
    assert kept.logo_interval == wilson_interval(3, 4)


def test_without_a_cohort_nothing_is_known() -> None:
    kept = retention({}, {"newcomer": Fraction(10)})
    assert (kept.gross, kept.net, kept.logo, kept.logo_interval) == (None, None, None, None)
    assert (kept.opening, kept.customers) == (0, 0)
    assert flow_gross_retention(Fraction(0), []) is None


def test_red_lines_that_outweigh_the_rest_hold_nothing() -> None:
    kept = retention({1: Fraction(100), 2: Fraction(-5)}, {1: Fraction(-20), 2: Fraction(50)})
    assert (kept.gross, kept.net, kept.logo, kept.customers) == (0, 0, 0, 1)


def test_wilson_s_interval_for_34_of_40_is_the_published_one() -> None:
    interval = wilson_interval(34, 40)
    assert interval is not None
    assert [round(end, 4) for end in interval] == [0.7093, 0.9294]


@pytest.mark.parametrize(("successes", "end", "value"), [(0, 0, 0.0), (12, 1, 1.0)])
def test_wilson_s_interval_ends_exactly_at_nought_and_one(successes: int, end: int, value: float) -> None:
    interval = wilson_interval(successes, 12)
    assert interval is not None
    assert interval[end] == value
    assert 0 < interval[1 - end] < 1
    assert wilson_interval(0, 0) is None


def test_losses_of_every_kind_count_and_transfers_and_fx_do_not() -> None:
    booked = [
        movement(kind, amount)
        for kind, amount in {
            "new": 500,
            "reactivation": 40,
            "expansion": 100,
            "price_up": 20,
            "resume": 30,
            "contraction": -50,
            "price_down": -10,
            "churn": -100,
            "pause": -40,
            "transfer": 7,
            "fx": -9,
        }.items()
    ]
    assert gross_mrr_churn_rate(Fraction(1000), booked) == Fraction(200, 1000)
    assert flow_gross_retention(Fraction(1000), booked) == Fraction(800, 1000)
    assert net_mrr_churn_rate(Fraction(1000), booked) == Fraction(10, 1000)
    assert quick_ratio(booked, DEFAULT) == Fraction(620, 200)
    assert quick_ratio(booked, PolicySwitches(reactivation_in_quick_ratio=True)) == Fraction(690, 200)


def test_rates_over_nothing_are_unknown() -> None:
    assert gross_mrr_churn_rate(Fraction(0), [movement("churn", -1)]) is None
    assert net_mrr_churn_rate(Fraction(0), []) is None
    assert quick_ratio([movement("new", 5)], DEFAULT) is None
    assert customer_churn_rate(0, 5, 0, DEFAULT) is None
    assert average_revenue_per_account(Fraction(100), 0) is None


def test_customers_lost_are_over_the_start_or_over_start_and_new_by_the_switch() -> None:
    assert customer_churn_rate(100, 25, 5, DEFAULT) == Fraction(5, 100)
    assert customer_churn_rate(100, 25, 5, PolicySwitches(customer_churn_over=ChurnBase.START_AND_NEW)) == Fraction(
        5, 125
    )


def test_naive_lifetime_value_is_margin_a_year_over_yearly_churn_as_analytics_10_has_it() -> None:
    assert naive_lifetime_value(Fraction(24_000) * Fraction(8, 10), Fraction(12, 100)) == 160_000
    assert average_revenue_per_account(Fraction(90_000), 40) == 2_250
