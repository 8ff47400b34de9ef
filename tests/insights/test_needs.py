"""What open terms ask for: a forecast tells a danger only where past terms, or a member, stand behind it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.db.models import Q
from tests.contracts.books import customers, keep, line

from perennial.insights import learning, needs
from perennial.insights.due import view_of
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.organisation.queries import house
from perennial.renewals import calls
from perennial.renewals.terms import Category, Need

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation")]
DAY, DUE = date(2026, 3, 2), date(2026, 5, 1)


@pytest.fixture
def acme(now: datetime) -> int:
    """Return a customer whose first term is due in 60 days."""
    acme = customers("Acme", at=now)["Acme"]
    keep([line("a", acme, "2025-05-01", "2026-05-01", 200_000)], at=now)
    organisation.move_as_of(on=DAY, by=None, at=now)
    return acme


def need(customer: int, on: date, at: datetime) -> Need | None:
    """Return what the term asks for by what is learned of the house on that day."""
    learning.learn(on, at=at)
    found = needs.asked_on(view_of(house(), on), Q(customer_id=customer), learned=learning.latest(), first_month=1)
    return found[customer].need


def test_one_half_for_want_of_any_past_term_is_no_danger(acme: int, now: datetime) -> None:
    assert need(acme, DAY, now) is Need.CALL
    gone = customers(*(f"Gone {n}" for n in range(9)), at=now)
    keep([line(name, customer, "2024-05-01", "2025-05-01", 200_000) for name, customer in gone.items()], at=now)
    assert need(acme, DAY + timedelta(days=1), now) is Need.AT_RISK, "terms that ended are known"


def test_a_members_own_call_needs_no_past_term(acme: int, member: Callable[..., int], now: datetime) -> None:
    said = {"customer_id": acme, "due_on": DUE, "model": Category.AT_RISK, "p": 0.5, "by": member("csm"), "at": now}
    calls.call(category=Category.LOST, reason="the owner said so", **said)
    assert need(acme, DAY, now) is None
    calls.call(category=Category.AT_RISK, reason="there is hope", **said)
    assert need(acme, DAY, now) is Need.AT_RISK
