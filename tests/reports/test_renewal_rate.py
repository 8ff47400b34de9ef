"""The renewal rate by due day, worked by hand: 2024 as known on 20 December."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction

import duckdb
import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import customers, keep, line, own

from perennial.contracts.models import Contract, Line
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import PolicySwitches
from perennial.customers.models import PortfolioRow, Reseller
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import Period
from perennial.renewals.terms import Outcome
from perennial.reports import renewal_rate
from perennial.reports.renewal_rate import By, Told
from perennial.reports.revenue import Book

BOOK = Book(rows=Q(), exchange=Exchange("USD"), as_of=date(2024, 12, 20), switches=PolicySwitches())
YEAR = Period(date(2024, 1, 1), date(2025, 1, 1))


@pytest.fixture
def book(organisation: None, now: datetime) -> dict[str, int]:
    """Six terms due in 2024, each of 12 months: early with more, on time with less, late, lost, and two in December,
    of which one is open."""
    ids = customers("Early", "OnTime", "Late", "Lost", "Open", "Done", at=now)
    old = [("Early", "2023-07-01", 100_00), ("OnTime", "2023-07-01", 200_00), ("Late", "2023-09-01", 50_00),
           ("Lost", "2023-03-01", 80_00), ("Open", "2023-12-10", 40_00), ("Done", "2023-12-01", 30_00)]  # fmt: skip
    new = [("Early", "2024-07-01", 150_00), ("OnTime", "2024-07-01", 120_00), ("Late", "2024-09-16", 50_00),
           ("Done", "2024-12-01", 30_00)]  # fmt: skip
    signed = {"Early-new": "2024-02-01", "OnTime-new": "2024-06-20", "Late-new": "2024-09-15", "Done-new": "2024-11-20"}
    lines = [line(f"{name}-old", ids[name], since, f"2024{since[4:]}", fee, product="core") for name, since, fee in old]
    lines += [line(f"{name}-new", ids[name], since, "2025-12-31", fee, product="core") for name, since, fee in new]
    keep(lines, at=now, signed=signed)
    for name, number in ids.items():
        own(number, None, now)
        PortfolioRow.objects.filter(customer_id=number).update(segment="Bank" if name < "L" else "Retail")
    agent = Reseller.objects.create(name="Agent")
    Contract.objects.filter(external_id__in=["Late-old", "Lost-old"]).update(reseller=agent)
    return ids


def told(by: By) -> Told:
    return renewal_rate.told(BOOK, renewal_rate.due(BOOK, YEAR, house()), YEAR, by)


def test_the_rates_the_bounds_and_the_split_as_worked_by_hand(book: dict[str, int]) -> None:
    whole = told(By.MONTH).whole
    assert whole.rate.count == 6
    assert whole.due == 12 * 500_00  # 100 + 200 + 50 + 80 + 40 + 30 a month
    split = dict(zip(Outcome, whole.printed, strict=False))
    assert {key: amount // 1200 for key, amount in split.items()} == {
        Outcome.EARLY: 100, Outcome.ON_TIME: 230, Outcome.LATE: 50, Outcome.OPEN: 40, Outcome.LOST: 80,
    }  # fmt: skip
    assert (whole.kept, whole.net) == (12 * 300_00, 12 * 350_00)  # 100 + 120 + 50 + 30; uncapped 150 + 120 + 50 + 30
    assert (whole.rate.dollar, whole.rate.highest) == (Fraction(300, 500), Fraction(340, 500))
    assert (whole.rate.net, whole.rate.logo) == (Fraction(350, 500), Fraction(4, 6))
    assert (whole.rate.resolved, whole.renewed_of_resolved) == (Fraction(460, 500), Fraction(300, 460))
    assert whole.highest_logo == Fraction(5, 6)


@pytest.mark.parametrize("by", list(By))
def test_whatever_it_is_told_apart_by_the_parts_are_the_whole(book: dict[str, int], by: By) -> None:
    found = told(by)
    for place in range(len(found.whole.printed)):
        assert sum(part.printed[place] for part in found.parts) == found.whole.printed[place]
    assert sum(part.rate.count for part in found.parts) == found.whole.rate.count
    for part in found.parts:
        listed = renewal_rate.terms(BOOK, part)
        assert [sum(getattr(one, key) for one in listed) for key in ("due", "kept", "net")] == [
            part.due, part.kept, part.net]  # fmt: skip


def test_months_and_quarters_stand_in_order_and_resellers_by_their_contracts(book: dict[str, int]) -> None:
    assert [part.value for part in told(By.MONTH).parts] == ["2024-03", "2024-07", "2024-09", "2024-12"]
    assert [part.value for part in told(By.QUARTER).parts] == ["2024-Q1", "2024-Q3", "2024-Q4"]
    assert [(part.label, part.outside, part.due // 1200) for part in told(By.RESELLER).parts] == [
        ("Agent", "Agent", 130), ("", None, 370)]  # fmt: skip
    assert [(part.value, part.due // 1200) for part in told(By.SEGMENT).parts] == [("Retail", 370), ("Bank", 130)]


def test_as_many_queries_for_sixty_terms_as_for_six(book: dict[str, int], now: datetime) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            told(By.RESELLER)
        return len(queries)

    few = asked()
    ids = customers(*(f"M{number}" for number in range(54)), at=now)
    keep([line(name, number, "2023-05-01", "2024-05-01", 10_00) for name, number in ids.items()], at=now)
    assert asked() == few <= 11


def _recounted(by: str, on: str, days: str) -> dict[str | None, tuple[int, ...]]:
    """Recount due, open, kept and renewed terms of 2024 in SQL, of what the records hold: minor units a year."""
    engine = duckdb.connect()
    rows = Line.objects.current().values_list("fact", "customer_id", "product__code", "starts_on", "ends_on", "amount",
                                              "contract__signed_on", "cancelled_on")  # fmt: skip
    engine.execute("CREATE TABLE line (fact TEXT, customer INT, product TEXT, since DATE, until DATE, mrr BIGINT, "
                   "signed DATE, cancelled DATE)")  # fmt: skip
    engine.executemany("INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [(str(row[0]), *row[1:]) for row in rows])
    told = engine.execute(f"""
        WITH due AS (SELECT customer, until AS due, {by} AS part, sum(12 * mrr) AS arr,
                            list(DISTINCT product) AS products,
                            bool_and(coalesce(cancelled <= DATE '{on}', FALSE)) AS given_up
                     FROM line WHERE until BETWEEN '2024-01-01' AND '2024-12-31' GROUP BY ALL),
        follower AS (SELECT *, coalesce(signed, since) AS agreed FROM line WHERE agreed <= DATE '{on}'),
        term AS (SELECT part, arr, due.due, given_up, coalesce(sum(12 * f.mrr), 0) AS renewed, min(agreed) AS agreed
                 FROM due LEFT JOIN follower f ON f.customer = due.customer AND list_contains(products, f.product)
                      AND f.since BETWEEN due.due AND due.due + {days}
                 GROUP BY part, due.customer, arr, due.due, given_up)
        SELECT part, sum(arr), sum(CASE WHEN coalesce(agreed > due + {days}, TRUE) AND NOT given_up
                                         AND DATE '{on}' < due + {days} THEN arr ELSE 0 END),
               sum(CASE WHEN agreed <= due + {days} THEN least(arr, renewed) ELSE 0 END),
               count(*) FILTER (agreed <= due + {days})
        FROM term GROUP BY ALL""").fetchall()  # fmt: skip
    return {row[0]: tuple(int(one) for one in row[1:]) for row in told}


@pytest.mark.parametrize("by", [By.MONTH, By.PRODUCT])
@pytest.mark.parametrize("on", ["2024-12-20", "2024-09-10", "2024-09-15", "2024-10-10", "2024-05-01"])
def test_both_horizons_are_what_sql_counts_on_every_day(book: dict[str, int], now: datetime, by: By, on: str) -> None:
    ids = customers("Slow", "Two", at=now)
    keep([line("Slow-old", ids["Slow"], "2023-06-10", "2024-06-10", 60_00, product="plus"),
          line("Slow-new", ids["Slow"], "2024-08-20", None, 60_00, product="plus"),
          line("Two-core", ids["Two"], "2023-04-15", "2024-04-15", 70_00, product="core"),
          line("Two-plus", ids["Two"], "2023-04-15", "2024-04-15", 30_00, product="plus"),
          line("Two-more", ids["Two"], "2024-04-15", "2025-04-15", 110_00, product="core")], at=now)  # fmt: skip
    then = replace(BOOK, as_of=date.fromisoformat(on))
    found = renewal_rate.told(then, renewal_rate.due(then, YEAR, house(), is_past=True), YEAR, by)
    part = "strftime(until, '%Y-%m')" if by is By.MONTH else "product"
    for days, rates in (("30", "rate"), ("90", "rate_90")):
        counted = _recounted(part, on, days)
        assert len(counted) >= 2
        for one in found.parts:
            rate = getattr(one, rates)
            arr, still, kept, renewed = counted[one.outside]
            assert (rate.due, rate.dollar * rate.due, rate.logo * rate.count) == (arr, kept, renewed), (one.label, days)
            assert (rate.highest - rate.dollar) * rate.due == still, (one.label, days)


def test_what_is_lost_by_its_grace_and_signed_within_90_days_is_told_apart(book: dict[str, int], now: datetime) -> None:
    ids = customers("Slow", "Slower", at=now)
    keep([line("Slow-old", ids["Slow"], "2023-06-10", "2024-06-10", 60_00, product="core"),
          line("Slow-new", ids["Slow"], "2024-09-08", None, 40_00, product="core"),
          line("Slower-old", ids["Slower"], "2023-06-10", "2024-06-10", 10_00, product="core"),
          line("Slower-new", ids["Slower"], "2024-09-09", None, 10_00, product="core")], at=now)  # fmt: skip
    [june] = [part for part in told(By.MONTH).parts if part.value == "2024-06"]
    assert (june.due, june.kept, june.late_90, june.kept_90) == (12 * 70_00, 0, 12 * 60_00, 12 * 40_00)
    assert (june.rate.dollar, june.rate_90.dollar) == (Fraction(0), Fraction(40, 70)), "Slower signed on day 91"
    assert june.printed[list(Outcome).index(Outcome.LOST)] == 12 * 70_00, "lost it stays"
    listed = renewal_rate.terms(BOOK, june)
    assert [(one.later.is_later, one.agreed_on) for one in listed] == [(True, date(2024, 9, 8)), (False, None)]


def test_by_product_each_customer_and_product_is_a_term_by_itself(book: dict[str, int], now: datetime) -> None:
    ids = customers("Two", at=now)
    keep([line("Two-core", ids["Two"], "2023-04-15", "2024-04-15", 70_00, product="core"),
          line("Two-plus", ids["Two"], "2023-04-15", "2024-04-15", 30_00, product="plus"),
          line("Two-more", ids["Two"], "2024-04-15", "2025-04-15", 110_00, product="core")], at=now)  # fmt: skip
    found = told(By.PRODUCT)
    assert [(part.outside, part.rate.count, part.due // 1200, part.kept // 1200) for part in found.parts] == [
        ("core", 7, 570, 370), ("plus", 1, 30, 0)]  # fmt: skip
    assert (found.whole.rate.count, found.headline.rate.count) == (8, 7)
    assert (found.whole.kept // 1200, found.headline.kept // 1200) == (370, 400)
    assert found.whole.due == found.headline.due


def test_nothing_due_is_nothing_known(organisation: None, member: Callable[..., int]) -> None:
    found = told(By.MONTH)
    assert (found.parts, found.whole.due, found.whole.rate.dollar, found.whole.renewed_of_resolved) == (
        [],
        0,
        None,
        None,
    )
