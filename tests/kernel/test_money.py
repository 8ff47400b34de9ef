"""Exact money (promise C1)."""

from decimal import Decimal
from fractions import Fraction

import pytest
from babel.numbers import get_currency_precision
from hypothesis import given
from hypothesis import strategies as st

from perennial.kernel import money
from perennial.kernel.money import (
    MoneyError,
    decimal_string,
    decimals_of,
    excluding_tax,
    largest_remainder,
    parse_minor,
    round_half_even,
    to_major,
    to_minor,
)

amounts = st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=1000)


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [("USD", 2), ("CNY", 2), ("EUR", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("BHD", 3), ("IQD", 3), ("CLF", 4)],
)
def test_a_currency_has_the_decimals_of_iso_4217(currency: str, decimals: int) -> None:
    assert decimals_of(currency) == decimals


@pytest.mark.parametrize("currency", ["USD", "CNY", "EUR", "GBP", "JPY", "KRW", "KWD", "BHD", "CLF", "VND", "OMR"])
def test_the_table_agrees_with_cldr_where_cldr_follows_the_standard(currency: str) -> None:
    assert decimals_of(currency) == get_currency_precision(currency)


@pytest.mark.parametrize("currency", ["usd", "", "US", "QQQ", "元"])
def test_a_code_that_is_no_currency_is_refused(currency: str) -> None:
    with pytest.raises(MoneyError) as caught:
        decimals_of(currency)
    assert caught.value.reason == "unknown_currency"


def test_major_and_minor_units_convert_exactly_both_ways() -> None:
    assert to_minor(Decimal("12.34"), "USD") == 1234
    assert to_minor(Fraction(1, 3), "KWD") == Fraction(1000, 3)
    assert to_minor(500, "JPY") == 500
    assert to_major(1234, "USD") == Fraction(617, 50)
    assert to_major(to_minor(Fraction(1, 7), "CLF"), "CLF") == Fraction(1, 7)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.34", "USD", 1234),
        ("-12.5", "USD", -1250),
        ("+7", "CNY", 700),
        (" 0.10 ", "USD", 10),
        ("12.500", "USD", 1250),
        ("-0.05", "USD", -5),
        ("500", "JPY", 500),
        ("1.234", "KWD", 1234),
        ("0.0001", "CLF", 1),
        ("90071992547409.93", "USD", 9007199254740993),  # the first cent that a float cannot hold
    ],
)
def test_a_plain_decimal_string_becomes_minor_units(text: str, currency: str, minor: int) -> None:
    assert parse_minor(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "reason"),
    [
        ("", "USD", "not_a_number"),
        ("abc", "USD", "not_a_number"),
        ("1,234.50", "USD", "not_a_number"),
        ("1e3", "USD", "not_a_number"),
        ("NaN", "USD", "not_a_number"),
        ("１２", "USD", "not_a_number"),
        ("1.", "USD", "not_a_number"),
        ("12.345", "USD", "too_many_decimals"),
        ("1.5", "JPY", "too_many_decimals"),
        ("1", "XXQ", "unknown_currency"),
    ],
)
def test_what_is_no_amount_is_refused_with_its_reason(text: str, currency: str, reason: str) -> None:
    with pytest.raises(MoneyError) as caught:
        parse_minor(text, currency)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(1234, "USD", "12.34"), (-5, "USD", "-0.05"), (0, "CNY", "0.00"), (500, "JPY", "500"), (-1, "KWD", "-0.001")],
)
def test_minor_units_print_as_a_decimal_string(minor: int, currency: str, text: str) -> None:
    assert decimal_string(minor, currency) == text


@given(st.integers(), st.sampled_from(["USD", "JPY", "KWD", "CLF"]))
def test_what_is_printed_reads_back_the_same(minor: int, currency: str) -> None:
    assert parse_minor(decimal_string(minor, currency), currency) == minor


def test_a_million_with_six_percent_tax_holds_943396_23_without_it() -> None:
    exact = excluding_tax(to_minor(1_000_000, "CNY"), Fraction(6, 100))
    assert exact == Fraction(100_000_000 * 100, 106)
    assert decimal_string(round_half_even(exact), "CNY") == "943396.23"


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("1/2", 0), ("3/2", 2), ("5/2", 2), ("-1/2", 0), ("-3/2", -2), ("7/3", 2), ("-7/3", -2), ("8/3", 3), ("4", 4)],
)
def test_ties_go_to_the_even_unit(amount: str, rounded: int) -> None:
    assert round_half_even(Fraction(amount)) == rounded


def test_a_million_dimes_are_exactly_a_hundred_thousand() -> None:
    assert sum([parse_minor("0.10", "USD")] * 1_000_000) == parse_minor("100000", "USD")


@pytest.mark.parametrize(
    ("parts", "total", "rounded"),
    [
        (["1/3", "1/3", "1/3"], 1, [1, 0, 0]),
        (["10/3", "10/3", "10/3"], 10, [4, 3, 3]),
        (["1/2", "-1/2"], 0, [1, -1]),
        (["-1/3", "-1/3", "-1/3"], -1, [0, 0, -1]),
        (["0", "1/2", "0"], 1, [0, 1, 0]),
        (["1"], 2, [2]),  # 0.5 prints as 0 and 1.5 as 2
        (["1", "0", "3"], 3, [1, 0, 2]),
        ([], 0, []),
    ],
)
def test_rounded_parts_add_up_to_the_printed_total(parts: list[str], total: int, rounded: list[int]) -> None:
    assert largest_remainder([Fraction(part) for part in parts], total) == rounded


def test_a_total_that_is_no_rounding_of_the_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="no rounding"):
        largest_remainder([Fraction(1), Fraction(0)], 3)


@given(amounts, st.lists(amounts, max_size=12))
def test_amounts_without_a_common_unit_of_few_digits_are_rounded_the_same(
    opening: Fraction, parts: list[Fraction]
) -> None:
    total = round_half_even(opening + sum(parts)) - round_half_even(opening)
    with pytest.MonkeyPatch.context() as patch:
        usual = largest_remainder(parts, total)
        patch.setattr(money, "FINE", 0)
        assert largest_remainder(parts, total) == usual


@given(amounts, st.lists(amounts, max_size=12))
def test_any_row_adds_up_and_no_part_moves_by_more_than_a_unit_or_changes_its_sign(
    opening: Fraction, parts: list[Fraction]
) -> None:
    total = round_half_even(opening + sum(parts)) - round_half_even(opening)
    rounded = largest_remainder(parts, total)
    assert sum(rounded) == total
    for part, whole in zip(parts, rounded, strict=True):
        assert abs(part - whole) <= 1
        assert part * whole >= 0
        assert part or not whole
