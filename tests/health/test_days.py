"""Many past days at once are, value for value, what each of them is by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from tests.contracts.books import SOURCE, customers, keep, line

from perennial.blueprint import queries as blueprint
from perennial.blueprint.terms import PORTFOLIO_FIELDS
from perennial.contracts.actions import write_receivables
from perennial.contracts.rates import write_rates
from perennial.customers.actions import write_contacts
from perennial.customers.merging import merge
from perennial.engagement.actions import write_touchpoints
from perennial.health import past, past_vetoes
from perennial.health.days import Days, can_make
from perennial.health.facts import MEASURES, OTHERS, USAGE, Facts
from perennial.kernel.conditions.matching import evaluate
from perennial.kernel.conditions.parsing import parse
from perennial.kernel.organisation.queries import house
from perennial.kernel.versions import Incoming
from perennial.lake.terms import day_number
from perennial.support.actions import write_tickets
from perennial.usage.lake import METRICS_TABLE, lake
from perennial.voice.actions import write_answers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation", "home")]
ON = date(2024, 6, 3)
DAYS = [ON + timedelta(days=back) for back in range(-90, 91, 6)]
COUNT = 24
CHANNELS = ("note", "call", "call", "inspection", "pulse", "call")


@pytest.fixture
def facts(now: datetime) -> Facts:
    """Give a house of whom everything is known by halves, on days before, between and after those asked for."""
    random = np.random.default_rng(5)
    ids = list(customers(*(f"C{number}" for number in range(COUNT)), at=now).values())

    def some(least: int = -200, most: int = 200) -> date:
        return ON + timedelta(days=int(random.integers(least, most)))

    def at(on: date) -> datetime:
        return datetime(on.year, on.month, on.day, int(random.integers(0, 24)), 59, tzinfo=UTC)

    lines, owed, contacts, people, tickets, answers = [], [], [], [], [], []
    write_rates([Incoming(None, {"base": "EUR", "currency": "USD", "on": ON + timedelta(days=30 * n - 400),
                                 "rate": f"1.{n}"}) for n in range(20)], source=SOURCE, at=now)  # fmt: skip
    for number, customer in enumerate(ids[2:], start=2):
        starts = some(-300, -20).replace(day=5)
        ends = starts + timedelta(days=int(random.integers(30, 300)))
        more = {"currency": "EUR"} if number % 5 == 0 else {}
        if number % 3 == 0:
            ends = starts.replace(year=starts.year + 1)
        amount = int(random.integers(1, 3_000_000))
        held = {"quantity": number} if number % 4 else {}
        lines.append(line(f"{number}", customer, str(starts), str(ends), amount, **more, **held))
        if number % 3:
            again = ends + timedelta(days=int(random.integers(0, 40)))
            lines.append(line(f"{number}+", customer, str(again), None, amount * 2, **more))
        for step in range(number % 4):
            due = some()
            received = due + timedelta(days=int(random.integers(-10, 60))) if random.random() < 0.6 else None
            values = {"customer_id": customer, "due_on": due, "amount": 500, "currency": more.get("currency", "USD"),
                      "received_on": received}  # fmt: skip
            owed.append(Incoming(f"{number}/{step}", values))
    for number in range(200):
        customer = ids[int(random.integers(0, COUNT))]
        opened = at(some())
        closed = opened + timedelta(hours=int(random.integers(1, 900))) if number % 3 else None
        tickets.append(Incoming(f"{number}", {
            "customer_id": customer, "opened_at": opened, "closed_at": closed,
            "due_at": opened + timedelta(days=3) if number % 4 == 0 else None,
            "priority": "urgent" if number % 7 == 0 else "", "is_escalated": number % 11 == 0,
            "satisfaction": float(number % 5 + 1) if closed and number % 2 else None,
        }))  # fmt: skip
        contacts.append(Incoming(f"{number}", {"customer_id": ids[number % 17], "channel": CHANNELS[number % 6],
                                               "happened_at": at(some()), "sentiment": number % 5 + 1
                                               if number % 6 in (2, 4) else None}))  # fmt: skip
        kind = "nps" if number % 2 else "csat"
        answers.append(Incoming(f"{number}", {"customer_id": ids[number % 13], "kind": kind, "score": number % 5 + 1,
                                              "answered_at": at(some())}))  # fmt: skip
    for number in range(40):
        left = some() if number % 2 else None
        people.append(Incoming(f"{number}", {
            "customer_id": ids[number % 19], "name": f"P{number}", "level": number % 3 + 1 if number % 5 else None,
            "rung": number % 5 if number % 4 else None, "is_champion": number % 3 == 0, "left_on": left,
        }, at(some())))  # fmt: skip
    signed = {f"{number}+": str(some()) for number in range(0, COUNT, 2)}
    keep(lines, at=now, on="2025-06-01", signed=signed)
    write_receivables(owed, source=SOURCE, at=now)
    write_touchpoints(contacts, source=SOURCE, at=now)
    write_contacts(people, source=SOURCE, at=now)
    write_tickets(tickets, source=SOURCE, at=now)
    write_answers(answers, source=SOURCE, at=now)
    merge(customer_id=ids[4], into=ids[7], by=None, at=now)
    _used(ids, random, now)
    return Facts(house())


def _used(ids: list[int], random: np.random.Generator, at: datetime) -> None:
    """Write daily values of half of the days, some of them unknown."""
    first = day_number(DAYS[0])
    rows = [(customer, day_number(day)) for customer in ids[:-3] for day in DAYS if random.random() < 0.8]
    columns = {
        "customer": pa.array([one for one, _day in rows], pa.int64()),
        "day": pa.array([day for _one, day in rows], pa.int32()),
    }
    for key in USAGE:
        told = [None if random.random() < 0.2 else round(float(random.random()) * 90, 6) for _row in rows]
        columns[key] = pa.array(told, pa.float64())
    table = pa.table(columns).sort_by([("customer", "ascending"), ("day", "ascending")])
    lake().write_days(METRICS_TABLE, table, from_day=first, until_day=day_number(DAYS[-1]) + 1, at=at)


def test_every_measure_of_every_day_is_the_same_to_the_bit(facts: Facts) -> None:
    facts.last_event_on = ON
    made = list(Days(facts, MEASURES).made(DAYS))
    assert [one.on for one in made] == DAYS
    varied = np.zeros(len(MEASURES), dtype=bool)
    for one in made:
        alone = facts.of_day(facts.known(one.on))
        assert one.customers == alone.customers
        for place, key in enumerate(MEASURES):
            for ours, plain in ((one.values, alone.values), (one.ages, alone.ages)):
                assert np.array_equal(ours[:, place], plain[:, place], equal_nan=True), (one.on, key)
            known = alone.values[:, place]
            varied[place] |= len(np.unique(known[~np.isnan(known)])) > 1
    assert varied.all(), "a measure that is the same of everybody proves nothing"


def test_the_days_come_out_the_same_however_many_are_made_together(
    facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = list(Days(facts, MEASURES).made(DAYS[:8]))
    monkeypatch.setattr("perennial.health.days.AT_ONCE", COUNT * 3)
    for one, other in zip(whole, Days(facts, MEASURES).made(DAYS[:8]), strict=True):
        assert one.customers == other.customers
        assert np.array_equal(one.values, other.values, equal_nan=True)
        assert np.array_equal(one.ages, other.ages, equal_nan=True)


def test_a_past_fleet_is_that_of_the_day_by_itself(facts: Facts) -> None:
    card = blueprint.scorecard()
    for fleet in past.fleets_on(card, DAYS, facts):
        alone = past._scored(card, facts, facts.of_day(facts.known(fleet.on)), is_frozen=False)
        assert (fleet.customers, fleet.band) == (alone.customers, alone.band)
        assert fleet.points.tobytes() == alone.points.tobytes() and fleet.score.tobytes() == alone.score.tobytes()
        assert len(fleet.customers) > 5


def test_a_veto_is_met_on_a_past_day_by_who_meets_it_on_the_day_by_itself(facts: Facts) -> None:
    facts.last_event_on = ON
    asks = [
        {"field": "champion_left_on", "op": "is_known"},
        {"field": "oldest_overdue_on", "op": "older_than_days", "value": 30},
        {"field": "open_tickets", "op": "gte", "value": 2},
        {"field": "overdue_tickets", "op": "gte", "value": 1},
        {"field": "last_touch_on", "op": "older_than_days", "value": 20},
        {"field": "trend_28d", "op": "lt", "value": 40},
        {"field": "arr", "op": "gt", "value": 100000},
    ]
    one = blueprint.scorecard().vetoes[0]
    rules = [parse(asked, PORTFOLIO_FIELDS) for asked in asks]
    vetoes = tuple(replace(one, key=f"v{number}", when=when) for number, when in enumerate(rules))
    card = replace(blueprint.scorecard(), vetoes=vetoes)
    asked = [(customer, day) for day in DAYS[::3] for customer in sorted(facts.terms.customers)]
    met = past_vetoes.met_on(card, asked, facts)
    for veto in card.vetoes:
        alone = [evaluate(veto.when, facts.row(facts.known(day), customer), day) for customer, day in asked]
        assert met[veto.key] == alone, veto.when
        assert 0 < sum(alone) < len(alone), veto.when


def test_every_measure_of_health_can_be_made_at_once() -> None:
    assert can_make(OTHERS) and can_make(["of_ones_own"])
