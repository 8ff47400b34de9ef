"""The Segment protocol, read: what is taken, what is refused and why, and the sender's clock."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from perennial.intake.protocol import envelope, verdicts
from perennial.intake.terms import MESSAGE_BYTES, Accepted, Kind, Reason, Refusal, Refused

AT = datetime(2026, 3, 2, 9, 0, 30, tzinfo=UTC)
GOOD = {"type": "track", "userId": "u1", "event": "Report Opened", "messageId": "m1"}


def judged(*messages: Any, **envelope_fields: Any) -> tuple[list[Accepted], list[Refused]]:
    body = json.dumps({"batch": list(messages), **envelope_fields}).encode()
    taken, refused = verdicts(envelope(body, is_batch=True), None, received_at=AT)
    return [each for _index, each in taken], refused


def test_a_track_call_becomes_one_event() -> None:
    body = json.dumps(
        {
            "userId": 7, "event": "Report Opened", "messageId": "m1", "timestamp": "2026-03-02T08:59:00.250Z",
            "context": {"groupId": "acme"}, "properties": {"feature": "reports", "value": 1.10},
        }
    ).encode()  # fmt: skip
    ((index, event),), refused = verdicts(envelope(body, is_batch=False), Kind.TRACK, received_at=AT)
    assert (index, refused) == (0, [])
    assert event == Accepted(
        Kind.TRACK, "m1", "7", "acme", "Report Opened", "reports",
        datetime(2026, 3, 2, 8, 59, 0, 250000, tzinfo=UTC), Decimal("1.100000"),
        '{"feature":"reports","value":1.1}', {}, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("message", "reason", "where"),
    [
        ("text", Reason.NOT_AN_OBJECT, ""),
        ({**GOOD, "type": "tracks"}, Reason.UNKNOWN_TYPE, "tracks"),
        ({**GOOD, "type": None}, Reason.UNKNOWN_TYPE, "None"),
        ({**GOOD, "userId": ""}, Reason.NO_USER, "userId"),
        ({**GOOD, "userId": {"a": 1}}, Reason.NOT_A_TEXT, "userId"),
        ({**GOOD, "userId": True}, Reason.NOT_A_TEXT, "userId"),
        ({**GOOD, "userId": "u" * 201}, Reason.TOO_LONG, "userId"),
        ({**GOOD, "userId": "a\x00b"}, Reason.CONTROL_CHARACTER, "userId"),
        ({**GOOD, "userId": "\ud800"}, Reason.BROKEN_TEXT, ""),
        ({**GOOD, "event": "  "}, Reason.NO_EVENT, "event"),
        ({**GOOD, "event": 1.5}, Reason.NOT_A_TEXT, "event"),
        ({**GOOD, "messageId": 5}, Reason.NOT_A_TEXT, "messageId"),
        ({**GOOD, "messageId": "m" * 256}, Reason.TOO_LONG, "messageId"),
        ({**GOOD, "timestamp": "yesterday"}, Reason.BAD_TIME, "timestamp"),
        ({**GOOD, "timestamp": "1999-12-31T23:59:59Z"}, Reason.BAD_TIME, "timestamp"),
        ({**GOOD, "timestamp": 1e300}, Reason.BAD_TIME, "timestamp"),
        ({"type": "group", "userId": "u1"}, Reason.NO_GROUP, "groupId"),
        ({"type": "alias", "userId": "u1"}, Reason.NO_PREVIOUS, "previousId"),
    ],
)
def test_a_bad_message_is_refused_with_its_reason_and_sinks_no_other(message: Any, reason: Reason, where: str) -> None:
    taken, refused = judged(GOOD, message, {**GOOD, "messageId": "m3"})
    assert [each.message_id for each in taken] == ["m1", "m3"]
    assert [(each.index, each.reason, each.where) for each in refused] == [(1, reason, where)]
    assert json.loads(refused[0].raw) == message


def test_what_json_does_not_allow_is_refused_message_by_message() -> None:
    bad = b'{"type":"track","userId":"a","event":"e","properties":{"x":NaN}}'
    body = b'{"batch":[' + bad + b',{"type":"track","userId":"b","event":"e"}]}'
    taken, refused = verdicts(envelope(body, is_batch=True), None, received_at=AT)
    assert [each.user for _index, each in taken] == ["b"]
    assert [(each.reason, each.raw) for each in refused] == [(Reason.NOT_A_NUMBER, bad.decode())]


def test_the_size_limit_of_a_message_is_counted_in_bytes() -> None:
    empty = len(json.dumps({**GOOD, "properties": {"x": ""}}, separators=(",", ":")))
    fits = {**GOOD, "properties": {"x": "a" * (MESSAGE_BYTES - empty)}}
    taken, refused = judged(fits, {**fits, "properties": {"x": "a" * (MESSAGE_BYTES - empty + 1)}})
    assert (len(taken), [each.reason for each in refused]) == (1, [Reason.TOO_LARGE])


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"batch":{}}', b"{", b"\xff", b"[" * 100_000, b'{"batch":[' + b"[" * 100_000, b"null"]
)
def test_a_body_that_holds_no_messages_is_refused_whole(body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        envelope(body, is_batch=True)
    assert caught.value.status == 400


@pytest.mark.parametrize("skew", [timedelta(days=1), timedelta(days=-1), timedelta(days=3650), timedelta(days=-3650)])
def test_a_clock_that_is_wrong_is_corrected_by_when_it_says_it_sent(skew: timedelta) -> None:
    happened = AT - timedelta(minutes=5)
    for way in (timedelta(milliseconds=80), timedelta(seconds=9)):  # a resend takes another while
        sent = AT - way + skew
        taken, _refused = judged({**GOOD, "timestamp": (happened + skew).isoformat()}, sentAt=sent.isoformat())
        assert taken[0].at == happened


def test_a_time_ahead_of_ours_becomes_the_time_of_receipt() -> None:
    for ahead, at in ((timedelta(minutes=59), AT + timedelta(minutes=59)), (timedelta(minutes=61), AT)):
        taken, _refused = judged({**GOOD, "timestamp": (AT + ahead).isoformat()})
        assert taken[0].at == at
    assert judged({**GOOD, "timestamp": "9999-12-31T23:59:59Z"})[0][0].at == AT


@pytest.mark.parametrize(
    "given",
    [1_772_441_940, 1_772_441_940_000, "2026-03-02T08:59:00Z", "2026-03-02T16:59:00+08:00", "2026-03-02T08:59:00"],
)
def test_times_come_as_text_seconds_or_milliseconds(given: Any) -> None:
    assert judged({**GOOD, "timestamp": given})[0][0].at == datetime(2026, 3, 2, 8, 59, tzinfo=UTC)


def test_a_message_without_id_is_known_again_by_its_content() -> None:
    message = {"type": "track", "userId": "u1", "event": "e", "timestamp": "2026-03-02T08:00:00Z"}
    (first,), (again,), (other,) = (judged(each)[0] for each in (message, message, {**message, "event": "f"}))
    assert first.message_id == again.message_id != other.message_id


def test_every_call_names_its_event() -> None:
    taken, refused = judged(
        {"type": "identify", "userId": "u1", "traits": {"email": "a@b.example"}},
        {"type": "group", "userId": "u1", "groupId": "acme", "traits": {"name": "Acme"}},
        {"type": "page", "anonymousId": "x", "name": "Home"},
        {"type": "screen", "userId": "u1", "name": "Main"},
        {"type": "alias", "userId": "u1", "previousId": "x"},
    )
    assert not refused
    assert [(each.event, each.feature, each.user, each.group) for each in taken] == [
        ("$identify", None, "u1", None),
        ("$group", None, "u1", "acme"),
        ("page_viewed", "Home", "anonymous:x", None),
        ("screen_viewed", "Main", "u1", None),
        ("$alias", None, "u1", None),
    ]
