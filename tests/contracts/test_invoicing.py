"""Invoices and payments by hand: never more than a step has, told to two editors, taken back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from threading import Barrier, Thread
from time import sleep
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError, connection
from django.db.models import Q
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from tests.contracts.test_collecting import ALL, ON, Place, fact, place, step
from tests.intake.sending import SEEN_BY_ALL_THREADS

from perennial.contracts import collecting, invoicing, paying, undoing
from perennial.contracts.actions import write_receivables
from perennial.contracts.collecting import MatchRefused, Share
from perennial.contracts.invoicing import Bill, InvoiceRefused
from perennial.contracts.models import Invoice, InvoiceLine, Payment, Settlement
from perennial.contracts.paying import PaymentRefused, Receipt
from perennial.contracts.undoing import Overtaken, UndoRefused
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.versions import Incoming

__all__ = ["place"]  # the fixture
SPECIAL = Bill(kind="special", tax_rate="0.06")


def issued(number: str, on: str = "2026-12-01") -> Bill:
    return Bill(kind="special", tax_rate="0.06", number=number, issued_on=date.fromisoformat(on))


def bill(place: Place, said: Bill, /, **parts: int) -> tuple[UUID, int]:
    shares = [Share(fact(name), amount) for name, amount in parts.items()]
    return invoicing.write(said, shares, on=ON, rows=ALL, by=place.by, at=place.at)


def seen(invoice: UUID) -> int:
    return int(Invoice.objects.current().get(fact=invoice).pk)


def undo(place: Place, entry: int) -> bool:
    return undoing.undo(entry, rows=ALL, by=place.by, at=place.at) is not None


def test_an_invoice_is_asked_for_issued_taken_back_in_part_and_the_step_follows(place: Place) -> None:
    made, _entry = bill(place, SPECIAL, a=1000, b=200)
    assert step("a").invoiced(ON) == 0  # asked for is not invoiced
    with pytest.raises(InvoiceRefused, match="not yet invoiced"):
        bill(place, SPECIAL, a=1)
    with pytest.raises(InvoiceRefused, match="before it was asked for"):
        invoicing.issue(made, issued("0001"), seen=seen(made), on=ON, rows=ALL, by=place.by, at=place.at)
    told = issued("0001", "2026-12-24")
    invoicing.issue(made, told, seen=seen(made), on=ON, rows=ALL, by=place.by, at=place.at)
    assert [step(name).invoiced(ON) for name in ("a", "b")] == [1000, 200]
    assert step("a").invoiced(date(2026, 12, 23)) == 0
    red, entry = invoicing.red(made, issued("R1", "2026-12-24"), [Share(fact("a"), 400)], seen=seen(made), on=ON,
                               rows=ALL, by=place.by, at=place.at)  # fmt: skip
    assert (step("a").invoiced(ON), Invoice.objects.current().get(fact=red).amount) == (600, -400)
    assert invoicing.left_of([step("a"), step("b")]) == {fact("a"): 400, fact("b"): 300}
    with pytest.raises(InvoiceRefused, match="left of the invoice"):
        invoicing.red(made, issued("R2", "2026-12-24"), [Share(fact("a"), 601)], seen=seen(made), on=ON, rows=ALL,
                      by=place.by, at=place.at)  # fmt: skip
    with pytest.raises(InvoiceRefused, match="takes this one back"):
        invoicing.void(made, seen=seen(made), rows=ALL, by=place.by, at=place.at)
    assert undo(place, entry)
    assert step("a").invoiced(ON) == 1000
    assert set(JournalEntry.objects.filter(kind="invoice.written").values_list("customer_id", flat=True)) == {place.id}


def test_a_void_invoice_invoices_nothing_and_undo_brings_it_back(place: Place) -> None:
    made, first = bill(place, issued("0001"), a=1000)
    entry = invoicing.void(made, seen=seen(made), rows=ALL, by=place.by, at=place.at)
    assert step("a").invoiced(ON) == 0
    with pytest.raises(UndoRefused, match="changed again"):
        undo(place, first)
    assert undo(place, entry)
    assert step("a").invoiced(ON) == 1000


def test_an_issued_invoice_moves_a_step_that_waited_for_it_to_the_payment_and_undo_moves_it_back(place: Place) -> None:
    values = {"customer_id": place.id, "due_on": date(2026, 12, 30), "amount": 70, "currency": "USD",
              "node": "invoice", "node_since_on": date(2026, 11, 20)}  # fmt: skip
    write_receivables([Incoming("w", values)], source="test", at=place.at)
    _made, entry = bill(place, issued("0001"), w=70)
    assert (step("w").node, step("w").node_since_on) == ("payment", date(2026, 12, 1))
    assert undo(place, entry)
    assert (step("w").node, step("w").invoiced(ON)) == ("invoice", 0)


@pytest.mark.parametrize(
    ("said", "parts", "why"),
    [
        (SPECIAL, {"a": 1001}, "not yet invoiced"),
        (SPECIAL, {"a": -1}, "not yet invoiced"),
        (SPECIAL, {"said": 300, "eur": 70}, "one currency"),
        (SPECIAL, {}, "one step or more"),
        (Bill(kind="paper"), {"a": 1}, "which kind"),
        (Bill(kind="special", tax_rate="6"), {"a": 1}, "tax rate"),
        (issued(" "), {"a": 1}, "has a number"),
        (issued("1", "2026-12-25"), {"a": 1}, "up to today"),
    ],
)
def test_an_invoice_that_cannot_be_is_refused_and_nothing_is_written(
    place: Place, said: Bill, parts: dict[str, int], why: str
) -> None:
    with pytest.raises(InvoiceRefused, match=why):
        bill(place, said, **parts)
    assert not Invoice.objects.exists()
    assert not InvoiceLine.objects.exists()


def test_a_number_is_used_once_and_a_strangers_step_not_at_all(place: Place) -> None:
    bill(place, issued("0001"), a=10)
    with pytest.raises(InvoiceRefused, match="0001 already"):
        bill(place, issued("0001"), b=10)
    with pytest.raises(InvoiceRefused, match="not there"):
        invoicing.write(
            SPECIAL, [Share(fact("a"), 1)], on=ON, rows=Q(customer_id=place.other), by=place.by, at=place.at
        )


def test_of_two_who_change_an_invoice_the_second_is_told(place: Place) -> None:
    made, _entry = bill(place, SPECIAL, a=1000)
    before = seen(made)
    invoicing.void(made, seen=before, rows=ALL, by=place.by, at=place.at)
    with pytest.raises(Overtaken, match="meanwhile"):
        invoicing.issue(made, issued("0001"), seen=before, on=ON, rows=ALL, by=place.by, at=place.at)


def pay(place: Place, **said: Any) -> tuple[UUID, int]:
    values = {"customer_id": place.id, "amount": 700, "currency": "USD", "received_on": date(2026, 12, 1), **said}
    return paying.record(Receipt(**values), on=ON, by=place.by, at=place.at)


def test_a_payment_by_hand_is_matched_and_stays_while_something_stands_on_it(place: Place) -> None:
    made, entry = pay(place, payer="Group", reference="0815")
    made_to = place.match(made, a=600)
    with pytest.raises(UndoRefused, match="matched by now"):
        undo(place, entry)
    collecting.take_back(made_to, rows=ALL, by=place.by, at=place.at)
    assert undo(place, entry)
    assert not Payment.objects.current().exists()
    assert undoing.undo(entry, rows=ALL, by=place.by, at=place.at + timedelta(days=3)) is None


@pytest.mark.parametrize(
    ("said", "why"),
    [({"amount": 0}, "how much"), ({"received_on": date(2026, 12, 25)}, "after today"), ({"reference": "1"}, "known")],
)
def test_a_payment_that_cannot_be_is_refused(place: Place, said: dict[str, Any], why: str) -> None:
    pay(place, reference="1")
    with pytest.raises(PaymentRefused, match=why):
        pay(place, **said)
    assert Payment.objects.count() == 1


@hypothesis(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.sampled_from(["match", "bill", "back", "off"]), st.sampled_from(["a", "b", "red"]),
                                st.integers(-400, 1200)), max_size=12))  # fmt: skip
def test_whatever_is_tried_nothing_is_received_twice_and_no_step_falls_below_zero(
    place: Place, moves: list[tuple[str, str, int]]
) -> None:
    for model in (Settlement, InvoiceLine, Invoice, Payment):
        super(type(model.objects.all()), model.objects.all()).delete()
    paid = {name: place.pay(900 if name != "red" else -250) for name in ("a", "b", "red")}
    for what, name, amount in moves:
        try:
            match what:
                case "match":
                    place.match(paid["red" if amount < 0 else "a"], **{name: amount})
                case "bill":
                    bill(place, SPECIAL, **{name: amount})
                case "off":
                    collecting.write_off(fact(name), amount, "why", on=ON, rows=ALL, by=place.by, at=place.at)
                case _:
                    some = Settlement.objects.current().values_list("fact", flat=True)[:1]
                    collecting.take_back(list(some), rows=ALL, by=place.by, at=place.at)
        except (MatchRefused, InvoiceRefused):
            continue
    for one in Payment.objects.current():
        rest = collecting.rest_of(one)
        assert abs(rest) <= abs(one.amount)
        assert rest == 0 or (rest > 0) == (one.amount > 0)
    for name in ("a", "b", "red"):
        found, sign = step(name), -1 if name == "red" else 1
        came = sum(part.amount for part in (*found.came.received, *found.came.written_off))
        assert 0 <= sign * came <= sign * found.amount
        assert 0 <= sign * invoicing.left_of([found])[found.fact] <= sign * found.amount


@SEEN_BY_ALL_THREADS
def test_two_payments_matched_to_one_step_at_once_settle_it_once(place: Place) -> None:
    payments, begin, said = [place.pay(1000), place.pay(1000)], Barrier(2), list[str]()

    def settle(payment: UUID) -> None:
        begin.wait(timeout=10)
        outcome = ""
        while not outcome:
            try:
                place.match(payment, a=1000)
                outcome = "matched"
            except MatchRefused as refused:
                outcome = str(refused)
            except OperationalError:  # the tests' SQLite lies in memory and answers "locked" where a file waits
                assert connection.vendor == "sqlite"
                sleep(0.01)
        said.append(outcome)
        connection.close()

    threads = [Thread(target=settle, args=(payment,)) for payment in payments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(said)[-1] == "matched"
    assert "more than what is left of the step" in sorted(said)[0]
    assert sum(part.amount for part in step("a").came.received) == 1000


@pytest.mark.parametrize("count", [1, 30])
def test_any_number_of_steps_costs_about_as_many_queries(
    place: Place, django_assert_max_num_queries: Any, now: datetime, count: int
) -> None:
    for number in range(count):
        values = {"customer_id": place.id, "due_on": ON, "amount": 10, "currency": "USD"}
        write_receivables([Incoming(f"n{number}", values)], source="test", at=now)
    with django_assert_max_num_queries(13 + 2 * count):
        bill(place, issued("0001"), **{f"n{number}": 10 for number in range(count)})


def test_a_file_that_brings_an_invoice_recorded_by_hand_goes_on_from_it_and_nothing_is_invoiced_twice(
    place: Place,
) -> None:
    made, entry = bill(place, issued("0001"), a=600)
    known = {"customer_id": place.id, "amount": 600, "currency": "USD", "state": "issued", "number": "0001",
             "issued_on": date(2026, 12, 2)}  # fmt: skip
    for said in (known, {**known, collecting.STEP: "a"}):
        collecting.write_invoices([Incoming("0001", dict(said))], source="test", at=place.at)
        assert (step("a").invoiced(ON), step("a").invoiced_on) == (600, date(2026, 12, 2))
    assert Invoice.objects.current().get().fact == made
    with pytest.raises(UndoRefused):
        undo(place, entry)
    collecting.write_invoices([Incoming("0002", {**known, "number": "0002", "amount": 100, collecting.STEP: "a"})],
                              source="test", at=place.at)  # fmt: skip
    assert step("a").invoiced(ON) == 700
