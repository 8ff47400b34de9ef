"""Thirty kinds of bad messages, as the JSON text that a sender would send, with the reason that each is refused for
(promise D5), and bodies of which nothing can be read."""

from __future__ import annotations

import json
from typing import Any

from perennial.intake.terms import MESSAGE_BYTES, MESSAGE_LEVELS, Reason

GOOD: dict[str, Any] = {"type": "track", "userId": "u1", "event": "Report Opened", "messageId": "bad"}


def _json(**other: Any) -> str:
    return json.dumps({**GOOD, **other})


def _with(properties: str) -> str:
    return json.dumps(GOOD)[:-1] + f', "properties": {{"x": {properties}}}}}'


def _levels(count: int) -> str:
    return "[" * count + "]" * count


KINDS: dict[str, tuple[str, Reason]] = {
    "a text": ('"text"', Reason.NOT_AN_OBJECT),
    "a number": ("7", Reason.NOT_AN_OBJECT),
    "a list": ("[]", Reason.NOT_AN_OBJECT),
    "null": ("null", Reason.NOT_AN_OBJECT),
    "no type": (json.dumps({"userId": "u1", "event": "e"}), Reason.UNKNOWN_TYPE),
    "unknown type": (_json(type="tracks"), Reason.UNKNOWN_TYPE),
    "type with NUL": (_json(type="tr\0ack"), Reason.UNKNOWN_TYPE),
    "type that is a list": (_json(type=["track"]), Reason.UNKNOWN_TYPE),
    "one byte too large": (
        _json(properties={"x": "a" * (MESSAGE_BYTES + 1)}),
        Reason.TOO_LARGE,
    ),
    "one level too deep": (_with(_levels(MESSAGE_LEVELS - 1)), Reason.TOO_DEEP),
    "a thousand levels": (_with(_levels(1000)), Reason.TOO_DEEP),
    "a hundred thousand levels": (_with(_levels(100_000)), Reason.TOO_DEEP),
    "no user": (json.dumps({"type": "track", "event": "e"}), Reason.NO_USER),
    "empty user": (_json(userId=""), Reason.NO_USER),
    "no event": (json.dumps({"type": "track", "userId": "u"}), Reason.NO_EVENT),
    "blank event": (_json(event="  "), Reason.NO_EVENT),
    "group without groupId": (_json(type="group"), Reason.NO_GROUP),
    "alias without previousId": (_json(type="alias"), Reason.NO_PREVIOUS),
    "user that is an object": (_json(userId={"id": 1}), Reason.NOT_A_TEXT),
    "event that is a fraction": (_json(event=1.5), Reason.NOT_A_TEXT),
    "user that is true": (_json(userId=True), Reason.NOT_A_TEXT),
    "messageId that is a number": (_json(messageId=5), Reason.NOT_A_TEXT),
    "user of 201 characters": (_json(userId="u" * 201), Reason.TOO_LONG),
    "messageId of 256 characters": (_json(messageId="m" * 256), Reason.TOO_LONG),
    "NUL in the user": (_json(userId="a\0b"), Reason.CONTROL_CHARACTER),
    "line break in the event": (_json(event="a\nb"), Reason.CONTROL_CHARACTER),
    "half a character": (_json(event="\ud83d"), Reason.BROKEN_TEXT),
    "NaN": (_with("NaN"), Reason.NOT_A_NUMBER),
    "-Infinity": (_with("-Infinity"), Reason.NOT_A_NUMBER),
    "a number of 5,000 digits": (_with("9" * 5_000), Reason.NOT_A_NUMBER),
    "a number beyond a double": (_with("1e400"), Reason.NOT_A_NUMBER),
    "no time": (_json(timestamp="yesterday"), Reason.BAD_TIME),
    "a time before 2000": (_json(timestamp="1999-12-31T23:59:59Z"), Reason.BAD_TIME),
    "a time that is a list": (_json(timestamp=[1]), Reason.BAD_TIME),
}
assert len(KINDS) >= 30


def batch(*messages: str) -> bytes:
    """Return the body of a batch, its messages as they are written."""
    return f'{{"batch": [{", ".join(messages)}]}}'.encode("utf-8", "surrogatepass")


def good(number: int, **other: Any) -> str:
    """Return a good message."""
    return json.dumps({"type": "track", "userId": f"u{number % 7}", "event": "Report Opened",
                       "messageId": f"good-{number}", "timestamp": "2026-03-02T08:00:00Z", **other})  # fmt: skip
