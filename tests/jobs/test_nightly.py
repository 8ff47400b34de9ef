"""A night: every step sees what the one before wrote, a second one changes nothing, forty cost what one costs."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import customers, keep, line
from tests.usage.events import happened

from perennial.contracts.models import LedgerMark, Movement
from perennial.customers.models import PortfolioRow
from perennial.health.models import Score
from perennial.jobs import nightly
from perennial.kernel.organisation import actions as organisations
from perennial.lifecycle.models import Passage
from perennial.playbooks.models import TodayItem
from perennial.usage.lake import lake

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 2)


@pytest.fixture
def ids(organisation: None, home: Path, now: datetime) -> dict[str, int]:
    return customers("A", "B", at=now)


def lived(ids: dict[str, int], now: datetime) -> None:
    """Give each a year's contract that ends in April, and a user who logged in a week ago."""
    keep([line(name, number, "2025-04-15", "2026-04-15", 100_00, quantity=4) for name, number in ids.items()], at=now)
    Movement.objects.all().delete()
    LedgerMark.objects.all().delete()
    week = ON - timedelta(days=5)
    happened([(number, number, "saved", "search", week, 2) for number in ids.values()], now=now)


def everything() -> list[Any]:
    rows = [
        Movement.objects.order_by("id").values_list(),
        Passage.objects.order_by("id").values_list(),
        Score.objects.order_by("customer_id").values_list("customer_id", "on", "parts"),
        PortfolioRow.objects.order_by("customer_id").values_list(),
        TodayItem.objects.order_by("id").values_list(),
    ]
    return [list(one) for one in rows]


def test_a_night_brings_every_row_in_step_with_its_day(ids: dict[str, int], now: datetime) -> None:
    lived(ids, now)
    organisations.move_as_of(on=ON, by=None, at=now)
    told = nightly.run(ON, at=now)
    assert told["on"] == "2026-03-02"
    steps = ["movements", "approvals", "lifecycle", "usage", "health", "alerts", "forecast", "portfolio", "today",
             "checkpoints", "shadow", "columns", "fold"]  # fmt: skip
    assert list(told["seconds"]) == steps
    row = PortfolioRow.objects.get(customer_id=ids["A"])
    assert (row.mrr, row.is_live, row.next_renewal_on, row.seats) == (100_00, True, date(2026, 4, 15), 4)
    assert (row.active_users_7d, row.seats_used_28d, row.days_since_last) == (1, 0.25, 5)
    assert (row.stage, row.as_of_on, row.updated_at) == ("renewal", ON, now)
    assert row.score is not None and row.coverage is not None
    assert set(TodayItem.objects.values_list("customer_id", flat=True)) == set(ids.values())


def test_a_second_night_of_the_day_changes_nothing(ids: dict[str, int], now: datetime) -> None:
    lived(ids, now)
    organisations.move_as_of(on=ON, by=None, at=now)
    nightly.run(ON, at=now)
    before = everything()
    nightly.run(ON, at=now + timedelta(hours=1))
    assert everything() == before


def test_a_day_later_only_what_the_day_changes_is_written(ids: dict[str, int], now: datetime) -> None:
    lived(ids, now)
    nightly.run(ON, at=now)
    before = list(Movement.objects.order_by("id").values_list("id", flat=True))
    nightly.run(ON + timedelta(days=1), at=now + timedelta(days=1))
    assert list(Movement.objects.order_by("id").values_list("id", flat=True)) == before
    row = PortfolioRow.objects.get(customer_id=ids["A"])
    assert (row.days_since_last, row.as_of_on, row.updated_at) == (6, ON + timedelta(days=1), now + timedelta(days=1))


def test_a_night_costs_the_same_queries_for_one_customer_and_for_forty(
    organisation: None, home: Path, now: datetime
) -> None:
    costs = []
    for night, many in enumerate((1, 40)):
        lived(customers(*(f"{many} {number}" for number in range(many)), at=now), now)
        day = ON + timedelta(days=night)
        nightly.run(day - timedelta(days=7), at=now)
        with CaptureQueriesContext(connection) as asked:
            nightly.run(day, at=now)
        costs.append(len(asked))
    assert costs[0] == costs[1]


def test_a_fold_that_fails_fails_the_night(ids: dict[str, int], now: datetime) -> None:
    lived(ids, now)
    inbox = lake()._root.folder / "inbox"
    (inbox / "broken-1.parquet").write_bytes(b"no parquet")
    with pytest.raises(Exception, match="broken-1"):
        nightly.run(ON, at=now)
    (inbox / "broken-1.parquet").unlink()
    nightly.run(ON, at=now)
    assert PortfolioRow.objects.get(customer_id=ids["A"]).active_users_28d == 1
