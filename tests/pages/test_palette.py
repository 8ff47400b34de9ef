"""The palette finds customers of the own scope, pages, views and actions; four queries beside the session's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.aids import signed_in
from tests.customers.books import customer

from perennial.customers.actions import change_contact
from perennial.customers.models import Contact, Customer


def contact(key: str, name: str, *, at: datetime, **columns: Any) -> UUID:
    made = Contact(customer=Customer.objects.get(key=key), name=name, learned_at=at, **columns)
    made.save()
    return made.fact


def test_it_finds_customers_of_the_own_scope_alone(member: Callable[..., int], now: datetime) -> None:
    ann, bob = member("csm"), member("csm")
    customer("Acme Bank", at=now, owner=ann)
    customer("Acme Canary", at=now, owner=bob)
    customer("Old Acme", at=now, owner=ann)
    found = signed_in(ann).get("/palette?q=acme").content.decode()
    assert found.index("Acme Bank") < found.index("Old Acme") and "Canary" not in found


@pytest.mark.parametrize("text", ["chen", "CHEN MEI", "mei@acme", "13800138", "0013 80", "+86 138-0013"])
def test_a_contact_is_found_by_name_mail_and_phone_however_it_is_parted(
    member: Callable[..., int], now: datetime, text: str
) -> None:
    ann = member("csm")
    key = customer("Acme", at=now, owner=ann)
    contact(key, "Chen Mei", at=now, email="mei@acme.example", phone="+86 138 0013-8000")
    found = signed_in(ann).get("/palette", {"q": text}).content.decode()
    assert f"/customers/{key}?tab=people" in found and "Chen Mei" in found and "Acme" in found


@pytest.mark.parametrize("text", ["c", "138", "Chen Lei", "139"])
def test_too_little_or_something_else_finds_nobody(member: Callable[..., int], now: datetime, text: str) -> None:
    ann = member("csm")
    contact(customer("Birch", at=now, owner=ann), "Chen Mei", at=now, phone="13800138000")
    assert "Chen Mei" not in signed_in(ann).get("/palette", {"q": text}).content.decode()


def test_a_contact_is_found_at_the_own_customers_alone_as_it_is_now_and_who_left_comes_last(
    member: Callable[..., int], now: datetime
) -> None:
    ann, bob = member("csm"), member("csm")
    mine, theirs = customer("Acme", at=now, owner=ann), customer("Birch", at=now, owner=bob)
    contact(theirs, "Chen Secret", at=now)
    gone = contact(mine, "Chen A", at=now)
    change_contact(fact=gone, changes={"left_on": date(2026, 3, 1), "name": "Chen Gone"}, by=ann, at=now)
    contact(mine, "Chen Z", at=now)
    found = signed_in(ann).get("/palette?q=chen").content.decode()
    assert found.index("Chen Z") < found.index("Chen Gone")
    assert "Secret" not in found and "Chen A" not in found
    assert "Chen" in signed_in(member("reader")).get("/palette?q=chen").content.decode()


def test_it_offers_only_what_the_role_may_do(member: Callable[..., int]) -> None:
    admin, reader = (signed_in(member(role)).get("/palette").content.decode() for role in ("admin", "reader"))
    assert "Add a member" in admin and "Add a member" not in reader
    assert "/settings" in reader and "Import a file" not in reader


def test_chinese_is_found_by_two_characters_and_by_pinyin(member: Callable[..., int], now: datetime) -> None:
    client = signed_in(member("admin"))
    customer("华东某国企集团", at=now)
    for text in ("华东", "国企", "huadong"):
        assert "华东某国企集团" in client.get(f"/palette?q={text}").content.decode()


def test_it_costs_four_queries_however_many_it_finds(member: Callable[..., int], now: datetime) -> None:
    client = signed_in(member("admin"))
    costs = []
    for rows in (1, 40):
        for number in range(rows):
            key = customer(f"Acme {rows} {number}", at=now)
            contact(key, f"Jackie {number}", at=now)
        with CaptureQueriesContext(connection) as asked:
            client.get("/palette?q=ac")
        own = [
            q
            for q in asked.captured_queries
            if not any(t in q["sql"] for t in ("session", "organisation", 'member"."id" ='))
        ]
        costs.append(len(own))
    assert max(costs) <= 4, own


def test_nothing_found_says_so_and_escapes(member: Callable[..., int]) -> None:
    found = signed_in(member("csm")).get("/palette", {"q": "<script>"}).content.decode()
    assert "Nothing is called" in found and "<script>" not in found
