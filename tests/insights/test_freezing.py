"""Frozen weeks: once each, never changed; rebuilt ones know nothing that came later; judged when a quarter is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.db.models import Q
from tests.contracts.books import customers, keep, line
from tests.insights.books import annual

from perennial.contracts.access import facts_of
from perennial.insights import accuracy, forecast, freezing, learning
from perennial.insights.due import view_of
from perennial.insights.models import ForecastRow, ForecastSnapshot
from perennial.jobs import nightly
from perennial.kernel.organisation.queries import house
from perennial.kernel.queue.actions import Claim
from perennial.kernel.versions import AppendOnly
from perennial.members.models import Member
from perennial.renewals import calls
from perennial.renewals.terms import Category, Outcome

ON = date(2026, 3, 2)
ROW = ("customer_id", "due_on", "arr", "kept", "outcome", "p", "category", "called")


def rows() -> list[tuple[object, ...]]:
    return list(ForecastRow.objects.order_by("id").values_list(*ROW))


def test_a_week_is_frozen_once_and_stays_whatever_comes_later(organisation: None, now: datetime) -> None:
    ids = annual(stay=8, leave=2, at=now, month=4, last=2025)
    learning.learn(ON, at=now)
    assert freezing.freeze_week(ON, at=now)
    before = rows()
    assert len(before) == 8
    keep([line("new", ids["4 stays 0"], "2026-04-10", "2027-04-10", 50_00)], at=now, signed={"new": "2026-03-03"})
    assert not freezing.freeze_week(ON + timedelta(days=3), at=now)
    assert rows() == before
    assert freezing.freeze_week(ON + timedelta(weeks=1), at=now)
    later = {row[0]: row[3:5] for row in rows()[8:]}
    assert later[ids["4 stays 0"]] == (600_00, "on_time")
    for change in (ForecastRow.objects.all().delete, lambda: ForecastSnapshot.objects.update(fans=[]),
                   ForecastSnapshot.objects.all()[0].delete, ForecastRow.objects.all()[0].save):  # fmt: skip
        with pytest.raises(AppendOnly):
            change()


def test_nothing_is_frozen_while_nothing_is_due_and_a_recompute_never_freezes(
    organisation: None, now: datetime, home: object
) -> None:
    assert not freezing.freeze_week(ON, at=now)
    annual(stay=2, leave=0, at=now, month=4, last=2025)
    claim = {kind: Claim(id=1, kind=kind, payload={}, fence=1, by=None) for kind in ("recompute", "nightly")}

    def report(_done: int, _of: int | None, _word: str) -> None: ...

    nightly.nightly(claim["recompute"], report, now)
    assert not ForecastSnapshot.objects.exists()
    nightly.nightly(claim["nightly"], report, now)
    nightly.nightly(claim["nightly"], report, now)
    found = ForecastSnapshot.objects.get()
    assert (found.week_on, found.as_of_on, found.is_rebuilt) == (date(2026, 3, 2), date(2026, 3, 2), False)


def test_a_frozen_week_thaws_to_the_same_forecast(
    member: Callable[..., int], organisation: None, now: datetime
) -> None:
    ids = annual(stay=8, leave=2, at=now, month=4, last=2025)
    calls.call(customer_id=ids["4 stays 1"], due_on=date(2026, 4, 10), category=Category.BEST_CASE, reason="r",
               model=Category.AT_RISK, p=0.6, by=member(), at=now)  # fmt: skip
    learned = learning.learn(ON, at=now)
    live = forecast.today(Q(), view_of(house(), ON), learned, 1)
    freezing.freeze_week(ON, at=now)
    snapshot = forecast.snapshot_at(ON)
    assert snapshot is not None
    assert forecast.snapshot_at(ON - timedelta(days=1)) is None
    thawed = forecast.frozen(snapshot, Q(), 1)
    assert [(one.arr, one.kept, one.probability, one.model, one.called, one.category) for one in thawed.terms] == [
        (one.arr, one.kept, one.probability, one.model, one.called, one.category) for one in live.terms
    ]
    quarter = [place for place, one in enumerate(live.terms) if one.due_on < date(2026, 7, 1)]
    fan = forecast.fans(live, [quarter])[0]
    assert ["2026-04-01", "2026-07-01", fan.low, fan.middle, fan.high] in snapshot.fans


def test_a_rebuilt_week_knows_only_what_had_been_agreed_then(organisation: None, now: datetime) -> None:
    ids = annual(stay=8, leave=2, at=now, month=2)
    quiet = annual(stay=2, leave=0, at=now, month=3, first=2024, last=2024)
    later = customers("Later", at=now)["Later"]
    half_a_year = line("later", later, "2025-03-10", "2025-09-10", 100_00)
    keep([line("unsigned", quiet["3 stays 0"], "2025-03-10", "2026-03-10", 100_00), half_a_year], at=now)
    made = freezing.rebuild(ON, at=now)
    assert made > 8
    assert ForecastSnapshot.objects.filter(is_rebuilt=False).count() == 0
    first = ForecastSnapshot.objects.get(week_on=date(2024, 12, 30))
    found = {(row.customer_id, row.due_on): row for row in ForecastRow.objects.filter(snapshot=first)}
    for number in (*ids.values(),):
        row = found[number, date(2025, 2, 10)]
        assert (row.outcome, row.kept) == ("open", 0), "signed on 20 January 2025, which had not come"
    assert found[quiet["3 stays 0"], date(2025, 3, 10)].outcome == "open", "begins in March 2025, no day of signing"
    assert later not in {customer for customer, _due in found}, "a contract that was not there yet"
    assert freezing.rebuild(ON, at=now) == 0
    assert freezing.missing_weeks(ON) == [] or min(freezing.missing_weeks(ON)) < date(2024, 4, 1)


def test_a_closed_quarter_is_judged_against_what_came(organisation: None, now: datetime) -> None:
    """Eight stay, two leave in February 2025; before, all had renewed, so 13 weeks before nobody foresaw it."""
    annual(stay=8, leave=2, at=now, month=2)
    freezing.rebuild(ON, at=now)
    found = accuracy.judged(Q(), view_of(house(), ON), 1, of_all=True)
    of_2025 = next(one for one in found.leads[13] if one.quarter.since == date(2025, 1, 1))
    assert (of_2025.actual, of_2025.is_rebuilt) == (8 * 1200_00, True)
    assert of_2025.fan is not None
    assert of_2025.error == pytest.approx((of_2025.fan.middle - 960000) / 960000)
    assert of_2025.error > 0.1
    last = next(one for one in found.leads[1] if one.quarter.since == date(2025, 1, 1))
    assert last.error == 0, "a week before the end all were told: 50 days after their day"
    assert found.coverage[1].inside == found.coverage[1].count
    commit = next(one for one in found.slippage if one.category is Category.COMMIT)
    best = next(one for one in found.slippage if one.category is Category.BEST_CASE)
    assert commit.counts[Outcome.LOST] + best.counts[Outcome.LOST] == 2
    assert found.first_frozen_on is None
    assert [(one.owner_id, one.moved, one.model == one.called) for one in found.scored] == [(None, 0, True)]


def test_a_call_is_scored_beside_the_model(member: Callable[..., int], organisation: None, now: datetime) -> None:
    """Of two terms at .95 one was lost, which he had moved to best case (.80): (.95² + .05²) / 2 against
    (.8² + .05²) / 2."""
    mine = member("csm")
    ids = annual(stay=1, leave=1, at=now, month=2, owner=mine)
    week = ForecastSnapshot.objects.create(
        week_on=date(2024, 12, 30), as_of_on=date(2024, 12, 30), frozen_at=now, is_rebuilt=False, currency="USD",
        learned_id=learning.learn(ON, at=now).id, fans=[["2025-01-01", "2025-04-01", 1200_00, 1200_00, 2400_00]],
    )  # fmt: skip
    for name, called in (("2 stays 0", ""), ("2 leaves 0", "best_case")):
        ForecastRow.objects.create(
            snapshot=week, customer_id=ids[name], due_on=date(2025, 2, 10), arr=1200_00, kept=0, outcome="open", p=0.95,
            low=0.9, high=0.99, evidence=["", 1, 2, 9, 10, 0], category="commit", called=called,
            owner_id=mine, segment="",
        )  # fmt: skip
    found = accuracy.judged(Q(), view_of(house(), ON), 1, of_all=True)
    one = found.scored[0]
    assert (one.owner_id, one.count, one.moved) == (mine, 2, 1)
    assert (one.model, one.called) == (pytest.approx(0.4525), pytest.approx(0.32125))
    assert found.first_frozen_on == date(2024, 12, 30)
    moved = next(one for one in found.slippage if one.category is Category.BEST_CASE)
    assert (moved.counts[Outcome.LOST], moved.gone) == (1, 0)
    judged = next(one for one in found.leads[13] if one.quarter.since == date(2025, 1, 1))
    assert (judged.error, judged.loss, judged.is_rebuilt) == (0.0, pytest.approx(0.1 * 1200_00 / 3), False)


def test_a_member_is_judged_by_his_own_rows_alone(
    member: Callable[..., int], organisation: None, now: datetime
) -> None:
    mine, other = member("csm"), member("csm")
    annual(stay=4, leave=0, at=now, month=2, owner=mine)
    annual(stay=8, leave=2, at=now, month=3, owner=other)
    freezing.rebuild(ON, at=now)
    found = accuracy.judged(facts_of(Member.objects.get(id=mine)), view_of(house(), ON), 1, of_all=False)
    of_2025 = next(one for one in found.leads[13] if one.quarter.since == date(2025, 1, 1))
    assert of_2025.actual == 4 * 1200_00
    assert of_2025.fan is not None
    assert of_2025.fan.high <= 4 * 1200_00
    assert {one.owner_id for one in found.scored} == {mine}


def test_the_shock_is_learned_from_closed_quarters_of_frozen_weeks(organisation: None, now: datetime) -> None:
    annual(stay=8, leave=8, at=now, month=2)
    freezing.rebuild(ON, at=now)
    learned = learning.latest()
    assert learned is not None
    assert (learned.quarters, learned.rebuilt) == (learned.rebuilt, learned.quarters)
    assert learned.quarters >= 1
