"""Thousands of ids are one parameter of one query, on both databases."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from tests.contracts.books import customers

from perennial.customers.models import PortfolioRow
from perennial.kernel.among import among

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation")]


def test_many_ids_are_asked_at_once_and_only_they_are_found(now: datetime, django_assert_num_queries: Any) -> None:
    ids = list(customers(*(f"C{number}" for number in range(6)), at=now).values())
    PortfolioRow.objects.bulk_create(
        [PortfolioRow(customer_id=one, key=f"k{one}", as_of_on=now.date(), updated_at=now) for one in ids],
        ignore_conflicts=True,
    )
    asked = [*ids[::2], *range(10_000_000, 10_040_000), ids[0]]
    with django_assert_num_queries(1):
        found = PortfolioRow.objects.filter(among("customer_id", asked)).values_list("customer_id", flat=True)
        assert sorted(found) == sorted(ids[::2])
    assert not PortfolioRow.objects.filter(among("customer_id", [])).exists()
    assert PortfolioRow.objects.exclude(among("customer_id", ids[::2])).count() == 3
