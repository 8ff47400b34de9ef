"""Rejected events: the list, one replayed as it is or mended, one set aside."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Path, Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from perennial.api.keys import caller
from perennial.intake import actions, mending, queries
from perennial.intake.actions import IntakeError
from perennial.intake.queries import OPEN, Chosen, Rejected
from perennial.intake.terms import Reason, Refusal
from perennial.members.models import Member

router = Router(tags=["events"])
ABILITY = "events.manage"
MOST_ID = 2**62
Number = Annotated[int, Path(ge=1, le=MOST_ID)]


class ListQuery(Schema):
    """How to choose: `reason`, `key` (the prefix of the write key that sent it), `state`; `after` the mark of the next
    page."""

    reason: Reason | None = None
    key: str | None = Field(None, min_length=1, max_length=12)
    state: Literal["open", "replayed", "discarded", "all"] = "open"
    after: int | None = Field(None, ge=1, le=MOST_ID)
    limit: int = Field(50, ge=1, le=500)


@router.get("/events/rejected", url_name="rejected")
def rejected_events(request: HttpRequest, query: Query[ListQuery]) -> dict[str, Any]:
    """List messages that were not taken, the newest first. Follow `next` as `after` until it is null."""
    caller(request, ABILITY)
    reason = query.reason.value if query.reason else None
    chosen = Chosen(reason=reason, key_id=_key_id(query.key), state=query.state)
    rows, mark = queries.rejected_page(chosen, before=query.after, size=query.limit)
    return {"messages": [_row(row) for row in rows], "next": None if mark is None else str(mark)}


def _key_id(prefix: str | None) -> int | None:
    """Return the number of the key that begins so, 0 where none does: then nothing is found."""
    if prefix is None:
        return None
    return next((key.id for key in queries.write_keys() if key.prefix == prefix.rstrip("…")), 0)


def _row(row: Rejected) -> dict[str, Any]:
    message = mending.object_of(row.raw)
    return {
        "id": row.id,
        "reason": row.reason,
        "where": row.where,
        "key": row.key_prefix,
        "source": row.source,
        "call": row.kind.value if row.kind else "batch",
        "message_id": row.message_id,
        "received_at": row.received_at,
        "state": row.settled_as or OPEN,
        "settled_at": row.settled_at,
        "message": _plain(message),
        "text": row.raw if _plain(message) is None else None,
    }


def _plain(message: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the message where JSON can hold it, None for one with NaN or half a character in it."""
    try:
        json.dumps(message, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        return None
    return message


@router.get("/events/rejected/groups", url_name="rejected_groups")
def rejected_groups(request: HttpRequest) -> dict[str, Any]:
    """What waits, by reason, place in the message and write key, the most frequent first; at most 200 groups."""
    caller(request, ABILITY)
    return {
        "groups": [
            {"reason": one.reason, "where": one.where, "key": one.key_prefix, "count": one.count,
             "newest": _row(one.newest)}
            for one in queries.rejected_groups()
        ]
    }  # fmt: skip


class ReplayIn(Schema):
    """The message as it is to be replayed; left out: as it came."""

    model_config = {"extra": "forbid"}

    message: dict[str, Any] | None = None


@router.post("/events/rejected/{number}:replay", url_name="rejected_replay")
def replay_rejected(request: HttpRequest, number: Number, body: ReplayIn | None = None) -> dict[str, Any]:
    """Send a rejected message again, as it came or mended: it counts once, at the time of its first receipt. Refused
    again, it waits as before, and the answer says why."""
    member = caller(request, ABILITY)
    _waiting(number)
    text = None if body is None or body.message is None else json.dumps(body.message)
    try:
        outcome = actions.replay(rejected_id=number, text=text, by=member.pk, at=timezone.now())
    except IntakeError as error:
        raise HttpError(409, str(error)) from error
    except Refusal as refusal:
        status = 400 if refusal.status == 400 else 503
        raise HttpError(status, refusal.text) from refusal
    if outcome.refused is None:
        return {"result": "replayed", "reason": "", "where": ""}
    return {"result": "rejected", "reason": outcome.refused.reason.value, "where": outcome.refused.where}


@router.post("/events/rejected/{number}:discard", url_name="rejected_discard")
def discard_rejected(request: HttpRequest, number: Number) -> dict[str, Any]:
    """Set a rejected message aside: it never counts, and stays to be read."""
    member: Member = caller(request, ABILITY)
    _waiting(number)
    actions.discard(Chosen(), ids=[number], by=member.pk, at=timezone.now())
    return {"result": "discarded"}


# After the calls on one message: an address ends where the next slash is, so that this one would take theirs.
@router.get("/events/rejected/{number}", url_name="rejected_one")
def rejected_one(request: HttpRequest, number: Number) -> dict[str, Any]:
    """One message that was not taken, as it came."""
    caller(request, ABILITY)
    found = queries.rejected_one(number)
    if found is None:
        raise Http404
    return _row(found)


def _waiting(number: int) -> None:
    """Find a message that waits.

    :raises Http404: there is no such message.
    :raises HttpError: it was replayed or set aside already.
    """
    found = queries.rejected_one(number)
    if found is None:
        raise Http404
    if found.settled_as:
        raise HttpError(409, f"This message does not wait any more: it was {found.settled_as}.")
