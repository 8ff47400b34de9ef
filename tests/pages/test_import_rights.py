"""Whose imports are whose, over the pages: who may import, see and change them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.aids import signed_in
from tests.conftest import NOW
from tests.pages.importing import CUSTOMERS, FILES, form_of, publish, taken_in, text, work

from perennial.contracts.models import Line
from perennial.customers.actions import upsert
from perennial.customers.models import Customer
from perennial.customers.terms import CustomerFacts
from perennial.integrations.imports.models import Import
from perennial.members.actions import create_team
from perennial.members.models import Member

pytestmark = pytest.mark.usefixtures("home")
ADDRESSES = ["", "/files", "/mapping", "/mapping/file", "/check", "/rejections", "/publish", "/progress"]


@pytest.fixture
def admin(member: Callable[..., int]) -> Client:
    return signed_in(member("admin"))


@pytest.mark.parametrize("end", ADDRESSES)
def test_imports_are_for_those_who_may_import(end: str, admin: Client, member: Callable[..., int]) -> None:
    import_id = taken_in(admin, {"customers.csv": CUSTOMERS})
    team = create_team(name="North", by=None, at=NOW)
    for other in (member("csm"), member("analyst"), member("leader", team_id=team)):
        assert signed_in(other).get(f"/import/{import_id}{end}").status_code == 404


@pytest.mark.parametrize("end", ["/look", "/check", "/publish", "/stop", "/cancel", "/mapping", "/mapping/yaml"])
def test_a_stranger_changes_no_import(end: str, admin: Client, member: Callable[..., int]) -> None:
    import_id = taken_in(admin, {"customers.csv": CUSTOMERS})
    before = Import.objects.values().get(id=import_id)
    for other in (member("csm"), member("leader")):
        assert signed_in(other).post(f"/import/{import_id}{end}").status_code == 404
    assert Import.objects.values().get(id=import_id) == before


def books(member: Callable[..., int]) -> tuple[int, int, int]:
    """Make customers C1 of team North and C2 of team South; return a leader of North, another one, and one of South."""
    north, south = (create_team(name=name, by=None, at=NOW) for name in ("North", "South"))
    owners = [member("csm", team_id=team) for team in (north, south)]
    mails = Member.objects.in_bulk(owners)
    upsert(
        [CustomerFacts(source="customers", external_id=key, name=name, owner_email=mails[owner].email)
         for key, name, owner in (("C1", "Acme", owners[0]), ("C2", "Southern Secret", owners[1]))],
        by=None, at=NOW,
    )  # fmt: skip
    return member("leader", team_id=north), member("leader", team_id=north), member("leader", team_id=south)


def test_a_leader_imports_what_is_his_teams_and_the_check_says_nothing_of_the_rest(member: Callable[..., int]) -> None:
    leader, _colleague, _other = books(member)
    client = signed_in(leader)
    import_id = taken_in(client, FILES)
    client.post(f"/import/{import_id}/mapping", form_of(text(client, f"/import/{import_id}/mapping")))
    mapping = Import.objects.get(id=import_id).mapping | {"source": "customers"}
    Import.objects.filter(id=import_id).update(mapping=mapping)
    client.post(f"/import/{import_id}/check")
    work()
    page = text(client, f"/import/{import_id}/check")
    assert "This is not yours to write." in page and "Southern Secret" not in page
    before = Customer.objects.values().get(name="Southern Secret")
    published = publish(client, import_id)
    assert "Southern Secret" not in published
    assert Customer.objects.values().get(id=before["id"]) == before
    assert Customer.objects.get(name="Acme").industry == "Steel"
    assert set(Line.objects.values_list("customer__name", flat=True)) == {"Acme"}
    assert Import.objects.get(id=import_id).counts["kinds"]["contracts"]["rejected"] == 5


@pytest.mark.parametrize("end", ADDRESSES)
def test_a_leaders_import_is_his_own_and_the_admins(end: str, admin: Client, member: Callable[..., int]) -> None:
    leader, colleague, other = books(member)
    owner = signed_in(leader)
    import_id = taken_in(owner, {"customers.csv": CUSTOMERS})
    before = Import.objects.values().get(id=import_id)
    nothing_refused = end == "/rejections"
    for entitled in (owner, admin):
        assert (entitled.get(f"/import/{import_id}{end}").status_code == 404) == nothing_refused
    for stranger in (colleague, other, member("csm"), member("analyst"), member("reader")):
        assert signed_in(stranger).get(f"/import/{import_id}{end}").status_code == 404
        assert signed_in(stranger).post(f"/import/{import_id}{end}").status_code in {404, 405}
    assert Client().get(f"/import/{import_id}{end}").status_code == 302
    assert Import.objects.values().get(id=import_id) == before


def test_the_list_shows_a_leader_his_own_imports_and_the_admin_all(admin: Client, member: Callable[..., int]) -> None:
    leader, colleague, _other = books(member)
    taken_in(admin, {"everybody.csv": CUSTOMERS})
    taken_in(signed_in(colleague), {"colleague.csv": CUSTOMERS})
    mine = signed_in(leader)
    taken_in(mine, {"mine.csv": CUSTOMERS})
    page = text(mine, "/import")
    assert "mine.csv" in page and "everybody.csv" not in page and "colleague.csv" not in page
    whole = text(admin, "/import")
    assert "mine.csv" in whole and "everybody.csv" in whole and "colleague.csv" in whole


@pytest.mark.parametrize("role", ["csm", "analyst", "reader"])
def test_who_may_not_import_is_not_asked_for_files(role: str, member: Callable[..., int]) -> None:
    stranger = signed_in(member(role))
    sent = stranger.post("/import", {"files": [SimpleUploadedFile("customers.csv", CUSTOMERS.encode())]})
    assert (sent.status_code, stranger.get("/import").status_code) == (404, 404)
    assert not Import.objects.exists()
