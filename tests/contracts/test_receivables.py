from datetime import date, datetime
from typing import Any

import pytest
from django.db.models import Q
from tests.contracts.books import customers

from perennial.contracts.actions import write_contracts, write_receivables
from perennial.contracts.calculations import receipts
from perennial.contracts.calculations.receipts import Part, Settled
from perennial.contracts.receivables import Step, any_kept, steps
from perennial.kernel.periods import Period
from perennial.kernel.versions import Incoming

Q4 = Period(date(2026, 10, 1), date(2027, 1, 1))
TODAY = date(2026, 12, 24)


def plan(customer_id: int, due: str, amount: int, **more: Any) -> dict[str, Any]:
    return {"customer_id": customer_id, "due_on": date.fromisoformat(due), "amount": amount, "currency": "USD", **more}


def write(*rows: dict[str, Any], at: datetime) -> None:
    write_receivables([Incoming(f"r{n}", row) for n, row in enumerate(rows)], source="test", at=at)


def read(*, on: date = TODAY) -> list[Step]:
    return steps(Q(), received_in=[Q4], due_before=Q4.until, on=on)


def test_money_of_the_period_and_what_is_owed_are_read_and_the_rest_is_not(organisation: None, now: datetime) -> None:
    mine = customers("A", at=now)["A"]
    assert any_kept(Q()) is False
    write(
        plan(mine, "2026-03-01", 100, received_on=date(2026, 4, 1)),  # paid before
        plan(mine, "2026-05-01", 200, received_on=date(2026, 10, 1)),  # late, paid within
        plan(mine, "2026-11-01", 300, received_on=date(2026, 11, 5), received_amount=120),
        plan(mine, "2027-01-01", 400),  # due after
        plan(mine, "2026-10-01", -50, received_on=date(2026, 12, 1)),  # a red invoice
        at=now,
    )
    found = read()
    assert [(step.amount, step.received(TODAY), step.owed(TODAY)) for step in found] == [
        (200, 200, 0), (-50, -50, 0), (300, 120, 180),
    ]  # fmt: skip
    assert any_kept(Q()) is True


def test_money_that_came_after_the_day_is_still_owed_on_it(organisation: None, now: datetime) -> None:
    mine = customers("A", at=now)["A"]
    write(plan(mine, "2026-11-01", 300, received_on=date(2027, 1, 5)), at=now)
    [step] = read()
    assert (step.owed(TODAY), step.owed(date(2027, 1, 5))) == (300, 0)


@pytest.mark.parametrize(("amount", "came", "left"), [(100, 130, 0), (-100, 0, -100), (-100, -40, -60), (0, 0, 0)])
def test_what_is_owed_is_never_more_than_was_asked_for(amount: int, came: int, left: int) -> None:
    assert receipts.owed(amount, Settled((Part(TODAY, came),)), TODAY) == left


def test_a_payer_is_named_only_where_another_company_pays(organisation: None, now: datetime) -> None:
    ids = customers("User", "Group", at=now)
    user, group = ids["User"], ids["Group"]
    papers = [Incoming("own", {"customer_id": user, "paying_party_id": user}),
              Incoming("group", {"customer_id": user, "paying_party_id": group})]  # fmt: skip
    contracts, _ = write_contracts(papers, source="test", at=now)
    write(plan(user, "2026-10-01", 1, contract_id=contracts["own"]),
          plan(user, "2026-10-02", 2, contract_id=contracts["group"]), plan(user, "2026-10-03", 3), at=now)  # fmt: skip
    assert [(step.customer_id, step.payer) for step in read()] == [(user, ""), (user, "Group"), (user, "")]


@pytest.mark.parametrize("count", [1, 40])
def test_any_number_of_steps_costs_three_queries(
    organisation: None, now: datetime, django_assert_num_queries: Any, count: int
) -> None:
    mine = customers("A", at=now)["A"]
    write(*(plan(mine, "2026-10-01", 1 + n) for n in range(count)), at=now)
    with django_assert_num_queries(3):
        assert len(read()) == count
