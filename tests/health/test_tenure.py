"""Thresholds that depend on how long somebody has been a customer; and vetoes on payment, after the credit days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.aids import signed_in
from tests.contracts.books import SOURCE, customers, keep, line
from tests.health.test_cards import EARLY, ON, TICKETS, one

from perennial.blueprint import actions as configuration
from perennial.blueprint import queries as blueprint
from perennial.blueprint.terms import BlueprintError
from perennial.contracts.actions import write_receivables
from perennial.contracts.models import Contract
from perennial.health import actions, queries, trying
from perennial.health.calculations.bands import scored_band
from perennial.health.terms import NO_BAND, POINT
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.versions import Incoming
from perennial.pages.settings import scorecard_form, scorecard_parts
from perennial.support.actions import write_tickets

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation", "home")]
NEW = [
    {"until_days": 90, "yellow_from": 10, "green_from": 30},
    {"until_days": 365, "yellow_from": 30, "green_from": 60},
]


def text_of(**rest: Any) -> str:
    told = one("default", TICKETS, coverage={"least": 0.05, "medium": 0.6, "high": 0.8}, **rest)
    return scorecard_parts.dumped(told)


def publish(text: str, by: int, now: datetime) -> None:
    configuration.publish(part="scorecard", text=text, reason="x", from_on=None, base=None, by=by, at=now)


@pytest.fixture
def place(member: Callable[..., int], now: datetime) -> dict[str, int]:
    """A new customer, one of half a year and an old one, each with two open tickets: 50 points."""
    starts = {"new": ON - timedelta(days=30), "half": ON - timedelta(days=200), "old": ON - timedelta(days=400)}
    ids = customers(*starts, at=now)
    keep([line(name, ids[name], on.isoformat(), "2026-01-01", 1_000_000) for name, on in starts.items()], at=now)
    opened = datetime.fromisoformat("2024-12-20T04:00:00+00:00")
    tickets = [Incoming(f"{name}{n}", {"customer_id": ids[name], "opened_at": opened}, EARLY)
               for name in ids for n in range(2)]  # fmt: skip
    write_tickets(tickets, source=SOURCE, at=now)
    organisation.move_as_of(on=ON, by=None, at=now)
    return {**ids, "admin": member("admin")}


def test_the_same_score_has_another_colour_by_tenure_and_says_why(place: dict[str, int], now: datetime) -> None:
    publish(text_of(tenure_bands=NEW), place["admin"], now)
    actions.score_day(ON, at=now)
    found = queries.standing(ON)
    names = ("new", "half", "old")
    assert [(found[place[name]].score, found[place[name]].band) for name in names] == [
        (50.0, "green"), (50.0, "yellow"), (50.0, "yellow")]  # fmt: skip
    edges = []
    for name in names:
        evidence = queries.evidence_of(place[name])
        assert evidence is not None
        edges.append((evidence.reason.from_score, evidence.reason.until_score))
    assert edges == [(30.0, None), (30.0, 60.0), (50.0, 70.0)]


def test_a_preview_knows_the_tenure_and_a_changed_usage_keeps_it(place: dict[str, int], now: datetime) -> None:
    publish(text_of(tenure_bands=NEW), place["admin"], now)
    actions.score_day(ON, at=now)
    day = trying.newest_day()
    tried = trying.tried(day, blueprint.scorecards())
    colours = ("red", "yellow", "green", "grey")
    bands = {c: colours[code] for c, code in zip(day.facts.customers, tried.band.tolist(), strict=True)}
    assert bands == {c: one.band for c, one in queries.standing(ON).items()}
    assert actions.rescore(ON, [place["new"]], at=now)
    assert queries.standing(ON)[place["new"]].band == "green"


@settings(max_examples=60, deadline=None)
@example(400, 90, NO_BAND)
@given(st.integers(0, 1000), st.none() | st.integers(0, 800), st.sampled_from([NO_BAND, 0, 1, 2]))
def test_a_fleet_s_band_is_that_of_the_thresholds_of_its_tenure(tenths: int, days: int | None, previous: int) -> None:
    card = blueprint.scorecards_from(text_of(tenure_bands=NEW), name="x").fallback
    score, before = np.array([tenths * POINT // 10]), np.array([previous])
    found = scored_band(card, score, before, np.array([np.nan if days is None else days], dtype=np.float64))
    assert found.tolist() == scored_band(card.at_tenure(days), score, before).tolist()


@pytest.mark.parametrize(
    ("rows", "said"),
    [([NEW[1], NEW[0]], "366 or more"), ([{**NEW[0], "green_from": 5}], "yellow_from < green_from"),
     ([{**NEW[0], "more": 1}], "not known"), ([], "not empty")],
)  # fmt: skip
def test_thresholds_that_cannot_be_are_refused(rows: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(BlueprintError, match=said):
        blueprint.check("scorecard", text_of(tenure_bands=rows))


def test_the_editor_adds_changes_and_takes_away_thresholds_of_new_customers(place: dict[str, int]) -> None:
    text = blueprint.default_text("scorecard")
    for _n in range(2):
        text = scorecard_parts.done(text, "add tenure_bands", "", {}).text
    assert "# The scorecard that ships" in text
    given = {"f:tenure_bands[0].green_from": "61.5", "f:tenure_bands[1].until_days": "207"}
    changed = scorecard_form.text_of(text, given)
    assert yaml.safe_load(changed)["tenure_bands"] == [
        {"until_days": 90, "yellow_from": 50, "green_from": 61.5},
        {"until_days": 207, "yellow_from": 50, "green_from": 70},
    ]
    page = signed_in(place["admin"]).post("/settings/scorecard", {"text": changed, "do": "remove tenure_bands[0]"})
    assert page.status_code == 200 and 'value="207"' in page.content.decode() and "61.5" not in page.content.decode()


@pytest.mark.parametrize(("credit", "band"), [(None, "yellow"), (30, "green")])
def test_a_veto_on_payment_counts_after_the_credit_days(
    place: dict[str, int], now: datetime, credit: int | None, band: str
) -> None:
    veto = {"key": "late", "label": {"en": "L", "zh-Hans": "L", "zh-Hant": "L"}, "cap": "yellow",
            "when": {"field": "oldest_overdue_on", "op": "older_than_days", "value": 60}}  # fmt: skip
    low = [{"until_days": 9999, "yellow_from": 5, "green_from": 10}]
    publish(text_of(vetoes=[veto], tenure_bands=low), place["admin"], now)
    contract = Contract.objects.create(customer_id=place["old"], number="c-1", credit_days=credit, learned_at=now)
    due = {"customer_id": place["old"], "due_on": date(2024, 10, 15), "amount": 100, "currency": "USD",
           "contract_id": contract.pk}  # fmt: skip
    write_receivables([Incoming("r", due, EARLY)], source=SOURCE, at=now)
    actions.score_day(ON, at=now)
    assert queries.standing(ON)[place["old"]].band == band
