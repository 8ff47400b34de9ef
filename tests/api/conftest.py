"""A book of customers and a caller with a key, for the tests of the API."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from tests.intake.sending import admin, fresh, web

from perennial.customers import actions as customers
from perennial.customers.terms import CustomerFacts
from perennial.members import actions as members
from perennial.members import queries as member_reads

__all__ = ["admin", "fresh", "web"]
PATH = "/api/v1"


class Caller:
    """Calls the API with a key, as a script does."""

    def __init__(self, key: str = "") -> None:
        self._client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {key}"} if key else {})

    def get(self, path: str, **query: Any) -> Any:
        return self._client.get(PATH + path, query)

    def json(self, path: str, **query: Any) -> Any:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        return self._client.post(PATH + path, text, content_type="application/json")

    def upsert(self, *items: dict[str, Any], source: str = "crm") -> list[dict[str, str]]:
        answer = self.post("/customers:upsert", {"source": source, "customers": list(items)})
        assert answer.status_code == 200, answer.content
        results: list[dict[str, str]] = answer.json()["results"]
        return results


@pytest.fixture
def call(now: datetime) -> Callable[..., Caller]:
    """Return a maker of callers: call(member_id) calls with a write key of that member."""

    def make(member_id: int, scope: str = "write") -> Caller:
        return Caller(members.create_key(member_id=member_id, name="k", scope=scope, by=None, at=now)[1])

    return make


@pytest.fixture
def book(now: datetime, organisation: None) -> Callable[..., dict[str, int]]:
    """Return a maker of customers: book("a", "b", owner=member_id) gives their numbers by external id."""

    def make(*ids: str, owner: int | None = None, parent: str | None = None, source: str = "crm") -> dict[str, int]:
        found = None if owner is None else member_reads.by_id(owner)
        facts: Sequence[CustomerFacts] = [
            CustomerFacts(
                source=source,
                external_id=one,
                name=f"Customer {one}",
                parent_external_id=parent,
                owner_email=found.email if found else None,
            )
            for one in ids
        ]
        return customers.upsert(facts, by=None, at=now)[0]

    return make
