"""What the tests of pages share: a member's browser, and what an answer said."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from perennial.members.models import Member


def signed_in(member_id: int) -> Client:
    """Return a browser of its own in which the member is signed in."""
    client = Client()
    client.force_login(Member.objects.get(id=member_id))
    return client


def toast(answer: Any) -> dict[str, str]:
    """Return what a change said at the edge of the page: its text, and the address that undoes it."""
    found: dict[str, str] = json.loads(answer["HX-Trigger"])["toast"]
    return found


def told(answer: Any) -> str:
    """Return the page, which must have been found."""
    assert answer.status_code == 200
    return str(answer.content.decode())
