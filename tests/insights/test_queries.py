"""Lives from the ledger, who is of what origin, spend, and curves that are kept."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import customers, keep, line

from perennial.customers.models import Customer, Reseller
from perennial.insights import actions, queries
from perennial.insights.models import Spend, SurvivalFit
from perennial.insights.queries import Origin, Spent
from perennial.insights.terms import Ages, Life
from perennial.kernel.periods import Period
from perennial.kernel.versions import Incoming

ON = date(2024, 12, 31)
SIXTY = Ages((0, 0, 60), (60, 51, 45), (9, 6, 4))


@pytest.fixture
def book(organisation: None, now: datetime) -> dict[str, int]:
    ids = customers("Stays", "Leaves", "Pauses", "Late", "Back", "Swaps", "Open", at=now)
    keep([
        line("1", ids["Stays"], "2021-01-01", None, 1000_00),
        line("2", ids["Leaves"], "2021-01-01", "2023-01-01", 500_00),
        line("3", ids["Pauses"], "2021-01-01", None, 300_00, pauses=[["2022-01-01", "2022-03-01"]]),
        line("4a", ids["Late"], "2021-01-01", "2022-01-01", 100_00),
        line("4b", ids["Late"], "2022-01-20", None, 100_00),
        line("5a", ids["Back"], "2021-01-01", "2022-01-01", 100_00),
        line("5b", ids["Back"], "2022-06-01", None, 100_00),
        line("6a", ids["Swaps"], "2021-01-01", "2022-01-01", 100_00, product="a"),
        line("6b", ids["Swaps"], "2022-01-01", None, 100_00, product="b"),
        line("7", ids["Open"], "2021-01-01", "2024-12-15", 100_00),
    ], at=now)  # fmt: skip
    return ids


def test_lives_are_told_from_the_ledger_in_three_queries(book: dict[str, int]) -> None:
    with CaptureQueriesContext(connection) as asked:
        found = {life.customer_id: life for life in queries.lives(Q(), on=ON)}
    assert len(asked) == 3
    day = date(2021, 1, 1)
    assert found == {
        book["Stays"]: Life(book["Stays"], day),
        book["Leaves"]: Life(book["Leaves"], day, date(2023, 1, 1)),
        book["Pauses"]: Life(book["Pauses"], day),
        book["Late"]: Life(book["Late"], day),
        book["Back"]: Life(book["Back"], day, date(2022, 1, 1), came_back=True),
        book["Swaps"]: Life(book["Swaps"], day),
        book["Open"]: Life(book["Open"], day),  # sixteen days without pay are late paper yet
    }


def test_what_had_not_happened_on_the_day_is_not_told(book: dict[str, int]) -> None:
    found = {life.customer_id: life for life in queries.lives(Q(), on=date(2022, 12, 31))}
    assert found[book["Leaves"]].left_on is None
    assert queries.lives(Q(), on=date(2020, 12, 31)) == []


def test_only_customers_of_the_condition_are_read(book: dict[str, int]) -> None:
    found = queries.lives(Q(customer_id=book["Leaves"]), on=ON)
    assert [life.customer_id for life in found] == [book["Leaves"]]


def test_a_channel_is_the_first_own_field_that_says_one_or_the_reseller(book: dict[str, int]) -> None:
    partner = Reseller.objects.create(name="Partner")
    Customer.objects.filter(id=book["Stays"]).update(custom={"lead_source": "Fair", "channel": " "}, segment="large")
    Customer.objects.filter(id=book["Leaves"]).update(reseller=partner)
    found = queries.origins(list(book.values()), ("channel", "lead_source"))
    assert found[book["Stays"]] == Origin("large", "Fair")
    assert found[book["Leaves"]] == Origin("", "Partner")
    assert found[book["Late"]] == Origin("", "")


def test_spend_is_summed_by_month_channel_and_segment_in_one_currency(organisation: None, now: datetime) -> None:
    rows: list[dict[str, Any]] = [
        {"month": date(2024, 1, 1), "channel": "ads", "amount": 100},
        {"month": date(2024, 1, 1), "channel": "ads", "amount": 50},
        {"month": date(2024, 3, 1), "amount": 7},
        {"month": date(2024, 2, 1), "amount": 1, "currency": "EUR"},
        {"month": date(2024, 4, 1), "amount": 9},
    ]
    given = [Incoming(str(n), {"currency": "USD", **row}) for n, row in enumerate(rows)]
    assert actions.write_spend(given, source="x", at=now).new == 5
    found = queries.spend(Period(date(2024, 1, 1), date(2024, 4, 1)), "USD")
    assert found == [Spent(date(2024, 1, 1), "ads", "", 150), Spent(date(2024, 3, 1), "", "", 7)]
    actions.write_spend([Incoming("0", {"currency": "USD", **rows[0], "amount": 1})], source="x", at=now)
    assert Spend.objects.count() == 6
    assert queries.spend(Period(date(2024, 1, 1), date(2024, 2, 1)), "USD")[0].amount == 51


def test_a_curve_is_fitted_once_and_kept_with_its_seed_and_versions(db: None, now: datetime) -> None:
    short = Ages((60,), (60,), (9,))
    assert queries.fits([SIXTY, short]) == {}
    assert actions.fit([SIXTY, SIXTY, short], at=now) == 1
    found = queries.fits([SIXTY, short])
    assert list(found) == [SIXTY] and len(found[SIXTY].draws) == 200
    kept = SurvivalFit.objects.get()
    assert queries.ages_from(kept.ages) == SIXTY
    assert kept.seed and set(kept.versions) == {"method", "scipy", "numpy"}
    assert actions.fit([SIXTY], at=now) == 0


def test_a_curve_of_another_method_is_another_one(db: None, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    before = queries.digest_of(SIXTY)
    monkeypatch.setattr(queries, "versions", lambda: {"method": "2"})
    assert queries.digest_of(SIXTY) != before
