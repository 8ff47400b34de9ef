"""The columns of the ledger as it was reported say what the records say of it, whatever was learned later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import customers, keep, line
from tests.contracts.test_columns import YEAR, lists, plant, random_lines

from perennial.contracts import access, columns, ledger_files, reported
from perennial.contracts.actions import rebuild_movements
from perennial.contracts.models import FormerMovement, LedgerChange, LedgerMark, Line, Movement
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import PolicySwitches, View
from perennial.customers.merging import merge
from perennial.customers.models import PortfolioRow
from perennial.kernel import versions
from perennial.kernel.organisation.models import Organisation
from perennial.kernel.periods import Period
from perennial.members.models import Member
from perennial.reports import retention_by, revenue
from perennial.reports.retention_by import Dimension
from perennial.reports.revenue import Book

pytestmark = pytest.mark.django_db
SPAN = Period(date(2023, 11, 1), date(2025, 2, 1))


def books(csms: list[int], exchange: Exchange, as_of: date) -> list[Book]:
    """The ledger of everybody, of a CSM, of a segment, and of those whose segment nobody knows."""
    found = []
    for member in (None, Member.objects.get(id=csms[0])):
        book = Book(
            rows=Q() if member is None else access.revenue_of(member), exchange=exchange, as_of=as_of,
            switches=PolicySwitches(), lines=Q() if member is None else access.facts_of(member), view=View.REPORTED,
        )  # fmt: skip
        found.append(book)
        admin = Member.objects.get(role="admin")
        found += [retention_by.narrowed(book, admin, {"segment": value}) for value in ("Retail", "")]
    return found


def told(book: Book, *, by_columns: bool) -> list[Any]:
    if not by_columns:
        book.__dict__["entries"] = reported.Entries(reported.as_reported(book.rows, book.lines, as_of=book.as_of).parts,
                                                    book.as_of)  # fmt: skip
    assert book.entries is not None and book.entries.has_columns is by_columns
    return [
        revenue.movements(book, SPAN), revenue.retention(book, YEAR),
        *(retention_by.told(book, YEAR, one) for one in (Dimension.SEGMENT, Dimension.OWNER, Dimension.PRODUCT)),
    ]  # fmt: skip


def agree_on_lists(csms: list[int]) -> None:
    at = Exchange("USD"), date(2024, 8, 17)
    for one, other in list(zip(books(csms, *at), books(csms, *at), strict=True))[::3]:
        told(other, by_columns=False)
        assert lists(one) == lists(other)


def agree(csms: list[int]) -> None:
    for exchange, as_of in (
        (Exchange("USD"), date(2024, 12, 31)), (Exchange("USD", fixed_on=date(2024, 6, 30)), date(2024, 5, 17)),
    ):  # fmt: skip
        for one, other in zip(books(csms, exchange, as_of), books(csms, exchange, as_of), strict=True):
            assert told(one, by_columns=True) == told(other, by_columns=False)


def learn(chance: Random, count: int, on: date, now: datetime) -> None:
    """Some lines turn out to be other than they were said to be."""
    for row in chance.sample(list(Line.objects.current()), count):
        versions.change(Line, row.fact, {"amount": row.amount + chance.randrange(1, 99_999)}, at=now)
    rebuild_movements(on=on)


@pytest.mark.parametrize("seed", range(4))
def test_columns_say_what_was_reported_also_of_what_changed_since(
    member: Callable[..., int], now: datetime, seed: int
) -> None:
    member("admin")
    Organisation.objects.update(books_opened_on=date(2023, 12, 5))
    chance, ids, csms = plant(seed, member, now)
    for table in (Movement, FormerMovement, LedgerMark):  # the books begin anew, a year earlier
        table.objects.all().delete()
    rebuild_movements(on=date(2023, 12, 10))
    for on in (date(2024, 2, 10), date(2024, 2, 20), date(2024, 4, 3), date(2024, 7, 1)):
        learn(chance, 3, on, now)
    merge(customer_id=ids[3], into=ids[4], by=None, at=now)
    rebuild_movements(on=date(2024, 8, 1))
    assert FormerMovement.objects.exists() and Movement.objects.filter(restates=True).exists()
    assert columns.make(at=now, least=1) > 0
    agree(csms)
    keep(random_lines(chance, chance.sample(ids, 2), "b"), at=now, on="2024-09-02")
    merge(customer_id=ids[1], into=ids[2], by=None, at=now)
    learn(chance, 2, date(2024, 10, 9), now)
    PortfolioRow.objects.filter(customer_id=ids[0]).update(segment="Retail", owner_id=csms[0])
    assert LedgerChange.objects.exists()
    agree(csms)
    agree_on_lists(csms)
    assert columns.make(at=now, least=1) > 0
    assert not LedgerChange.objects.exists()
    agree(csms)


def test_nothing_is_kept_twice_where_nothing_was_reported_otherwise(organisation: None, now: datetime) -> None:
    ids = customers("A", at=now)
    keep([line("1", ids["A"], "2024-01-01", None, 100)], at=now, on="2024-01-01")
    assert columns.make(at=now, least=1) == 1
    assert not [*ledger_files.folder().glob("*-reported*")]
    assert reported.as_reported(Q(), Q(), as_of=date(2024, 12, 31)).has_columns


def test_what_was_reported_costs_as_many_queries_for_forty_customers_as_for_one(
    organisation: None, now: datetime
) -> None:
    costs = []
    for count in (1, 40):
        ids = customers(*(f"C{number}" for number in range(count)), at=now)
        keep([line(name, customer, "2024-01-01", None, 100) for name, customer in ids.items()], at=now)
        columns.make(at=now, least=1)
        keep([line("more", ids["C0"], "2024-03-01", None, 100 + count)], at=now)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            book = Book(rows=Q(), exchange=Exchange("USD"), as_of=date(2024, 12, 31), switches=PolicySwitches(),
                        view=View.REPORTED)  # fmt: skip
            revenue.movements(book, SPAN)
            revenue.retention(book, YEAR)
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 14
