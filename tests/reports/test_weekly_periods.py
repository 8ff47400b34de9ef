from datetime import date

import pytest

from perennial.kernel.periods import Period
from perennial.reports.weekly.periods import Span, a_year_before, period_with


@pytest.mark.parametrize(
    ("span", "first_month", "since", "until"),
    [
        (Span.MONTH, 1, date(2026, 2, 1), date(2026, 3, 1)),
        (Span.QUARTER, 1, date(2026, 1, 1), date(2026, 4, 1)),
        (Span.QUARTER, 3, date(2025, 12, 1), date(2026, 3, 1)),
        (Span.YEAR, 1, date(2026, 1, 1), date(2027, 1, 1)),
        (Span.YEAR, 4, date(2025, 4, 1), date(2026, 4, 1)),
        (Span.YEAR, 2, date(2026, 2, 1), date(2027, 2, 1)),
    ],
)
def test_a_day_lies_in_the_month_quarter_and_business_year(
    span: Span, first_month: int, since: date, until: date
) -> None:
    assert period_with(date(2026, 2, 28), span, first_month) == Period(since, until)


@pytest.mark.parametrize(
    ("as_of", "until"),
    [
        (date(2026, 12, 24), date(2025, 12, 25)),  # the as-of day itself counts
        (date(2027, 3, 1), date(2026, 1, 1)),  # it is over: all of it
        (date(2026, 9, 1), date(2026, 1, 1)),  # it has not begun: all of it
    ],
)
def test_last_year_is_compared_up_to_the_same_day(as_of: date, until: date) -> None:
    q4 = Period(date(2026, 10, 1), date(2027, 1, 1))
    assert a_year_before(q4, as_of) == Period(date(2025, 10, 1), until)


def test_the_29th_of_february_has_a_year_before_too() -> None:
    leap = Period(date(2024, 2, 29), date(2024, 3, 1))
    assert a_year_before(leap, date(2024, 2, 29)) == Period(date(2023, 2, 28), date(2023, 3, 1))
