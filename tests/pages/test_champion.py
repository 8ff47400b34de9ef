"""The champion on the usage tab: who, why, how long silent; of nobody it says so; strangers get 404."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from tests.customers.books import customer
from tests.usage.test_actions import happened

from perennial.customers import actions as customers
from perennial.customers.models import Customer
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.versions import Incoming
from perennial.members.models import Member
from perennial.pages.customer.champion import figures, verdict, why
from perennial.usage import actions
from perennial.usage.champions import Shown

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation")]
ON = date(2026, 3, 2)
NOBODY = Shown(
    user=None,
    name="",
    is_called=False,
    of_core=None,
    of_admin=None,
    tells_admin=False,
    weeks=0,
    gap=26,
    called=(),
    left_on=None,
)


@pytest.fixture
def place(member: Callable[..., int], now: datetime, home: Path) -> dict[str, Any]:
    organisation.move_as_of(on=ON, by=None, at=now)
    who = {"csm": member("csm"), "other": member("csm")}
    key = customer("Acme", at=now, owner=who["csm"])
    number = Customer.objects.get(key=key).pk
    ids = actions.user_ids("app", [(number, "ada@a.example")], at=now)
    ada = ids[number, "ada@a.example"]
    happened([(number, ada, "saved", None, ON - timedelta(weeks=back), 2) for back in range(3, 25)], now=now)
    actions.bring_up_to(ON, at=now)
    return {**who, "number": number, "at": f"/customers/{key}"}


def seen(member_id: int, address: str) -> str:
    client = Client()
    client.force_login(Member.objects.get(id=member_id))
    found = client.get(address)
    return html.unescape(found.content.decode()) if found.status_code == 200 else str(found.status_code)


def test_the_tab_tells_the_leading_user_with_his_shares_and_how_long_he_is_silent(place: dict[str, Any]) -> None:
    told = seen(place["csm"], f"{place['at']}/champion")
    for words in ("ada@a.example", "Silent for 3 weeks: that is not chance.", "Leads the use of the last 90 days",
                  "100.0%", "22 of 26", "0.8214", "0.57%", "counted once a champion metric is adopted"):  # fmt: skip
        assert words in told, words


def test_a_contact_called_so_is_named_and_one_who_left_is_told(place: dict[str, Any], now: datetime) -> None:
    values = {"customer_id": place["number"], "name": "Ada Lim", "email": "Ada@a.example", "is_champion": True}
    customers.write_contacts([Incoming("p", values, now)], source="crm", at=now)
    told = seen(place["csm"], f"{place['at']}/champion")
    assert "<strong>Ada Lim</strong>" in told and "A contact is called champion" in told
    later = now + timedelta(minutes=1)
    customers.write_contacts([Incoming("p", {**values, "left_on": ON}, later)], source="crm", at=later)
    assert "The champion left on 2 Mar 2026, and nobody is called so since." in seen(
        place["csm"], f"{place['at']}/champion"
    )


def test_without_one_there_is_a_state_of_its_own_and_no_figure() -> None:
    assert verdict(NOBODY)[0].startswith("No champion") and figures(NOBODY) == [] and why(NOBODY) == ""


def test_a_stranger_gets_404(place: dict[str, Any]) -> None:
    assert seen(place["other"], f"{place['at']}/champion") == "404"
