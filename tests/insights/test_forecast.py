"""The forecast as of a day: due terms with their base rates, categories and fans, for exactly whose they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import customers, keep, line
from tests.insights.books import annual

from perennial.contracts import amending
from perennial.contracts.access import facts_of
from perennial.contracts.models import LedgerChange, Line, Movement
from perennial.health.models import Score, Scorecard
from perennial.insights import forecast, learning
from perennial.insights.calculations import shock
from perennial.insights.due import view_of
from perennial.insights.forecast import Forecast
from perennial.insights.models import ForecastModel
from perennial.kernel.organisation.queries import house
from perennial.members.models import Member
from perennial.renewals import calls
from perennial.renewals.terms import Category, Outcome

ON = date(2026, 3, 2)


def told(now: datetime, rows: Q | None = None, on: date = ON) -> Forecast:
    learned = learning.latest() or learning.learn(on, at=now)
    return forecast.today(rows or Q(), view_of(house(), on), learned, 1)


@pytest.fixture
def house_of_20(organisation: None, now: datetime) -> dict[str, int]:
    return annual(stay=16, leave=4, at=now, month=4, last=2025)


def test_a_term_has_the_base_rate_of_its_segment_and_age_with_what_it_rests_on(
    house_of_20: dict[str, int], now: datetime
) -> None:
    """Ends of April 2023 and 2024: all 20 renewed; of April 2025: 16 of 20. So age 1 and 2: 20 of 20; age 3: 16."""
    found = told(now)
    assert len(found.terms) == 16
    one = found.terms[0]
    assert (one.due_on, one.arr, one.outcome) == (date(2026, 4, 10), 1200_00, Outcome.OPEN)
    assert one.probability is not None
    assert one.probability.kind == ("", 4, 2)
    assert (one.probability.rate.kept, one.probability.rate.count) == (0, 0)
    assert one.probability.rate.borrowed == 10
    assert one.probability.rate.p == pytest.approx((10 * 56 / 60 + 0.5) / 11)
    assert (one.model, one.category) == (Category.BEST_CASE, Category.BEST_CASE)
    assert found.learned.terms == 60


def test_a_term_that_is_near_and_unsigned_is_compared_with_terms_that_were(
    house_of_20: dict[str, int], now: datetime
) -> None:
    """All who renewed had signed 21 days before; after the due day nobody ever did."""
    near = told(now, on=date(2026, 3, 20)).terms[0].probability
    late = told(now, on=date(2026, 4, 20)).terms[0].probability
    assert near is not None
    assert late is not None
    assert (near.kind.stand, near.rate.p) == (1, pytest.approx((10 * 56 / 60 + 0.5) / 11))
    assert (late.kind.stand, late.rate.borrowed, late.rate.p) == (0, 4, pytest.approx(0.5 / 5))


def test_an_open_veto_keeps_a_term_out_of_commit_and_a_call_moves_it_by_a_step(
    organisation: None, member: Callable[..., int], now: datetime
) -> None:
    ids = list(annual(stay=20, leave=0, at=now, month=4, last=2025).values())
    card = Scorecard.objects.create(key="k", version=1, config={}, published_at=now)
    Score.objects.create(customer_id=ids[0], scorecard=card, on=ON, computed_at=now,
                         parts={"vetoes": [["champion_left", {}]]})  # fmt: skip
    calls.call(customer_id=ids[1], due_on=date(2026, 4, 10), category=Category.BEST_CASE, reason="quiet since May",
               model=Category.COMMIT, p=0.93, by=member("csm"), at=now)  # fmt: skip
    by_id = {one.customer_id: one for one in told(now).terms}
    assert (by_id[ids[0]].model, by_id[ids[0]].vetoes) == (Category.BEST_CASE, ("champion_left",))
    assert (by_id[ids[1]].model, by_id[ids[1]].category) == (Category.COMMIT, Category.BEST_CASE)
    assert by_id[ids[2]].category is Category.COMMIT


def test_fans_of_groups_hold_what_renewed_and_lie_between_nothing_and_all(
    house_of_20: dict[str, int], now: datetime
) -> None:
    late = annual(stay=3, leave=0, at=now, month=1)
    found = told(now)
    assert sum(one.is_renewed for one in found.terms if one.customer_id in late.values()) == 3
    everything = list(range(len(found.terms)))
    renewed = [place for place in everything if found.terms[place].is_renewed]
    whole, done, nothing = forecast.fans(found, [everything, renewed, []])
    assert (done.low, done.middle, done.high) == (3 * 1200_00,) * 3
    assert (nothing.low, nothing.high) == (0, 0)
    assert 3 * 1200_00 < whole.low < whole.middle <= whole.high <= sum(one.arr for one in found.terms)
    assert forecast.fans(found, [everything])[0] == whole
    assert forecast.counts([one for one in found.terms if one.due_on.year == 2026])[1] in {17, 18, 19}


def test_whoever_sees_only_his_own_has_a_forecast_of_his_own(
    member: Callable[..., int], organisation: None, now: datetime
) -> None:
    mine, other = member("csm"), member("csm")
    ids = annual(stay=3, leave=0, at=now, month=4, last=2025, owner=mine)
    annual(stay=5, leave=0, at=now, month=5, last=2025, owner=other)
    seen = told(now, facts_of(Member.objects.get(id=mine)))
    assert {one.customer_id for one in seen.terms} == set(ids.values())
    reader = told(now, facts_of(Member.objects.get(id=member("reader"))))
    assert reader.terms == []
    assert forecast.fans(reader, [[]])[0].high == 0


def test_the_queries_do_not_grow_with_the_terms(organisation: None, now: datetime) -> None:
    annual(stay=1, leave=0, at=now, month=4, last=2025)
    learned = learning.learn(ON, at=now)

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            forecast.today(Q(), view_of(house(), ON), learned, 1)
        return len(queries)

    one = asked()
    annual(stay=40, leave=0, at=now, month=5, last=2025)
    assert asked() == one <= 16


def test_an_amended_contract_is_in_the_next_forecast_and_nobody_else_is_written(
    house_of_20: dict[str, int], member: Callable[..., int], now: datetime
) -> None:
    before = told(now)
    one = before.terms[3]
    others = Movement.objects.exclude(customer_id=one.customer_id)
    rows, models = list(others.order_by("id").values()), list(ForecastModel.objects.values())
    LedgerChange.objects.all().delete()
    line = Line.objects.current().get(customer_id=one.customer_id, ends_on=one.due_on)
    terms = amending.Terms(on=date(2026, 1, 10), quantity=None, amount=line.amount + 50_00, amount_months=1)
    amending.amend(line.fact, terms, seen=line.pk, by=member("admin"), at=now)
    after = told(now)
    changed = [(old, new) for old, new in zip(before.terms, after.terms, strict=True) if old != new]
    assert [(new.customer_id, new.arr - old.arr) for old, new in changed] == [(one.customer_id, 12 * 50_00)]
    assert forecast.fans(after, [range(16)])[0].high == forecast.fans(before, [range(16)])[0].high + 12 * 50_00
    assert set(LedgerChange.objects.values_list("customer_id", flat=True)) == {one.customer_id}
    assert (list(others.order_by("id").values()), list(ForecastModel.objects.values())) == (rows, models)


def test_fans_that_were_drawn_before_are_those_of_new_draws(
    house_of_20: dict[str, int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = told(now)
    groups = [[0, 1, 2], [5]]
    first = forecast.fans(found, groups)
    drawn: list[int] = []
    draw = shock.totals

    def counted(*given: Any, seed: int) -> Any:
        drawn.append(seed)
        return draw(*given, seed=seed)

    monkeypatch.setattr(shock, "totals", counted)
    assert forecast.fans(found, groups) == first
    assert drawn == []
    some = [replace(one, arr=one.arr + 100_00) if place == 5 else one for place, one in enumerate(found.terms)]
    assert forecast.fans(replace(found, terms=some), groups)[1].high == first[1].high + 100_00
    forecast.fans(replace(found, on=date(2026, 3, 3)), groups)
    assert drawn == [ON.toordinal(), ON.toordinal() + 1]


def test_learning_again_leaves_one_model_and_an_empty_house_learns_nothing(organisation: None, now: datetime) -> None:
    assert learning.latest() is None
    learned = learning.learn(ON, at=now)
    assert (learned.terms, learned.quarters) == (0, 0)
    learning.learn(ON, at=now)
    assert ForecastModel.objects.count() == 1


def test_cents_add_up_to_the_quarter(organisation: None, now: datetime) -> None:
    ids = customers("A", "B", "C", at=now)
    keep([line(name, number, "2025-05-01", "2026-05-01", 10_00, amount_months=7) for name, number in ids.items()],
         at=now)  # fmt: skip
    found = told(now)
    assert sum(one.arr for one in found.terms) == round(3 * 12 * 1000 / 7)
