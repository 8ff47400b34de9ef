"""Measures beside usage, tickets and surveys: the pulse given by hand, inspections, number fields of the customer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.aids import signed_in
from tests.contracts.books import SOURCE, customers, keep, line
from tests.health.test_cards import EARLY, ON, measure, one

from perennial.blueprint import actions as configuration
from perennial.blueprint import queries as blueprint
from perennial.contracts.actions import write_receivables
from perennial.customers.models import Customer
from perennial.engagement import actions as engagement
from perennial.engagement import queries as reads
from perennial.engagement.models import Touchpoint
from perennial.engagement.terms import LogEntry
from perennial.health import actions, queries
from perennial.health.calculations.printing import print_fleet
from perennial.health.calculations.scoring import score_fleet
from perennial.health.since import since
from perennial.health.terms import NO_BAND, NO_CAP, FleetInputs
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.versions import Incoming
from perennial.reports import portfolio

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation", "home")]
PULSE = measure("pulse", [[1, 0], [3, 50], [5, 100]], "up")
INSPECTED = measure("inspection_days", [[0, 100], [100, 0]])
ARR = measure("arr", [[0, 0], [100_000, 100]], "up")


def noon(on: date) -> datetime:
    return datetime.fromisoformat(f"{on.isoformat()}T04:00:00+00:00")


@pytest.fixture
def place(member: Callable[..., int], now: datetime) -> dict[str, Any]:
    """Two customers that pay 10,000 and 20,000 USD a month, and the members."""
    ids = customers("A", "B", at=now)
    keep([line(name, ids[name], "2024-01-01", "2026-01-01", amount)
          for name, amount in (("A", 1_000_000), ("B", 2_000_000))], at=now)  # fmt: skip
    organisation.move_as_of(on=ON, by=None, at=now)
    return {**ids, "admin": member("admin"), "reader": member("reader")}


def card(place: dict[str, Any], now: datetime, *measures: dict[str, Any]) -> None:
    text = yaml.safe_dump(one("default", *measures, coverage={"least": 0.05, "medium": 0.6, "high": 0.8}),
                          sort_keys=False)  # fmt: skip
    by = place["admin"]
    configuration.publish(part="scorecard", text=text, reason="x", from_on=None, base=None, by=by, at=now)


def judge(customer: int, on: date, rating: int, by: int, now: datetime) -> Any:
    entry = LogEntry(customer, "pulse", f"as I see it: {rating}", noon(on), rating=rating)
    return engagement.log(entry, by=by, at=now)


def part(customer: int, key: str) -> dict[str, Any]:
    found = queries.parts_of(customer)
    assert found is not None
    assert sum(Decimal(one["contribution"]) for one in found["parts"]) == (
        Decimal(found["score"]) - Decimal(found["segment_score"]))  # fmt: skip
    return next(one for one in found["parts"] if one["key"] == key)


def test_the_last_pulse_counts_and_ages(place: dict[str, Any], now: datetime) -> None:
    card(place, now, {**PULSE, "fresh_days": 30, "max_age_days": 120})
    judge(place["A"], ON - timedelta(days=200), 1, place["admin"], now)
    judge(place["A"], ON - timedelta(days=75), 4, place["admin"], now)
    judge(place["A"], ON + timedelta(days=1), 1, place["admin"], now)
    actions.score_day(ON, at=now)
    told = part(place["A"], "pulse")
    assert (told["value"], told["age_days"], told["points"], told["trust"]) == (4.0, 75.0, "75.0", 0.5)
    assert part(place["B"], "pulse")["value"] is None
    assert reads.last_contact(noon(ON)) == {}  # a pulse ends no silence


def test_a_pulse_that_was_taken_back_counts_no_more(place: dict[str, Any], now: datetime) -> None:
    card(place, now, PULSE)
    judge(place["A"], ON - timedelta(days=3), 2, place["admin"], now)
    fact = judge(place["A"], ON, 5, place["admin"], now)
    engagement.retract(fact=fact, by=place["admin"], at=now)
    actions.score_day(ON, at=now)
    assert part(place["A"], "pulse")["value"] == 2.0


def test_inspections_and_fields_of_the_customer_are_measures(place: dict[str, Any], now: datetime) -> None:
    card(place, now, INSPECTED, ARR, measure("seats", [[0, 0], [10, 100]], "up"),
         measure("overdue_amount", [[0, 100], [100, 0]]))  # fmt: skip
    visit = LogEntry(place["A"], "inspection", "All nodes up", noon(ON - timedelta(days=40)))
    engagement.log(visit, by=place["admin"], at=now)
    due = {"customer_id": place["B"], "due_on": ON - timedelta(days=9), "amount": 5_000, "currency": "USD"}
    write_receivables([Incoming("r", due, EARLY)], source=SOURCE, at=now)
    actions.score_day(ON, at=now)
    assert part(place["A"], "inspection_days")["value"] == 40.0
    assert part(place["B"], "inspection_days")["value"] is None
    assert [part(place[name], "arr")["value"] for name in "AB"] == [120_000.0, 240_000.0]
    assert part(place["B"], "overdue_amount")["value"] == 50.0
    assert reads.last_contact(noon(ON)).keys() == {place["A"]}  # an inspection is a contact


def test_what_changed_says_the_pulse_and_adds_up(place: dict[str, Any], now: datetime) -> None:
    card(place, now, PULSE, ARR)
    early = ON - timedelta(days=28)
    judge(place["A"], early, 5, place["admin"], now)
    actions.score_day(early, at=now)
    judge(place["A"], ON, 2, place["admin"], now)
    actions.score_day(ON, at=now)
    found = since(place["A"], ON, early)
    assert found is not None and found.values["pulse"] == (5.0, 2.0)
    moved = sum(points for parts in found.moved.by.values() for points in parts.values())
    assert moved == found.moved.score - found.moved.before < 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.none() | st.integers(1, 5), st.integers(0, 200), st.integers(0, 10**6)), min_size=1,
                max_size=30))  # fmt: skip
def test_contributions_with_a_pulse_add_up_exactly(told: list[tuple[int | None, int, int]]) -> None:
    import numpy as np

    text = yaml.safe_dump(one("default", PULSE, ARR, INSPECTED), sort_keys=False)
    terms = blueprint.scorecards_from(text, name="x").fallback
    nan = float("nan")
    values = np.array([[[nan if rating is None else rating, arr, nan] for rating, _age, arr in told]])
    ages = np.array([[[nan if rating is None else age, 0, nan] for rating, age, _arr in told]])
    size = len(told)
    inputs = FleetInputs(values, ages, np.zeros(size, np.int64), np.full(size, NO_BAND), np.full(size, NO_CAP),
                         [()] * size)  # fmt: skip
    scores = score_fleet(terms, inputs)
    assert (scores.contributions.sum(axis=1) == scores.score - scores.segment_score).all()
    for printed in print_fleet(terms, inputs, scores):
        assert printed.score is not None and printed.segment_score is not None
        assert sum(one.contribution for one in printed.parts) == printed.score - printed.segment_score


def test_a_pulse_is_given_and_read_on_the_customer_s_page(place: dict[str, Any], now: datetime) -> None:
    portfolio.rewrite(ON, at=now)
    key = Customer.objects.get(id=place["A"]).key
    client = signed_in(place["admin"])
    form = client.get(f"/customers/{key}/log?channel=pulse").content.decode()
    assert 'value="pulse"' in form and 'name="rating"' in form
    given = {"channel": "pulse", "summary": "The new head cuts the budget", "happened_on": ON.isoformat()}
    bare = client.post(f"/customers/{key}/log", given)
    assert bare.status_code == 422 and "how you judge the customer" in bare.content.decode()
    client.post(f"/customers/{key}/log", {**given, "rating": "9"})
    assert not Touchpoint.objects.exists()
    assert client.post(f"/customers/{key}/log", {**given, "rating": "2"}).status_code == 302
    assert Touchpoint.objects.get().sentiment == 2
    shown = client.get(f"/customers/{key}?tab=health").content.decode()
    assert "The new head cuts the budget" in shown and "2 of 5" in shown
    assert JournalEntry.objects.filter(kind="touchpoint.logged", customer_id=place["A"]).count() == 1
    reader = signed_in(place["reader"])
    refused = reader.post(f"/customers/{key}/log", {**given, "rating": "5"})
    assert refused.status_code in {403, 404} and Touchpoint.objects.count() == 1
    assert "Give a pulse" not in reader.get(f"/customers/{key}?tab=health").content.decode()
