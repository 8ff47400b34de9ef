"""The renewal rate by due day, worked by hand: 2024 as known on 20 December."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from fractions import Fraction

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import customers, keep, line, own

from perennial.contracts.models import Contract
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


def test_nothing_due_is_nothing_known(organisation: None, member: Callable[..., int]) -> None:
    found = told(By.MONTH)
    assert (found.parts, found.whole.due, found.whole.rate.dollar, found.whole.renewed_of_resolved) == (
        [],
        0,
        None,
        None,
    )
