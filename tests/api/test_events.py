"""Rejected events over the API: who may read them, that a replay counts once, and every refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.api.conftest import Caller
from tests.api.test_schema import fits
from tests.intake.sending import SEEN_BY_ALL_THREADS, Sending, track

from perennial.api.urls import api
from perennial.intake.models import RejectedMessage
from perennial.lake.latest import Arrival, Wanted
from perennial.usage.lake import lake

pytestmark = SEEN_BY_ALL_THREADS
Callers = Callable[..., Caller]


def stored() -> list[Arrival]:
    with lake().arrivals() as arrivals:
        return arrivals.newest(Wanted(), limit=100)


def shape(method: str, path: str) -> Any:
    found = api.get_openapi_schema()["paths"][f"/api/v1{path}"][method]["responses"][200]
    return found["content"]["application/json"]["schema"]


def replay(caller: Caller, number: int, message: Any = None) -> Any:
    return caller.post(f"/events/rejected/{number}:replay", {} if message is None else {"message": message})


def test_rejected_messages_are_listed_page_by_page_as_the_schema_says(
    web: Sending, admin: int, call: Callers, now: datetime
) -> None:
    shop = Sending(admin, now, source="shop", name="Shop")
    web.send(*({**track(n), "userId": ""} for n in range(3)), {**track(9), "event": ""})
    web.send({**track(10), "properties": {"x": "a" * 70_000}}, "text")
    shop.send({**track(1), "userId": ""})
    caller, seen, after = call(admin, "read"), list[dict[str, Any]](), {}
    while True:
        answer = caller.json("/events/rejected", limit=2, **after)
        fits(answer, shape("get", "/events/rejected"))
        seen += answer["messages"]
        if answer["next"] is None:
            break
        after = {"after": answer["next"]}
    assert [row["message_id"] for row in seen] == ["m1", "", "m10", "m9", "m2", "m1", "m0"]
    assert [row["source"] for row in seen].count("shop") == 1
    assert seen[-1]["message"] == {**track(0), "userId": ""} and seen[-1]["received_at"] == now.isoformat()
    assert seen[2]["message"] is None and len(seen[2]["text"]) == 65_536
    assert len(caller.json("/events/rejected", reason="no_user")["messages"]) == 4
    assert len(caller.json("/events/rejected", key=seen[0]["key"], reason="no_user")["messages"]) == 1
    assert caller.json("/events/rejected", key="pk_nobody")["messages"] == []
    assert caller.get("/events/rejected", reason="nonsense").status_code == 422


def test_a_replay_counts_once_and_a_second_one_is_a_conflict(
    web: Sending, admin: int, call: Callers, now: datetime
) -> None:
    web.send({**track(1), "userId": ""}, at=now)
    caller, row = call(admin), RejectedMessage.objects.get()
    refused = replay(caller, row.pk)
    fits(refused.json(), shape("post", "/events/rejected/{number}:replay"))
    assert refused.json() == {"result": "rejected", "reason": "no_user", "where": "userId"}
    assert replay(caller, row.pk, track(1)).json() == {"result": "replayed", "reason": "", "where": ""}
    assert replay(caller, row.pk, track(1)).status_code == 409
    assert [(each.event, each.received_at) for each in stored()] == [("Report Opened", now)]
    assert caller.json("/events/rejected")["messages"] == []
    (done,) = caller.json("/events/rejected", state="replayed")["messages"]
    assert done["state"] == "replayed" and done["settled_at"] is not None


def test_a_message_that_is_set_aside_is_kept_and_not_replayed(web: Sending, admin: int, call: Callers) -> None:
    web.send({**track(1), "userId": ""})
    caller, row = call(admin), RejectedMessage.objects.get()
    path = f"/events/rejected/{row.pk}:discard"
    assert caller.post(path, {}).json() == {"result": "discarded"}
    assert caller.post(path, {}).status_code == 409
    assert replay(caller, row.pk, track(1)).status_code == 409
    assert [each["state"] for each in caller.json("/events/rejected", state="all")["messages"]] == ["discarded"]
    assert stored() == []


@pytest.mark.parametrize(
    ("body", "status"),
    [("{", 400), ('{"message": 5}', 422), ('{"message": [1]}', 422), ('{"mesage": {}}', 422), ("", 200), ("{}", 200)],
)
def test_a_body_that_is_none_is_refused_and_writes_nothing(
    web: Sending, admin: int, call: Callers, body: str, status: int
) -> None:
    web.send({**track(1), "userId": ""})
    number = RejectedMessage.objects.get().pk
    assert call(admin).post(f"/events/rejected/{number}:replay", body).status_code == status
    assert RejectedMessage.objects.get().settled_as == ""


def test_only_who_manages_events_and_writes_may_change_them(
    web: Sending, admin: int, call: Callers, member: Callable[..., int], now: datetime
) -> None:
    web.send({**track(1), "userId": ""})
    number = RejectedMessage.objects.get().pk
    for role in ("leader", "csm", "analyst", "reader"):
        caller = call(member(role))
        answers = [caller.get("/events/rejected"), replay(caller, number, track(1))]
        answers.append(caller.post(f"/events/rejected/{number}:discard", {}))
        assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert replay(call(admin, "read"), number, track(1)).status_code == 403
    assert Caller(web.key).get("/events/rejected").status_code == 403
    assert Caller().get("/events/rejected").status_code == 401
    assert replay(call(admin), number + 1, track(1)).status_code == 404
    assert replay(call(admin), 10**30, track(1)).status_code == 422
    assert RejectedMessage.objects.get().settled_as == "" and stored() == []


def test_the_time_of_a_replay_is_that_of_the_first_receipt(
    web: Sending, admin: int, call: Callers, now: datetime
) -> None:
    web.send({"type": "track", "event": "e", "messageId": "m1"}, at=now - timedelta(days=3))
    replay(call(admin), RejectedMessage.objects.get().pk, {"type": "track", "event": "e", "messageId": "m1",
                                                           "userId": "u1"})  # fmt: skip
    assert [each.at for each in stored()] == [now - timedelta(days=3)]
