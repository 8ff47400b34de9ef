"""The worked examples that vendors publish, each computed by our functions under the setting that its vendor has.

The examples and their sources are in golden.json. All of them can be expressed; none is left out. Amounts there are
major units; ours are cents. Where a page gives no dates, the dates are chosen here.
"""

import json
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.calculations.lines import DEFAULT, day, line, moves, told

from perennial.contracts.calculations.churn import gross_mrr_churn_rate, naive_lifetime_value, net_mrr_churn_rate
from perennial.contracts.calculations.mrr import mrr_on
from perennial.contracts.calculations.proration import full_period_amount, prorated
from perennial.contracts.terms import (
    SWITCH_MEANINGS,
    BillingStatus,
    ChurnDay,
    Discount,
    DiscountsInMrr,
    LineKind,
    LineTerms,
    Movement,
    MovementKind,
    PolicySwitches,
)
from perennial.kernel.periods import Period

GOLDEN = json.loads((Path(__file__).parents[1] / "golden.json").read_text(encoding="utf-8"))
EXAMPLES: dict[str, dict[str, Any]] = {example["id"]: example for example in GOLDEN["examples"]}
MONTHS_OF = {"month": 1, "year": 12}
TODAY = day("2019-01-15")


def cents(major: float) -> int:
    return round(Fraction(str(major)) * 100)


def meets(example: dict[str, Any], cents_computed: Fraction, major_expected: float) -> bool:
    return abs(cents_computed / 100 - Fraction(str(major_expected))) <= Fraction(str(example["tolerance"]))


def subscription(key: str, sub: dict[str, Any], **more: Any) -> LineTerms:
    months = sub["months"] if "months" in sub else MONTHS_OF[sub.get("interval", "month")]
    return line(key, "2019-01-01", None, cents(sub["amount"]), amount_months=months, **more)


def the_month(kinds: dict[str, float], on: str = "2019-01-10") -> list[Movement]:
    losses = {MovementKind.CHURN, MovementKind.CONTRACTION}
    return [
        Movement(
            customer_id=number,
            product_id=None,
            on=day(on),
            kind=MovementKind(kind),
            amount=Fraction(cents(amount)) * (-1 if kind in losses else 1),
            currency="USD",
        )
        for number, (kind, amount) in enumerate(kinds.items())
        if amount
    ]


def test_every_example_on_mrr_movements_churn_and_proration_is_here() -> None:
    tested = {"cm-lifecycle", "cm-switch", "cm-switch-prorated", "cm-gross-churn", "cm-net-churn", "cm-daily-gross"}
    tested |= {"cm-ltv", "st-proration", "st-trial-unpaid", *NORMALISED, *DISCOUNTED}
    assert tested == EXAMPLES.keys()


NORMALISED = ["cm-quarterly-plan", "st-mrr", "st-annual", "bm-basic", "bm-annual"]


@pytest.mark.parametrize("golden_id", NORMALISED)
def test_the_fee_of_a_plan_is_spread_over_its_months(golden_id: str) -> None:
    example = EXAMPLES[golden_id]
    subs = example["inputs"].get("subs", [example["inputs"]])
    mrr = sum(sub.get("n", 1) * mrr_on(subscription("s", sub), TODAY, DEFAULT) for sub in subs)
    assert meets(example, mrr, example["expected"]["mrr"])


DISCOUNTED = {
    "st-coupon-forever": DiscountsInMrr.FOREVER,
    "st-coupon-finite": DiscountsInMrr.FOREVER,
    "bm-coupon": DiscountsInMrr.EVERY,
}


@pytest.mark.parametrize(("golden_id", "discounts"), DISCOUNTED.items())
def test_a_coupon_lowers_mrr_as_the_vendor_has_it(golden_id: str, discounts: DiscountsInMrr) -> None:
    example = EXAMPLES[golden_id]
    coupon = example["inputs"]["coupon"]
    discount = Discount(percent=Fraction(coupon["percent_off"]), months=coupon.get("months"))
    mrr = mrr_on(
        subscription("s", example["inputs"], discount=discount), TODAY, PolicySwitches(discounts_in_mrr=discounts)
    )
    assert meets(example, mrr, example["expected"]["mrr"])


def test_a_finite_coupon_lowers_mrr_where_every_discount_does_and_its_end_is_a_higher_price() -> None:
    inputs = EXAMPLES["st-coupon-finite"]["inputs"]
    discount = Discount(percent=Fraction(50), months=inputs["coupon"]["months"])
    coupon = subscription("s", inputs, discount=discount, quantity=1)
    every = PolicySwitches(discounts_in_mrr=DiscountsInMrr.EVERY)
    assert told(moves([coupon], every)) == [("2019-01-01", "new", 5000), ("2019-04-01", "price_up", 5000)]
    assert mrr_on(coupon, TODAY, PolicySwitches(discounts_in_mrr=DiscountsInMrr.NONE)) == 10000


def test_a_full_coupon_on_a_paying_customer_is_churn_as_the_note_on_bm_coupon_says() -> None:
    assert "100% coupon on a paying customer = churn" in EXAMPLES["bm-coupon"]["note"]
    paying = line("1", "2019-01-01", "2019-03-01", 1000)
    free = line("2", "2019-03-01", None, 1000, discount=Discount(percent=Fraction(100)), renewal_of="1")
    assert told(moves([paying, free])) == [("2019-01-01", "new", 1000), ("2019-03-01", "churn", -1000)]


def test_what_is_past_due_counts_and_what_is_on_trial_unpaid_or_cancelled_does_not_st_trial_unpaid() -> None:
    example = EXAMPLES["st-trial-unpaid"]
    terms = {
        "active": {"billing_status": BillingStatus.ACTIVE},
        "past_due": {"billing_status": BillingStatus.PAST_DUE},
        "trialing": {"kind": LineKind.TRIAL},
        "unpaid": {"billing_status": BillingStatus.UNPAID},
        "canceled": {"billing_status": BillingStatus.CANCELLED},
    }
    lines = [subscription(sub["status"], sub, **terms[sub["status"]]) for sub in example["inputs"]["subs"]]
    assert meets(example, sum(mrr_on(one, TODAY, DEFAULT) for one in lines), example["expected"]["mrr"])


def test_a_life_from_new_to_reactivation_cm_lifecycle() -> None:
    example = EXAMPLES["cm-lifecycle"]
    plans, (gold, silver) = example["inputs"]["plans"], (1, 2)
    lines = [
        line(
            "gold",
            "2019-01-10",
            "2020-01-10",
            4 * cents(plans["gold"]["year"]),
            amount_months=12,
            quantity=4,
            product_id=gold,
            cancelled_on=day("2019-11-20"),
        ),
        line(
            "silver",
            "2019-01-14",
            None,
            2 * cents(plans["silver"]["month"]),
            quantity=2,
            product_id=silver,
            cancelled_on=day("2019-01-28"),
        ),
        line("again", "2020-03-01", None, 3 * cents(plans["gold"]["month"]), quantity=3, product_id=gold),
    ]
    booked = moves(lines)
    names = {"new_business": "new"}
    for one, step in zip(booked, example["expected"], strict=True):
        assert one.kind.value == names.get(step["type"], step["type"])
        assert meets(example, one.amount, step["mrr"])
    assert booked[2].on == day("2019-02-14")  # the silver month that was paid runs out
    assert booked[3].on == day("2020-01-10")
    at_once = moves(lines, PolicySwitches(churn_day=ChurnDay.CANCELLATION))
    assert (at_once[2].on, at_once[3].on) == (day("2019-01-28"), day("2019-11-20"))


@pytest.mark.parametrize("golden_id", ["cm-switch", "cm-switch-prorated"])
def test_a_plan_that_replaces_another_moves_the_difference(golden_id: str) -> None:
    example = EXAMPLES[golden_id]
    inputs = example["inputs"]
    on = inputs.get("date") or inputs["on"]
    if golden_id == "cm-switch-prorated":
        cycle = Period(day(inputs["cycle"][0]), day(inputs["cycle"][1]))
        charge = full_period_amount(Fraction(cents(inputs["prorated_charge"])), Period(day(on), cycle.until), cycle)
        assert charge == cents(inputs["to_monthly_price"])
        before, after = cents(inputs["from_mrr"]), int(charge)
        left = Fraction((cycle.until - day(on)).days, cycle.days)
        cash = prorated(before, after, left)
        assert (cash.charge, cash.credit) == (cents(inputs["prorated_charge"]), cents(inputs["prorated_credit"]))
        assert meets(example, cash.net, example["expected"]["cash_billed"])
    else:
        before, after = cents(inputs["from"]["mrr"]), cents(inputs["to"]["mrr"])
    lines = [
        line("bronze", "2018-06-01", on, before, product_id=1, quantity=1),
        line("gold", on, None, after, product_id=2, quantity=1),
    ]
    booked = [one for one in moves(lines) if one.on == day(on)]
    [expansion] = [one for one in booked if one.kind is not MovementKind.TRANSFER]
    assert expansion.kind is MovementKind.EXPANSION
    assert meets(example, expansion.amount, example["expected"]["movement"])
    assert sum(one.amount for one in booked if one.kind is MovementKind.TRANSFER) == 0
    assert meets(example, sum(mrr_on(one, day(on), DEFAULT) for one in lines), example["expected"]["total_mrr"])
    apart = [one for one in moves(lines, PolicySwitches(product_switch_is_net=False)) if one.on == day(on)]
    assert {(one.kind.value, one.amount) for one in apart} == {("contraction", -before), ("expansion", after)}


def test_churn_and_contraction_over_the_opening_cm_gross_churn() -> None:
    example = EXAMPLES["cm-gross-churn"]
    inputs = dict(example["inputs"])
    opening = Fraction(cents(inputs.pop("start_mrr")))
    assert (
        gross_mrr_churn_rate(opening, the_month(inputs))
        == Fraction(str(example["expected"]["gross_mrr_churn_pct"])) / 100
    )


def test_gains_of_present_customers_lower_net_churn_cm_net_churn() -> None:
    example = EXAMPLES["cm-net-churn"]
    inputs = dict(example["inputs"])
    opening = Fraction(cents(inputs.pop("start_mrr")))
    booked = the_month({**inputs, "new": 1000})
    assert net_mrr_churn_rate(opening, booked) == Fraction(str(example["expected"]["net_mrr_churn_pct"])) / 100


def test_a_day_that_ends_lower_has_lost_the_difference_cm_daily_gross() -> None:
    example = EXAMPLES["cm-daily-gross"]
    start, end = cents(example["inputs"]["day_start"]), cents(example["inputs"]["day_end"])
    lines = [line("1", "2019-01-01", "2019-02-01", start), line("2", "2019-02-01", None, end, renewal_of="1")]
    that_day = [one for one in moves(lines) if one.on == day("2019-02-01")]
    before = sum(mrr_on(one, day("2019-02-01") - timedelta(days=1), DEFAULT) for one in lines)
    assert gross_mrr_churn_rate(Fraction(before), that_day) == Fraction(str(example["expected"]["pct"])) / 100


def test_revenue_of_an_account_over_its_churn_cm_ltv() -> None:
    example = EXAMPLES["cm-ltv"]
    arpa, churn = cents(example["inputs"]["arpa"]), Fraction(example["inputs"]["monthly_customer_churn_pct"], 100)
    value = naive_lifetime_value(Fraction(arpa), churn)
    assert value is not None
    assert meets(example, value, example["expected"]["ltv"])
    assert naive_lifetime_value(Fraction(arpa), Fraction(0)) is None


def test_a_change_in_mid_period_credits_and_charges_st_proration() -> None:
    example = EXAMPLES["st-proration"]
    inputs, expected = example["inputs"], example["expected"]
    cash = prorated(cents(inputs["old"]), cents(inputs["new"]), Fraction(str(inputs["fraction_left"])))
    for computed, name in ((cash.credit, "credit"), (cash.charge, "charge"), (cash.net, "net")):
        assert meets(example, computed, expected[name])


def test_each_policy_on_which_vendors_differ_has_a_named_switch_that_a_page_can_list() -> None:
    switch_of_topic = {
        "reactivation in the quick ratio": "reactivation_in_quick_ratio",
        "discounts in MRR": "discounts_in_mrr",
        "when is churn booked": "churn_day",
        "second subscription of an existing customer": "classified_by",
        "client churn denominator": "customer_churn_over",
        "ARR annualisation of odd periods": "odd_term",
    }
    not_settings = {"gross retention per customer", "proration"}  # we follow the rule given; both views are shown
    assert {switch["topic"] for switch in GOLDEN["policy_switches"]} == switch_of_topic.keys() | not_settings
    assert set(switch_of_topic.values()) <= SWITCH_MEANINGS.keys()
    assert SWITCH_MEANINGS.keys() == PolicySwitches.__dataclass_fields__.keys()
