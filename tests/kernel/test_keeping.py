"""Rows derived anew: what differs is written, what stands there is not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import customers

from perennial.customers.models import PortfolioRow
from perennial.kernel import keeping
from perennial.kernel.keeping import keep

pytestmark = pytest.mark.django_db
LATER = datetime(2026, 3, 3, 1, 30, tzinfo=UTC)
ON = date(2026, 3, 2)


def row(customer_id: int, **more: Any) -> dict[str, Any]:
    told = {
        "customer_id": customer_id, "mrr": 12_345, "trend_28d": 1.1, "is_live": True, "next_renewal_on": None,
        "scores_13w": [50.5, None, 62.0], "stage": "growth", "as_of_on": ON,
    }  # fmt: skip
    return told | more


def standing() -> dict[int, tuple[Any, ...]]:
    columns = ("mrr", "trend_28d", "next_renewal_on", "scores_13w", "updated_at")
    return {number: tuple(values) for number, *values in PortfolioRow.objects.values_list("customer_id", *columns)}


@pytest.fixture
def ids(organisation: None, now: datetime) -> list[int]:
    return sorted(customers("A", "B", "C", at=now).values())


def kept(rows: list[dict[str, Any]]) -> list[int]:
    return keep(PortfolioRow, rows, key="customer_id", stamp={"updated_at": LATER})


def test_a_row_says_what_was_told_and_columns_that_nobody_named_stay(ids: list[int]) -> None:
    assert kept([row(ids[0], next_renewal_on=date(2026, 9, 1))]) == [ids[0]]
    found = PortfolioRow.objects.get(customer_id=ids[0])
    assert (found.mrr, found.trend_28d, found.next_renewal_on) == (12_345, 1.1, date(2026, 9, 1))
    assert (found.scores_13w, found.is_live, found.updated_at) == ([50.5, None, 62.0], True, LATER)
    assert (found.name, found.currency) == ("A", "USD")


def test_what_stands_there_already_is_not_written_again(ids: list[int], now: datetime) -> None:
    kept([row(number) for number in ids])
    keep(PortfolioRow, [row(number) for number in ids], key="customer_id", stamp={"updated_at": now})
    assert {values[-1] for values in standing().values()} == {LATER}


def test_only_rows_that_differ_are_written_each_with_its_own_values(ids: list[int]) -> None:
    a, b, c = ids
    keep(PortfolioRow, [row(number) for number in ids], key="customer_id")
    before = standing()
    assert kept([row(a, mrr=None), row(b), row(c, scores_13w=[], next_renewal_on=ON)]) == [a, c]
    assert standing() == {
        a: (None, 1.1, None, [50.5, None, 62.0], LATER),
        b: before[b],
        c: (12_345, 1.1, ON, [], LATER),
    }


def test_a_new_row_stands_beside_a_changed_one(ids: list[int]) -> None:
    a, b, _c = ids
    PortfolioRow.objects.filter(customer_id=a).delete()
    whole = {"key": "x", "name": "A", "name_sort": "a", "currency": "USD"}
    assert kept([row(b, key="y", name="B", name_sort="b", currency="USD"), row(a, **whole)]) == [a, b]
    assert [standing()[number][0] for number in ids] == [12_345, 12_345, None]


def test_no_rows_ask_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert keep(PortfolioRow, [], key="customer_id") == []


@pytest.mark.parametrize("few", [keeping.FEW, 1])
def test_it_costs_the_same_queries_for_one_row_and_for_forty(
    organisation: None, now: datetime, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "FEW", few)
    costs = []
    for many in (1, 40):
        numbers = customers(*(f"{many} {number}" for number in range(many)), at=now).values()
        with CaptureQueriesContext(connection) as asked:
            kept([row(number) for number in numbers])
        costs.append(len(asked))
    assert costs[0] == costs[1]


def test_rows_of_several_chunks_are_all_written(ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "CHUNK", 2)
    assert kept([row(number, as_of_on=ON + timedelta(days=number)) for number in reversed(ids)]) == ids
    assert {one.customer_id: one.as_of_on for one in PortfolioRow.objects.all()} == {
        number: ON + timedelta(days=number) for number in ids
    }
