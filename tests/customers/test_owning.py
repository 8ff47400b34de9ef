"""Who only looks at customers owns none: not by hand, not for many, not by a source that names him."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from tests.customers.books import customer

from perennial.customers import bulk
from perennial.customers.actions import CustomerError, upsert
from perennial.customers.models import Customer, Ownership
from perennial.customers.terms import CustomerFacts
from perennial.members import queries as members
from perennial.members.access import OWNS_CUSTOMERS, OWNS_TASKS
from perennial.members.models import Member

ROLES = ("admin", "leader", "csm", "analyst", "reader")


@pytest.mark.parametrize("role", ["analyst", "reader"])
def test_customers_are_not_given_to_who_only_looks(member: Callable[..., int], now: datetime, role: str) -> None:
    leader, csm, looker = member("leader"), member("csm"), member(role)
    ids = [Customer.objects.get(key=customer(name, at=now, owner=csm)).pk for name in ("A", "B")]
    with pytest.raises(CustomerError, match="cannot own customers"):
        bulk.assign(customer_ids=ids, member_id=looker, by=leader, at=now)
    assert set(Ownership.objects.current().values_list("member_id", flat=True)) == {csm}
    mail = Member.objects.get(id=looker).email
    upsert([CustomerFacts(source="crm", external_id="1", name="New", owner_email=mail)], by=None, at=now)
    assert not Ownership.objects.current().filter(customer__name="New").exists()
    assert bulk.assign(customer_ids=ids, member_id=leader, by=leader, at=now)[1] == 2


def test_by_name_the_active_members_whose_role_may(member: Callable[..., int]) -> None:
    made = {role: member(role, name=role) for role in ROLES}
    for ability in (OWNS_CUSTOMERS, OWNS_TASKS):
        assert [one.name for one in members.who_may(ability)] == ["admin", "csm", "leader"]
        assert [one.pk for one in members.who_may(ability, ids=[made["csm"], made["reader"]])] == [made["csm"]]
