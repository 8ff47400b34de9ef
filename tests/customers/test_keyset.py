"""Pages one after the other, both ways, are the whole list in its order: NULLs last, ties by number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perennial.customers import keyset, queries
from perennial.customers.models import Customer, PortfolioRow
from perennial.customers.terms import ListError

DAY = date(2026, 3, 2)
SORTS = ("arr", "score", "next_renewal_on", "name")


def _portfolio(values: list[tuple[int | None, float | None, int | None, str]], at: datetime) -> None:
    PortfolioRow.objects.all().delete()
    Customer.objects.all().delete()
    customers = Customer.objects.bulk_create(
        [Customer(name=name, name_sort=name, learned_at=at) for _a, _s, _d, name in values]
    )
    PortfolioRow.objects.bulk_create(
        PortfolioRow(customer=c, key=c.key, name=name, name_sort=name, currency="USD", arr=arr, score=score,
                     next_renewal_on=None if days is None else DAY + timedelta(days=days), as_of_on=DAY, updated_at=at)
        for c, (arr, score, days, name) in zip(customers, values, strict=True)
    )  # fmt: skip


def _plain(sort: str) -> list[int]:
    column, down = queries.sort_of(sort)
    rows = list(PortfolioRow.objects.all())
    known = sorted((r for r in rows if getattr(r, column) is not None), reverse=down,
                   key=lambda r: (getattr(r, column), r.customer_id))  # fmt: skip
    unknown = sorted((r.customer_id for r in rows if getattr(r, column) is None), reverse=down)
    return [r.customer_id for r in known] + unknown


def _forward(sort: str, size: int) -> tuple[list[int], queries.Page]:
    seen: list[int] = []
    page = queries.page(PortfolioRow.objects.all(), sort=sort, size=size)
    while True:
        seen += [r.customer_id for r in page.rows]
        if page.after is None:
            return seen, page
        page = queries.page(PortfolioRow.objects.all(), sort=sort, mark=page.after, size=size)


def _backward(sort: str, size: int, page: queries.Page) -> list[int]:
    seen: list[int] = [r.customer_id for r in page.rows]
    while page.before is not None:
        page = queries.page(PortfolioRow.objects.all(), sort=sort, mark=page.before, size=size)
        seen = [r.customer_id for r in page.rows] + seen
    return seen


ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-3, 3),
        st.none() | st.sampled_from([0.0, 33.3, 1 / 3]),
        st.none() | st.integers(-2, 2),
        st.sampled_from(["a", "b", "bb"]),
    ),
    max_size=12,
)


@pytest.mark.parametrize("walk", [2, 4000])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=ROWS, key=st.sampled_from(SORTS), down=st.booleans(), size=st.integers(1, 5))
def test_pages_forward_and_backward_are_the_sorted_list(
    db: None, now: datetime, monkeypatch: Any, walk: int, values: Any, key: str, down: bool, size: int
) -> None:
    monkeypatch.setattr(keyset, "WALK", walk)
    _portfolio(values, now)
    sort = f"-{key}" if down else key
    seen, last = _forward(sort, size)
    assert seen == _plain(sort)
    assert _backward(sort, size, last) == seen


@pytest.mark.parametrize("size", [1, 40])
def test_a_page_costs_the_same_queries_at_1_and_at_40_rows(
    db: None, now: datetime, size: int, django_assert_max_num_queries: Any
) -> None:
    _portfolio([(n, None, None, "a") for n in range(size)], now)
    with django_assert_max_num_queries(3):
        assert len(queries.page(PortfolioRow.objects.all(), sort="-arr").rows) == size


@pytest.mark.parametrize(
    "mark", ["x", "WzFd", "bnVsbA", "WyJhZnRlciIsImFiYyIsMV0", "WyJhZnRlciIsTmFOLDFd", "WyJhZnRlciIsW10sMV0",
             "WyJhZnRlciIsMSwxLjVd", "WyJhZnRlciIsMWU5OSwxXQ", "é"]
)  # fmt: skip
def test_a_damaged_mark_is_refused_by_name(db: None, mark: str) -> None:
    with pytest.raises(ListError):
        queries.page(PortfolioRow.objects.all(), sort="-arr", mark=mark)


def test_the_list_cannot_be_sorted_by_what_has_no_index(member: Callable[..., int]) -> None:
    for sort in ("tags", "-no_such_field", "-", ""):
        with pytest.raises(ListError):
            queries.page(PortfolioRow.objects.all(), sort=sort)
