"""Customers that are the same company become one from the list, with all that is known of them, and are taken apart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from tests.aids import signed_in, toast
from tests.customers.books import DAY, customer

from perennial.customers import queries as customers
from perennial.customers.models import Contact, Customer, CustomerAlias, PortfolioRow
from perennial.engagement import queries as engagement
from perennial.engagement.models import Touchpoint
from perennial.jobs import nightly
from perennial.kernel.organisation import actions as organisation
from perennial.playbooks import queries as playbooks
from perennial.playbooks.models import Task
from perennial.support import queries as support
from perennial.support.models import Ticket
from perennial.voice import queries as voice
from perennial.voice.models import SurveyAnswer

HTMX = {"HX-Request": "true"}


@pytest.fixture
def place(member: Callable[..., int], now: datetime, home: Any) -> dict[str, Any]:
    """Acme, and Acme Ltd of the same CSM with something of each room; Bolt is a colleague's."""
    organisation.move_as_of(on=DAY, by=None, at=now)
    csm, other, admin = member("csm"), member("csm"), member("admin")
    keys = {name: customer(name, at=now, owner=owner) for name, owner in
            (("Acme", csm), ("Acme Ltd", csm), ("Bolt", other))}  # fmt: skip
    ids = {one.name: one.pk for one in Customer.objects.all()}
    then = now - timedelta(days=3)
    old = ids["Acme Ltd"]
    Ticket.objects.create(customer_id=old, external_id="t1", opened_at=then, subject="Cannot sign in", learned_at=then)
    Touchpoint.objects.create(customer_id=old, channel="call", happened_at=then, summary="Spoke", learned_at=then,
                              member_id=csm)  # fmt: skip
    Contact.objects.create(customer_id=old, name="Zhang Wei", level=1, rung=2, learned_at=then, phone="555 1234")
    SurveyAnswer.objects.create(customer_id=old, kind="nps", score=9, answered_at=then, learned_at=then)
    Task.objects.create(customer_id=old, owner_id=csm, title="Send the offer", created_at=then, created_by_id=csm)
    return {"csm": csm, "other": other, "admin": admin, "keys": keys, "ids": ids}


def known(customer_id: int, now: datetime) -> dict[str, Any]:
    """Return what each room knows of a customer, by a set-wise read and by its own."""
    return {
        "tickets": (support.standing(now).get(customer_id), len(support.tickets_of(customer_id))),
        "contact": (engagement.last_contact(now).get(customer_id), len(engagement.touchpoints_of(customer_id))),
        "answer": (voice.latest("nps", now, [customer_id]).get(customer_id), len(voice.answers_of(customer_id))),
        "people": (customers.relationships(DAY).get(customer_id), len(customers.contacts_of(customer_id))),
        "task": (playbooks.next_tasks([customer_id]).get(customer_id), len(playbooks.tasks_of(customer_id))),
    }


def merge(client: Client, place: dict[str, Any], *names: str, into: str = "Acme") -> Any:
    rows = [place["keys"][name] for name in names]
    return client.post(
        "/customers/list/merge", {"row": rows, "confirmed": "1", "into": place["keys"][into]}, headers=HTMX
    )


def test_what_each_room_knows_counts_for_the_one_that_remains_until_they_are_taken_apart(
    place: dict[str, Any], now: datetime
) -> None:
    client, ids = signed_in(place["csm"]), place["ids"]
    before = {name: known(ids[name], now) for name in ("Acme", "Acme Ltd")}
    assert all(one is not None and count == 1 for one, count in before["Acme Ltd"].values())
    assert all(one is None and count == 0 for one, count in before["Acme"].values())
    said = toast(merge(client, place, "Acme", "Acme Ltd"))
    assert said["text"] == "1 customer counts for the other one now."
    assert known(ids["Acme"], now) == before["Acme Ltd"]
    assert known(ids["Acme Ltd"], now)["tickets"][0] is None
    assert sorted(PortfolioRow.objects.values_list("name", flat=True)) == ["Acme", "Bolt"]
    address = f"/customers/{place['keys']['Acme']}"
    for tab, text in (("overview", "Send the offer"), ("people", "Zhang Wei"), ("tickets", "Cannot sign in"),
                      ("timeline", "Spoke"), ("timeline", "Another entry was merged")):  # fmt: skip
        assert text in client.get(f"{address}?tab={tab}").content.decode(), (tab, text)
    assert client.get(f"/customers/{place['keys']['Acme Ltd']}").headers["Location"] == address
    found = client.get("/palette?q=Zhang", headers=HTMX).content.decode()
    assert "Zhang Wei" in found and place["keys"]["Acme"] in found

    client.post(f"{address}/merged/{place['keys']['Acme Ltd']}/part", headers=HTMX)
    assert {name: known(ids[name], now) for name in ("Acme", "Acme Ltd")} == before
    assert not CustomerAlias.objects.exists()
    again = toast(client.post(f"{address}/merged/{place['keys']['Acme Ltd']}/part", headers=HTMX))
    assert again["text"] == "This entry stands by itself again already."


def test_a_merge_is_undone_from_its_toast_as_a_whole(place: dict[str, Any], now: datetime) -> None:
    client = signed_in(place["admin"])
    said = toast(merge(client, place, "Acme", "Acme Ltd", "Bolt"))
    assert said["text"] == "2 customers count for the one that remains now."
    assert PortfolioRow.objects.count() == 1
    assert signed_in(place["csm"]).post(said["undo"]).status_code == 404
    assert client.post(said["undo"]).status_code == 204
    assert Customer.objects.filter(merged_into=None).count() == PortfolioRow.objects.count() == 3


def test_tasks_and_entries_of_the_merged_are_settled_in_the_file_that_remains(
    place: dict[str, Any], now: datetime
) -> None:
    client, address = signed_in(place["csm"]), f"/customers/{place['keys']['Acme']}"
    merge(client, place, "Acme", "Acme Ltd")
    task, entry = Task.objects.get(), Touchpoint.objects.get()
    assert client.post(f"{address}/tasks/{task.pk}/done", headers=HTMX).status_code == 200
    assert Task.objects.get().done_at is not None
    assert client.post(f"{address}/log/{entry.fact}/retract", headers=HTMX).status_code == 200
    assert engagement.last_contact(now, [place["ids"]["Acme"]]) == {}


def test_who_may_not_edit_one_of_them_merges_nothing_of_it(place: dict[str, Any], member: Callable[..., int]) -> None:
    client = signed_in(place["csm"])
    said = toast(merge(client, place, "Acme", "Bolt"))  # Bolt is not hers: it is as if it were not selected
    assert said["kind"] == "bad"
    assert merge(client, place, "Acme", "Acme Ltd", into="Bolt").status_code == 404
    assert merge(signed_in(member("reader")), place, "Acme", "Acme Ltd").status_code == 404
    url = f"/customers/{place['keys']['Acme']}/merged/{place['keys']['Bolt']}/part"
    assert signed_in(place["other"]).post(url, headers=HTMX).status_code == 404
    assert Customer.objects.filter(merged_into=None).count() == 3


def test_the_question_names_who_may_remain_and_asks_for_two(place: dict[str, Any]) -> None:
    client, keys = signed_in(place["admin"]), place["keys"]
    PortfolioRow.objects.filter(name="Bolt").update(mrr=100)
    asked = client.post("/customers/list/merge", {"row": list(keys.values())}, headers=HTMX).content.decode()
    assert asked.index(">Bolt</option>") < asked.index(">Acme</option>") < asked.index(">Acme Ltd</option>")
    alone = client.post("/customers/list/merge", {"row": [keys["Acme"]]}, headers=HTMX).content.decode()
    assert "Select at least two customers" in alone and 'name="confirmed"' not in alone


def test_the_night_after_a_merge_leaves_the_merged_alone(place: dict[str, Any], now: datetime) -> None:
    merge(signed_in(place["csm"]), place, "Acme", "Acme Ltd")
    nightly.run(DAY, at=now)
    assert dict(PortfolioRow.objects.values_list("name", "open_tickets")) == {
        "Acme": 1, "Bolt": 0,
    }  # fmt: skip
