"""The unconfirmed over the API: the list, one linked, made a customer, ignored, taken back, and every refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.api.conftest import Caller
from tests.api.test_events import shape
from tests.api.test_schema import fits
from tests.intake.sending import SEEN_BY_ALL_THREADS, Sending, track

from perennial.customers.models import Customer
from perennial.intake.models import RejectedMessage, Unconfirmed

pytestmark = SEEN_BY_ALL_THREADS
Callers = Callable[..., Caller]
Books = Callable[..., dict[str, int]]
LIST = "/events/unconfirmed"


def sent(web: Sending) -> int:
    """Let a group be heard of that nobody knows; return its number."""
    web.send({**track(1), "context": {"groupId": "zeta"}})
    return Unconfirmed.objects.get(external_id="zeta").pk


def act(caller: Caller, number: int, do: str, **body: Any) -> Any:
    return caller.post(f"{LIST}/{number}:{do}", body)


def test_one_is_listed_linked_and_taken_back(web: Sending, admin: int, call: Callers, book: Books) -> None:
    number, known, caller = sent(web), book("c1"), call(admin)
    answer = caller.json(LIST)
    fits(answer, shape("get", LIST))
    (row,) = answer["unconfirmed"]
    assert (row["id"], row["external_id"], row["kind"], row["customer"]) == (number, "zeta", "group", None)
    done = act(caller, number, "link", customer="c1", source="crm")
    fits(done.json(), shape("post", LIST + "/{number}:link"))
    assert done.json() == {"result": "linked"}
    assert Unconfirmed.objects.get(pk=number).customer_id == known["c1"]
    assert caller.json(LIST)["unconfirmed"] == []
    (linked,) = caller.json(LIST, state="linked")["unconfirmed"]
    assert linked["customer"] == Customer.objects.get(pk=known["c1"]).key
    assert act(caller, number, "link", customer="c1").status_code == 409
    assert act(caller, number, "reopen").json() == {"result": "open"}
    assert act(caller, number, "reopen").status_code == 409
    assert Unconfirmed.objects.get(pk=number).customer_id is None


def test_a_customer_is_made_of_one_once_and_stays_when_that_is_taken_back(
    web: Sending, admin: int, call: Callers
) -> None:
    number, caller = sent(web), call(admin)
    done = act(caller, number, "create")
    assert done.status_code == 200
    fits(done.json(), shape("post", LIST + "/{number}:create"))
    made = Customer.objects.get()
    assert (made.name, done.json()) == ("zeta", {"result": "created", "customer": made.key})
    assert caller.json(f"/customers/{made.key}")["external_ids"] == {"app": "zeta"}
    assert Unconfirmed.objects.get(pk=number).customer_id == made.pk
    for do in ("create", "ignore"):
        again = act(caller, number, do)
        assert (again.status_code, Customer.objects.count()) == (409, 1)
        assert "decided" in again.content.decode()
    assert act(caller, number, "reopen").json() == {"result": "open"}
    assert Customer.objects.count() == 1
    assert Unconfirmed.objects.get(pk=number).customer_id is None


def test_an_ignored_one_waits_no_more_until_it_is_taken_back(web: Sending, admin: int, call: Callers) -> None:
    number, caller = sent(web), call(admin)
    assert act(caller, number, "ignore").json() == {"result": "ignored"}
    assert act(caller, number, "ignore").status_code == 409
    assert [one["id"] for one in caller.json(LIST, state="ignored")["unconfirmed"]] == [number]
    assert act(caller, number, "reopen").status_code == 200
    assert [one["id"] for one in caller.json(LIST, q="ZET")["unconfirmed"]] == [number]


def test_only_who_manages_events_and_writes_may_decide(
    web: Sending, admin: int, call: Callers, book: Books, member: Callable[..., int]
) -> None:
    number = sent(web)
    book("c1")
    for role in ("leader", "csm", "analyst", "reader"):
        caller = call(member(role))
        assert caller.get(LIST).status_code == 404
        for do in ("link", "create", "ignore", "reopen"):
            assert act(caller, number, do, **({"customer": "c1"} if do == "link" else {})).status_code == 404
    for do in ("create", "ignore"):
        assert act(call(admin, "read"), number, do).status_code == 403
        assert act(call(admin), number + 1, do).status_code == 404
    assert Customer.objects.count() == 1
    assert Caller().get(LIST).status_code == 401
    caller = call(admin)
    assert act(caller, number, "link", customer="nobody").status_code == 400
    assert act(caller, number, "link").status_code == 422
    assert act(caller, number, "link", customer="c1", more=1).status_code == 422
    assert Unconfirmed.objects.get(pk=number).decided_at is None


def test_rejected_messages_are_told_by_reason_and_one_by_one(web: Sending, admin: int, call: Callers) -> None:
    web.send(*({**track(n), "userId": ""} for n in range(3)), {**track(9), "event": ""})
    caller = call(admin, "read")
    told = caller.json("/events/rejected/groups")
    fits(told, shape("get", "/events/rejected/groups"))
    assert [(one["reason"], one["where"], one["count"]) for one in told["groups"]] == [
        ("no_user", "userId", 3), ("no_event", "event", 1),
    ]  # fmt: skip
    number = RejectedMessage.objects.get(message_id="m9").pk
    one = caller.json(f"/events/rejected/{number}")
    fits(one, shape("get", "/events/rejected/{number}"))
    assert one["message"] == {**track(9), "event": ""}
    assert caller.get("/events/rejected/999999").status_code == 404
    assert caller.get("/events/rejected/nothing").status_code == 422
