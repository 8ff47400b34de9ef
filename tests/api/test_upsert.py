"""Bulk upsert: a verdict for each item, idempotent, within the member's rights, and nothing that was not asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.api.conftest import Caller

from perennial.customers.models import Customer, ExternalId, Ownership, PortfolioRow
from perennial.kernel.journal.models import JournalEntry
from perennial.members import actions as members

Members = Callable[..., int]
Callers = Callable[..., Caller]
Books = Callable[..., dict[str, int]]


def item(external_id: str, **values: Any) -> dict[str, Any]:
    return {"external_id": external_id, **values}


def results(answer: list[dict[str, str]]) -> list[str]:
    return [one["result"] for one in answer]


def test_each_item_gets_its_verdict_in_order_and_a_second_call_changes_nothing(
    member: Members, call: Callers, book: Books
) -> None:
    book("known")
    caller = call(member("admin"))
    items = [
        item("known", industry="EdTech", tags=["b", "a"], custom={"plan": "Pro", "seats": 9}),
        item("new", name="新公司", signed_up_on="2025-01-31", credit_code="91310000MA1K35XX6L"),
        item("nameless"),
        item("new", name="新公司", signed_up_on="2025-01-31", credit_code="91310000MA1K35XX6L"),
        item("new", name="Other"),
    ]
    first = caller.upsert(*items)
    assert [one["external_id"] for one in first] == ["known", "new", "nameless", "new", "new"]
    assert results(first) == ["changed", "new", "rejected", "same", "rejected"]
    assert first[2]["reason"] == "A new customer needs a name."
    assert "stands twice" in first[4]["reason"]
    before = list(Customer.objects.order_by("id").values())
    assert results(caller.upsert(*items)) == ["same", "same", "rejected", "same", "rejected"]
    assert list(Customer.objects.order_by("id").values()) == before
    told = caller.json("/customers/known")
    assert (told["industry"], told["tags"], told["custom"]) == ("EdTech", ["a", "b"], {"plan": "Pro", "seats": 9})


def test_what_is_left_out_or_null_stays(member: Members, call: Callers) -> None:
    caller = call(member("admin"))
    caller.upsert(item("c", name="C", industry="EdTech", region="EU"))
    assert results(caller.upsert(item("c", region="US"), item("c2", name="D"))) == ["changed", "new"]
    assert results(caller.upsert(item("c", industry=None))) == ["same"]
    told = caller.json("/customers/c")
    assert (told["industry"], told["region"]) == ("EdTech", "US")


def test_a_new_owner_or_parent_alone_counts_as_changed_and_the_same_again_as_same(
    member: Members, call: Callers, book: Books
) -> None:
    csm = member("csm")
    book("c", "top")
    caller = call(member("admin"))
    assert results(caller.upsert(item("c", owner_email="CSM1@example.com"))) == ["changed"]
    assert results(caller.upsert(item("c", owner_email="csm1@example.com"))) == ["same"]
    assert results(caller.upsert(item("c", parent_external_id="top"))) == ["changed"]
    assert results(caller.upsert(item("c", parent_external_id="top"))) == ["same"]
    assert Ownership.objects.current().get().member_id == csm


def test_a_parent_may_come_in_the_same_call_and_an_unknown_one_is_told(member: Members, call: Callers) -> None:
    caller = call(member("admin"))
    answer = caller.upsert(
        item("kid", name="Kid", parent_external_id="top"),
        item("top", name="Top"),
        item("lost", name="Lost", parent_external_id="nowhere"),
    )
    assert results(answer) == ["new", "new", "rejected"]
    assert caller.json("/customers/kid")["parent"] == caller.json("/customers/top")["key"]


def test_one_credit_code_belongs_to_one_customer_also_within_a_call(member: Members, call: Callers) -> None:
    caller, code = call(member("admin")), "91310000MA1K35XX6L"
    answer = caller.upsert(item("a", name="A", credit_code=code), item("b", name="B", credit_code=code))
    assert results(answer) == ["rejected", "rejected"]
    assert results(caller.upsert(item("a", name="A", credit_code=code))) == ["new"]
    assert results(caller.upsert(item("b", name="B", credit_code=code))) == ["rejected"]
    assert Customer.objects.count() == 1


def test_a_csm_changes_only_the_own_book_and_a_stranger_looks_like_nobody(
    member: Members, call: Callers, book: Books
) -> None:
    mine, other = member("csm"), member("csm")
    book("m", owner=mine)
    book("o", owner=other)
    before = list(Customer.objects.filter(external_ids__external_id="o").values())
    answer = call(mine).upsert(
        item("m", industry="A"),
        item("o", industry="A"),
        item("never", name="N"),
        item("m", owner_email="csm2@example.com"),
    )
    assert results(answer) == ["changed", "rejected", "rejected", "rejected"]
    assert answer[1]["reason"] == answer[2]["reason"]
    assert list(Customer.objects.filter(external_ids__external_id="o").values()) == before
    (answer_owner,) = call(mine).upsert(item("m", owner_email="csm2@example.com"))
    assert answer_owner["result"] == "rejected"
    assert Ownership.objects.current().filter(member_id=mine).count() == 1


def test_a_csm_cannot_learn_of_a_stranger_through_the_parent(member: Members, call: Callers, book: Books) -> None:
    mine, other = member("csm"), member("csm")
    book("m", owner=mine)
    book("o", owner=other)
    stranger, nobody = (call(mine).upsert(item("m", parent_external_id=one))[0] for one in ("o", "never"))
    assert (stranger["result"], stranger["reason"]) == (nobody["result"], nobody["reason"])
    assert stranger["result"] == "rejected"


def test_no_way_of_naming_a_stranger_reaches_him_and_a_refused_call_leaves_no_trace(
    member: Members, call: Callers, book: Books
) -> None:
    mine, other = member("csm"), member("csm")
    book("m", owner=mine)
    book("o", owner=other)
    book("o", owner=other, source="billing")
    key = Customer.objects.get(external_ids__external_id="o", external_ids__source="crm").key
    caller = call(mine)

    def everything() -> list[Any]:
        tables = (Customer, Ownership, ExternalId, PortfolioRow, JournalEntry)
        return [list(table.objects.order_by("pk").values()) for table in tables]

    before = everything()
    for source in ("crm", "billing", "api"):
        answer = caller.upsert(
            item("o", name="Taken"),
            item("o ", name="Taken"),
            item(key, name="Taken"),
            item("O", name="Taken"),
            item("new", name="Taken", owner_email="csm1@example.com"),
            item("o", owner_email="csm1@example.com"),
            source=source,
        )
        assert results(answer) == ["rejected"] * 6
    assert results(caller.upsert(item("m", name="Mine"), source="billing")) == [
        "rejected"
    ]  # not known there by that id
    assert everything() == before


def test_an_owner_must_be_somebody_who_may_own_customers(member: Members, call: Callers, book: Books) -> None:
    member("reader")
    book("c")
    (answer,) = call(member("admin")).upsert(item("c", owner_email="reader1@example.com"))
    assert answer == {
        "external_id": "c",
        "result": "rejected",
        "reason": "No active member with this mail address may own customers.",
    }
    assert not Ownership.objects.exists()


def test_a_leader_changes_and_assigns_within_the_own_team(
    member: Members, call: Callers, book: Books, now: datetime
) -> None:
    north = members.create_team(name="North", by=None, at=now)
    south = members.create_team(name="South", by=None, at=now)
    leader = member("leader", team_id=north)
    ours, theirs = member("csm", team_id=north), member("csm", team_id=south)
    book("ours", owner=ours)
    book("theirs", owner=theirs)
    answer = call(leader).upsert(
        item("ours", region="N", owner_email="leader1@example.com"), item("theirs", region="N"), item("new", name="New")
    )
    assert results(answer) == ["changed", "rejected", "rejected"]
    assert Ownership.objects.current().get(member_id=leader).customer.name == "Customer ours"


@pytest.mark.parametrize(
    "extra",
    [
        "id",
        "key",
        "owner",
        "owner_id",
        "tenant",
        "created_at",
        "learned_at",
        "import_id",
        "merged_into",
        "merged_into_id",
        "parent_id",
        "name_sort",
        "mrr",
        "arr",
        "score",
        "band",
        "tier",
        "stage",
        "is_superuser",
        "role",
        "source",
    ],
)
def test_a_field_that_is_not_offered_is_refused_and_changes_nothing(
    extra: str, member: Members, call: Callers, book: Books
) -> None:
    book("c")
    before = list(Customer.objects.values())
    answer = call(member("admin")).post(
        "/customers:upsert", {"source": "crm", "customers": [item("c", name="X", **{extra: 1})]}
    )
    assert answer.status_code == 422
    assert list(Customer.objects.values()) == before


def test_one_damaged_item_is_named_by_its_place_and_nothing_is_written(member: Members, call: Callers) -> None:
    answer = call(member("admin")).post(
        "/customers:upsert", {"customers": [item("a", name="A"), item("b", name="B", signed_up_on="31/01/2025")]}
    )
    assert answer.status_code == 422
    assert answer.json()["places"][0]["place"] == "body.body.customers.1.signed_up_on"
    assert Customer.objects.count() == 0


def test_forty_items_cost_hardly_more_queries_than_two(member: Members, call: Callers, book: Books) -> None:
    member("csm")
    caller = call(member("admin"))

    def queries(count: int, word: str) -> int:
        items = [item(f"{word}{n}", name=f"{word} {n}", owner_email="csm1@example.com") for n in range(count)]
        with CaptureQueriesContext(connection) as counted:
            caller.upsert(*items)
        return len(counted)

    # SQLite takes so many values a statement: 40 rows of a wide table are two or three of them.
    assert queries(40, "b") <= queries(2, "a") + 4
