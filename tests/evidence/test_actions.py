"""A backtest end to end: on real records, with a real lake, as of days that were frozen or made later."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from django.db.models import Q
from tests.contracts.books import SOURCE, keep, line
from tests.evidence.houses import ON, answer, bits, house_of, noon

from perennial.blueprint import queries as blueprint
from perennial.evidence import actions, queries
from perennial.evidence.calculations.verdict import Verdict
from perennial.evidence.decisions import decisions
from perennial.evidence.terms import LEADS, MAIN_LEAD, Decision
from perennial.health import actions as health
from perennial.health.facts import Facts
from perennial.health.past import PastFleet, fleet_on
from perennial.kernel.organisation.queries import house
from perennial.kernel.versions import Incoming
from perennial.support.actions import write_tickets
from perennial.voice.actions import write_answers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation", "home")]
TEXT = blueprint.default_text("scorecard")


def backtest(at: datetime, text: str = TEXT) -> int:
    return actions.backtest(text, place=house(), on=ON, by=None, at=at)


def test_a_score_that_foretold_losses_is_said_to_and_its_cases_are_kept(now: datetime) -> None:
    ids = house_of(160, at=now, days=330)
    told = queries.latest()
    assert told is None
    backtest(now)
    told = queries.latest("default")
    assert told is not None and set(told.leads) == set(LEADS)
    main = told.leads[MAIN_LEAD]
    assert told.verdict is Verdict.PREDICTS and not told.is_no_better
    assert main["count"] == 160 and 30 < main["events"] < 70
    assert main["auc"][1] > 0.6 and main["auc"][1] < main["auc"][0] < main["auc"][2]
    assert main["days_rebuilt"] > 0
    assert told.besides["lead_time"] == [50, 0, None]  # so little is known of them that nobody has a colour
    on_the_day, before = told.besides["canary"]
    assert before == main["auc"][0] and 0.5 < on_the_day < 1
    assert told.besides["vetoes"]["champion_left"][0] == 0  # no contact is kept here
    assert told.besides["vetoes"]["champion_left"][3] == main["events"]
    found = queries.lists(told.id, Q())
    assert len(found.lost) == main["events"]
    assert {one.customer_id for one in found.lost} <= set(ids.values())


def test_where_nothing_predicts_it_is_said_plainly(now: datetime) -> None:
    house_of(140, at=now, is_told=False)
    backtest(now)
    told = queries.verdict_of(TEXT)
    assert told is not None and told.verdict is Verdict.NO_EVIDENCE and told.is_no_better


def test_with_fewer_than_ten_losses_there_is_the_list_and_no_figure(now: datetime) -> None:
    house_of(60, at=now, loss=0.06)
    told_id = backtest(now)
    told = queries.latest()
    assert told is not None and told.verdict is Verdict.TOO_FEW
    main = told.leads[MAIN_LEAD]
    assert 0 < main["events"] < 10 and "auc" not in main and told.proposal is None
    assert len(queries.lists(told_id, Q()).lost) == main["events"]


def test_the_same_data_give_the_same_figures_to_the_bit(now: datetime) -> None:
    house_of(80, at=now, days=30)
    backtest(now)
    first = queries.latest()
    backtest(now + timedelta(hours=1))
    second = queries.latest()
    assert first is not None and second is not None and first.id != second.id
    assert (first.leads, first.proposal, first.seed) == (second.leads, second.proposal, second.seed)
    assert first.data_version.split(":")[1] == second.data_version.split(":")[1]
    assert {"method", "numpy", "scipy"} <= set(first.versions)


def test_a_text_that_was_never_backtested_has_no_verdict(now: datetime) -> None:
    house_of(20, at=now)
    backtest(now)
    assert queries.verdict_of(TEXT + "\n# a draft\n") is None


def test_the_first_red_is_looked_for_in_every_week_up_to_the_longest_lead() -> None:
    on = date(2024, 5, 8)
    week = on - timedelta(days=on.weekday())
    bands = ["green", "red", "green", "red", *["green"] * 22, "red"]  # the last one is 182 + 2 days before

    def fleets(until: int) -> dict[date, PastFleet]:
        nothing = np.zeros(1)
        return {
            (day := week - timedelta(weeks=back)): PastFleet(day, [7], nothing[None], nothing, [band], is_frozen=True)
            for back, band in enumerate(bands[:until])
        }

    lost = Decision(7, on, is_lost=True, is_month=False)
    assert actions._first_red(lost, fleets(26)) == 2 + 21
    assert actions._first_red(lost, fleets(27)) == 2 + 21  # further back than the longest lead
    assert actions._first_red(lost, fleets(1)) is None
    assert actions._first_red(Decision(8, on, is_lost=True, is_month=False), fleets(26)) is None


def test_an_as_of_day_is_never_later_than_the_lead() -> None:
    for day in range(14):
        on = date(2024, 5, 1) + timedelta(days=day)
        for lead in LEADS:
            gap = (on - actions.as_of(on, lead)).days
            assert lead <= gap < lead + 7 and actions.as_of(on, lead).weekday() == 0


def test_what_is_learned_later_changes_no_bit_of_a_frozen_day(now: datetime) -> None:
    """Poison: after a day was frozen, everything about it and after it is rewritten."""
    ids = house_of(60, at=now)
    day, card = date(2024, 3, 4), blueprint.scorecard()
    health.score_day(day, at=now)
    before = fleet_on(card, day + timedelta(days=3), Facts(house()))
    assert before.is_frozen and len(before.customers) > 40
    _poison(ids, noon(ON), since=day - timedelta(days=300))
    after = fleet_on(card, day + timedelta(days=3), Facts(house()))
    assert after.customers == before.customers and after.band == before.band
    assert bits([after.points, after.score]) == bits([before.points, before.score])
    rebuilt = fleet_on(card, day - timedelta(days=20), Facts(house()))
    assert not rebuilt.is_frozen


def test_what_happens_later_changes_no_bit_of_a_day_that_is_made_of_facts_by_their_dates(now: datetime) -> None:
    ids = house_of(60, at=now)
    day, card = date(2024, 3, 4), blueprint.scorecard()
    before = fleet_on(card, day, Facts(house()))
    assert not before.is_frozen
    _poison(ids, noon(ON), since=day + timedelta(days=1))
    after = fleet_on(card, day, Facts(house()))
    assert after.customers == before.customers
    assert bits([after.points, after.score]) == bits([before.points, before.score])


def _poison(ids: dict[str, int], at: datetime, *, since: date) -> None:
    """Write answers, tickets and lines of days from `since` on, learned at an instant."""
    answers, tickets, lines = [], [], []
    for number, (name, customer) in enumerate(ids.items()):
        on = since + timedelta(days=number % 5)
        values = answer(f"{name} later", customer, number % 11, on).values
        answers.append(Incoming(f"{name} later", values, at))
        tickets.append(Incoming(name, {"customer_id": customer, "opened_at": noon(on)}, at))
        lines.append(line(f"{name} x", customer, on.isoformat(), "2026-12-31", 77_00))
    write_answers(answers, source=SOURCE, at=at)
    write_tickets(tickets, source=SOURCE, at=at)
    keep(lines, at=at, on=ON.isoformat())


def test_decisions_are_terms_and_of_others_months(now: datetime) -> None:
    ids = house_of(4, at=now, loss=0.0)
    more = house_more(now)
    made, late = decisions(house(), Facts(house()).terms.book, ON)
    terms = [one for one in made if not one.is_month]
    assert sorted(one.customer_id for one in terms) == sorted(ids.values())
    months = [one for one in made if one.customer_id == more]
    assert all(one.is_month for one in months)
    assert [one.on for one in months if one.is_lost] == [date(2024, 2, 1)]
    assert months[0].on == date(2023, 12, 1) and late > 0


def house_more(at: datetime) -> int:
    """Return a customer that pays by the month, from December 2023 until it stopped in February 2024."""
    from tests.contracts.books import customers

    monthly = customers("Monthly", at=at)["Monthly"]
    keep([line("m", monthly, "2023-12-01", "2024-02-20", 50_00)], at=at, on=ON.isoformat())
    return monthly
