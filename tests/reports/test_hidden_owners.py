"""Whose book a customer is in, hidden from a role: in no page of usage, in no file, in no answer of the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from tests.api.conftest import Caller
from tests.api.test_usage import CALLS
from tests.pages.test_usage import FILES, ON, PAGES, house

from perennial.blueprint import actions as blueprint
from perennial.blueprint import queries as blueprint_reads
from perennial.customers.models import Customer
from perennial.kernel.organisation.models import Organisation
from perennial.members import actions as members
from perennial.members.models import Member

__all__ = ["house"]
GROUP = "/customers/{key}/group"
CSM, HEADING = "Csm 1", "CSM"
NAMING_PAGES = ("/usage?metric=depth_28d&by=owner", *(page for page in PAGES if page.startswith("/usage/customers")),
                "/usage/features?feature=search", "/usage/cohorts?month=2026-01&since=1",
                "/usage/funnel?step=search&step=report&at=1", GROUP)  # fmt: skip
NAMING_CALLS = ("/usage/series/customers", "/usage/features/customers", "/usage/cohorts/customers",
                "/usage/funnel/customers", "/customers/{external_id}/group")  # fmt: skip
"""What names a CSM to who may see them, so that its silence means something."""


class Seen:
    """The same table of pages, files and calls, as the analyst gets it."""

    def __init__(self, place: dict[str, Any], member_id: int, now: datetime) -> None:
        self._key = place["keys"]["Bolt"]
        self._client = Client()
        self._client.force_login(Member.objects.get(id=member_id))
        self._caller = Caller(members.create_key(member_id=member_id, name="k", scope="read", by=None, at=now)[1])

    def pages(self) -> dict[str, str]:
        paths = {*PAGES, *NAMING_PAGES}
        return {path: self._client.get(path.format(key=self._key)).content.decode() for path in paths}

    def page(self, path: str) -> str:
        return self._client.get(path).content.decode()

    def files(self) -> dict[str, str]:
        paths = (*FILES, f"{GROUP}/export")
        asked = {path: self._client.post(path.format(key=self._key), {"format": "csv"}) for path in paths}
        assert {path: answer.status_code for path, answer in asked.items()} == dict.fromkeys(paths, 200)
        return {path: answer.content.decode("utf-8-sig") for path, answer in asked.items()}

    def calls(self) -> dict[str, Any]:
        return {
            path: self._caller.get(path.format(external_id=self._key), **query)
            for path, query in (*CALLS, ("/customers/{external_id}/group", {}))
            if query.get("by") != "owner"
        }


@pytest.fixture
def analyst(house: dict[str, Any], member: Callable[..., int], now: datetime) -> Seen:
    """Acme, whose CSM is Csm 1, lies below Bolt."""
    Organisation.objects.update(as_of_on=ON)
    Customer.objects.filter(name="Acme").update(parent=house["ids"]["Bolt"])
    return Seen(house, member("analyst"), now)


def hide(member: Callable[..., int], now: datetime) -> None:
    before, after = blueprint_reads.default_text("rights").split("  - key: analyst\n", maxsplit=1)
    hidden = after.replace("    abilities:\n", "    hidden_fields: [owner]\n    abilities:\n", 1)
    blueprint.publish(part="rights", text=f"{before}  - key: analyst\n{hidden}", reason="less", from_on=None, base=None,
                      by=member("admin"), at=now)  # fmt: skip


def test_who_may_see_owners_finds_them_in_each_table(analyst: Seen) -> None:
    pages, files, calls = analyst.pages(), analyst.files(), analyst.calls()
    assert [path for path in NAMING_PAGES if CSM not in pages[path]] == []
    assert [path for path, text in files.items() if CSM not in text] == ["/usage/features/export"]
    assert [path for path in NAMING_CALLS if CSM not in calls[path].content.decode()] == []


def test_who_may_not_finds_them_nowhere(analyst: Seen, member: Callable[..., int], now: datetime) -> None:
    hide(member, now)
    pages, files, calls = analyst.pages(), analyst.files(), analyst.calls()
    assert [path for path, text in pages.items() if CSM in text or f">{HEADING}<" in text] == []
    assert [path for path, text in files.items() if CSM in text or HEADING in text] == []
    assert [path for path, answer in calls.items() if CSM in answer.content.decode()] == []
    for path in NAMING_CALLS:
        told = calls[path].json()["customers"]
        assert told and {one["owner_name"] for one in told} == {None}, path


def test_the_tables_still_say_everything_else(analyst: Seen, member: Callable[..., int], now: datetime) -> None:
    hide(member, now)
    pages, files = analyst.pages(), analyst.files()
    assert "Acme" in pages["/usage/features?feature=search"] and "Acme" in pages[GROUP]
    heading, whole, top, below = files[f"{GROUP}/export"].splitlines()
    assert heading.split(",")[:2] == ["Key", "Customer"] and whole.split(",")[:2] == ["", "Whole group"]
    assert [row.split(",")[1] for row in (top, below)] == ["Bolt", "Acme"]
    assert len({len(row.split(",")) for row in (whole, top, below)}) == 1


def test_the_head_of_a_customer_s_file_names_nobody_to_who_may_not_see(
    analyst: Seen, house: dict[str, Any], member: Callable[..., int], now: datetime
) -> None:
    address = f"/customers/{house['keys']['Acme']}"
    assert CSM in analyst.page(address)
    hide(member, now)
    assert CSM not in analyst.page(address)
