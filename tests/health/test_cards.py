"""Several scorecards: each customer has one, chosen by rule; a move is told and is neither fall nor trend."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.books import SOURCE, customers, keep, line

from perennial.blueprint import actions as configuration
from perennial.blueprint import queries as blueprint
from perennial.blueprint.terms import BlueprintError
from perennial.contracts.actions import write_receivables
from perennial.customers.models import Customer
from perennial.health import actions, frozen, queries
from perennial.health.models import Score, Scorecard
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.versions import Incoming
from perennial.lake.terms import day_number
from perennial.support.actions import write_tickets
from perennial.usage.lake import lake

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation", "home")]
ON = date(2024, 12, 31)
EARLY = datetime.fromisoformat("2024-01-05T00:00:00+00:00")
BANKS = {"field": "segment", "op": "eq", "value": "Bank"}
LARGE = {"field": "arr", "op": "gte", "value": 5_000_000}


def words(text: str) -> dict[str, str]:
    return dict.fromkeys(("en", "zh-Hans", "zh-Hant"), text)


def measure(key: str, points: list[list[float]], direction: str = "down") -> dict[str, Any]:
    return {"key": key, "label": words(key), "definition": words(key), "weight": 1, "direction": direction,
            "points": points, "fresh_days": 7, "max_age_days": 90, "missing": "assume_segment_mean"}  # fmt: skip


def one(key: str, *measures: dict[str, Any], **rest: Any) -> dict[str, Any]:
    told = yaml.safe_load(blueprint.default_text("scorecard"))
    groups = [{"key": "all", "label": words("All"), "weight": 1, "measures": list(measures)}]
    return {**told, "key": key, "label": words(key.title()), "groups": groups, "vetoes": None, **rest}


TICKETS = measure("open_tickets", [[0, 100], [4, 0]])
PAYMENT = measure("overdue_days", [[0, 100], [100, 0]])


def several(*cards: dict[str, Any]) -> str:
    plain = json.loads(json.dumps({"scorecards": cards}))  # a text may not refer to another place
    return yaml.safe_dump(plain, allow_unicode=True, sort_keys=False)


USUAL = several(one("banks", TICKETS, when=BANKS), one("rest", TICKETS, PAYMENT))


@pytest.fixture
def ids(now: datetime) -> dict[str, int]:
    """Two banks and two others; A has 2 open tickets, C has 1 and owes since 50 days."""
    found = customers("A", "B", "C", "D", at=now)
    keep([line(name, found[name], "2024-01-01", "2026-01-01", 1_000_000) for name in found], at=now)
    Customer.objects.filter(id__in=[found["A"], found["B"]]).update(segment="Bank")
    opened = datetime.fromisoformat("2024-12-01T04:00:00+00:00")
    rows = [Incoming(f"t{n}", {"customer_id": found[name], "opened_at": opened}, EARLY) for n, name in enumerate("AAC")]
    write_tickets(rows, source=SOURCE, at=now)
    owed = [
        Incoming(f"r{name}", {"customer_id": number, "due_on": date(2024, 11, 11), "amount": 100, "currency": "USD",
                              "received_on": None if name == "C" else date(2024, 11, 1)}, EARLY)
        for name, number in found.items()
    ]  # fmt: skip
    write_receivables(owed, source=SOURCE, at=now)
    organisation.move_as_of(on=ON, by=None, at=now)
    return found


@pytest.fixture
def put(ids: dict[str, int], member: Callable[..., int], now: datetime) -> Callable[..., None]:
    by = member("admin")

    def put(text: str, from_on: date | None = None) -> None:
        configuration.publish(part="scorecard", text=text, reason="Ours", from_on=from_on, base=None, by=by, at=now)

    return put


def told(customer_id: int) -> dict[str, Any]:
    found = queries.parts_of(customer_id)
    assert found is not None
    return found


def frozen_cards(on: date) -> dict[int, str]:
    rows = lake().read_days("scores", from_day=day_number(on), until_day=day_number(on) + 1).to_pylist()
    return {row["customer"]: row["card"] for row in rows}


def test_each_customer_is_scored_by_the_card_whose_rule_finds_him(
    ids: dict[str, int], put: Callable[..., None], now: datetime
) -> None:
    put(USUAL)
    assert actions.score_day(ON, at=now) == 4
    assert {name: told(ids[name])["scorecard"]["key"] for name in ids} == {
        "A": "banks", "B": "banks", "C": "rest", "D": "rest",
    }  # fmt: skip
    assert [told(ids[name])["score"] for name in "ABCD"] == ["50.0", "100.0", "62.5", "100.0"]
    assert told(ids["A"])["scorecard"] == {
        "key": "banks", "version": 1, "label": "Banks", "by_rule": True, "values": {"segment": "Bank"},
    }  # fmt: skip
    assert told(ids["C"])["scorecard"]["by_rule"] is False
    assert frozen_cards(ON) == {ids["A"]: "banks", ids["B"]: "banks", ids["C"]: "rest", ids["D"]: "rest"}


def test_means_are_those_of_the_customers_of_the_same_card(
    ids: dict[str, int], put: Callable[..., None], now: datetime
) -> None:
    put(USUAL)
    actions.score_day(ON, at=now)
    assert [told(ids[name])["segment_score"] for name in "ABCD"] == ["75.0", "75.0", "81.2", "81.2"]  # 81.25
    for number in ids.values():
        found = told(number)
        total = sum(Decimal(part["contribution"]) for part in found["parts"])
        assert total == Decimal(found["score"]) - Decimal(found["segment_score"])


def test_the_higher_priority_is_asked_first(ids: dict[str, int], put: Callable[..., None], now: datetime) -> None:
    large = one("large", PAYMENT, when={"field": "arr", "op": "gte", "value": 1}, priority=5)
    put(several(one("banks", TICKETS, when=BANKS), large, one("rest", TICKETS)))
    actions.score_day(ON, at=now)
    assert {told(ids[name])["scorecard"]["key"] for name in ids} == {"large"}


@pytest.mark.parametrize(
    ("when", "found"),
    [
        ({"field": "products", "op": "contains", "value": "nobody"}, ""),
        ({"field": "live_since_on", "op": "lte", "value": "2024-06-01"}, "ABCD"),
        ({"field": "live_since_on", "op": "gt", "value": "2024-06-01"}, ""),
        ({"field": "stage", "op": "in", "value": ["growth", "onboarding_overdue"]}, "ABCD"),
        ({"field": "industry", "op": "is_known"}, "D"),
        ({"field": "active_users_28d", "op": "is_unknown"}, "ABCD"),
        ({"field": "open_tickets", "op": "gte", "value": 1}, "AC"),
    ],
)
def test_a_rule_may_ask_what_is_known_below_health(
    ids: dict[str, int], put: Callable[..., None], now: datetime, when: dict[str, Any], found: str
) -> None:
    Customer.objects.filter(id=ids["D"]).update(industry="Steel")
    put(several(one("some", TICKETS, when=when), one("rest", TICKETS)))
    actions.score_day(ON, at=now)
    assert "".join(name for name in ids if told(ids[name])["scorecard"]["key"] == "some") == found


def test_a_move_to_another_card_is_told_and_is_no_fall_and_no_trend(
    ids: dict[str, int], put: Callable[..., None], now: datetime
) -> None:
    put(USUAL)
    actions.score_day(ON - timedelta(days=1), at=now)
    Customer.objects.filter(id=ids["B"]).update(segment=None)
    hard = one("rest", measure("open_tickets", [[-1, 100], [0, 10], [1, 0]]))
    put(several(one("banks", TICKETS, when=BANKS), hard), from_on=ON)
    actions.score_day(ON, at=now)
    actions.score_day(ON, at=now)
    kinds = dict(JournalEntry.objects.filter(kind__startswith="health.").values_list("customer_id", "kind"))
    assert kinds[ids["B"]] == "health.card_changed"
    assert kinds[ids["D"]] == "health.band_fell"  # the same card, changed: as ever
    assert len(kinds) == JournalEntry.objects.filter(kind__startswith="health.").count()
    entry = JournalEntry.objects.get(kind="health.card_changed")
    assert entry.data == {"from": "green", "to": "red", "score": "10.0", "from_card": "banks", "to_card": "rest"}
    standing = queries.standing(ON)[ids["B"]]
    assert standing.fell_on is None
    assert [week for week in standing.weekly if week is not None][-5:] == [10.0] * 5  # under the present card
    assert standing.change_28d == 0


def test_a_band_of_another_card_holds_nobody_by_its_hysteresis(
    ids: dict[str, int], put: Callable[..., None], now: datetime
) -> None:
    near = measure("open_tickets", [[0, 69], [1, 0]])
    put(several(one("banks", measure("open_tickets", [[0, 100], [1, 0]]), when=BANKS), one("rest", near)))
    actions.score_day(ON - timedelta(days=1), at=now)
    Customer.objects.filter(id=ids["B"]).update(segment=None)
    actions.score_day(ON, at=now)
    assert queries.standing(ON)[ids["B"]].band == "yellow"  # 69 would stay green under one card


def test_only_the_card_that_a_text_changes_gets_a_version(
    ids: dict[str, int], put: Callable[..., None], now: datetime
) -> None:
    put(USUAL)
    actions.score_day(ON, at=now)
    bands = {"yellow_from": 40, "green_from": 60, "hysteresis": 3}
    put(several(one("banks", TICKETS, when=BANKS, bands=bands), one("rest", TICKETS, PAYMENT)))
    actions.score_day(ON, at=now)
    assert [(told(ids[name])["scorecard"]["key"], told(ids[name])["scorecard"]["version"]) for name in "AC"] == [
        ("banks", 2), ("rest", 1),
    ]  # fmt: skip
    put(USUAL)
    actions.score_day(ON, at=now)
    assert told(ids["A"])["scorecard"]["version"] == 1  # what it said before is the same card
    assert Scorecard.objects.count() == 3
    assert [card.card.key for card in queries.cards_in_force(ON)] == ["banks", "rest"]


def test_customers_scored_anew_within_the_day_keep_their_card(
    ids: dict[str, int], put: Callable[..., None], now: datetime
) -> None:
    put(USUAL)
    actions.score_day(ON, at=now)
    before = {name: told(ids[name]) for name in ids}
    assert actions.rescore(ON, [ids["A"], ids["C"]], at=now)
    assert {name: told(ids[name]) for name in ids} == before
    assert frozen_cards(ON)[ids["A"]] == "banks"
    put(several(one("new", TICKETS, when=BANKS), one("other", TICKETS)))
    actions.publish(blueprint.text_in_force("scorecard"), by=None, at=now)
    assert not actions.rescore(ON, [ids["A"]], at=now)  # a whole run comes first


def test_a_home_scored_before_cards_were_kept_tells_no_move(ids: dict[str, int], now: datetime) -> None:
    actions.score_day(ON - timedelta(days=1), at=now)
    day = day_number(ON) - 1
    rows = lake().read_days("scores", from_day=day, until_day=day + 1)
    lake().write_days("scores", rows.drop_columns(["card"]), from_day=day, until_day=day + 1, at=now)
    assert frozen.last_scores(ON)[ids["A"]].card is None
    actions.score_day(ON, at=now)
    assert not JournalEntry.objects.filter(kind="health.card_changed").exists()
    assert Score.objects.count() == 4


@pytest.mark.parametrize("count", [1, 2])
def test_several_cards_cost_the_same_queries_as_one_but_for_what_their_rules_ask(
    ids: dict[str, int], put: Callable[..., None], now: datetime, django_assert_num_queries: Any, count: int
) -> None:
    cards = [one(f"c{n}", TICKETS, when={"field": "industry", "op": "eq", "value": f"i{n}"}) for n in range(count)]
    put(several(*cards, one("rest", TICKETS)))
    actions.score_day(ON, at=now)
    with django_assert_num_queries(25):
        actions.score_day(ON, at=now)


WRONG = [
    (several(one("a", TICKETS), one("b", TICKETS)), "when is wanted"),
    (several(one("a", TICKETS, when=BANKS)), "the last scorecard is for all others"),
    (several(one("a", TICKETS, when=BANKS), one("a", TICKETS)), "a stands twice"),
    (several(one("a", TICKETS, when={"field": "band", "op": "eq", "value": "red"}), one("b", TICKETS)), "band"),
    (several(*(one(f"a{n}", TICKETS, when=BANKS) for n in range(20)), one("b", TICKETS)), "at most 20 scorecards"),
    (several(one("a", TICKETS, when=BANKS, priority=-1), one("b", TICKETS)), "a whole number, 0 or more"),
    (several(one("a", TICKETS, when=BANKS), one("b", TICKETS, priority=3)), "the last scorecard is for all others"),
    (yaml.safe_dump(one("a", TICKETS, when=BANKS)), "is not known here"),
]


@pytest.mark.parametrize(("text", "wanted"), WRONG)
def test_a_list_of_cards_that_cannot_be_is_refused_with_its_line(text: str, wanted: str) -> None:
    with pytest.raises(BlueprintError, match=wanted) as error:
        blueprint.check("scorecard", text)
    assert error.value.line is not None


@settings(max_examples=15, deadline=None)
@given(data=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 150), st.booleans()), min_size=1, max_size=12))
def test_contributions_add_up_exactly_under_every_card(data: list[tuple[int, int, bool]]) -> None:
    """Whatever is known of whom, and whichever card each has: score − mean = Σ contributions, in millionths²."""
    import numpy as np

    from perennial.health.calculations.printing import contribution_tenths
    from perennial.health.calculations.rounding import TENTH, half_even
    from perennial.health.calculations.scoring import score_fleet
    from perennial.health.terms import NO_BAND, NO_CAP, FleetInputs

    rules = blueprint.scorecards_from(USUAL, name="cards").rules
    for place, rule in enumerate(rules):
        rows = [one for one in data if one[2] == bool(place)]
        if not rows:
            continue
        width = len(rule.card.measures)
        values = np.array([[(float(t) if t < 6 else np.nan, float(d))[:width] for t, d, _ in rows]])
        none = np.full(len(rows), NO_BAND)
        inputs = FleetInputs(values, np.zeros_like(values), np.zeros(len(rows), dtype=np.int64), none,
                             np.full(len(rows), NO_CAP))  # fmt: skip
        scores = score_fleet(rule.card, inputs)
        assert (scores.contributions.sum(axis=1) == scores.score - scores.segment_score).all()
        printed = half_even(scores.score, TENTH) - half_even(scores.segment_score, TENTH)
        assert (contribution_tenths(scores).sum(axis=1) == printed).all()
