"""Messages sent the way that HTTP goes, but without a socket: verdicts, the lake and the records are the real ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections

from perennial.customers import actions as customers
from perennial.customers.terms import CustomerFacts
from perennial.intake import actions, records
from perennial.intake.keys import Sender
from perennial.intake.models import Stream
from perennial.intake.protocol import envelope
from perennial.intake.taking import Verdict, taking

Messages = dict[str, Any]
SEEN_BY_ALL_THREADS = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)
"""The intake asks the records from a thread of its own, so what a test wrote has to be committed. All apps: only then
are tables emptied with those that hang on them."""


class Sending:
    """A write key at work."""

    def __init__(self, member_id: int, now: datetime, *, source: str = "app", name: str = "Web") -> None:
        self.now = now
        _number, self.key = actions.create_write_key(
            member_id=member_id, name=name, source=source, events_per_second=None, by=member_id, at=now
        )
        self.sender = Sender(Stream.objects.latest("key_id").pk, source, None)

    def send(self, *messages: Any, at: datetime | None = None) -> Verdict:
        """Send a batch; return the verdict."""
        read = envelope(json.dumps({"batch": list(messages)}).encode(), is_batch=True)
        return taking().take(self.sender, read, None, at=at or self.now)


@pytest.fixture
def fresh(db: None, home: Path) -> Iterator[None]:
    """A process that has just begun: it knows no key, customer or user."""
    taking.cache_clear()
    yield
    records.ask(connections.close_all)
    taking.cache_clear()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM customer_search")  # no model's table: nobody else empties it


@pytest.fixture
def admin(fresh: None, member: Callable[..., int]) -> int:
    return member("admin")


@pytest.fixture
def web(admin: int, now: datetime) -> Sending:
    return Sending(admin, now)


@pytest.fixture
def known(fresh: None, organisation: None, now: datetime) -> Callable[..., dict[str, int]]:
    """Return a maker of customers: known("Acme", "Globex") gives their numbers by name; their ids are the CRM's."""

    def make(*names: str, source: str = "crm", **fields: Any) -> dict[str, int]:
        facts = [CustomerFacts(source=source, external_id=f"{source}-{name}", name=name, **fields) for name in names]
        found = customers.upsert(facts, by=None, at=now)[0]
        return {name: found[f"{source}-{name}"] for name in names}

    return make


def track(number: int, **given: Any) -> Messages:
    """Return a good message, with what is given instead."""
    return {"type": "track", "messageId": f"m{number}", "userId": "u1", "event": "Report Opened",
            "timestamp": "2026-03-01T08:00:00Z", **given}  # fmt: skip
