"""Writes of contracts: idempotent, exact, and both sides of a transfer at once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.books import SOURCE, customers, keep, line

from perennial.contracts import facts
from perennial.contracts.actions import (
    LineRefused,
    TooFine,
    check_line,
    rebuild_movements,
    write_cancellations,
    write_contracts,
    write_lines,
    write_products,
    write_receivables,
)
from perennial.contracts.models import Cancellation, Contract, Line, Movement, Product, Receivable
from perennial.contracts.terms import BillingStatus, LineKind
from perennial.kernel.organisation.models import Organisation
from perennial.kernel.versions import Counted, Incoming

pytestmark = pytest.mark.django_db
ON = date(2024, 12, 31)


def told() -> list[tuple[int, str, str, Fraction]]:
    rows = Movement.objects.order_by("on", "customer_id", "id")
    return [(one.customer_id, one.on.isoformat(), one.kind, Fraction(one.numerator, one.denominator)) for one in rows]


def counts(counted: Counted) -> tuple[int, int, int]:
    return counted.new, counted.changed, counted.same


def test_products_are_made_once_by_code(organisation: None) -> None:
    first = write_products({"pro": "Pro", "basic": ""})
    assert write_products({"pro": "Professional", "plus": "Plus"})["pro"] == first["pro"]
    assert sorted(Product.objects.values_list("code", "name")) == [("basic", "basic"), ("plus", "Plus"), ("pro", "Pro")]


def test_contracts_find_their_framework_whichever_comes_first_and_a_second_time_change_nothing(
    organisation: None, now: datetime
) -> None:
    ids = customers("A", at=now)
    rows = [
        Incoming("order", {"customer_id": ids["A"], "kind": "order", "framework_external_id": "frame"}),
        Incoming("frame", {"customer_id": ids["A"], "kind": "framework", "number": "F-1"}),
        Incoming("lost", {"customer_id": ids["A"], "kind": "order", "framework_external_id": "nowhere"}),
    ]
    papers, counted = write_contracts(rows, source=SOURCE, at=now)
    assert counts(counted) == (3, 0, 0)
    assert Contract.objects.get(id=papers["order"]).framework_id == papers["frame"]
    assert Contract.objects.get(id=papers["lost"]).framework_id is None
    again, counted = write_contracts(rows, source=SOURCE, at=now)
    assert (again, counts(counted)) == (papers, (0, 0, 3))
    other = [Incoming("frame", {"customer_id": ids["A"], "number": "F-2"})]
    assert counts(write_contracts(other, source=SOURCE, at=now)[1]) == (0, 1, 0)
    assert Contract.objects.get(id=papers["frame"]).number == "F-2"


def test_the_same_lines_twice_change_nothing_and_other_values_make_the_next_version(
    organisation: None, now: datetime
) -> None:
    ids = customers("A", at=now)
    assert counts(keep([line("1", ids["A"], "2024-01-01", None, 100_00)], at=now)) == (1, 0, 0)
    before = told()
    assert counts(keep([line("1", ids["A"], "2024-01-01", None, 100_00)], at=now)) == (0, 0, 1)
    assert told() == before == [(ids["A"], "2024-01-01", "new", Fraction(100_00))]
    assert counts(keep([line("1", ids["A"], "2024-01-01", None, 150_00)], at=now + timedelta(1))) == (0, 1, 0)
    assert Line.objects.count() == 2
    assert told() == [(ids["A"], "2024-01-01", "new", Fraction(150_00))]


def test_a_line_follows_another_of_the_same_batch_and_both_customers_of_a_transfer_are_rebuilt(
    organisation: None, now: datetime
) -> None:
    ids = customers("A", "B", at=now)
    keep(
        [
            line("2", ids["B"], "2024-07-01", None, 120_00, renewal_of_external_id="1"),
            line("1", ids["A"], "2024-01-01", "2024-07-01", 100_00),
        ],
        at=now,
    )
    whole = told()
    assert whole == [
        (ids["A"], "2024-01-01", "new", Fraction(100_00)),
        (ids["A"], "2024-07-01", "transfer", Fraction(-100_00)),
        (ids["B"], "2024-07-01", "expansion", Fraction(20_00)),
        (ids["B"], "2024-07-01", "transfer", Fraction(100_00)),
    ]
    for alone in ("A", "B"):
        Movement.objects.all().delete()
        assert rebuild_movements([ids[alone]], on=ON) == 4
        assert told() == whole


def test_a_movement_names_the_lines_behind_it_and_what_else_is_true_of_it(organisation: None, now: datetime) -> None:
    ids = customers("A", at=now)
    keep(
        [
            line("1", ids["A"], "2024-01-01", None, 100_00, product="core"),
            line("2", ids["A"], "2024-03-01", None, 50_00, product="plus"),
        ],
        at=now,
    )
    added = Movement.objects.get(on=date(2024, 3, 1))
    assert added.line_facts == [str(Line.objects.get(external_id="2").fact)]
    assert (added.kind, added.tags) == ("expansion", ["cross_sell"])


def test_the_organisation_settings_decide_how_a_return_is_booked(organisation: None, now: datetime) -> None:
    ids = customers("A", at=now)
    lines = [line("1", ids["A"], "2024-01-01", "2024-03-01", 100_00), line("2", ids["A"], "2024-05-01", None, 100_00)]
    keep(lines, at=now)
    assert [kind for _, _, kind, _ in told()] == ["new", "churn", "reactivation"]
    Organisation.objects.update(policy_switches={"reactivation_as_new": True})
    rebuild_movements(on=ON)
    assert [kind for _, _, kind, _ in told()] == ["new", "churn", "new"]


def test_a_setting_that_no_switch_knows_is_named(organisation: None) -> None:
    with pytest.raises(ValueError, match="sometimes"):
        facts.switches_of({"churn_day": "sometimes"})


def test_an_open_pause_is_churn_once_the_day_is_too_far(organisation: None, now: datetime) -> None:
    ids = customers("A", at=now)
    paused = line("1", ids["A"], "2024-01-01", None, 100_00, pauses=[["2024-06-01", None]])
    keep([paused], at=now, on="2024-07-01")
    assert told()[-1][2] == "pause"
    rebuild_movements(on=date(2024, 12, 1))
    assert told()[-1][2] == "churn"


def test_an_amount_too_fine_for_a_column_is_named_and_changes_nothing(organisation: None, now: datetime) -> None:
    ids = customers("A", at=now)
    keep([line("1", ids["A"], "2024-01-01", None, 100_00)], at=now)
    before = told()
    finest = line("1", ids["A"], "2024-01-01", None, 2**62, tax_rate="0.123456789", amount_includes_tax=True)
    with pytest.raises(TooFine, match="2024-01-01"):
        keep([finest], at=now)
    assert told() == before


def cancellation(key: str, customer_id: int, on: str, line_key: str | None, **more: Any) -> Incoming:
    return Incoming(key, {"customer_id": customer_id, "cancelled_on": date.fromisoformat(on),
                          "line_external_id": line_key, **more})  # fmt: skip


def test_a_cancellation_that_names_a_line_ends_it_and_one_that_names_none_ends_nothing(
    organisation: None, now: datetime
) -> None:
    ids = customers("A", "B", at=now)
    lines = [line("1", ids["A"], "2024-01-01", None, 100_00), line("2", ids["B"], "2024-01-01", None, 100_00)]
    keep(lines, at=now)
    rows = [
        cancellation("x", ids["A"], "2024-06-10", "1", effective_on=date(2024, 8, 1), reason="price"),
        cancellation("y", ids["B"], "2024-06-10", None, reason="price"),
        cancellation("z", ids["B"], "2024-06-11", "unknown"),
    ]
    assert counts(write_cancellations(rows, source=SOURCE, at=now + timedelta(1))) == (3, 0, 0)
    rebuild_movements(on=ON)
    assert told()[-1] == (ids["A"], "2024-08-01", "churn", Fraction(-100_00))
    assert len(told()) == 3
    assert Cancellation.objects.get(external_id="z").line_fact is None
    assert Line.objects.filter(external_id="1").count() == 2
    assert counts(write_cancellations(rows, source=SOURCE, at=now + timedelta(2))) == (0, 0, 3)
    assert Line.objects.filter(external_id="1").count() == 2


def test_lines_read_again_do_not_take_a_cancellation_back(organisation: None, now: datetime) -> None:
    ids = customers("A", at=now)
    stated = [line("1", ids["A"], "2024-01-01", None, 100_00, cancelled_on=None, ceases_on=None)]
    keep(stated, at=now)
    write_cancellations([cancellation("x", ids["A"], "2024-06-10", "1")], source=SOURCE, at=now + timedelta(1))
    assert counts(keep(stated, at=now + timedelta(2))) == (0, 0, 1)
    assert Line.objects.current().get().cancelled_on == date(2024, 6, 10)


def test_a_receipt_without_an_amount_is_all_of_it(organisation: None, now: datetime) -> None:
    ids = customers("A", at=now)
    values = {"customer_id": ids["A"], "due_on": date(2024, 5, 1), "amount": 900, "currency": "USD"}
    rows = [
        Incoming("paid", {**values, "received_on": date(2024, 5, 3), "received_amount": None}),
        Incoming("part", {**values, "received_on": date(2024, 5, 3), "received_amount": 200}),
        Incoming("open", values),
    ]
    assert counts(write_receivables(rows, source=SOURCE, at=now)) == (3, 0, 0)
    received = dict(Receivable.objects.values_list("external_id", "received_amount"))
    assert received == {"paid": 900, "part": 200, "open": 0}
    assert counts(write_receivables(rows, source=SOURCE, at=now)) == (0, 0, 3)


GOOD = {"customer_id": 1, "starts_on": date(2024, 1, 1), "ends_on": None, "amount": 100, "amount_months": 1,
        "currency": "USD"}  # fmt: skip


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"starts_on": None}, "first day"),
        ({"ends_on": date(2023, 12, 31)}, "before it starts"),
        ({"kind": "gift"}, "gift"),
        ({"billing_status": "late"}, "late"),
        ({"amount_months": 0}, "one month"),
        ({"amount_months": None}, "needs the day"),
        ({"amount": None}, "amount"),
        ({"amount": 2**63}, "amount"),
        ({"amount_includes_tax": True}, "tax rate"),
        ({"tax_rate": "6"}, "0.06"),
        ({"discount_percent": "10", "discount_amount": 5}, "not both"),
    ],
)
def test_a_line_that_cannot_be_is_refused_with_its_reason(values: dict[str, Any], reason: str) -> None:
    assert reason in (check_line({**GOOD, **values}) or "")


def test_a_door_writes_nothing_of_a_batch_with_a_line_that_cannot_be(organisation: None, now: datetime) -> None:
    ids = customers("A", at=now)
    rows = [line("1", ids["A"], "2024-01-01", None, 1), line("2", ids["A"], "2024-01-01", "2023-01-01", 1)]
    with pytest.raises(LineRefused, match="2: "):
        write_lines(rows, source=SOURCE, at=now)
    assert Line.objects.count() == 0


DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@given(
    values=st.fixed_dictionaries(
        {
            "starts_on": DAYS,
            "ends_on": st.none() | DAYS,
            "amount": st.integers(-(10**12), 10**12),
            "amount_months": st.none() | st.integers(0, 36),
            "currency": st.just("USD"),
            "kind": st.sampled_from([kind.value for kind in LineKind]),
            "tax_rate": st.none() | st.sampled_from(["0", "0.06", "0.13"]),
            "amount_includes_tax": st.booleans(),
            "discount_percent": st.none() | st.sampled_from(["10", "33.3"]),
            "discount_amount": st.none() | st.integers(0, 10),
            "billing_status": st.sampled_from([status.value for status in BillingStatus]),
        }
    )
)
@settings(deadline=None)
def test_what_the_check_lets_through_the_calculations_take(values: dict[str, Any]) -> None:
    if check_line(values) is None:
        facts.terms_of(Line(customer_id=1, contract_id=1, **values))


def test_a_rebuild_of_forty_customers_asks_no_more_than_of_one(organisation: None, now: datetime) -> None:
    counts = []
    for many in (1, 40):
        ids = customers(*(f"C{number}" for number in range(many)), at=now)
        keep([line(name, customer, "2024-01-01", None, 100) for name, customer in ids.items()], at=now)
        with CaptureQueriesContext(connection) as asked:
            rebuild_movements(on=ON)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 10
