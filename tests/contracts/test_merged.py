"""The ledger of merged customers is one, and two again when they are parted."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest
from django.db.models import Q
from tests.contracts.books import SOURCE, customers, keep, line

from perennial.contracts import ledger, queries, receivables
from perennial.contracts.actions import rebuild_movements, write_cancellations, write_receivables
from perennial.contracts.models import Cancellation, Contract, LedgerMark, Line, Movement, Receivable
from perennial.contracts.rates import Exchange
from perennial.customers.merging import merge, part
from perennial.kernel.periods import Period
from perennial.kernel.versions import Incoming

pytestmark = pytest.mark.django_db
ON = date(2024, 12, 31)


def told() -> list[tuple[int, str, str, Fraction]]:
    rows = Movement.objects.order_by("on", "customer_id", "kind")
    return [(one.customer_id, one.on.isoformat(), one.kind, Fraction(one.numerator, one.denominator)) for one in rows]


@pytest.fixture
def ids(organisation: None, now: datetime) -> dict[str, int]:
    """A pays 100.00 from January and leaves in July, B 50.00 from March on; both buy seats."""
    ids = customers("A", "B", "C", at=now)
    keep(
        [
            line("a", ids["A"], "2024-01-01", "2024-07-01", 100_00, quantity=10),
            line("b", ids["B"], "2024-03-01", None, 50_00, quantity=5),
        ],
        at=now,
    )
    return ids


def test_movements_belong_to_the_one_that_remains_and_are_those_of_one_life(ids: dict[str, int], now: datetime) -> None:
    a, b = ids["A"], ids["B"]
    apart = told()
    assert apart == [
        (a, "2024-01-01", "new", Fraction(100_00)),
        (b, "2024-03-01", "new", Fraction(50_00)),
        (a, "2024-07-01", "churn", Fraction(-100_00)),
    ]
    merge(customer_id=a, into=b, by=None, at=now)
    assert rebuild_movements(on=ON) == 3
    assert told() == [
        (b, "2024-01-01", "new", Fraction(100_00)),
        (b, "2024-03-01", "expansion", Fraction(50_00)),
        (b, "2024-07-01", "contraction", Fraction(-100_00)),
    ]
    assert list(LedgerMark.objects.values_list("customer_id", flat=True)) == [b]
    assert rebuild_movements(on=ON) == 0
    part(customer_id=a, by=None, at=now)
    assert rebuild_movements(on=ON) == 3
    assert told() == apart


def test_nobody_is_lost_who_was_merged_and_the_year_adds_up_either_way(ids: dict[str, int], now: datetime) -> None:
    year = Period(date(2024, 1, 1), date(2025, 1, 1))
    apart = ledger.movement_rows(year, Q(), Exchange("USD"), as_of=ON)
    merge(customer_id=ids["A"], into=ids["B"], by=None, at=now)
    rebuild_movements(on=ON)
    one = ledger.movement_rows(year, Q(), Exchange("USD"), as_of=ON)
    assert [row.closing for row in one] == [row.closing for row in apart]
    assert [row.customers for row in apart] == [1, 1, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1]
    assert [row.customers for row in one] == [1] * 12


def test_how_the_one_that_remains_stands_is_what_both_hold(ids: dict[str, int], now: datetime) -> None:
    a, b = ids["A"], ids["B"]
    step = {"due_on": date(2024, 5, 1), "amount": 30_00, "currency": "USD"}
    write_receivables([Incoming("r", {"customer_id": a, **step})], source=SOURCE, at=now)
    merge(customer_id=a, into=b, by=None, at=now)
    rebuild_movements(on=ON)
    june = queries.standing(date(2024, 6, 1))
    assert june.keys() == {b}
    assert (june[b].mrr, june[b].seats, june[b].live_since_on) == (Fraction(150_00), 15, date(2024, 1, 1))
    assert (june[b].overdue_amount, june[b].oldest_overdue_on) == (30_00, date(2024, 5, 1))
    for asked in (a, b):
        assert queries.standing(date(2024, 6, 1), [asked]) == june
    assert queries.seat_periods()[b] == [
        (date(2024, 1, 1), date(2024, 3, 1), 10), (date(2024, 3, 1), date(2024, 7, 1), 15), (date(2024, 7, 1), None, 5),
    ]  # fmt: skip
    assert sorted(one.starts_on for one in queries.product_lines()[b]) == [date(2024, 1, 1), date(2024, 3, 1)]
    assert {one.line.external_id for one in queries.lines_of(b, on=ON)} == {"a", "b"}
    assert {one.external_id for one in queries.contracts_of(b)} == {"a", "b"}
    assert [one.due_on for one in receivables.of_customer(b)] == [date(2024, 5, 1)]


def test_a_transfer_between_the_two_is_none_once_they_are_one(organisation: None, now: datetime) -> None:
    ids = customers("A", "B", at=now)
    keep(
        [
            line("1", ids["A"], "2024-01-01", "2024-07-01", 100_00),
            line("2", ids["B"], "2024-07-01", None, 120_00, renewal_of_external_id="1"),
        ],
        at=now,
    )
    assert [kind for _who, _on, kind, _amount in told()] == ["new", "transfer", "expansion", "transfer"]
    merge(customer_id=ids["A"], into=ids["B"], by=None, at=now)
    rebuild_movements(on=ON)
    assert [(kind, amount) for _who, _on, kind, amount in told()][1:] == [("expansion", Fraction(20_00))]


def test_what_the_source_goes_on_telling_of_a_merged_customer_stays_its_own(ids: dict[str, int], now: datetime) -> None:
    a, b = ids["A"], ids["B"]
    gave = {"cancelled_on": date(2024, 5, 1), "reason": "price"}
    due = {"due_on": date(2024, 5, 1), "amount": 30_00, "currency": "USD"}
    write_cancellations([Incoming("x", {"customer_id": a, **gave})], source=SOURCE, at=now)
    write_receivables([Incoming("r", {"customer_id": a, **due})], source=SOURCE, at=now)
    merge(customer_id=a, into=b, by=None, at=now)
    later = now + timedelta(days=1)  # an import finds the merged customer's id at the one that remains
    again = [line("a", b, "2024-01-01", "2024-07-01", 100_00, quantity=10)]
    assert keep(again, at=later).same == 1
    assert write_cancellations([Incoming("x", {"customer_id": b, **gave})], source=SOURCE, at=later).same == 1
    assert write_receivables([Incoming("r", {"customer_id": b, **due})], source=SOURCE, at=later).same == 1
    assert Contract.objects.get(external_id="a").customer_id == a
    assert Line.objects.get(external_id="a").customer_id == a
    assert {Cancellation.objects.get().customer_id, Receivable.objects.get().customer_id} == {a}
    moved = [line("a", ids["C"], "2024-01-01", "2024-07-01", 100_00, quantity=10)]
    assert keep(moved, at=later).changed == 1  # to somebody else it is a change
