"""One payment told twice: the later one waits, counts nowhere, and is decided upon by a member."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models import Q
from tests.contracts.books import customers

from perennial.contracts import collecting, doubles, paying, receivables, undoing
from perennial.contracts.actions import write_receivables
from perennial.contracts.calculations.doubles import Seen, is_alike, pairs
from perennial.contracts.collecting import MatchRefused, Share
from perennial.contracts.doubles import DoubtError
from perennial.contracts.models import Payment, PaymentDoubt, Receivable, Settlement
from perennial.contracts.paying import Receipt
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.versions import Incoming

ON = date(2026, 12, 23)
ALL = Q()
ONE = Seen(uuid.uuid4(), "hand", 7, frozenset({"acme"}), 100, "USD", ON, "t1")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"reference": ""}, True),
        ({"reference": "", "on": ON + timedelta(days=5)}, True),
        ({"reference": "", "on": ON + timedelta(days=6)}, False),
        ({"customer_id": 8, "names": frozenset({"beta"})}, True),  # the bank's reference is the same
        ({"customer_id": 8, "names": frozenset({"beta"}), "reference": "t2"}, False),
        ({"customer_id": None, "reference": ""}, True),  # the payer's name is
        ({"customer_id": None, "names": frozenset(), "reference": ""}, False),
        ({"on": ON - timedelta(days=30)}, True),
        ({"on": ON - timedelta(days=31)}, False),
        ({"amount": 101}, False),
        ({"currency": "EUR"}, False),
    ],
)
def test_what_makes_two_payments_probably_one(changed: dict[str, Any], expected: bool) -> None:
    other = replace(ONE, fact=uuid.uuid4(), **changed)
    assert is_alike(ONE, other) is is_alike(other, ONE) is expected


def test_each_source_tells_a_payment_once_and_the_nearest_is_meant() -> None:
    known = [ONE, replace(ONE, fact=uuid.uuid4(), on=ON - timedelta(days=2))]
    fresh = [replace(ONE, fact=uuid.uuid4(), source="bank", on=ON - timedelta(days=days)) for days in (0, 2, 3)]
    found = pairs(fresh, known)
    assert found == {fresh[0].fact: known[0].fact, fresh[1].fact: known[1].fact}
    assert pairs(fresh, known, [(known[0].fact, "bank"), (known[1].fact, "other")]).keys() <= {
        one.fact for one in fresh
    }
    assert set(pairs(fresh, known, [(known[0].fact, "bank")]).values()) == {known[1].fact}


@pytest.fixture
def place(organisation: None, now: datetime, member: Callable[..., int]) -> dict[str, Any]:
    ids = customers("Acme", "Beta", at=now)
    step = {"customer_id": ids["Acme"], "due_on": ON, "amount": 1000, "currency": "USD"}
    write_receivables([Incoming("a", step)], source="bank", at=now)
    return {"id": ids["Acme"], "other": ids["Beta"], "by": member("admin"), "at": now}


def by_hand(place: dict[str, Any], on: date = ON, **more: Any) -> tuple[UUID, int]:
    told = {"customer_id": place["id"], "amount": 1000, "currency": "USD", "received_on": on, **more}
    return paying.record(Receipt(**told), on=ON, by=place["by"], at=place["at"])


def by_bank(place: dict[str, Any], name: str = "p", **more: Any) -> UUID:
    row = {"customer_id": place["id"], "amount": 1000, "currency": "USD", "received_on": ON, "step_external_id": "a"}
    collecting.write_payments([Incoming(name, {**row, **more})], source="bank", at=place["at"])
    return Payment.objects.current().get(external_id=name).fact


def step() -> receivables.Step:
    fact = Receivable.objects.current().get(external_id="a").fact
    return receivables.of_facts(ALL, [fact])[fact]


def say(place: dict[str, Any], payment: UUID, is_same: bool | None) -> bool:
    return doubles.decide(payment, is_same=is_same, rows=ALL, by=place["by"], at=place["at"])


def test_what_the_bank_tells_again_waits_and_is_matched_to_nothing(place: dict[str, Any]) -> None:
    hand, _entry = by_hand(place, ON - timedelta(days=3))
    bank = by_bank(place)
    assert PaymentDoubt.objects.get(payment=bank).other == hand
    assert doubles.held_among([hand, bank]) == {bank}
    assert not Settlement.objects.exists(), "the step that the file names waits too"
    with pytest.raises(MatchRefused, match="probably known"):
        collecting.match(bank, [Share(step().fact, 1000)], payments=ALL, rows=ALL, by=place["by"], at=place["at"])
    by_bank(place)
    assert PaymentDoubt.objects.count() == 1, "a file that repeats itself asks once"
    collecting.match(hand, [Share(step().fact, 1000)], payments=ALL, rows=ALL, by=place["by"], at=place["at"])
    assert step().received(ON) == 1000


def test_one_payment_counts_once_and_two_count_both_and_either_is_taken_back(place: dict[str, Any]) -> None:
    by_hand(place)
    bank = by_bank(place)
    assert say(place, bank, True) and not say(place, bank, True)
    assert doubles.held_among([bank]) == {bank}
    assert say(place, bank, None) and doubles.held_among([bank]) == {bank}
    assert say(place, bank, False) and doubles.held_among([bank]) == set()
    collecting.match(bank, [Share(step().fact, 400)], payments=ALL, rows=ALL, by=place["by"], at=place["at"])
    for word in (True, None):
        with pytest.raises(DoubtError, match="matches back first"):
            say(place, bank, word)
    told = [entry.data["same"] for entry in JournalEntry.objects.filter(kind="payment.compared").order_by("id")]
    assert told == [True, None, False]
    assert not say(place, uuid.uuid4(), True)


def test_a_member_writes_down_what_the_bank_told_already(place: dict[str, Any]) -> None:
    bank = by_bank(place)
    hand, entry = by_hand(place)
    assert PaymentDoubt.objects.get(payment=hand).other == bank
    assert step().received(ON) == 1000, "the bank's is matched as before"
    assert undoing.undo(entry, rows=ALL, by=place["by"], at=place["at"]) is not None
    assert doubles.held_among([hand, bank]) == set()


def test_where_the_known_one_is_gone_the_other_counts(place: dict[str, Any]) -> None:
    _hand, entry = by_hand(place)
    bank = by_bank(place)
    undoing.undo(entry, rows=ALL, by=place["by"], at=place["at"])
    assert doubles.held_among([bank]) == set()
    assert doubles.doubts_of([bank]) == {}


def test_two_payments_of_one_file_are_two_and_one_of_them_may_be_the_known_one(place: dict[str, Any]) -> None:
    by_hand(place)
    row = {"customer_id": place["id"], "amount": 1000, "currency": "USD", "received_on": ON}
    collecting.write_payments([Incoming("x", row), Incoming("y", row)], source="bank", at=place["at"])
    assert PaymentDoubt.objects.count() == 1
    by_bank(place, "z", customer_id=place["other"], step_external_id="")
    assert PaymentDoubt.objects.count() == 1, "another customer's payment of the day"


@pytest.mark.parametrize("count", [1, 40])
def test_looking_costs_the_same_queries_for_one_payment_and_for_forty(
    place: dict[str, Any], count: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(count):
        by_hand(place, amount=5000 + number)
    rows = [Incoming(f"p{number}", {"customer_id": place["id"], "amount": 5000 + number, "currency": "USD",
                                    "received_on": ON}) for number in range(count)]  # fmt: skip
    with django_assert_max_num_queries(20):
        collecting.write_payments(rows, source="bank", at=place["at"])
    assert PaymentDoubt.objects.count() == count
