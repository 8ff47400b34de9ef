"""The retention period: shown before it holds, put in force by the night, in the lake and in the records alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from tests.aids import signed_in
from tests.contracts.books import customers
from tests.usage.events import happened

from perennial.intake.models import RejectedMessage
from perennial.jobs import nightly
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation import actions as organisations
from perennial.kernel.organisation.models import Organisation
from perennial.lake.terms import day_number
from perennial.members import actions as members
from perennial.members.models import KeyScope
from perennial.privacy import retention
from perennial.privacy.retention import Forecast
from perennial.usage.lake import METRICS_TABLE, lake

pytestmark = pytest.mark.django_db
DAYS = (date(2025, 5, 3), date(2025, 11, 30), date(2025, 12, 2), date(2026, 2, 28))


@pytest.fixture
def used(organisation: None, home: Path, now: datetime, member: Callable[..., int]) -> int:
    """A customer with a use on each of four days, and a message refused on each; return an admin."""
    ids = customers("A", at=now)
    happened([(ids["A"], ids["A"], "saved", "search", day, 2) for day in DAYS], now=now)
    admin = member("admin")
    key, _secret = members.create_key(member_id=admin, name="k", scope=KeyScope.intake, by=None, at=now)
    for day in DAYS:
        at = now.replace(year=day.year, month=day.month, day=day.day)
        RejectedMessage.objects.create(key_id=key, reason="missing", raw="{}", received_at=at)
    return admin


def _raw() -> list[date]:
    from perennial.customers.models import Customer

    (customer,) = Customer.objects.values_list("id", flat=True)
    found = lake().events(customer, from_day=0, until_day=99_999)
    return sorted(date(1970, 1, 1) + timedelta(days=one.day) for one in found)


def _on(on: date, now: datetime) -> datetime:
    return now.replace(year=on.year, month=on.month, day=on.day)


def test_a_night_keeps_everything_where_no_period_is_in_force(used: int, now: datetime) -> None:
    nightly.run(date(2026, 3, 1), at=_on(date(2026, 3, 1), now) + timedelta(days=400))
    assert (_raw(), RejectedMessage.objects.count(), lake().retention.kept_from()) == (list(DAYS), 4, None)


def test_the_forecast_is_what_the_night_removes_and_values_stay(used: int, now: datetime) -> None:
    at = _on(date(2026, 3, 1), now)
    nightly.run(date(2026, 3, 1), at=at)
    before = lake().read_days(METRICS_TABLE, from_day=0, until_day=99_999)
    told = retention.forecast(3, at=at)
    assert told == Forecast(3, date(2025, 12, 1), DAYS[0], events=2, aside=0, refused=2)
    assert (len(_raw()), RejectedMessage.objects.count()) == (4, 4)
    organisations.keep_events(months=3, by=used, at=at)
    nightly.run(date(2026, 3, 1), at=at)
    assert _raw() == list(DAYS[2:])
    assert RejectedMessage.objects.count() == 2
    assert lake().read_days(METRICS_TABLE, from_day=0, until_day=99_999).equals(before)
    assert (retention.forecast(3, at=at).is_nothing, retention.gone_before()) == (True, date(2025, 12, 1))
    assert JournalEntry.objects.get(kind="rejected.expired").data == {"count": 2}
    nightly.run(date(2026, 3, 1), at=at)
    assert JournalEntry.objects.filter(kind="rejected.expired").count() == 1
    assert lake().check() == []


def test_four_hundred_days_later_all_of_it_is_gone(used: int, now: datetime) -> None:
    organisations.keep_events(months=12, by=used, at=now)
    on = date(2026, 2, 28) + timedelta(days=400)
    nightly.run(on, at=_on(on, now))
    assert (_raw(), RejectedMessage.objects.count()) == ([], 0)
    assert len(lake().event_counts(*lake().event_days(), from_day=0, until_day=99_999)) == 4


def test_an_as_of_day_ahead_of_the_clock_lets_nothing_go_early(used: int, now: datetime) -> None:
    at = _on(date(2026, 3, 1), now)
    organisations.keep_events(months=3, by=used, at=at)
    organisations.move_as_of(on=date(2099, 1, 1), by=None, at=at)
    assert retention.enforce(at=at) == date(2025, 12, 1)
    organisations.move_as_of(on=date(2025, 9, 1), by=None, at=at)
    assert retention.enforce(at=at) == date(2025, 6, 1)
    assert lake().retention.kept_from() == day_number(date(2025, 12, 1))


@pytest.mark.parametrize("months", [0, 2, 241])
def test_a_period_that_cannot_be_is_refused(used: int, now: datetime, months: int) -> None:
    with pytest.raises(organisations.OrganisationError, match="3 to 240"):
        organisations.keep_events(months=months, by=used, at=now)


def test_the_page_shows_what_would_go_before_it_is_put_in_force(used: int, now: datetime) -> None:
    client = signed_in(used)
    assert "/settings/privacy/keeping" in client.get("/settings/privacy").content.decode()
    assert "for ever" in client.get("/settings/privacy/keeping").content.decode()
    shown = client.get("/settings/privacy/keeping?months=3").content.decode()
    assert "Put in force" in shown and "What it removed does not come back" in shown
    assert Organisation.objects.get().events_kept_months is None
    assert client.get("/settings/privacy/keeping?months=1").status_code == 422
    assert client.post("/settings/privacy/keeping", {"months": "1"}).status_code == 422
    assert client.post("/settings/privacy/keeping", {"months": "3"}).status_code == 302
    assert Organisation.objects.get().events_kept_months == 3
    assert "3 months" in client.get("/settings/privacy/keeping").content.decode()
    client.post("/settings/privacy/keeping", {"months": ""})
    assert Organisation.objects.get().events_kept_months is None
    kinds = JournalEntry.objects.filter(kind="organisation.events_kept").order_by("id").values_list("data", flat=True)
    assert list(kinds) == [{"months": 3, "before": None}, {"months": None, "before": 3}]


def test_nobody_else_may_open_it(used: int, member: Callable[..., int]) -> None:
    client = signed_in(member("csm"))
    assert client.get("/settings/privacy/keeping").status_code in (403, 404)
