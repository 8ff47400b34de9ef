"""Retention told apart: whatever it is told apart by, the parts are the whole, to the last cent and customer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import customers, keep, line, own

from perennial.contracts.access import revenue_of
from perennial.contracts.calculations.retention import wilson_interval
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import PolicySwitches
from perennial.customers.models import PortfolioRow
from perennial.kernel.periods import Period
from perennial.members.models import Member
from perennial.reports import retention_by, revenue, revenue_behind
from perennial.reports.retention_by import Dimension
from perennial.reports.revenue import Book
from perennial.reports.revenue_figures import FIGURES, RATES

BOOK = Book(rows=Q(), exchange=Exchange("USD"), as_of=date(2024, 12, 31), switches=PolicySwitches())
YEAR = Period(date(2023, 12, 31), date(2024, 12, 31))
VALUES: dict[str, list[Any]] = {
    "tier": ["enterprise", "smb", None], "segment": ["Bank", "Retail", ""], "region": ["华东", None],
    "country": ["CN", "DE"], "industry": ["A", "B", "C", None],
}  # fmt: skip


def plant(seed: int, member: Callable[..., int], now: datetime, count: int = 24) -> None:
    """Customers with random lines of three products and random facts; every amount falls between two cents."""
    chance, csms = Random(seed), [member("csm"), member("csm"), None]
    ids = customers(*(f"C{number:03}" for number in range(count)), at=now)
    lines = []
    for number, customer_id in enumerate(ids.values()):
        own(customer_id, chance.choice(csms), now)
        facts = {column: chance.choice(values) for column, values in VALUES.items()}
        PortfolioRow.objects.filter(customer_id=customer_id).update(**facts)
        for part in range(chance.randrange(1, 4)):
            since = date(2023, 3, 1) + timedelta(days=chance.randrange(500))
            until = since + timedelta(days=chance.randrange(60, 700)) if chance.random() < 0.5 else None
            lines.append(line(f"{number}-{part}", customer_id, since.isoformat(), until and until.isoformat(),
                              chance.randrange(1, 99_999), product=chance.choice(["core", "plus", "more"]),
                              amount_months=7))  # fmt: skip
    keep(lines, at=now)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("dimension", list(Dimension))
def test_the_parts_are_the_whole_exactly_and_as_printed(
    member: Callable[..., int], now: datetime, seed: int, dimension: Dimension
) -> None:
    plant(seed, member, now)
    found, whole = retention_by.told(BOOK, YEAR, dimension), revenue.retention(BOOK, YEAR)
    assert found.whole.found == whole
    assert len(found.parts) > 1
    everything = [*found.parts, *([found.between] if found.between else [])]
    for name in ("opening", "kept", "closing"):
        assert sum(getattr(part.found, name) for part in everything) == getattr(whole, name)
        assert sum(getattr(part, name) for part in everything) == getattr(found.whole, name)
    for part in found.parts:
        assert part.found.logo_interval == wilson_interval(part.found.customers_kept, part.found.customers)
        assert part.found.gross is not None and part.found.gross <= min(part.found.net or 0, 1)
    if dimension is not Dimension.PRODUCT:
        assert found.between is None
        assert sum(part.found.customers for part in found.parts) == whole.customers
        assert sum(part.found.customers_kept for part in found.parts) == whole.customers_kept


@pytest.mark.parametrize("dimension", [Dimension.SEGMENT, Dimension.OWNER, Dimension.PRODUCT])
def test_the_customers_behind_a_parts_rate_add_up_to_the_part(
    member: Callable[..., int], now: datetime, dimension: Dimension
) -> None:
    plant(7, member, now)
    found = retention_by.told(BOOK, YEAR, dimension)
    for part in found.parts:
        for figure in RATES:
            listed = retention_by.behind(BOOK, figure, YEAR, found, part).first()
            held = part.kept if figure.key == "grr" else part.closing
            assert sum(one.opening or 0 for one in listed) == part.opening
            assert sum(one.closing or 0 for one in listed) == held
            assert sum(one.amount for one in listed) == held - part.opening
            assert len(listed) == part.found.customers


def test_a_product_that_gave_way_to_another_is_told_beside_the_products(organisation: None, now: datetime) -> None:
    ids = customers("A", "B", at=now)
    keep(
        [
            line("1", ids["A"], "2023-01-01", "2024-06-01", 100_00, product="core"),
            line("2", ids["A"], "2024-06-01", None, 130_00, product="plus"),
            line("3", ids["B"], "2023-01-01", None, 50_00, product="plus"),
        ],
        at=now,
    )
    found = retention_by.told(BOOK, YEAR, Dimension.PRODUCT)
    assert [(part.label, part.opening, part.kept, part.closing) for part in found.parts] == [
        ("core", 100_00, 0, 0),
        ("plus", 50_00, 50_00, 50_00),
    ]
    assert found.between is not None
    assert (found.between.opening, found.between.kept, found.between.closing) == (0, 100_00, 130_00)
    assert (found.whole.found.gross, found.whole.found.net) == (1, Fraction(180, 150))


def test_parts_stand_by_their_opening_with_the_unknown_last(organisation: None, now: datetime) -> None:
    ids = customers("A", "B", "C", at=now)
    keep([line(name, ids[name], "2023-01-01", None, amount) for name, amount in
          (("A", 10_00), ("B", 20_00), ("C", 90_00))], at=now)  # fmt: skip
    for name, segment in (("A", "Bank"), ("B", "Retail"), ("C", None)):
        own(ids[name], None, now)
        PortfolioRow.objects.filter(customer_id=ids[name]).update(segment=segment)
    found = retention_by.told(BOOK, YEAR, Dimension.SEGMENT)
    assert [(part.value, part.label, part.outside) for part in found.parts] == [
        ("Retail", "Retail", "Retail"), ("Bank", "Bank", "Bank"), ("", "", None),
    ]  # fmt: skip
    assert retention_by.part_of(found, "Insurance") is None


def test_a_csm_sees_the_parts_of_the_own_book_only(member: Callable[..., int], now: datetime) -> None:
    mine = member("csm", name="Ann")
    ids = customers("A", "B", at=now)
    own(ids["A"], mine, now)
    own(ids["B"], member("csm"), now)
    keep([line(name, ids[name], "2023-01-01", None, 10_00) for name in ids], at=now)
    book = Book(rows=revenue_of(Member.objects.get(id=mine)), exchange=Exchange("USD"), as_of=BOOK.as_of,
                switches=PolicySwitches())  # fmt: skip
    [part] = retention_by.told(book, YEAR, Dimension.OWNER).parts
    assert (part.label, part.outside, part.found.customers) == ("Ann", "csm1@example.com", 1)


@pytest.mark.parametrize(("dimension", "most"), [(Dimension.TIER, 3), (Dimension.OWNER, 4), (Dimension.PRODUCT, 6)])
def test_forty_customers_cost_as_many_queries_as_one(
    member: Callable[..., int], now: datetime, dimension: Dimension, most: int
) -> None:
    costs = []
    for count in (1, 40):
        plant(3, member, now, count)
        with CaptureQueriesContext(connection) as asked:
            retention_by.told(BOOK, YEAR, dimension)
        costs.append(len(asked))
    assert costs == [most, most]


def test_what_is_under_terms_and_what_never_comes_due_are_the_mrr(organisation: None, now: datetime) -> None:
    ids = customers("A", "B", at=now)
    keep(
        [
            line("1", ids["A"], "2024-03-01", "2025-03-01", 100_00),
            line("2", ids["A"], "2024-03-01", None, 10_00),
            line("3", ids["B"], "2024-03-05", "2025-02-20", 7_00),
            line("4", ids["B"], "2024-03-01", "2024-12-01", 900_00),
        ],
        at=now,
    )
    month = Period(date(2024, 12, 1), date(2025, 1, 1))
    sums = {key: sum(one.amount for one in revenue_behind.behind(BOOK, FIGURES[key], month).first()) for key in FIGURES
            if key in {"terms", "open_ended", "closing"}}  # fmt: skip
    assert sums == {"terms": 100_00, "open_ended": 17_00, "closing": 117_00}
    assert [one.customer.name for one in revenue_behind.behind(BOOK, FIGURES["open_ended"], month).first()] == [
        "A",
        "B",
    ]
