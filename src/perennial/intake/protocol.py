"""The Segment protocol, read: a body becomes messages, each of them accepted or refused by itself. Pure.

Source: Segment's HTTP tracking API (limits, clock correction); usage.md, Intake.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import orjson

from perennial.intake import forgiving
from perennial.intake.terms import (
    ID_LENGTH,
    MESSAGE_BYTES,
    MESSAGE_LEVELS,
    TEXT_LENGTH,
    Accepted,
    Kind,
    Reason,
    Refusal,
    Refused,
)

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(hours=1)
"""A corrected time further ahead than this becomes the time of receipt (promise D9)."""
MILLISECONDS_FROM = 10**11
"""Numbers from here on are milliseconds since 1970, smaller ones seconds."""
VALUE_LIMIT = Decimal(10**11)
CONTROL = re.compile("[\x00-\x1f\x7f]")
EVENT_OF = {
    Kind.IDENTIFY: "$identify",
    Kind.GROUP: "$group",
    Kind.ALIAS: "$alias",
    Kind.PAGE: "page_viewed",
    Kind.SCREEN: "screen_viewed",
}
"""What a call other than track is named in the lake; the blueprint leaves these out of core events."""


@dataclass(frozen=True)
class Envelope:
    """A request's body, read: its messages as they came, the key and the time that it names itself."""

    messages: list[Any]
    write_key: str | None
    sent_at: Any
    is_batch: bool
    is_odd: bool


class _Bad(Exception):
    def __init__(self, reason: Reason, where: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.where = where


def envelope(body: bytes, *, is_batch: bool) -> Envelope:
    """Read a body. `is_odd` says that some message holds what JSON does not allow (NaN, half a character).

    :raises Refusal: the body is no JSON object, or its batch is no list.
    """
    try:
        read, is_odd = orjson.loads(body), False
    except orjson.JSONDecodeError:
        read, is_odd = _forgiving(body), True
    if not isinstance(read, dict):
        raise Refusal(400, "The body has to be a JSON object.")
    messages: list[Any] = [read]
    if is_batch:
        messages = read.get("batch")  # type: ignore[assignment]
        if not isinstance(messages, list):
            raise Refusal(400, "A batch is a JSON object with a list named batch.")
    key = read.get("writeKey")
    return Envelope(messages, key if isinstance(key, str) else None, read.get("sentAt"), is_batch, is_odd)


def _forgiving(body: bytes) -> Any:
    """Read what the strict reader refuses, so that one bad message does not sink its batch."""
    try:
        return forgiving.read(body)
    except ValueError as error:
        raise Refusal(400, f"The body is no JSON: {error}") from error


def verdicts(
    read: Envelope, kind: Kind | None, *, received_at: datetime
) -> tuple[list[tuple[int, Accepted]], list[Refused]]:
    """Judge every message of a request: (index, accepted) and refused ones. `kind` None: each names its own type."""
    taken: list[tuple[int, Accepted]] = []
    refused: list[Refused] = []
    drift = _drift(read.sent_at, received_at)
    for index, message in enumerate(read.messages):
        try:
            _check(message, is_odd=read.is_odd)
            taken.append((index, _accepted(message, kind, drift, received_at)))
        except _Bad as bad:
            message_id = message.get("messageId") if isinstance(message, dict) else None
            refused.append(Refused(index, _shown(message_id), bad.reason, bad.where, raw_text(message)))
    return taken, refused


def raw_text(message: Any) -> str:
    """Return a message as JSON text that any store can hold: what is odd in it is escaped, its end cut if too long."""
    try:
        text = json.dumps(message, ensure_ascii=True, separators=(",", ":"))
    except RecursionError:
        text = json.dumps(forgiving.shallow(message, MESSAGE_LEVELS), separators=(",", ":"))
    return text[: 2 * MESSAGE_BYTES]


def _shown(message_id: Any) -> str:
    return json.dumps(message_id)[1:-1][:ID_LENGTH] if isinstance(message_id, str) else ""


def _check(message: Any, *, is_odd: bool) -> None:
    """Refuse what no JSON may hold, and what is too large."""
    try:
        size = len(orjson.dumps(message))
        if is_odd:
            json.dumps(message, allow_nan=False)
    except (TypeError, ValueError) as error:
        if "Recursion" in str(error):
            raise _Bad(Reason.TOO_DEEP, f"> {MESSAGE_LEVELS}") from error
        reason = Reason.BROKEN_TEXT if "UTF-8" in str(error) else Reason.NOT_A_NUMBER
        raise _Bad(reason, "") from error
    if size > MESSAGE_BYTES:
        raise _Bad(Reason.TOO_LARGE, f"{size} > {MESSAGE_BYTES}")


def _accepted(message: Any, kind: Kind | None, drift: timedelta, received_at: datetime) -> Accepted:
    if not isinstance(message, dict):
        raise _Bad(Reason.NOT_AN_OBJECT, "")
    kind = kind or _kind(message.get("type"))
    user = _user(message)
    details = message.get("properties" if kind in (Kind.TRACK, Kind.PAGE, Kind.SCREEN) else "traits")
    details = details if isinstance(details, dict) else {}
    at = _time(message, drift, received_at)
    return Accepted(
        kind=kind,
        message_id=_message_id(message),
        user=user,
        group=_group(message, kind),
        event=_text(message, "event", Reason.NO_EVENT) if kind == Kind.TRACK else EVENT_OF[kind],
        feature=_feature(message, kind, details),
        at=at,
        value=_value(details.get("value")),
        props=orjson.dumps(details).decode() if details else None,
        traits=details if kind in (Kind.IDENTIFY, Kind.GROUP) else {},
        previous=_text(message, "previousId", Reason.NO_PREVIOUS) if kind == Kind.ALIAS else None,
    )


def _kind(named: Any) -> Kind:
    try:
        return Kind(named)
    except ValueError as error:
        raise _Bad(Reason.UNKNOWN_TYPE, CONTROL.sub("�", str(named)[:40])) from error


def _text(message: Mapping[str, Any], key: str, missing: Reason) -> str:
    value = message.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None or value == "":
        raise _Bad(missing, key)
    if not isinstance(value, str):
        raise _Bad(Reason.NOT_A_TEXT, key)
    if len(value) > TEXT_LENGTH:
        raise _Bad(Reason.TOO_LONG, key)
    if not value.isprintable() and CONTROL.search(value):
        raise _Bad(Reason.CONTROL_CHARACTER, key)
    if not value.strip():
        raise _Bad(missing, key)
    return value


def _user(message: Mapping[str, Any]) -> str:
    """Return who acted; somebody not signed in is told apart by a prefix."""
    if message.get("userId") not in (None, ""):
        return _text(message, "userId", Reason.NO_USER)
    if message.get("anonymousId") not in (None, ""):
        return f"anonymous:{_text(message, 'anonymousId', Reason.NO_USER)}"[:TEXT_LENGTH]
    raise _Bad(Reason.NO_USER, "userId")


def _group(message: Mapping[str, Any], kind: Kind) -> str | None:
    if kind == Kind.GROUP:
        return _text(message, "groupId", Reason.NO_GROUP)
    context = message.get("context")
    if isinstance(context, dict) and context.get("groupId") not in (None, ""):
        return _text(context, "groupId", Reason.NO_GROUP)
    return None


def _feature(message: Mapping[str, Any], kind: Kind, details: Mapping[str, Any]) -> str | None:
    """Return what was used: the property `feature`, or the name of a page or screen."""
    found = details.get("feature") or (message.get("name") if kind in (Kind.PAGE, Kind.SCREEN) else None)
    return found[:TEXT_LENGTH] if isinstance(found, str) and not CONTROL.search(found) else None


def _value(given: Any) -> Decimal | None:
    """Return the property `value` exactly as it was written, None where it is no number that the lake holds."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    value = Decimal(str(given))
    return value.quantize(Decimal("0.000001")) if -VALUE_LIMIT < value < VALUE_LIMIT else None


def _message_id(message: Mapping[str, Any]) -> str:
    """Return the message's id; where it has none, one made of its content, so that a resend is known again."""
    given = message.get("messageId")
    if given is None or given == "":
        return "content:" + blake2b(orjson.dumps(message, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
    if not isinstance(given, str):
        raise _Bad(Reason.NOT_A_TEXT, "messageId")
    if len(given) > ID_LENGTH:
        raise _Bad(Reason.TOO_LONG, "messageId")
    return given


def _drift(sent_at: Any, received_at: datetime) -> timedelta:
    """Return by how much the sender's clock is behind ours, in whole minutes: what is left is the way of the message,
    and a resend has to get the same time. Nothing where the sender did not say when it sent."""
    if sent_at is None:
        return timedelta()
    try:
        return timedelta(minutes=round((received_at - instant(sent_at)) / timedelta(minutes=1)))
    except (ValueError, OverflowError):
        return timedelta()


def _time(message: Mapping[str, Any], drift: timedelta, received_at: datetime) -> datetime:
    given = message.get("originalTimestamp") or message.get("timestamp")
    if given is None:
        return received_at
    try:
        if "sentAt" in message:
            drift = _drift(message["sentAt"], received_at)
        at = instant(given) + drift
    except (ValueError, OverflowError, OSError) as error:
        raise _Bad(Reason.BAD_TIME, "timestamp") from error
    if at > received_at + AHEAD:
        return received_at
    if at < EARLIEST:
        raise _Bad(Reason.BAD_TIME, "timestamp")
    return at


def instant(given: Any) -> datetime:
    """Return an instant given as ISO 8601 text (UTC where it names no zone) or as seconds or milliseconds since 1970.

    :raises ValueError: it is neither.
    """
    if isinstance(given, int | float) and not isinstance(given, bool):
        seconds = given / 1000 if abs(given) >= MILLISECONDS_FROM else given
        return datetime.fromtimestamp(seconds, UTC)
    if not isinstance(given, str):
        raise ValueError(given)
    at = datetime.fromisoformat(given)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
