"""Invoices and payments, what they settle, and that a step says the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db.models import Q
from tests.contracts.books import customers

from perennial.contracts import collecting, queries, receivables
from perennial.contracts.actions import write_contracts, write_receivables
from perennial.contracts.calculations.receipts import Bucket, Part, bucket_of
from perennial.contracts.collecting import MatchRefused, Share
from perennial.contracts.models import Payment, Receivable, Settlement
from perennial.contracts.receivables import Step
from perennial.kernel.periods import Period
from perennial.kernel.versions import Incoming

ALL, ON, SOURCE = Q(), date(2026, 12, 24), "test"
Q4 = Period(date(2026, 10, 1), date(2027, 1, 1))


@dataclass
class Place:
    """A customer with three steps of 1000, 500 and -200 cents, and a contract of its own."""

    id: int
    other: int
    paper: int
    at: datetime
    by: int

    def pay(self, amount: int, on: str = "2026-11-20", **more: Any) -> UUID:
        """Write a payment; return its fact."""
        values = {"customer_id": self.id, "amount": amount, "currency": "USD", "received_on": date.fromisoformat(on)}
        name = f"p{Payment.objects.count()}"
        collecting.write_payments([Incoming(name, {**values, **more})], source=SOURCE, at=self.at)
        return Payment.objects.current().get(external_id=name).fact

    def match(self, payment: UUID, **parts: int) -> list[UUID]:
        """Match parts of a payment to steps by name."""
        shares = [Share(fact(name), amount) for name, amount in parts.items()]
        return collecting.match(payment, shares, payments=ALL, rows=ALL, by=self.by, at=self.at)


def fact(name: str) -> UUID:
    return Receivable.objects.current().get(external_id=name).fact


def step(name: str) -> Step:
    return receivables.of_facts(ALL, [fact(name)])[fact(name)]


@pytest.fixture
def place(organisation: None, now: datetime, member: Any) -> Place:
    ids = customers("A", "B", at=now)
    papers, _ = write_contracts([Incoming("HT-1", {"customer_id": ids["A"]})], source=SOURCE, at=now)
    plan = [("a", "2026-10-01", 1000, {}), ("b", "2026-11-01", 500, {}), ("red", "2026-11-01", -200, {}),
            ("said", "2026-11-05", 300, {"received_on": date(2026, 11, 9)}),
            ("eur", "2026-11-01", 70, {"currency": "EUR"})]  # fmt: skip
    known = {"customer_id": ids["A"], "contract_id": papers["HT-1"], "currency": "USD"}
    rows = [Incoming(key, {**known, "due_on": date.fromisoformat(due), "amount": amount, **more})
            for key, due, amount, more in plan]  # fmt: skip
    write_receivables(rows, source=SOURCE, at=now)
    return Place(ids["A"], ids["B"], papers["HT-1"], now, member("admin"))


def test_one_payment_settles_many_steps_in_part_and_the_rest_is_a_prepayment(place: Place) -> None:
    paid = place.pay(1700)
    place.match(paid, a=1000, b=200)
    assert [step(name).owed(ON) for name in ("a", "b")] == [0, 300]
    assert step("b").came.received == (Part(date(2026, 11, 20), 200),)
    assert step("b").owed(date(2026, 11, 19)) == 500  # it came later
    assert collecting.rest_of(Payment.objects.current().get()) == 500


def test_a_matched_payment_takes_the_place_of_what_the_source_states_and_is_not_counted_twice(place: Place) -> None:
    assert (step("said").owed(ON), step("said").received(ON)) == (0, 300)
    place.match(place.pay(120), said=120)
    assert (step("said").owed(ON), step("said").received(ON)) == (180, 120)
    read = receivables.steps(ALL, received_in=[Q4], due_before=Q4.until, on=ON)
    came = sum(part.amount for one in read for part in one.came.received if part.on in Q4)
    assert came == 120


def test_two_receipts_count_in_the_periods_in_which_each_came(place: Place) -> None:
    place.match(place.pay(600, "2026-09-30"), a=600)
    place.match(place.pay(400, "2026-10-01"), a=400)
    [one] = [s for s in receivables.steps(ALL, received_in=[Q4], due_before=Q4.until, on=ON) if s.fact == fact("a")]
    assert [part for part in one.came.received if part.on in Q4] == [Part(date(2026, 10, 1), 400)]


@pytest.mark.parametrize(
    ("amount", "parts", "why"),
    [
        (1700, {"a": 1001}, "more than what is left of the step"),
        (900, {"a": 800, "b": 101}, "more than what is left of the payment"),
        (900, {"eur": 70}, "another currency"),
        (900, {"a": -5}, "more than what is left of the payment"),
        (900, {"red": 5}, "more than what is left of the step"),
        (900, {}, "one step or more"),
    ],
)
def test_a_match_that_cannot_be_is_refused_and_nothing_is_written(
    place: Place, amount: int, parts: dict[str, int], why: str
) -> None:
    with pytest.raises(MatchRefused, match=why):
        place.match(place.pay(amount), **parts)
    assert not Settlement.objects.exists()


def test_who_may_not_touch_a_step_or_a_payment_cannot_match_it(place: Place) -> None:
    paid, share = place.pay(100), [Share(fact("a"), 100)]
    for payments, rows in ((ALL, Q(customer_id=place.other)), (Q(customer_id=place.other), ALL)):
        with pytest.raises(MatchRefused, match="not there any more"):
            collecting.match(paid, share, payments=payments, rows=rows, by=place.by, at=place.at)
    made = place.match(paid, a=100)
    assert collecting.take_back(made, rows=Q(customer_id=place.other), by=place.by, at=place.at) == 0


def test_undo_brings_back_what_was_owed_and_the_same_match_can_be_made_again(place: Place) -> None:
    paid = place.pay(1000)
    made = place.match(paid, a=1000)
    assert collecting.take_back(made, rows=ALL, by=place.by, at=place.at) == 1
    assert step("a").owed(ON) == 1000
    assert collecting.take_back(made, rows=ALL, by=place.by, at=place.at) == 0
    place.match(paid, a=1000)
    assert step("a").owed(ON) == 0


def test_a_bad_debt_lowers_what_is_owed_from_its_day_and_is_no_receipt(place: Place) -> None:
    with pytest.raises(MatchRefused, match="reason"):
        collecting.write_off(fact("b"), 500, " ", on=ON, rows=ALL, by=place.by, at=place.at)
    with pytest.raises(MatchRefused, match="still owed"):
        collecting.write_off(fact("b"), 501, "insolvent", on=ON, rows=ALL, by=place.by, at=place.at)
    collecting.write_off(fact("b"), 400, "insolvent", on=ON, rows=ALL, by=place.by, at=place.at)
    assert (step("b").owed(ON), step("b").received(ON), step("b").owed(date(2026, 12, 23))) == (100, 0, 500)


def test_standing_and_list_say_the_same_overdue_amount_whatever_settled_it(place: Place) -> None:
    place.match(place.pay(800), a=700, b=100)
    collecting.write_off(fact("b"), 50, "insolvent", on=ON, rows=ALL, by=place.by, at=place.at)
    for days in (None, 60):
        collecting.set_credit_days(place.paper, days, rows=ALL, by=place.by, at=place.at)
        told = [s for s in receivables.open_steps(ALL, ON) if s.currency == "USD" and s.late_days(ON)]
        standing = queries.standing(ON)[place.id]
        assert standing.overdue_amount == sum(s.owed(ON) for s in told)
        assert standing.oldest_overdue_on == min(s.last_day for s in told)
    assert [s.owed(ON) for s in told] == [300]  # b is within its 60 days
    assert told[0].late_days(ON) == 24


def test_an_import_matches_a_payment_to_the_step_that_it_names_once(place: Place) -> None:
    row = {"customer_id": place.id, "amount": 700, "currency": "USD", "received_on": ON, "step_external_id": "b"}
    for _again in range(2):
        collecting.write_payments([Incoming("bank-1", row)], source=SOURCE, at=place.at)
        assert (step("b").received(ON), step("b").owed(ON)) == (500, 0)
    [made] = Settlement.objects.current()
    collecting.take_back([made.fact], rows=ALL, by=place.by, at=place.at)
    collecting.write_payments([Incoming("bank-1", row)], source=SOURCE, at=place.at)
    assert step("b").owed(ON) == 500  # undone by a person: an import does not do it again


def test_invoices_say_what_was_invoiced_and_a_red_one_takes_it_back(place: Place) -> None:
    row = {"customer_id": place.id, "amount": 600, "currency": "USD", "issued_on": date(2026, 10, 2)}
    red = {**row, "amount": -600, "issued_on": date(2026, 12, 1), "red_of_external_id": "I1"}
    asked = {**row, "state": "requested", "issued_on": None, "step_external_id": "b"}
    rows = [Incoming("I1", {**row, "step_external_id": "a"}), Incoming("I3", asked)]
    for _again in range(2):
        collecting.write_invoices(rows, source=SOURCE, at=place.at)
        collecting.write_invoices([Incoming("I2", red)], source=SOURCE, at=place.at)
    a = step("a")
    assert [a.invoiced(day) for day in (date(2026, 10, 1), date(2026, 10, 2), date(2026, 11, 30), ON)] == [
        0,
        600,
        600,
        0,
    ]
    assert (a.invoiced_on, step("b").invoiced(ON)) == (date(2026, 10, 2), 0)


@pytest.mark.parametrize(
    ("days", "bucket"),
    [(0, Bucket.NOT_DUE), (1, Bucket.TO_30), (30, Bucket.TO_30), (31, Bucket.TO_60), (60, Bucket.TO_60),
     (61, Bucket.TO_90), (90, Bucket.TO_90), (91, Bucket.OVER_90)],
)  # fmt: skip
def test_buckets_have_no_gap_and_no_overlap(days: int, bucket: Bucket) -> None:
    assert bucket_of(days) is bucket
