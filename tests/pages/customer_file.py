"""A customer file and everybody who may or may not open it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from tests.customers.books import customer
from tests.reports.files import ON

from perennial.customers.models import Contact, Customer, Ownership
from perennial.engagement.models import Touchpoint
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation import actions as organisation
from perennial.members.actions import create_team
from perennial.playbooks.models import Task

HTMX = {"HX-Request": "true", "HX-Target": "div#file"}
WRITES: dict[str, dict[str, Any]] = {
    "log": {"channel": "call", "summary": "Hello", "happened_on": "2026-03-02"},
    "tasks": {"title": "Call", "due_on": "2026-03-05"},
    "owner": {"owner": ""},
    "facts": {"industry": "Bank", "tags": "vip"},
    "contacts": {"name": "Zhang Wei", "level": "1", "rung": "2"},
}


@pytest.fixture
def place(member: Callable[..., int], now: datetime, home: Any) -> dict[str, Any]:
    organisation.move_as_of(on=ON, by=None, at=now)
    team = create_team(name="East", by=None, at=now)
    ids = {
        "admin": member("admin"),
        "leader": member("leader", team_id=team),
        "csm": member("csm", team_id=team, name="Ann"),
        "colleague": member("csm", team_id=team, name="Bob"),
        "analyst": member("analyst"),
        "reader": member("reader"),
    }
    key = customer("Acme", at=now, owner=ids["csm"], tags=("old",))
    return {**ids, "key": key, "id": Customer.objects.get(key=key).pk, "at": f"/customers/{key}"}


def state(place: dict[str, Any]) -> tuple[int, ...]:
    """Count everything that a write could change."""
    models = (Touchpoint, Task, Contact, Ownership, JournalEntry)
    tags = Customer.objects.get(id=place["id"]).tags
    return (*(model.objects.count() for model in models), len(tags))
