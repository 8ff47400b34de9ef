"""Retention and cohorts against a recount in SQL that reads lines, not movements, and knows nothing of ours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import duckdb
import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import customers, keep, line, own
from tests.contracts.test_rates import quoted, rated

from perennial.contracts.calculations.cohorts import Step
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import PolicySwitches
from perennial.kernel.money import round_half_even
from perennial.kernel.organisation.models import Organisation
from perennial.kernel.periods import Period
from perennial.reports import cohorts, retention, retention_by, revenue
from perennial.reports.retention import Direction
from perennial.reports.retention_by import Dimension
from perennial.reports.revenue import Book
from perennial.reports.revenue_figures import FIGURES

BOOK = Book(rows=Q(), exchange=Exchange("USD"), as_of=date(2024, 11, 20), switches=PolicySwitches())
Line = tuple[int, date, date | None, int]


def plant(seed: int, now: datetime, count: int = 30) -> list[Line]:
    """Customers with random lines; return these (customer, from, until, MRR). The recounts know no late paper."""
    Organisation.objects.update(policy_switches={"grace_days": 0})
    chance = Random(seed)
    ids = customers(*(f"C{number:03}" for number in range(count)), at=now)
    planted, lines = [], []
    for customer_id in ids.values():
        own(customer_id, None, now)
        for _part in range(chance.randrange(1, 4)):
            since = date(2023, 1, 1) + timedelta(days=chance.randrange(650))
            until = since + timedelta(days=chance.randrange(20, 500)) if chance.random() < 0.6 else None
            planted.append((customer_id, since, until, chance.randrange(1, 99_999)))
    for number, (customer_id, since, until, amount) in enumerate(planted):
        lines.append(line(str(number), customer_id, since.isoformat(), until and until.isoformat(), amount,
                          product=chance.choice(["core", "plus"])))  # fmt: skip
    keep(lines, at=now)
    return planted


BALANCES = """
WITH day AS (SELECT range::DATE AS on_day FROM range(TIMESTAMP '2022-12-01', TIMESTAMP '2024-11-21', INTERVAL 1 DAY)),
held AS (
  SELECT customer, on_day, coalesce(sum(mrr) FILTER (since <= on_day AND (until IS NULL OR until > on_day)), 0) AS mrr
  FROM day CROSS JOIN line GROUP BY ALL
)
"""
HEAT = (
    BALANCES
    + """
, begun AS (SELECT customer, min(on_day) AS first FROM held WHERE mrr > 0 GROUP BY 1),
deal AS (SELECT customer, first, mrr AS initial FROM begun JOIN held USING (customer) WHERE on_day = first),
cell AS (
  SELECT deal.*, date_trunc($step, first)::DATE AS cohort, held.mrr, on_day,
         date_diff($step, date_trunc($step, first), on_day) AS age
  FROM deal JOIN held USING (customer)
  WHERE on_day >= first AND (on_day = DATE '2024-11-20' OR date_trunc($step, on_day + 1) > date_trunc($step, on_day))
)
SELECT cohort, age, count(*), sum(initial), sum(least(mrr, initial)), sum(mrr), count(*) FILTER (mrr > 0)
FROM cell GROUP BY 1, 2 ORDER BY 1, 2
"""
)
YEARS = (
    BALANCES
    + """
SELECT sum(a.mrr), sum(least(a.mrr, b.mrr)), sum(b.mrr), count(*), count(*) FILTER (b.mrr > 0)
FROM held a JOIN held b USING (customer) WHERE a.on_day = $since AND b.on_day = $until AND a.mrr > 0
"""
)


def recount(sql: str, lines: list[Line], **asked: Any) -> list[tuple[Any, ...]]:
    with duckdb.connect() as lake:
        lake.execute("CREATE TABLE line (customer BIGINT, since DATE, until DATE, mrr BIGINT)")
        lake.executemany("INSERT INTO line VALUES (?, ?, ?, ?)", lines)
        return lake.execute(sql, asked).fetchall()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("step", list(Step))
def test_the_heat_map_is_what_a_recount_of_the_lines_finds(
    organisation: None, now: datetime, seed: int, step: Step
) -> None:
    lines = plant(seed, now)
    found = cohorts.told(BOOK, retention.moves_of(BOOK), step)
    told = [
        (one.period.since, age, one.customers, one.opening, at.kept, at.closing, at.customers)
        for one in found.cohorts for age, at in enumerate(one.ages)
    ]  # fmt: skip
    assert told == recount(HEAT, lines, step=step.value)
    assert len(told) > 20


@pytest.mark.parametrize("seed", range(3))
def test_every_trailing_year_is_what_a_recount_of_the_lines_finds(organisation: None, now: datetime, seed: int) -> None:
    lines = plant(seed, now)
    told = retention.told(BOOK, retention.moves_of(BOOK), date(2024, 12, 1), Dimension.TIER)
    assert told.year == Period(date(2023, 11, 20), date(2024, 11, 20))
    assert told.whole == revenue.retention(BOOK, told.year)
    assert len(told.trend.windows) >= 10
    for window in told.trend.windows:
        asked = {"since": window.span.since, "until": window.span.until}
        [(opening, kept, closing, _count, _left)] = recount(YEARS, lines, **asked)
        assert (window.opening, window.kept, window.closing) == (opening, kept, closing)
    whole = told.whole
    assert (whole.opening, whole.kept, whole.closing, whole.customers, whole.customers_kept) == recount(
        YEARS, lines, since=told.year.since, until=told.year.until)[0]  # fmt: skip
    assert told.flow.gross is not None and whole.gross is not None and told.flow.gross <= whole.gross


@pytest.mark.parametrize("dimension", [Dimension.TIER, Dimension.PRODUCT])
def test_told_apart_it_is_the_same_from_one_reading_as_from_the_records(
    organisation: None, now: datetime, dimension: Dimension
) -> None:
    plant(4, now)
    moves, year = retention.moves_of(BOOK), Period(date(2023, 11, 20), date(2024, 11, 20))
    assert retention_by.told(BOOK, year, dimension, moves) == retention_by.told(BOOK, year, dimension)


def test_revenue_so_far_is_the_sum_of_the_closings_of_the_movements(organisation: None, now: datetime) -> None:
    plant(5, now)
    found = cohorts.told(BOOK, retention.moves_of(BOOK), Step.QUARTER)
    months = revenue.movements(BOOK, Period(date(2022, 12, 1), date(2024, 11, 1)))
    assert found.whole.revenue == sum(one.closing for one in months)
    assert sum(row[1] for row in found.printed) == sum(one.closing for one in months)
    assert sum(one.revenue for one in found.deals) == found.whole.revenue
    for (deal, brought, own_part), exact in zip(found.printed, found.deals, strict=True):
        assert (deal, brought, own_part) == (exact.deal, exact.revenue, exact.of_deal)
        assert own_part <= brought


@pytest.mark.parametrize("rate", ["nrr", "grr", "logo"])
def test_the_customers_of_a_cell_add_up_to_it(organisation: None, now: datetime, rate: str) -> None:
    plant(6, now)
    moves = retention.moves_of(BOOK)
    found = cohorts.told(BOOK, moves, Step.QUARTER)
    one = found.cohorts[1]
    for age in range(len(one.ages)):
        day = cohorts.ends_on(BOOK, one, Step.QUARTER, age)
        listed = cohorts.behind(BOOK, moves, FIGURES[rate], one.period, day).first()
        assert len(listed) == one.customers
        assert sum(each.opening or 0 for each in listed) == round_half_even(one.opening)
        held = one.ages[age].kept if rate == "grr" else one.ages[age].closing
        assert sum(each.closing or 0 for each in listed) == round_half_even(held)
    brought = cohorts.brought(BOOK, moves, one.period)
    at = found.cohorts.index(one)
    assert tuple(sum(getattr(each, key) for each in brought) for key in ("deal", "revenue", "of_deal")) == (
        found.printed[at])  # fmt: skip


def test_churn_that_doubles_within_a_year_is_rising_and_what_stands_still_is_steady(
    organisation: None, now: datetime
) -> None:
    ids = customers(*(f"C{number:02}" for number in range(40)), at=now)
    lines = [line(name, number, "2022-01-01", None if n >= 22 else f"2024-{n // 2 + 1:02}-10", 100_00)
             for n, (name, number) in enumerate(ids.items())]  # fmt: skip
    keep(lines, at=now)
    trend = retention.trend(BOOK, retention.moves_of(BOOK), date(2024, 10, 31))
    assert [round(float(one.churned or 0), 3) for one in trend.windows] == [
        0.0, 0.0, 0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5]  # fmt: skip
    assert trend.direction is Direction.RISING
    assert trend.slope == pytest.approx(0.05, abs=0.002)
    before = retention.trend(BOOK, retention.moves_of(BOOK), date(2023, 12, 31))
    assert (before.direction, before.slope) == (Direction.STEADY, 0)
    first = retention.trend(BOOK, retention.moves_of(BOOK), date(2023, 3, 31))
    assert (first.direction, len(first.windows)) == (Direction.UNKNOWN, 3)


def test_amounts_in_another_currency_stand_at_the_rate_of_the_first_paid_day(organisation: None, now: datetime) -> None:
    rated(*quoted("EUR", "USD", m1="2", m6="3"), at=now)
    ids = customers("A", "B", at=now)
    keep([line("a", ids["A"], "2024-02-01", "2024-07-01", 100, currency="EUR"),
          line("a2", ids["A"], "2024-07-01", None, 80, currency="EUR"),
          line("b", ids["B"], "2024-02-01", None, 100)], at=now)  # fmt: skip
    [one] = cohorts.told(BOOK, retention.moves_of(BOOK), Step.QUARTER).cohorts
    assert (one.opening, one.ages[-1].closing) == (300, 260)
    assert one.retention(len(one.ages) - 1).gross == Fraction(260, 300)


def test_as_many_queries_for_sixty_customers_as_for_six(member: Callable[..., int], now: datetime) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            moves = retention.moves_of(BOOK)
            retention.told(BOOK, moves, date(2024, 12, 1), Dimension.TIER)
            cohorts.told(BOOK, moves, Step.MONTH)
        return len(queries)

    plant(7, now, count=6)
    few = asked()
    plant(8, now, count=60)
    assert asked() == few == 2


def test_the_references_are_the_four_shapes_in_their_order() -> None:
    year = [round(one.at(12), 4) for one in cohorts.REFERENCES]
    assert year == [1.1, 1.0, 0.9, 0.75]
    assert [one.at(0) for one in cohorts.REFERENCES] == [1.0] * 4
    assert round(cohorts.REFERENCES[3].at(24), 4) == 0.5625
