"""Settings: what each may open, what forms refuse, and that taking away works at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client
from tests.aids import signed_in
from tests.customers.books import customer

from perennial.members import actions
from perennial.members.models import ApiKey, Member
from perennial.members.queries import key_holder

PASSWORD = "correct horse battery"


@pytest.mark.parametrize("role", ["admin", "leader", "csm", "analyst", "reader"])
def test_each_role_sees_the_tabs_that_it_may_open(member: Callable[..., int], role: str) -> None:
    client = signed_in(member(role))
    shown = re.findall(r'href="(/settings[^"]*)"', client.get("/settings").content.decode())
    for path in shown:
        assert client.get(path).status_code == 200
    assert ("/settings/members" in shown) == (role == "admin")
    assert ("/settings/keys" in shown) == (role != "reader")


def test_a_member_chooses_language_and_theme(member: Callable[..., int]) -> None:
    me = member("csm")
    client = signed_in(me)
    client.post("/settings", {"language": "zh-hans", "theme": "dark", "role": "admin", "is_active": ""})
    found = Member.objects.get(id=me)
    assert (found.language, found.theme, found.role, found.is_active) == ("zh-hans", "dark", "csm", True)
    assert client.post("/settings", {"language": "xx", "theme": "dark"}).status_code == 422


def test_a_password_needs_the_present_one_and_ends_other_sessions(member: Callable[..., int], now: object) -> None:
    me = member("csm")
    actions.set_password(member_id=me, password=PASSWORD, by=None, at=Member.objects.get(id=me).created_at)
    client, elsewhere = signed_in(me), signed_in(me)
    wrong = client.post("/settings", {"form": "password", "present": "no", "new": "another long one"})
    assert wrong.status_code == 422 and "not your present password" in wrong.content.decode()
    weak = client.post("/settings", {"form": "password", "present": PASSWORD, "new": "short"})
    assert weak.status_code == 422
    client.post("/settings", {"form": "password", "present": PASSWORD, "new": "another long one"})
    assert Member.objects.get(id=me).check_password("another long one")
    assert client.get("/settings").status_code == 200
    assert elsewhere.get("/settings").status_code == 302


def test_an_admin_adds_changes_and_deactivates_members(member: Callable[..., int]) -> None:
    client = signed_in(member("admin"))
    given = {
        "form": "member",
        "email": "li@example.com",
        "name": "李婷",
        "role": "csm",
        "team": "",
        "password": PASSWORD,
    }
    assert client.post("/settings/members", given).status_code == 302
    assert client.post("/settings/members", given).status_code == 422
    made = Member.objects.get(email="li@example.com")
    client.post("/settings/members", {"form": "team", "name": "East"})
    team = str(actions.create_team(name="East", by=None, at=made.created_at))
    path, hers = f"/settings/members/{made.pk}", signed_in(made.pk)
    client.post(path, {"form": "member", "name": "李婷", "role": "leader", "team": team, "is_active": "on"})
    made.refresh_from_db()
    assert (made.role, str(made.team_id)) == ("leader", team)
    assert client.post(path, {"form": "password", "password": "short"}).status_code == 422
    client.post(path, {"form": "member", "name": "李婷", "role": "leader", "team": team})
    assert hers.get("/settings").status_code == 302
    assert client.get("/settings/members/999999").status_code == 404


def test_the_last_admin_cannot_take_away_his_own_role(member: Callable[..., int]) -> None:
    me = member("admin")
    answer = signed_in(me).post(f"/settings/members/{me}", {"form": "member", "name": "A", "role": "csm", "team": ""})
    assert answer.status_code == 422 and "last active admin" in answer.content.decode()
    assert Member.objects.get(id=me).role == "admin"


def test_a_key_is_shown_once_and_refused_after_its_revocation(member: Callable[..., int]) -> None:
    client = signed_in(member("csm"))
    made = client.post("/settings/keys", {"name": "CRM", "scope": "read"})
    key = re.findall(r'value="(pk_[^"]+)"', made.content.decode())[0]
    assert key_holder(key) is not None and "no-store" in made.headers["Cache-Control"]
    assert key not in client.get("/settings/keys").content.decode()
    client.post(f"/settings/keys/{ApiKey.objects.get().pk}/revoke")
    assert key_holder(key) is None
    assert client.post("/settings/keys", {"name": "CRM", "scope": "all"}).status_code == 422


def test_a_csm_sees_and_revokes_only_own_keys_an_admin_all(member: Callable[..., int]) -> None:
    ann, bob, admin = member("csm"), member("csm"), member("admin")
    number, _key = actions.create_key(member_id=ann, name="Hers", scope="read", by=ann,
                                      at=Member.objects.get(id=ann).created_at)  # fmt: skip
    assert "Hers" not in signed_in(bob).get("/settings/keys").content.decode()
    assert signed_in(bob).post(f"/settings/keys/{number}/revoke").status_code == 404
    assert "Hers" in signed_in(admin).get("/settings/keys").content.decode()
    assert signed_in(admin).post(f"/settings/keys/{number}/revoke").status_code == 302


def test_the_blueprint_is_read_and_fetched_part_by_part(member: Callable[..., int]) -> None:
    client = signed_in(member("admin"))
    assert "scorecard.yaml" in client.get("/settings/blueprint/scorecard").content.decode()
    file = client.get("/settings/blueprint/scorecard/file")
    assert file.headers["Content-Disposition"] == 'attachment; filename="scorecard.yaml"'
    for path in ("nothing", "..%2Frights", "nothing/file"):
        assert client.get(f"/settings/blueprint/{path}").status_code == 404


def test_the_organisation_gets_another_name(member: Callable[..., int]) -> None:
    client = signed_in(member("admin"))
    client.post("/settings/organisation", {"name": "Northwind", "currency": "EUR"})
    shown = client.get("/settings/organisation").content.decode()
    assert 'value="Northwind"' in shown and "USD" in shown and "EUR" not in shown


@pytest.mark.parametrize(("language", "said"), [("en", "Not found")])
def test_an_unknown_address_says_so_without_internals(member: Callable[..., int], language: str, said: str) -> None:
    answer = signed_in(member("csm")).get("/nowhere")
    assert answer.status_code == 404 and said in answer.content.decode()
    assert "style=" not in answer.content.decode()


def test_a_failure_answers_with_a_page_that_needs_no_database(rf: object) -> None:
    from django.test import RequestFactory
    from django.views.defaults import server_error

    answer = server_error(RequestFactory().get("/"))
    assert answer.status_code == 500 and "Something went wrong" in answer.content.decode()


def test_an_invited_member_gets_a_link_that_is_shown_once_and_leads_in(member: Callable[..., int]) -> None:
    client = signed_in(member("admin"))
    given = {"form": "member", "email": "li@example.com", "name": "李婷", "role": "csm", "team": "", "password": ""}
    shown = client.post("/settings/members", given)
    assert shown.status_code == 200 and "no-store" in shown.headers["Cache-Control"]
    url = re.findall(r'value="(http://testserver/welcome#[^"]+)"', shown.content.decode())[0]
    secret = url.partition("#")[2]
    listed = client.get("/settings/members").content.decode()
    assert secret not in listed and "Invited" in listed
    hers = Client()
    page = hers.get("/welcome")
    assert page.status_code == 200
    assert page.headers["Referrer-Policy"] == "same-origin"  # with none a browser names no origin, and the form fails
    assert "no-store" in page.headers["Cache-Control"]
    assert hers.post("/welcome", {"secret": secret, "password": "short"}).status_code == 422
    assert hers.get("/settings").status_code == 302
    assert hers.post("/welcome", {"secret": secret, "password": PASSWORD}).headers["Location"] == "/"
    assert "li@example.com" in hers.get("/settings").content.decode()
    again = Client().post("/welcome", {"secret": secret, "password": PASSWORD})
    assert again.status_code == 422 and "used, replaced or too old" in again.content.decode()


@pytest.mark.parametrize("secret", ["", "x", "%00", "a" * 101, "’"])
def test_a_guessed_link_opens_nothing(secret: str, member: Callable[..., int], now: datetime) -> None:
    actions.make_password_link(member_id=member("csm"), by=member("admin"), at=now)
    client = Client()
    assert client.post("/welcome", {"secret": secret, "password": PASSWORD}).status_code == 422
    assert client.get("/settings").status_code == 302


def test_an_administrator_makes_a_link_for_who_forgot_the_password(member: Callable[..., int]) -> None:
    client, csm = signed_in(member("admin")), member("csm")
    shown = client.post(f"/settings/members/{csm}", {"form": "link"})
    assert re.search(r"/welcome#[\w-]{43}", shown.content.decode())
    assert signed_in(member("csm")).post(f"/settings/members/{csm}", {"form": "link"}).status_code == 404
    Member.objects.filter(id=csm).update(is_active=False)
    refused = client.post(f"/settings/members/{csm}", {"form": "link"})
    assert refused.status_code == 422 and "deactivated" in refused.content.decode()


def test_customers_follow_their_owner_into_another_team_at_once(member: Callable[..., int], now: datetime) -> None:
    east, west = (actions.create_team(name=name, by=None, at=now) for name in ("East", "West"))
    csm, of_east, of_west = member("csm", team_id=east), member("leader", team_id=east), member("leader", team_id=west)
    customer("Acme", at=now, owner=csm)

    def seen(by: int) -> bool:
        return "Acme" in signed_in(by).get("/customers").content.decode()

    assert (seen(of_east), seen(of_west)) == (True, False)
    client = signed_in(member("admin"))
    path = f"/settings/members/{csm}"
    client.post(path, {"form": "member", "name": "C", "role": "csm", "team": str(west), "is_active": "on"})
    assert (seen(of_east), seen(of_west)) == (False, True)
    client.post(path, {"form": "member", "name": "C", "role": "csm", "team": "", "is_active": "on"})
    assert (seen(of_east), seen(of_west)) == (False, False)
    assert "owns 1 customer<" in client.get(path).content.decode()


def test_a_key_says_when_it_was_last_used(member: Callable[..., int], now: datetime) -> None:
    client = signed_in(member("admin"))
    made = client.post("/settings/keys", {"name": "CRM", "scope": "read"})
    key = re.findall(r'value="(pk_[^"]+)"', made.content.decode())[0]
    assert "never" in client.get("/settings/keys").content.decode()
    answer = Client().get("/api/v1/customers", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    assert ApiKey.objects.get().last_used_at is not None
    assert "never" not in client.get("/settings/keys").content.decode()
