"""A day is scored from what the rooms know, frozen, told once, and the same when it is done again."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.books import SOURCE, customers, keep, line

from perennial.blueprint import queries as blueprint
from perennial.contracts.actions import write_receivables
from perennial.customers.actions import write_contacts
from perennial.engagement.actions import write_touchpoints
from perennial.health import actions, frozen, queries
from perennial.health.models import Score, Scorecard
from perennial.kernel.journal import actions as journal
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.versions import Incoming
from perennial.lake.terms import day_number
from perennial.support.actions import write_tickets
from perennial.usage.lake import lake
from perennial.voice.actions import write_answers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation", "home")]
ON = date(2024, 12, 31)
EARLY = datetime.fromisoformat("2024-01-05T00:00:00+00:00")


def noon(on: date) -> datetime:
    return datetime.fromisoformat(f"{on.isoformat()}T04:00:00+00:00")


@pytest.fixture
def acme(now: datetime) -> int:
    """Give a customer of whom everything but usage is known: tickets, contact, people, surveys, payments."""
    ids = customers("Acme", "Gone", "Prospect", at=now)
    acme = ids["Acme"]
    keep(
        [
            line("a", acme, "2024-01-01", "2025-07-01", 1_000_000),
            line("g", ids["Gone"], "2023-01-01", "2024-01-01", 1_000_000),
        ],
        at=now,
    )
    write_tickets([Incoming("t", {"customer_id": acme, "opened_at": noon(ON - timedelta(days=1))}, EARLY)],
                  source=SOURCE, at=now)  # fmt: skip
    write_touchpoints([Incoming("c", {"customer_id": acme, "channel": "call", "happened_at": noon(date(2024, 12, 24))},
                                EARLY)], source=SOURCE, at=now)  # fmt: skip
    write_contacts([Incoming("p", {"customer_id": acme, "name": "王工", "level": 1, "rung": 3, "is_champion": True},
                             noon(date(2024, 12, 1)))], source=SOURCE, at=now)  # fmt: skip
    answered_at = noon(date(2024, 12, 21))
    answers = [
        Incoming(kind, {"customer_id": acme, "kind": kind, "score": score, "answered_at": answered_at}, EARLY)
        for kind, score in (("nps", 10), ("csat", 4))
    ]
    write_answers(answers, source=SOURCE, at=now)
    receivable(acme, now, received_on=date(2024, 10, 1))
    return acme


def receivable(customer_id: int, now: datetime, *, received_on: date | None) -> None:
    row = {"customer_id": customer_id, "due_on": date(2024, 10, 2), "amount": 100, "currency": "USD",
           "received_on": received_on}  # fmt: skip
    write_receivables([Incoming("r", row, EARLY)], source=SOURCE, at=now)


def part(customer_id: int, key: str) -> dict[str, Any]:
    found = queries.parts_of(customer_id)
    assert found is not None
    return next(one for one in found["parts"] if one["key"] == key)


def test_only_who_pays_or_has_a_term_is_scored(acme: int, now: datetime) -> None:
    assert actions.score_day(ON, at=now) == 1
    assert set(queries.standing(ON)) == {acme} == set(Score.objects.values_list("customer_id", flat=True))


def test_each_measure_has_the_value_of_the_day(acme: int, now: datetime) -> None:
    actions.score_day(ON, at=now)
    found = queries.parts_of(acme)
    assert found is not None
    assert {one["key"]: one["value"] for one in found["parts"]} == {
        "seats_used_28d": None, "trend_28d": None, "breadth_28d": None, "days_since_last": None,
        "top_user_share_28d": None, "errors_28d": None,
        "overdue_tickets": 0.0, "open_tickets": 1.0, "csat": 4.0, "nps": 10.0,
        "touch_ratio": 0.5,  # 7 days of a rhythm of 14
        "level_1_rung": 4.0,  # recognises you
        "overdue_days": 0.0, "renewal_days_behind": 0.0,
    }  # fmt: skip
    assert (found["band"], found["confidence"], found["scorecard"]) == (
        "green",
        "low",
        {"key": "default", "version": 1, "label": "Customer health", "by_rule": False, "values": {}},
    )
    assert found["coverage"] == 0.56


def test_the_contributions_add_up_to_the_score_less_its_segments(acme: int, now: datetime) -> None:
    actions.score_day(ON, at=now)
    found = queries.parts_of(acme)
    assert found is not None
    total = sum(Decimal(one["contribution"]) for one in found["parts"])
    assert total == Decimal(found["score"]) - Decimal(found["segment_score"])


def test_a_customer_of_whom_too_little_is_known_is_grey(now: datetime) -> None:
    ids = customers("A", "B", at=now)
    keep([line("a", ids["A"], "2024-01-01", None, 5_000), line("b", ids["B"], "2024-03-01", None, 5_000)], at=now)
    assert actions.score_day(ON, at=now) == 2
    found = queries.standing(ON)[ids["A"]]
    assert (found.band, found.confidence, found.change_28d, found.fell_on) == ("grey", "grey", None, None)
    assert list(found.weekly) == [None] * 13
    assert queries.parts_of(ids["A"])["coverage"] == 0.0  # type: ignore[index]


def test_where_no_contract_is_kept_everybody_is_scored_and_where_nobody_is_there_nobody(now: datetime) -> None:
    assert actions.score_day(ON, at=now) == 0
    customers("A", "B", at=now)
    assert actions.score_day(ON, at=now) == 2


def test_a_second_run_of_the_day_changes_nothing(acme: int, now: datetime) -> None:
    actions.score_day(ON, at=now)
    before = (queries.standing(ON), Score.objects.get().parts, JournalEntry.objects.count())
    actions.score_day(ON, at=now)
    assert (queries.standing(ON), Score.objects.get().parts, JournalEntry.objects.count()) == before


def test_a_fall_is_told_once_a_day_and_not_of_a_first_score(acme: int, now: datetime) -> None:
    actions.score_day(ON - timedelta(days=1), at=now)
    receivable(acme, now, received_on=None)  # overdue for 90 days: a veto caps the band
    actions.score_day(ON, at=now)
    actions.score_day(ON, at=now)
    told = JournalEntry.objects.get(kind__startswith="health.")
    assert (told.kind, told.customer_id, told.data["from"], told.data["to"]) == (
        "health.band_fell", acme, "green", "yellow",
    )  # fmt: skip
    assert queries.standing(ON)[acme].fell_on == ON
    actions.score_day(ON + timedelta(days=1), at=now)
    assert queries.standing(ON + timedelta(days=1))[acme].fell_on == ON
    receivable(acme, now, received_on=ON)
    actions.score_day(ON + timedelta(days=2), at=now)
    assert queries.standing(ON + timedelta(days=2))[acme].fell_on is None
    assert JournalEntry.objects.filter(kind="health.band_rose").count() == 1


def test_an_earlier_day_writes_its_frozen_rows_and_leaves_the_latest_score(acme: int, now: datetime) -> None:
    actions.score_day(ON, at=now)
    actions.score_day(ON - timedelta(days=7), at=now)
    assert Score.objects.get().on == ON
    days = [one.on for one in queries.history_of(acme, from_on=date(2024, 1, 1), until_on=date(2025, 1, 1))]
    assert days == [ON - timedelta(days=7), ON]


def test_the_day_on_which_the_organisation_was_put_has_the_latest_score(acme: int, now: datetime) -> None:
    actions.score_day(ON, at=now)
    earlier = ON - timedelta(days=7)
    organisation.move_as_of(on=earlier, by=None, at=now)
    actions.score_day(earlier, at=now)
    assert Score.objects.get().on == earlier


def test_weeks_before_the_first_day_are_made_anew_after_an_import_and_lived_days_are_not(
    acme: int, now: datetime
) -> None:
    actions.score_day(ON, at=now)
    week = ON - timedelta(days=7)
    assert frozen.read_inputs(ON, news=0) is not None and frozen.read_inputs(week, news=0) is not None
    journal.record("import.published", at=now)
    news = JournalEntry.objects.get(kind="import.published").pk
    assert frozen.read_inputs(ON, news=news) is not None and frozen.read_inputs(week, news=news) is None
    actions.score_day(ON + timedelta(days=7), at=now)
    assert frozen.read_inputs(week, news=news) is not None


def test_the_next_days_use_the_weeks_that_are_frozen_near_by(acme: int, now: datetime) -> None:
    actions.score_day(ON, at=now)
    actions.score_day(ON + timedelta(days=1), at=now)
    assert frozen.read_inputs(ON - timedelta(days=6), news=0) is None
    near = frozen.inputs_near(ON - timedelta(days=6), news=0)
    assert near is not None and near.on == ON - timedelta(days=7)
    assert frozen.inputs_near(ON + timedelta(days=5), news=0) is None


def test_the_day_is_frozen_in_the_lake_by_measure(acme: int, now: datetime) -> None:
    actions.score_day(ON, at=now)
    rows = lake().read_days("inputs", from_day=day_number(ON), until_day=day_number(ON) + 1).to_pylist()
    assert [(row["customer"], row["open_tickets"], row["nps_age"], row["trend_28d"]) for row in rows] == [
        (acme, 1.0, 10.0, None)
    ]


def test_the_standing_of_an_unscored_day_is_that_of_the_last_one(acme: int, now: datetime) -> None:
    actions.score_day(ON, at=now)
    assert queries.standing(ON + timedelta(days=20))[acme] == queries.standing(ON)[acme]
    assert queries.standing(ON + timedelta(days=29)) == {}


def test_a_scorecard_is_published_once_per_text_and_a_strange_measure_is_refused(now: datetime) -> None:
    text = blueprint.default_text("scorecard")
    assert actions.publish(text, by=None, at=now) == {"default": 1}
    assert actions.publish(text, by=None, at=now) == {"default": 1}
    assert actions.publish(text.replace("green_from: 70", "green_from: 75"), by=None, at=now) == {"default": 2}
    (card,) = queries.cards_in_force()
    assert (card.version, card.card.green_from) == (2, 75)
    with pytest.raises(blueprint.BlueprintError, match="there is no measure 'moon'"):
        actions.publish(text.replace("key: nps", "key: moon"), by=None, at=now)
    assert Scorecard.objects.count() == 2


@pytest.mark.parametrize("count", [1, 40])
def test_scoring_costs_the_same_queries_for_one_customer_and_for_forty(
    now: datetime, django_assert_num_queries: Any, count: int, home: Path
) -> None:
    ids = customers(*(f"c{n}" for n in range(count)), at=now)
    keep([line(f"l{n}", ids[f"c{n}"], "2024-04-01", "2025-04-01", 1000) for n in range(count)], at=now)
    actions.score_day(ON, at=now)
    with django_assert_num_queries(24):
        actions.score_day(ON, at=now)
