"""Live: what arrived is in values, health, rows and items within a pass, as a whole night would have it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import customers, keep, line
from tests.usage.events import happened

from perennial.customers.models import PortfolioRow
from perennial.health.models import Score
from perennial.jobs import live, nightly
from perennial.jobs.worker import Worker
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation import actions as organisations
from perennial.usage import queries as usage
from perennial.usage.lake import lake

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 2)
LATER = timedelta(minutes=5)


@pytest.fixture
def ids(organisation: None, home: Path, now: datetime) -> dict[str, int]:
    found = customers(*"ABCD", at=now)
    keep([line(name, number, "2025-04-15", "2026-04-15", 100_00, quantity=4) for name, number in found.items()], at=now)
    week = ON - timedelta(days=5)
    happened([(number, number, "saved", "search", week, 2) for number in found.values()], now=now)
    organisations.move_as_of(on=ON, by=None, at=now)
    nightly.run(ON, at=now)
    return found


def shown() -> list[list[Any]]:
    """Return all that pages show of health and rows, without the instants at which it was written."""
    rows = PortfolioRow.objects.order_by("customer_id").values()
    scores = Score.objects.order_by("customer_id").values_list("customer_id", "on", "parts")
    return [[{k: v for k, v in row.items() if k != "updated_at"} for row in rows], [*scores]]


def test_an_event_is_in_the_customers_values_health_and_row_and_in_no_others(
    ids: dict[str, int], now: datetime
) -> None:
    before = {row.customer_id: row for row in PortfolioRow.objects.all()}
    happened([(ids["A"], 77, "saved", "search", ON, 1)], now=now)
    assert usage.is_waiting()
    live.catch_up(at=now + LATER)
    assert not usage.is_waiting()
    row = PortfolioRow.objects.get(customer_id=ids["A"])
    assert (row.days_since_last, row.active_users_28d, row.updated_at) == (0, 2, now + LATER)
    assert before[ids["A"]].days_since_last == 5
    assert Score.objects.get(customer_id=ids["A"]).computed_at == now + LATER
    for name in "BCD":
        row = PortfolioRow.objects.get(customer_id=ids[name])
        assert (row.days_since_last, row.updated_at) == (5, now)
        assert Score.objects.get(customer_id=ids[name]).computed_at == now


def test_a_pass_over_everybody_shows_what_a_whole_night_shows(ids: dict[str, int], now: datetime) -> None:
    happened([(ids[name], number, "saved", f"part {number}", ON, 3) for number, name in enumerate("ABCD", 50)], now=now)
    live.catch_up(at=now + LATER)
    by_pass = shown()
    told = JournalEntry.objects.filter(kind__startswith="health.").count()
    nightly.run(ON, at=now + LATER)
    assert shown() == by_pass
    assert JournalEntry.objects.filter(kind__startswith="health.").count() == told


def test_a_late_event_changes_its_own_days_and_todays_arrivals_only_today(ids: dict[str, int], now: datetime) -> None:
    late = ON - timedelta(days=20)
    happened([(ids["A"], 77, "saved", "x", late, 1), (ids["B"], 78, "saved", "y", ON, 1)], now=now)
    yesterday = ON - timedelta(days=1)
    kept = usage.values_on(yesterday)[ids["B"]]
    live.catch_up(at=now + LATER)
    assert usage.values_on(yesterday)[ids["A"]]["active_users_28d"] == 2
    assert usage.values_on(yesterday)[ids["B"]] == kept
    assert usage.values_on(ON)[ids["B"]]["active_users_28d"] == 2


def test_a_new_day_and_a_home_that_was_never_computed_get_a_whole_run(
    organisation: None, home: Path, now: datetime
) -> None:
    found = customers("A", "B", at=now)
    keep([line(name, number, "2025-04-15", None, 100_00) for name, number in found.items()], at=now)
    happened([(found["A"], 1, "saved", None, ON, 1)], now=now)
    live.catch_up(at=now)
    assert set(PortfolioRow.objects.values_list("as_of_on", flat=True)) == {ON}
    happened([(found["A"], 1, "saved", None, ON + timedelta(days=1), 1)], now=now)
    live.catch_up(at=now + timedelta(days=1))
    assert set(PortfolioRow.objects.values_list("as_of_on", flat=True)) == {ON + timedelta(days=1)}


def test_a_pass_costs_the_same_queries_for_one_customer_and_for_four(ids: dict[str, int], now: datetime) -> None:
    costs = []
    for turn, names in enumerate(("A", "ABCD")):
        happened([(ids[name], 9, "saved", None, ON, turn + 1) for name in names], now=now + timedelta(hours=turn))
        with CaptureQueriesContext(connection) as asked:
            live.catch_up(at=now + LATER)
        costs.append(len(asked))
    assert costs[0] == costs[1]


def test_a_worker_takes_in_what_arrived_and_rests_after_a_fault(
    ids: dict[str, int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = lake()._root.folder / "inbox" / "broken-1.parquet"
    broken.parent.mkdir(parents=True, exist_ok=True)
    broken.write_bytes(b"no parquet")
    passes = live.Live()
    assert passes.step(at=now)
    broken.unlink()
    happened([(ids["A"], 77, "saved", "search", ON, 1)], now=now)
    assert not passes.step(at=now + timedelta(seconds=30))
    assert passes.step(at=now + live.AFTER_A_FAULT)
    assert not usage.is_waiting()
    assert not passes.step(at=now + timedelta(hours=1))  # nothing arrived
    happened([(ids["A"], 78, "saved", "search", ON, 1)], now=now)
    monkeypatch.setattr("perennial.jobs.worker.now", lambda: now + timedelta(hours=2))
    Worker().step()
    assert not usage.is_waiting()


def test_a_pass_that_failed_after_the_fold_is_made_good_though_nothing_waits_any_more(
    ids: dict[str, int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened([(ids["A"], 77, "saved", "search", ON, 1)], now=now)
    passes = live.Live()
    with monkeypatch.context() as broken:
        broken.setattr("perennial.health.actions.rescore", lambda *_given, **_more: 1 / 0)
        assert passes.step(at=now)
    assert not usage.is_waiting()
    assert PortfolioRow.objects.get(customer_id=ids["A"]).days_since_last == 5
    assert passes.step(at=now + live.AFTER_A_FAULT)
    assert PortfolioRow.objects.get(customer_id=ids["A"]).days_since_last == 0
    assert not passes.step(at=now + timedelta(hours=1))
