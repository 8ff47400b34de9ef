"""Working days, Monday to Friday."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.lifecycle.calculations.working_days import add_working_days, is_working_day, working_days_between

FRIDAY = date(2026, 3, 27)


def test_five_working_days_after_a_friday_is_the_next_friday() -> None:
    assert add_working_days(FRIDAY, 5) == date(2026, 4, 3)
    assert add_working_days(FRIDAY, 1) == date(2026, 3, 30)
    assert add_working_days(FRIDAY, 0) == FRIDAY


def test_from_a_weekend_the_count_begins_on_monday() -> None:
    assert add_working_days(date(2026, 3, 28), 0) == date(2026, 3, 30)
    assert add_working_days(date(2026, 3, 28), 1) == date(2026, 3, 30)


def test_there_is_no_counting_back() -> None:
    with pytest.raises(ValueError, match="count forward"):
        add_working_days(FRIDAY, -1)


def test_a_week_has_five_working_days_and_an_empty_period_none() -> None:
    assert working_days_between(FRIDAY, date(2026, 4, 3)) == 5
    assert working_days_between(FRIDAY, FRIDAY) == 0
    assert working_days_between(FRIDAY, date(2026, 3, 1)) == 0


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 60))
def test_what_was_added_is_what_lies_between(day: date, count: int) -> None:
    until = add_working_days(day, count)
    assert is_working_day(until)
    assert working_days_between(day + timedelta(days=1), until + timedelta(days=1)) == count
