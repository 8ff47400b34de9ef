"""Two entries become one and two again: who leaves the lists, who comes back, what is refused."""

from __future__ import annotations

from datetime import datetime

import pytest
from tests.contracts.books import customers

from perennial.customers.actions import CustomerError
from perennial.customers.aliases import aliases
from perennial.customers.merging import merge, part
from perennial.customers.models import Customer, CustomerAlias, PortfolioRow
from perennial.kernel.journal.models import JournalEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def ids(organisation: None, now: datetime) -> dict[str, int]:
    return customers("A", "B", "C", at=now)


def listed() -> list[str]:
    return sorted(PortfolioRow.objects.values_list("name", flat=True))


def test_a_merged_customer_leaves_the_lists_and_comes_back_when_it_is_parted(
    ids: dict[str, int], now: datetime
) -> None:
    merge(customer_id=ids["A"], into=ids["B"], by=None, at=now)
    assert listed() == ["B", "C"]
    assert aliases().into == {ids["A"]: ids["B"]}
    assert Customer.objects.get(name="A").merged_into_id == ids["B"]
    part(customer_id=ids["A"], by=None, at=now)
    assert listed() == ["A", "B", "C"]
    assert aliases().into == {}
    assert Customer.objects.get(name="A").merged_into_id is None
    told = JournalEntry.objects.filter(kind__startswith="customer.").order_by("id")
    assert [(one.kind, one.customer_id, one.data) for one in told] == [
        ("customer.merged", ids["B"], {"merged": ids["A"]}),
        ("customer.parted", ids["B"], {"parted": ids["A"]}),
    ]


def test_both_a_second_time_change_nothing(ids: dict[str, int], now: datetime) -> None:
    for _twice in range(2):
        merge(customer_id=ids["A"], into=ids["B"], by=None, at=now)
    assert JournalEntry.objects.filter(kind="customer.merged").count() == 1
    for _twice in range(2):
        part(customer_id=ids["A"], by=None, at=now)
    assert JournalEntry.objects.filter(kind="customer.parted").count() == 1


def test_a_merge_of_a_merge_leads_to_the_end_and_each_step_can_be_taken_back(
    ids: dict[str, int], now: datetime
) -> None:
    a, b, c = ids["A"], ids["B"], ids["C"]
    merge(customer_id=a, into=b, by=None, at=now)
    merge(customer_id=b, into=c, by=None, at=now)
    assert aliases().into == {a: c, b: c}
    assert aliases().family([c]) == aliases().family([a]) == [a, b, c]
    assert aliases().absorbed() == {c: [a, b]}
    assert set(Customer.objects.filter(merged_into_id=c).values_list("id", flat=True)) == {a, b}
    part(customer_id=b, by=None, at=now)
    assert aliases().into == {a: b}
    assert dict(Customer.objects.values_list("name", "merged_into_id")) == {"A": b, "B": None, "C": None}
    assert listed() == ["B", "C"]


def test_of_a_chain_the_first_can_be_taken_out_alone(ids: dict[str, int], now: datetime) -> None:
    a, b, c = ids["A"], ids["B"], ids["C"]
    merge(customer_id=a, into=b, by=None, at=now)
    merge(customer_id=b, into=c, by=None, at=now)
    part(customer_id=a, by=None, at=now)
    assert aliases().into == {b: c}
    assert dict(Customer.objects.values_list("name", "merged_into_id")) == {"A": None, "B": c, "C": None}
    assert listed() == ["A", "C"]


def test_what_cannot_be_merged_is_refused_and_nothing_changes(ids: dict[str, int], now: datetime) -> None:
    a, b, c = ids["A"], ids["B"], ids["C"]
    merge(customer_id=a, into=b, by=None, at=now)
    Customer.objects.filter(id=b).update(parent_id=c)
    for gone, kept in ((b, b), (a, c), (c, a), (c, b)):
        with pytest.raises(CustomerError):
            merge(customer_id=gone, into=kept, by=None, at=now)
    assert CustomerAlias.objects.count() == 1
    assert listed() == ["B", "C"]
