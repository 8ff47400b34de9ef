"""The intake's pages: what each shows, what each button does, and that nobody else comes near."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.aids import signed_in, toast
from tests.intake.sending import SEEN_BY_ALL_THREADS, Sending, track

from perennial.customers.models import Customer, ExternalId
from perennial.intake.models import RejectedMessage, Stream, Unconfirmed
from perennial.lake.latest import Arrival, Wanted
from perennial.members.models import ApiKey, Member
from perennial.members.queries import key_holder
from perennial.pages.events import guides
from perennial.usage.lake import lake

pytestmark = SEEN_BY_ALL_THREADS
Known = Callable[..., dict[str, int]]
HTMX = {"HX-Request": "true"}
EVENTS = "/settings/events"


@pytest.fixture
def page(admin: int) -> Client:
    return signed_in(admin)


def text_of(answer: Any) -> str:
    assert answer.status_code in (200, 422), answer.status_code
    written: str = answer.content.decode()
    assert "style=" not in written and "onclick" not in written
    return written


def stored() -> list[Arrival]:
    with lake().arrivals() as arrivals:
        return arrivals.newest(Wanted(), limit=100)


def lost(web: Sending, count: int = 1) -> list[int]:
    """Send messages without a user; return their numbers."""
    web.send(*({**track(n), "userId": "", "properties": {"uid": f"p{n}"}} for n in range(count)))
    return list(RejectedMessage.objects.order_by("id").values_list("id", flat=True))


def group(number: int, group_id: str, name: str) -> dict[str, Any]:
    return {"type": "group", "messageId": f"g{number}", "userId": f"u{number}", "groupId": group_id,
            "traits": {"name": name}}  # fmt: skip


# Write keys


def test_a_write_key_is_shown_once_with_a_call_that_works(page: Client, known: Known) -> None:
    known("Acme", source="crm")
    shown = text_of(page.get(EVENTS))
    assert "No write key yet" in shown and '<option value="crm">' in shown
    made = page.post(EVENTS, {"name": "Product", "source": "+", "new_source": "app", "events_per_second": "50"})
    key = re.findall(r'value="(pk_[^"]+)"', text_of(made))[0]
    assert f"curl -u &#x27;{key}:&#x27;" in text_of(made) and "no-store" in made.headers["Cache-Control"]
    holder = key_holder(key)
    assert holder is not None and holder.scope == "intake"
    assert list(Stream.objects.values_list("source", "events_per_second")) == [("app", 50)]
    again = text_of(page.get(EVENTS))
    assert key not in again and key[:9] in again
    page.post(f"{EVENTS}/{holder.pk}/revoke")
    assert key_holder(key) is None and "Revoked" in text_of(page.get(EVENTS))


@pytest.mark.parametrize(
    "given",
    [
        {"name": "", "source": "events"},
        {"name": "x", "source": "nobody"},
        {"name": "x", "source": "+", "new_source": " "},
        {"name": "x", "source": "+", "new_source": "a\tb"},
        {"name": "x", "source": "events", "events_per_second": "0"},
    ],
)
def test_a_write_key_that_cannot_be_is_refused_in_its_form(page: Client, given: dict[str, str]) -> None:
    assert page.post(EVENTS, given).status_code == 422
    assert not ApiKey.objects.exists()


def test_other_keys_are_not_revoked_here(page: Client, admin: int, now: datetime) -> None:
    from perennial.members import actions

    number, key = actions.create_key(member_id=admin, name="Billing robot", scope="write", by=admin, at=now)
    assert "Billing robot" not in text_of(page.get(EVENTS))
    assert page.post(f"{EVENTS}/{number}/revoke").status_code == 404
    assert key_holder(key) is not None


# Live


def test_what_comes_in_is_shown_and_asked_for_again_until_it_is_paused(page: Client, web: Sending) -> None:
    assert "Nothing came in yet" in text_of(page.get(f"{EVENTS}/live"))
    web.send(track(1, event="<script>alert(1)</script>"), {**track(2), "userId": ""})
    shown = text_of(page.get(f"{EVENTS}/live"))
    assert "&lt;script&gt;alert" in shown and "<script>alert" not in shown
    assert "Unconfirmed" in shown and "No user" in shown
    part = text_of(page.get(f"{EVENTS}/live?event=report", headers=HTMX))
    assert part.lstrip().startswith('<div id="live" hx-get="/settings/events/live?event=report" hx-trigger="every 3s"')
    paused = text_of(page.get(f"{EVENTS}/live?paused=1", headers=HTMX))
    assert "every 3s" not in paused and "Paused" in paused and "Go on" in paused
    assert "Nothing like that came in lately" in text_of(page.get(f"{EVENTS}/live?who=nobody"))
    assert page.get(f"{EVENTS}/live?event=%00").status_code == 200


def test_the_balance_adds_up(page: Client, web: Sending) -> None:
    web.send(track(1), track(1), {**track(2), "userId": ""})
    figures = re.findall(r'class="figure">([\d,]+)<', text_of(page.get(f"{EVENTS}/balance")))
    assert figures == ["3", "0", "2", "0", "1"]


@pytest.mark.parametrize("count", [1, 40])
def test_the_queries_of_a_page_do_not_grow_with_its_rows(page: Client, web: Sending, known: Known, count: int) -> None:
    web.send(*(group(n, f"g{n}", f"Team {n}") for n in range(count)))
    web.send(*({**track(n), "userId": ""} for n in range(count)))
    known(*(f"Team {n}" for n in range(count)))
    found = {}
    for path in ("live", "rejected", "rejected/list", "unconfirmed"):
        with CaptureQueriesContext(connection) as asked:
            text_of(page.get(f"{EVENTS}/{path}"))
        found[path] = len(asked)
    assert found == {"live": 15, "rejected": 13, "rejected/list": 11, "unconfirmed": 14}


# Rejected


def test_reasons_are_said_with_what_to_do(page: Client, web: Sending) -> None:
    assert "No rejected message waits" in text_of(page.get(f"{EVENTS}/rejected"))
    lost(web, 2)
    web.send({**track(9), "timestamp": "yesterday"})
    shown = text_of(page.get(f"{EVENTS}/rejected"))
    assert "No user" in shown and "<strong>2</strong>" in shown and "Send one of them." in shown
    assert "reason=no_user&amp;key=" in shown and "where=userId" in shown
    assert "Time not readable" in shown
    listed = text_of(page.get(f"{EVENTS}/rejected/list?reason=no_user"))
    assert listed.count("data-row") == 2 and "Mend all of these at once" in listed
    assert "Nothing like this is in this state" in text_of(page.get(f"{EVENTS}/rejected/list?reason=no_event"))


def test_a_message_is_looked_at_checked_and_replayed(page: Client, web: Sending, now: datetime) -> None:
    (number,) = lost(web)
    path = f"{EVENTS}/rejected/{number}"
    shown = text_of(page.get(path))
    assert "&quot;uid&quot;: &quot;p0&quot;" in shown and "The message names neither userId" in shown
    checked = page.post(path, {"do": "check", "text": json.dumps({**track(0), "userId": ""})}, headers=HTMX)
    assert "No user" in text_of(checked) and "userId</code></strong>" in text_of(checked)
    assert "This would be taken" in text_of(page.post(path, {"do": "check", "text": json.dumps(track(0))}))
    broken = page.post(path, {"do": "replay", "text": '{"a":\n oops}'}, headers=HTMX)
    assert broken.status_code == 422 and "Line 2, column 2." in text_of(broken)
    assert page.post(path, {"do": "replay", "text": "[1]"}, headers=HTMX).status_code == 422
    assert stored() == []
    done = page.post(path, {"do": "replay", "text": json.dumps(track(0))}, headers=HTMX)
    assert toast(done)["text"].startswith("Replayed") and "readonly" in text_of(done)
    assert [each.received_at for each in stored()] == [now]
    again = page.post(path, {"do": "replay", "text": json.dumps(track(0))}, headers=HTMX)
    assert toast(again)["kind"] == "bad" and len(stored()) == 1
    assert page.get(f"{EVENTS}/rejected/{number + 1}").status_code == 404


def test_a_message_is_set_aside_and_waits_again(page: Client, web: Sending) -> None:
    (number,) = lost(web)
    path = f"{EVENTS}/rejected/{number}"
    aside = page.post(path, {"do": "discard"}, headers=HTMX)
    assert RejectedMessage.objects.get().settled_as == "discarded"
    page.post(toast(aside)["undo"], headers=HTMX)
    assert RejectedMessage.objects.get().settled_as == ""
    page.post(path, {"do": "discard"}, headers=HTMX)
    page.post(path, {"do": "reopen"})
    assert RejectedMessage.objects.get().settled_as == ""
    assert page.post(path, {"do": "eat"}).status_code == 404


def test_many_are_tried_then_mended_by_one_rule(page: Client, web: Sending) -> None:
    lost(web, 3)
    path = f"{EVENTS}/rejected/mend?reason=no_user"
    rule = {"change": "copy", "field": "userId", "other": "properties.uid"}
    tried = text_of(page.post(path, rule, headers=HTMX))
    assert "3 would be taken" in tried and "Replay 3 messages" in tried and stored() == []
    wrong = page.post(path, {**rule, "field": "a b.."}, headers=HTMX)
    assert wrong.status_code == 422 and "Name the field" in text_of(wrong)
    other = text_of(page.post(path, {**rule, "other": "properties.name"}, headers=HTMX))
    assert "0 would be taken" in other and "No user: 3" in other and "Replay" not in other
    done = page.post(path, {**rule, "do": "replay"}, headers=HTMX)
    assert toast(done)["text"] == "3 messages are replayed and count." and len(stored()) == 3


def test_all_of_a_reason_or_the_chosen_ones_are_set_aside(page: Client, web: Sending) -> None:
    first, *_rest = lost(web, 3)
    web.send({**track(9), "event": ""})
    path = f"{EVENTS}/rejected/discard?reason=no_user"
    assert toast(page.post(path, {"row": [str(first)]}, headers=HTMX))["text"] == "1 message is set aside."
    answer = page.post(path, headers=HTMX)
    assert toast(answer)["text"] == "2 messages are set aside."
    assert RejectedMessage.objects.filter(settled_as="").count() == 1
    page.post(toast(answer)["undo"])
    assert RejectedMessage.objects.filter(settled_as="").count() == 3


def test_rejected_messages_are_fetched_as_ndjson(page: Client, web: Sending) -> None:
    lost(web, 2)
    web.send("text")
    answer = page.get(f"{EVENTS}/rejected/file")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="rejected.ndjson"'
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]  # type: ignore[arg-type]
    assert [line["reason"] for line in lines] == ["no_user", "no_user", "not_an_object"]
    assert lines[0]["message"]["properties"] == {"uid": "p0"} and lines[2]["text"] == '"text"'
    few = page.get(f"{EVENTS}/rejected/file?reason=not_an_object")
    assert len(b"".join(few.streaming_content).splitlines()) == 1  # type: ignore[arg-type]


# Unconfirmed


def one(external_id: str) -> Unconfirmed:
    return Unconfirmed.objects.get(external_id=external_id)


def test_a_group_is_linked_as_proposed_and_undone(page: Client, web: Sending, known: Known) -> None:
    web.send(group(1, "acme", "Acme"), group(2, "other", "Wholly Unknown"))
    acme = Customer.objects.get(id=known("Acme")["Acme"])
    shown = text_of(page.get(f"{EVENTS}/unconfirmed"))
    assert "same name" in shown and "nobody that is known" in shown and shown.count("data-row") == 2
    given = {"do": "link", "row": str(one("acme").pk), "to": acme.key}
    answer = page.post(f"{EVENTS}/unconfirmed/decide", given, headers=HTMX)
    assert text_of(answer).count("data-row") == 1
    assert '<span class="count" id="waits-1" hx-swap-oob="true">1</span>' in text_of(answer)
    assert ExternalId.objects.get(external_id="acme").customer_id == acme.pk
    assert "Acme" in text_of(page.get(f"{EVENTS}/unconfirmed?state=linked"))
    again = page.post(f"{EVENTS}/unconfirmed/decide", given, headers=HTMX)
    assert toast(again)["kind"] == "bad" and "meanwhile" in toast(again)["text"]
    back = page.post(toast(answer)["undo"], headers={**HTMX, "HX-Target": "div#strangers"})
    assert text_of(back).count("data-row") == 2 and one("acme").decided_at is None


def test_many_are_linked_as_proposed_after_a_look(page: Client, web: Sending, known: Known) -> None:
    web.send(group(1, "a", "Acme"), group(2, "g", "Globex"), group(3, "x", "Nobody Like This"))
    ids = known("Acme", "Globex")
    rows = [str(one(name).pk) for name in ("a", "g", "x")]
    asked = text_of(page.post(f"{EVENTS}/unconfirmed/decide", {"do": "propose", "ask": "1", "row": rows}, headers=HTMX))
    assert "Link 2 as proposed" in asked and "1 has no proposal" in asked and asked.count('name="row"') == 2
    answer = page.post(f"{EVENTS}/unconfirmed/decide", {"do": "propose", "row": rows[:2]}, headers=HTMX)
    assert toast(answer)["text"].startswith("2 are linked")
    assert {one("a").customer_id, one("g").customer_id} == set(ids.values())
    nobody = page.post(f"{EVENTS}/unconfirmed/decide", {"do": "propose", "row": rows[2:]}, headers=HTMX)
    assert toast(nobody)["kind"] == "bad"


def test_a_customer_is_looked_for_and_chosen(page: Client, web: Sending, known: Known) -> None:
    web.send(group(1, "a", "Abc"), group(2, "b", "Bcd"))
    globex = Customer.objects.get(id=known("Globex")["Globex"])
    rows = [str(one("a").pk), str(one("b").pk)]
    dialog = text_of(page.post(f"{EVENTS}/unconfirmed/dialog", {"row": rows}, headers=HTMX))
    assert "Link 2 to one customer" in dialog and "Abc" in dialog
    assert f'value="{globex.key}"' in text_of(page.get(f"{EVENTS}/unconfirmed/choose?name=glo", headers=HTMX))
    assert "No customer of this name" in text_of(page.get(f"{EVENTS}/unconfirmed/choose?name=zzz", headers=HTMX))
    page.post(f"{EVENTS}/unconfirmed/decide", {"do": "link", "row": rows, "to": globex.key}, headers=HTMX)
    assert {one("a").customer_id, one("b").customer_id} == {globex.pk}


def test_customers_are_made_after_a_look_and_others_are_ignored(page: Client, web: Sending) -> None:
    web.send(group(1, "a", "Acme"), group(2, "b", "Bots"))
    given = {"do": "create", "row": str(one("a").pk)}
    path = f"{EVENTS}/unconfirmed/decide"
    assert "Make 1 customer" in text_of(page.post(path, {**given, "ask": "1"}, headers=HTMX))
    assert not Customer.objects.exists()
    assert toast(page.post(path, given, headers=HTMX))["undo"] == ""
    assert Customer.objects.get().name == "Acme"
    ignored = page.post(path, {"do": "ignore", "row": str(one("b").pk)}, headers=HTMX)
    assert "Every group is known" in text_of(ignored)
    assert page.post(toast(ignored)["undo"], headers=HTMX).status_code == 204
    assert one("b").decided_at is None
    assert page.post(path, {"do": "ignore"}, headers=HTMX).status_code == 404
    assert page.post(path, {"do": "link", "row": str(one("b").pk), "to": "nobody"}, headers=HTMX).status_code == 404


# How to send


@pytest.mark.parametrize("name", list(guides.GUIDES))
def test_a_guide_names_this_server_and_says_the_same_as_its_document(page: Client, name: str) -> None:
    shown = text_of(page.get(f"{EVENTS}/guides?for={name}", headers={"Host": "127.0.0.1:8123"}))
    assert "http://127.0.0.1:8123" in shown and guides.PLACEHOLDER in shown
    document = (Path(__file__).parents[2] / "docs" / "events" / f"{name}.md").read_text(encoding="utf-8")
    assert guides.written(name, host="https://perennial.example.com", key=guides.PLACEHOLDER) in document
    assert guides.GUIDES[name].install in document
    assert page.get(f"{EVENTS}/guides?for=cobol").status_code == 404


def test_the_call_of_the_guide_is_one_that_the_intake_takes(page: Client, web: Sending) -> None:
    code = guides.written("curl", host="http://127.0.0.1:1", key=web.key)
    messages = json.loads(code.partition("-d '")[2].rstrip("'\n"))["batch"]
    assert web.send(*messages).accepted == len(messages) == 2


# Who may


PATHS = ["", "/live", "/balance", "/rejected", "/rejected/list", "/rejected/file", "/rejected/1", "/unconfirmed",
         "/unconfirmed/choose?name=a", "/guides"]  # fmt: skip
POSTS = ["", "/1/revoke", "/rejected/discard", "/rejected/undo/1", "/rejected/mend", "/rejected/1",
         "/unconfirmed/decide", "/unconfirmed/dialog", "/unconfirmed/back?row=1"]  # fmt: skip


@pytest.mark.parametrize("role", ["leader", "csm", "analyst", "reader"])
def test_only_who_manages_events_comes_here(member: Callable[..., int], web: Sending, role: str) -> None:
    web.send(group(1, "acme", "Acme"), {**track(1), "userId": ""})
    client = signed_in(member(role))
    assert [client.get(EVENTS + path).status_code for path in PATHS] == [404] * len(PATHS)
    row = {"row": str(one("acme").pk), "do": "ignore"}
    assert [client.post(EVENTS + path, row).status_code for path in POSTS] == [404] * len(POSTS)
    assert one("acme").decided_at is None and RejectedMessage.objects.get().settled_as == ""
    assert "/settings/events" not in client.get("/settings").content.decode()


def test_a_form_from_elsewhere_is_refused(admin: int, web: Sending) -> None:
    (number,) = lost(web)
    client = Client(enforce_csrf_checks=True)
    client.force_login(Member.objects.get(id=admin))
    assert [client.post(EVENTS + path).status_code for path in POSTS] == [403] * len(POSTS)
    assert RejectedMessage.objects.get(id=number).settled_as == ""


def test_who_reaches_only_his_own_customers_links_to_no_other(
    web: Sending, known: Known, member: Callable[..., int], now: datetime
) -> None:
    """The rights table may give events to a team leader: then the customers are still his team's alone."""
    from perennial.blueprint import actions as blueprint
    from perennial.blueprint import queries as rights
    from perennial.customers import actions as customers

    table = rights.default_text("rights").replace(
        "      keys.manage: own", "      events.manage: all\n      keys.manage: own", 1
    )
    blueprint.publish(part="rights", text=table, reason="try", from_on=None, base=None, by=member("admin"), at=now)
    leader = member("leader")
    ids = known("Acme", "Globex")
    customers.assign(customer_ids=[ids["Globex"]], member_id=leader, from_on=now.date(), by=leader, at=now)
    web.send(group(1, "a", "Acme"), group(2, "g", "Globex"), track(3, context={"groupId": "crm-Acme"}))
    client = signed_in(leader)
    shown = text_of(client.get(f"{EVENTS}/unconfirmed"))
    acme = Customer.objects.get(id=ids["Acme"]).key
    assert acme not in shown and Customer.objects.get(id=ids["Globex"]).key in shown
    assert acme not in text_of(client.get(f"{EVENTS}/unconfirmed/choose?name=acme"))
    assert acme not in text_of(client.get(f"{EVENTS}/live"))
    given = {"do": "link", "row": str(one("a").pk), "to": acme}
    assert client.post(f"{EVENTS}/unconfirmed/decide", given).status_code == 404
    assert client.post(f"{EVENTS}/unconfirmed/decide", {**given, "do": "create"}).status_code == 404
    assert one("a").decided_at is None


def test_a_replay_after_days_still_counts_on_its_own_day(page: Client, web: Sending, now: datetime) -> None:
    web.send({"type": "track", "event": "e", "messageId": "m1"}, at=now - timedelta(days=2))
    number = RejectedMessage.objects.get().pk
    text = json.dumps({"type": "track", "event": "e", "messageId": "m1", "userId": "u1"})
    page.post(f"{EVENTS}/rejected/{number}", {"do": "replay", "text": text}, headers=HTMX)
    assert [(each.at, each.received_at) for each in stored()] == [(now - timedelta(days=2),) * 2]
