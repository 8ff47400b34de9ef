"""Rows that are inserted many at a time stand there as if each had been saved."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import customers

from perennial.contracts.actions import write_contracts
from perennial.contracts.models import Line
from perennial.kernel.inserting import insert, values_of
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.versions import Incoming

pytestmark = pytest.mark.django_db
SHANGHAI = timezone(timedelta(hours=8))


def row(number: int, **more: Any) -> dict[str, Any]:
    given = {
        "fact": uuid.UUID(int=number + 1), "source": "crm", "external_id": f"L'{number}%s", "kind": "recurring",
        "learned_at": datetime(2024, 5, 1, 8, 30, tzinfo=SHANGHAI), "amount": 2**62 + number, "currency": "CNY",
        "starts_on": date(2024, 1, 1), "amount_includes_tax": bool(number % 2), "pauses": [["2024-02-01", None]],
        "renewal_of": uuid.UUID(int=7) if number else None,
    }  # fmt: skip
    return given | more


@pytest.fixture
def paper(organisation: None, now: datetime) -> dict[str, int]:
    """Return a customer and a contract, as a line's columns."""
    customer = customers("A", at=now)["A"]
    ids, _counted = write_contracts([Incoming("K", {"customer_id": customer})], source="crm", at=now)
    return {"customer_id": customer, "contract_id": ids["K"]}


def test_a_row_is_as_if_it_had_been_saved(paper: dict[str, int]) -> None:
    insert(Line, [row(number, **paper) for number in range(3)])
    inserted = [values_of(line) for line in Line.objects.order_by("id")]
    with transaction.atomic():
        Line.objects.all()._raw_delete(Line.objects.db)
        for number in range(3):
            Line(**row(number, **paper)).save()
        assert inserted == [values_of(line) for line in Line.objects.order_by("id")]
    assert inserted[1]["learned_at"] == datetime(2024, 5, 1, 0, 30, tzinfo=UTC)
    assert (inserted[2]["amount"], inserted[2]["external_id"]) == (2**62 + 2, "L'2%s")


def test_what_a_row_leaves_out_is_its_default_for_each_row_anew(paper: dict[str, int]) -> None:
    bare = {"learned_at": datetime(2024, 5, 1, tzinfo=UTC), "amount": 1, "starts_on": date(2024, 1, 1), **paper}
    insert(Line, [bare, bare])
    first, second = Line.objects.order_by("id")
    assert (first.billing_status, first.gift_months, first.pauses, first.superseded_at) == ("active", 0, [], None)
    assert first.fact != second.fact


def test_values_of_another_type_are_brought_to_the_columns(paper: dict[str, int]) -> None:
    insert(Line, [row(1, quantity=7.0, tax_rate=0, gift_months=True, **paper)])
    line = Line.objects.get()
    assert (line.quantity, line.tax_rate, line.gift_months) == (7, "0", 1)


def test_many_rows_are_one_statement_and_none_is_none(paper: dict[str, int]) -> None:
    with CaptureQueriesContext(connection) as captured:
        insert(Line, [])
        insert(Line, [row(number, **paper) for number in range(1200)])
    assert len(captured) == 1
    assert Line.objects.count() == 1200


def test_a_column_that_is_not_there_is_refused_and_nothing_is_written(paper: dict[str, int]) -> None:
    with pytest.raises(KeyError, match="customer"):
        insert(Line, [row(1, **paper), row(2, customer=1, **paper)])
    assert not Line.objects.exists()


def test_what_the_table_refuses_is_refused(paper: dict[str, int]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(Line, [row(1, **paper), row(1, **paper)])
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(JournalEntry, [{"kind": None, "at": datetime(2024, 5, 1, tzinfo=UTC)}])
    assert not Line.objects.exists()
