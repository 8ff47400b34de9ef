"""Revenue's printed lists add up to the figure that they stand behind, whatever cannot be printed exactly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contracts.books import customers, keep, line

from perennial.contracts.rates import Exchange
from perennial.contracts.terms import MovementKind, PolicySwitches
from perennial.kernel.organisation.models import Organisation
from perennial.kernel.periods import Period
from perennial.members.models import Member
from perennial.reports import policy, revenue, revenue_behind
from perennial.reports.revenue import Book
from perennial.reports.revenue_figures import CHOICES, FIGURES, SWITCH_LABELS

pytestmark = pytest.mark.django_db
BOOK = Book(rows=Q(), exchange=Exchange("USD"), as_of=date(2024, 12, 31), switches=PolicySwitches())
YEAR = Period(date(2024, 1, 1), date(2025, 1, 1))

LINES = st.lists(
    st.tuples(st.integers(0, 3), st.dates(date(2023, 6, 1), date(2024, 12, 1)), st.none() | st.integers(1, 400),
              st.integers(0, 1000)),
    min_size=1,
    max_size=8,
)  # fmt: skip


@given(drawn=LINES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_customers_behind_a_printed_number_add_up_to_it(
    organisation: None, now: datetime, drawn: list[Any]
) -> None:
    ids = list(customers("A", "B", "C", "D", at=now).values())
    rows = [
        line(str(number), ids[who], starts.isoformat(),
             None if days is None else date.fromordinal(starts.toordinal() + days).isoformat(), amount, amount_months=7)
        for number, (who, starts, days, amount) in enumerate(drawn)
    ]  # fmt: skip
    keep(rows, at=now)
    months = revenue.movements(BOOK, YEAR)
    whole = revenue.total(months)
    assert whole.opening + sum(whole.movements.values()) == whole.closing
    for kind in MovementKind:
        listed = revenue_behind.behind(BOOK, FIGURES[kind.value], YEAR).first()
        assert sum(one.amount for one in listed) == whole.movements[kind]
    assert sum(one.amount for one in revenue_behind.behind(BOOK, FIGURES["opening"], YEAR).first()) == whole.opening
    assert sum(one.amount for one in revenue_behind.behind(BOOK, FIGURES["closing"], YEAR).first()) == whole.closing
    assert len(revenue_behind.behind(BOOK, FIGURES["customers"], YEAR).first()) == whole.customers


def test_months_stop_at_the_as_of_day_and_a_year_ends_there(organisation: None) -> None:
    book = Book(rows=Q(), exchange=Exchange("USD"), as_of=date(2024, 5, 10), switches=PolicySwitches())
    assert [row.period.since.month for row in revenue.movements(book, YEAR)] == [1, 2, 3, 4, 5]
    assert revenue.movements(book, Period(date(2024, 6, 1), date(2024, 7, 1))) == []
    assert revenue.trailing_year(book, YEAR.until) == Period(date(2023, 5, 10), date(2024, 5, 10))
    assert revenue.trailing_year(BOOK, YEAR.until) == Period(date(2023, 12, 31), date(2024, 12, 31))
    assert revenue.trailing_year(BOOK, date(2024, 3, 1)) == Period(date(2023, 2, 28), date(2024, 2, 29))


def test_the_settings_in_force_are_told_with_their_meaning(member: Callable[..., int], now: datetime) -> None:
    Organisation.objects.update(policy_switches={"churn_day": "cancellation", "grace_days": 15})
    with CaptureQueriesContext(connection) as asked:
        book = revenue.book_of(Member(role="analyst", is_active=True), at=now)
    assert len(asked) == 1
    told = {str(one.label): (str(one.value), one.is_default) for one in policy.settings(book.switches, SWITCH_LABELS)}
    assert told["Day of churn"] == ("day of notice", False)
    assert told["Grace, days"] == ("15", False)
    assert told["Past due counts, days"] == ("without limit", True)
    assert len(told) == len(SWITCH_LABELS)


def test_every_choice_of_a_setting_has_words() -> None:
    for name in PolicySwitches.__dataclass_fields__:
        default = getattr(PolicySwitches(), name)
        choices = list(type(default)) if isinstance(default, str) else [default] if not isinstance(default, int) else []
        assert all(str(choice) in CHOICES for choice in choices), name
