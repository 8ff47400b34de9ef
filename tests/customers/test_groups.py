"""Groups of customers: all that lie below one, however deep, merged entries followed, and only who may be seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from perennial.customers import actions as customers
from perennial.customers.access import customers_of
from perennial.customers.groups import below
from perennial.customers.merging import merge
from perennial.customers.models import Customer
from perennial.customers.terms import CustomerFacts
from perennial.members.models import Member

pytestmark = pytest.mark.django_db
TREE = {"top": None, "left": "top", "right": "top", "leaf": "left", "twin": None, "other": None}


@pytest.fixture
def ids(organisation: None, now: datetime) -> dict[str, int]:
    facts = [CustomerFacts(source="crm", external_id=key, name=key, parent_external_id=up) for key, up in TREE.items()]
    return customers.upsert(facts, by=None, at=now)[0]


def names(customer_id: int) -> list[str]:
    return [one.name for one in below(customer_id, Customer.objects.all()).customers]


def test_all_that_lie_below_are_found_however_deep_and_nobody_else(ids: dict[str, int]) -> None:
    assert names(ids["top"]) == ["leaf", "left", "right"]
    assert names(ids["left"]) == ["leaf"]
    assert names(ids["other"]) == []


def test_what_lies_below_an_entry_that_was_merged_lies_below_the_one_that_remains(
    ids: dict[str, int], now: datetime
) -> None:
    merge(customer_id=ids["right"], into=ids["top"], by=None, at=now)
    merge(customer_id=ids["twin"], into=ids["left"], by=None, at=now)
    Customer.objects.filter(id=ids["other"]).update(parent=ids["twin"])
    assert names(ids["top"]) == ["leaf", "left", "other"]


def test_an_entry_merged_into_a_customer_elsewhere_leaves_the_group_with_all_below_it(
    ids: dict[str, int], now: datetime
) -> None:
    merge(customer_id=ids["right"], into=ids["other"], by=None, at=now)
    Customer.objects.filter(id=ids["leaf"]).update(parent=ids["right"])
    assert names(ids["top"]) == ["left"]
    assert names(ids["other"]) == ["leaf"]


def test_a_tree_that_bites_its_tail_ends(ids: dict[str, int]) -> None:
    Customer.objects.filter(id=ids["top"]).update(parent=ids["leaf"])
    assert names(ids["top"]) == ["leaf", "left", "right"]


def test_who_may_not_be_seen_is_only_counted(ids: dict[str, int], member: Callable[..., int], now: datetime) -> None:
    ann = member("csm", name="Ann")
    customers.hand_over({ids["leaf"]: ann}, from_on=now.date(), by=ann, at=now)
    found = below(ids["top"], customers_of(Member.objects.get(id=ann)))
    assert [(one.name, one.owner) for one in found.customers] == [("leaf", "Ann")]
    assert found.hidden == 2


def test_the_depth_and_breadth_of_the_tree_cost_no_query(ids: dict[str, int], now: datetime) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            below(ids["top"], Customer.objects.all())
        return len(queries)

    few = cost()
    deep = [CustomerFacts(source="crm", external_id=f"d{n}", name=f"d{n}", parent_external_id=f"d{n - 1}" if n else
            "leaf") for n in range(30)]  # fmt: skip
    customers.upsert(deep, by=None, at=now)
    assert len(names(ids["top"])) == 33
    assert (few, cost()) == (2, 2)
