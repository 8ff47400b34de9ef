"""Days and periods."""

from datetime import UTC, date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.kernel.periods import (
    FiscalQuarter,
    Period,
    add_months,
    day_before,
    day_in_zone,
    day_number,
    day_of_number,
    fiscal_quarter,
    month_of,
    months_between,
    months_of,
    share_passed,
    whole_months,
)

days = st.dates(date(1990, 1, 1), date(2060, 12, 31))
day = date.fromisoformat


def period(since: str, until: str) -> Period:
    return Period(day(since), day(until))


def test_a_period_holds_its_first_day_and_not_its_end() -> None:
    year = period("2024-01-01", "2025-01-01")
    assert day("2024-01-01") in year
    assert day("2024-12-31") in year
    assert day("2025-01-01") not in year
    assert year.days == 366


def test_a_period_cannot_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="cannot end"):
        period("2024-01-02", "2024-01-01")


def test_periods_that_only_touch_share_no_day() -> None:
    first, second = period("2024-01-01", "2024-02-01"), period("2024-02-01", "2024-03-01")
    assert first.overlap(second) is None
    assert first.overlap(period("2024-01-20", "2024-03-01")) == period("2024-01-20", "2024-02-01")


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-01-31", 1, "2023-02-28"),
        ("2024-01-31", 2, "2024-03-31"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2024-03-31", -1, "2024-02-29"),
        ("2024-12-15", 1, "2025-01-15"),
        ("2024-01-15", -1, "2023-12-15"),
    ],
)
def test_months_are_added_and_the_end_of_a_short_month_is_kept(start: str, months: int, end: str) -> None:
    assert add_months(day(start), months) == day(end)


@pytest.mark.parametrize(
    ("since", "until", "months", "whole"),
    [
        ("2024-01-01", "2025-01-01", 12, 12),
        ("2024-01-31", "2024-02-29", 1, 1),
        ("2024-02-29", "2025-02-28", 12, 12),
        ("2024-02-29", "2025-03-01", 12, None),
        ("2024-01-15", "2024-02-14", 0, None),
        ("2024-01-15", "2024-03-16", 2, None),
        ("2024-01-15", "2024-01-15", 0, None),
    ],
)
def test_months_between_are_complete_ones(since: str, until: str, months: int, whole: int | None) -> None:
    assert months_between(day(since), day(until)) == months
    assert months_between(day(until), day(since)) == -months
    assert whole_months(period(since, until)) == whole


@given(days, st.integers(1, 240))
def test_a_term_of_n_months_is_n_whole_months(start: date, months: int) -> None:
    assert whole_months(Period(start, add_months(start, months))) == months


def test_the_months_of_a_period_are_whole_and_in_order() -> None:
    assert list(months_of(period("2023-12-31", "2024-02-01"))) == [
        period("2023-12-01", "2024-01-01"),
        period("2024-01-01", "2024-02-01"),
    ]
    assert list(months_of(period("2024-02-01", "2024-02-01"))) == []
    assert month_of(day("2024-02-29")) == period("2024-02-01", "2024-03-01")


@pytest.mark.parametrize(
    ("on", "share"),
    [("2024-03-31", "0"), ("2024-04-01", "0"), ("2024-04-16", "1/2"), ("2024-05-01", "1"), ("2024-06-01", "1")],
)
def test_the_share_of_time_passed_runs_from_nought_to_one(on: str, share: str) -> None:
    assert share_passed(period("2024-04-01", "2024-05-01"), day(on)) == Fraction(share)


def test_an_empty_period_has_no_share_of_time_passed() -> None:
    assert share_passed(period("2024-04-01", "2024-04-01"), day("2024-04-01")) is None


@pytest.mark.parametrize(
    ("on", "first_month", "quarter"),
    [
        ("2024-05-15", 1, FiscalQuarter(2024, 2, period("2024-04-01", "2024-07-01"))),
        ("2024-05-15", 4, FiscalQuarter(2024, 1, period("2024-04-01", "2024-07-01"))),
        ("2024-03-31", 4, FiscalQuarter(2023, 4, period("2024-01-01", "2024-04-01"))),
        ("2024-01-31", 2, FiscalQuarter(2023, 4, period("2023-11-01", "2024-02-01"))),
    ],
)
def test_a_fiscal_quarter_follows_the_first_month_of_the_business_year(
    on: str, first_month: int, quarter: FiscalQuarter
) -> None:
    assert fiscal_quarter(day(on), first_month) == quarter


@given(days, st.integers(1, 12))
def test_every_day_lies_in_its_fiscal_quarter(on: date, first_month: int) -> None:
    quarter = fiscal_quarter(on, first_month)
    assert on in quarter.period
    assert quarter.period.since == add_months(date(quarter.year, first_month, 1), 3 * (quarter.number - 1))


def test_days_are_numbered_from_the_epoch_both_ways() -> None:
    assert day_number(day("1970-01-01")) == 0
    assert day_number(day("1969-12-31")) == -1
    assert day_number(day("2024-01-01")) == 19723
    assert day_of_number(19723) == day("2024-01-01")


def test_an_instant_falls_on_the_day_of_the_zone() -> None:
    late = datetime(2024, 12, 31, 16, 0, tzinfo=UTC)
    assert day_in_zone(late, ZoneInfo("Asia/Shanghai")) == day("2025-01-01")
    assert day_in_zone(late, ZoneInfo("UTC")) == day("2024-12-31")
    assert day_in_zone(late, ZoneInfo("America/New_York")) == day("2024-12-31")


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no zone"):
        day_in_zone(datetime(2024, 1, 1), ZoneInfo("UTC"))  # noqa: DTZ001 - the naive instant is what is refused


def test_the_day_before_the_end_is_the_last_day() -> None:
    assert day_before(day("2024-03-01")) == day("2024-02-29")
