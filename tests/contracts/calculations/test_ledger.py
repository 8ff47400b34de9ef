"""The golden ledger of analytics 10: twelve days with every kind of movement, two currencies, to the cent.

The portfolio is the one that those figures allow: A grows and costs more, B leaves and comes back smaller, C pauses,
E pays 10,000 EUR and contracts after the euro rose from 1.10 to 1.20, N is new. Figures are ARR: a year.
"""

from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction

import pytest
from tests.contracts.calculations.lines import DEFAULT, line

from perennial.contracts.calculations.balances import balances_on
from perennial.contracts.calculations.exchange import DatedRates, MissingRate, converted, fx_movements
from perennial.contracts.calculations.movements import movements
from perennial.contracts.calculations.mrr import stretches
from perennial.contracts.calculations.retention import flow_gross_retention, retention
from perennial.contracts.calculations.waterfall import waterfall
from perennial.contracts.terms import LineTerms, MovementKind
from perennial.kernel.periods import Period

DAY_0 = date(2024, 1, 1)
PERIOD = Period(DAY_0 + timedelta(days=1), DAY_0 + timedelta(days=13))  # day 0 is the opening, day 12 the closing
RATES = DatedRates(
    "USD", {"EUR": [(date(2023, 1, 1), Fraction("1.10")), (DAY_0 + timedelta(days=6), Fraction("1.20"))]}
)


def of(number: int) -> str:
    return (DAY_0 + timedelta(days=number)).isoformat()


def year(key: str, customer: int, since: str, until: str | None, arr: int, **more: object) -> LineTerms:
    return line(key, since, until, arr * 100, customer_id=customer, amount_months=12, **more)


LINES = [
    year("A1", 1, "2023-01-01", of(3), 10_000, quantity=10),
    year("A2", 1, of(3), None, 13_200, quantity=12, renewal_of="A1"),
    year("B1", 2, "2023-01-01", of(2), 6_000, quantity=6),
    year("B2", 2, of(9), None, 4_000, quantity=4),
    year(
        "C", 3, "2023-01-01", None, 3_000, pauses=((DAY_0 + timedelta(days=4), DAY_0 + timedelta(days=8)),), quantity=3
    ),
    year("E1", 4, "2023-01-01", of(7), 10_000, quantity=10, currency="EUR"),
    year("E2", 4, of(7), None, 8_000, quantity=8, currency="EUR", renewal_of="E1"),
    year("N", 5, of(5), None, 2_000, quantity=2),
]
FOUND = stretches(LINES, DEFAULT)


def arr(mrr: Fraction) -> Fraction:
    return mrr * 12 / 100


def test_opening_and_every_movement_add_up_to_the_closing_balance() -> None:
    booked = [one for one in converted(movements(FOUND, DEFAULT), RATES) if one.on in PERIOD]
    booked += fx_movements(FOUND, RATES, PERIOD)
    sums: dict[str, Fraction] = defaultdict(Fraction)
    for one in booked:
        sums[one.kind.value] += arr(one.amount)
    assert sums == {
        "new": 2_000,
        "expansion": 2_000,
        "price_up": 1_200,
        "reactivation": 4_000,
        "resume": 3_000,
        "contraction": -2_400,
        "churn": -6_000,
        "pause": -3_000,
        "fx": 1_000,
    }
    opening = sum(balances_on(FOUND, DAY_0, RATES).values())
    closing = sum(balances_on(FOUND, DAY_0 + timedelta(days=12), RATES).values())
    assert (arr(opening), arr(closing)) == (30_000, 31_800)
    assert opening + sum(one.amount for one in booked) == closing
    [row] = waterfall(opening, booked, [PERIOD])
    assert row.opening + sum(row.movements.values()) == row.closing


def test_the_cohort_keeps_86_percent_and_the_movement_view_says_62() -> None:
    opening = balances_on(FOUND, DAY_0, RATES)
    closing = balances_on(FOUND, DAY_0 + timedelta(days=12), RATES, rates_of=DAY_0)
    kept = retention(opening, closing)
    assert kept.gross == Fraction(86, 100)
    assert kept.net == Fraction(29_000, 30_000)
    assert round(float(kept.net), 4) == 0.9667
    assert kept.logo == 1
    booked = [one for one in converted(movements(FOUND, DEFAULT), RATES) if one.on in PERIOD]
    assert flow_gross_retention(sum(opening.values(), Fraction(0)), booked) == Fraction(62, 100)


def test_in_constant_currency_there_is_no_fx() -> None:
    constant = DatedRates("USD", {"EUR": [(date(2023, 1, 1), Fraction("1.10")), (DAY_0, Fraction("1.10"))]})
    assert fx_movements(FOUND, constant, PERIOD) == []


def test_fx_of_adjoining_periods_adds_up_to_that_of_both() -> None:
    whole = fx_movements(FOUND, RATES, PERIOD)
    middle = DAY_0 + timedelta(days=6)
    parts = fx_movements(FOUND, RATES, Period(PERIOD.since, middle))
    parts += fx_movements(FOUND, RATES, Period(middle, PERIOD.until))
    assert sum(one.amount for one in parts) == sum(one.amount for one in whole)
    assert {one.kind for one in whole} == {MovementKind.FX}
    assert whole[0].line_keys == ("E1",)


def test_currencies_are_never_summed_without_a_rate() -> None:
    with pytest.raises(MissingRate, match="no rate for EUR on 2024-01-01"):
        balances_on(FOUND, DAY_0, DatedRates("USD"))
    with pytest.raises(MissingRate):
        RATES.on("EUR", date(2022, 12, 31))


def test_a_rate_is_for_major_units_though_amounts_are_in_minor_ones() -> None:
    yen = DatedRates("JPY", {"USD": [(DAY_0, Fraction(150))]})
    assert 100 * yen.on("USD", DAY_0) == 150  # a dollar's hundred cents are 150 yen, which have no cents
