"""Lines in other currencies: valued by dated rates, told apart from what customers did, and refused without a rate."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.books import customers, keep, line

from perennial.contracts import changes, ledger
from perennial.contracts.actions import LineRefused
from perennial.contracts.calculations.exchange import MissingRate, Quote, dated_rates, held_through
from perennial.contracts.queries import standing
from perennial.contracts.rates import Exchange, check_rate, write_rates
from perennial.contracts.terms import MovementKind
from perennial.kernel.periods import Period, day_before
from perennial.kernel.versions import Incoming

ALL = Q()
YEAR = Period(date(2024, 1, 1), date(2025, 1, 1))
LAST_DAY = date(2024, 12, 31)
in_database = pytest.mark.django_db


def quoted(base: str, currency: str, **rates: str) -> list[Quote]:
    return [Quote(base, currency, date(2024, int(month[1:]), 1), Fraction(rate)) for month, rate in rates.items()]


def rated(*quotes: Quote, at: datetime) -> None:
    write_rates(
        [Incoming(None, {"base": one.base, "currency": one.currency, "on": one.on, "rate": f"{float(one.rate)}"})
         for one in quotes],
        source="test", at=at,
    )  # fmt: skip


def test_a_pair_is_read_from_either_side_and_over_a_third_currency_where_it_is_quoted_nowhere() -> None:
    found = dated_rates(
        "CNY", quoted("CNY", "USD", m1="0.125") + quoted("EUR", "CNY", m1="8") + quoted("EUR", "GBP", m2="0.8")
    )
    assert found.on("USD", date(2024, 5, 1)) == 8
    assert found.on("EUR", date(2024, 1, 1)) == 8
    assert found.on("GBP", date(2024, 2, 1)) == 10
    with pytest.raises(MissingRate):
        found.on("GBP", date(2024, 1, 31))


def test_a_pair_that_is_quoted_itself_never_goes_over_another() -> None:
    quotes = quoted("USD", "CNY", m1="7") + quoted("EUR", "CNY", m1="8", m2="9") + quoted("EUR", "USD", m1="1", m2="1")
    assert dated_rates("CNY", quotes).on("USD", date(2024, 3, 1)) == 7


def test_minor_units_of_currencies_with_other_decimals_are_minded() -> None:
    found = dated_rates("CNY", quoted("JPY", "CNY", m1="0.05"))
    assert found.on("JPY", date(2024, 1, 1)) == 5  # one yen has no hundredths: 0.05 CNY are five fen


@settings(max_examples=300, deadline=None)
@given(
    rates=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 50)), min_size=1, max_size=8),
    changes=st.lists(st.tuples(st.integers(0, 30), st.integers(-20, 20)), max_size=8),
    opening=st.integers(-10, 100),
)
def test_opening_movements_and_fx_are_the_closing_and_fx_is_the_daily_sum(
    rates: list[tuple[int, int]], changes: list[tuple[int, int]], opening: int
) -> None:
    first = date(2024, 3, 1)
    quotes = [Quote("USD", "CNY", date(2023, 1, 1), Fraction(7))]
    quotes += [Quote("USD", "CNY", first + timedelta(days=day - 5), Fraction(rate, 7)) for day, rate in rates]
    known = dated_rates("CNY", quotes)
    month = Period(first, date(2024, 4, 1))
    moved = [(first + timedelta(days=day), Fraction(amount)) for day, amount in changes]
    did = held_through(Fraction(opening), moved, month, lambda day: known.on("USD", day))
    daily, balance = Fraction(0), Fraction(opening)
    for number in range(month.days):
        day = first + timedelta(days=number)
        daily += balance * (known.on("USD", day) - known.on("USD", day_before(day)))
        balance += sum((amount for on, amount in moved if on == day), Fraction(0))
    assert did == daily
    opened = opening * known.on("USD", day_before(first))
    booked = sum((amount * known.on("USD", on) for on, amount in moved), Fraction(0))
    assert opened + booked + did == balance * known.on("USD", date(2024, 3, 31))


@pytest.fixture
def two_currencies(organisation: None, now: datetime) -> dict[str, int]:
    """A pays 100 USD a month from January and 50 more from May; B pays 100 EUR from February until September."""
    rated(*quoted("EUR", "USD", m1="1.1", m2="1.2", m6="1.0", m10="1.3"), at=now)
    ids = customers("A", "B", at=now)
    keep(
        [
            line("1", ids["A"], "2024-01-01", None, 100_00),
            line("2", ids["A"], "2024-05-01", None, 50_00),
            line("3", ids["B"], "2024-02-10", "2024-09-15", 100_00, currency="EUR"),
        ],
        at=now,
    )
    return ids


@in_database
def test_months_reconcile_in_ours_and_what_rates_did_stands_apart(two_currencies: dict[str, int]) -> None:
    rows = ledger.movement_rows(YEAR, ALL, Exchange("USD"), as_of=LAST_DAY)
    assert [row.closing for row in rows] == [
        100_00, 220_00, 220_00, 220_00, 270_00, 250_00, 250_00, 250_00, 150_00, 150_00, 150_00, 150_00]  # fmt: skip
    told = {row.period.since.month: {kind: n for kind, n in row.movements.items() if n} for row in rows}
    assert told[2] == {MovementKind.NEW: 120_00}
    assert told[6] == {MovementKind.FX: -20_00}
    assert told[9] == {MovementKind.CHURN: -100_00}
    for row in rows:
        assert row.opening + sum(row.movements.values()) == row.closing
    assert [row.customers for row in rows] == [1, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1]
    fx = changes.fx_changes(YEAR, ALL, Exchange("USD"), as_of=LAST_DAY)
    assert {key: [(one.on, one.amount) for one in told] for key, told in fx.items()} == {
        two_currencies["B"]: [(date(2024, 6, 30), Fraction(-20_00))]
    }


@in_database
def test_in_constant_currency_nothing_moves_but_what_customers_did(two_currencies: dict[str, int]) -> None:
    rows = ledger.movement_rows(YEAR, ALL, Exchange("USD", fixed_on=date(2024, 1, 1)), as_of=LAST_DAY)
    assert {row.movements[MovementKind.FX] for row in rows} == {0}
    assert [row.closing for row in rows][4:9] == [260_00, 260_00, 260_00, 260_00, 150_00]


@in_database
def test_retention_is_told_at_the_rates_of_its_first_day(two_currencies: dict[str, int]) -> None:
    found = ledger.retention(date(2024, 3, 1), date(2024, 7, 1), ALL, Exchange("USD"))
    assert (found.opening, found.kept, found.closing) == (220_00, 220_00, 270_00)


@in_database
def test_a_customer_stands_at_the_rates_of_the_day(two_currencies: dict[str, int]) -> None:
    assert standing(date(2024, 2, 10))[two_currencies["B"]].mrr == 120_00
    june = standing(date(2024, 6, 1))[two_currencies["B"]]
    assert (june.mrr, june.live_since_on) == (100_00, date(2024, 2, 10))


@in_database
def test_one_rate_a_day_a_source_another_one_is_the_next_version(organisation: None, now: datetime) -> None:
    rated(*quoted("EUR", "USD", m1="1.1"), at=now)
    rated(*quoted("EUR", "USD", m1="1.2"), at=now + timedelta(days=1))
    assert Exchange("USD").rate("EUR", date(2024, 1, 5)) == Fraction("1.2")


@in_database
def test_a_line_without_a_rate_is_refused_and_nothing_is_written(organisation: None, now: datetime) -> None:
    ids = customers("A", at=now)
    with pytest.raises(LineRefused, match=r"EUR.*USD"):
        keep([line("1", ids["A"], "2024-01-01", None, 100_00, currency="EUR")], at=now)
    assert ledger.first_day(ALL) is None


@pytest.mark.parametrize(("base", "rate"), [("USD", "1"), ("EUR", "0"), ("EUR", "-1"), ("EUR", "1e12")])
def test_what_is_no_rate_is_refused(base: str, rate: str) -> None:
    assert check_rate({"base": base, "currency": "USD", "rate": rate})


@in_database
def test_rates_are_read_once_and_only_where_somebody_pays_in_another_currency(
    two_currencies: dict[str, int],
) -> None:
    with CaptureQueriesContext(connection) as asked:
        ledger.movement_rows(YEAR, ALL, Exchange("USD"), as_of=LAST_DAY)
    assert len(asked) == 4  # columns, months, opening, whether a rate changed: the rates were read before
    with CaptureQueriesContext(connection) as asked:
        ledger.movement_rows(
            Period(date(2024, 11, 1), date(2024, 12, 1)), ~Q(currency="EUR"), Exchange("USD"), as_of=LAST_DAY
        )
    assert len(asked) == 2
