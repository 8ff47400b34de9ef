"""One bad message never sinks its batch, whatever is odd in it (promises D4 and D5)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from tests.intake.kinds import GOOD, KINDS, batch, good

from perennial.intake.protocol import envelope, verdicts
from perennial.intake.terms import MESSAGE_BYTES, MESSAGE_LEVELS, Reason, Refusal

AT = datetime(2026, 3, 2, 9, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_bad_message_is_refused_alone_with_its_reason(kind: str) -> None:
    text, reason = KINDS[kind]
    taken, refused = verdicts(envelope(batch(good(1), text, good(2)), is_batch=True), None, received_at=AT)
    assert [index for index, _event in taken] == [0, 2]
    assert [(each.index, each.reason) for each in refused] == [(1, reason)]
    assert len(refused[0].raw) <= 2 * MESSAGE_BYTES
    json.loads(refused[0].raw)  # it can be opened and mended
    assert "\0" not in refused[0].raw + refused[0].where + refused[0].message_id  # PostgreSQL stores none


def test_all_of_them_in_one_batch_are_refused_each_for_its_own_reason() -> None:
    few = {kind: said for kind, said in KINDS.items() if len(said[0]) < 50_000}
    body = batch(*(text for pair in ((said[0], good(n)) for n, said in enumerate(few.values())) for text in pair))
    taken, refused = verdicts(envelope(body, is_batch=True), None, received_at=AT)
    assert (len(taken), [each.reason for each in refused]) == (len(few), [reason for _text, reason in few.values()])


def test_the_limit_of_levels_is_what_may_be_and_one_more_may_not() -> None:
    def nested(levels: int) -> str:  # the message and its properties are two of them
        return json.dumps(GOOD)[:-1] + ',"properties":{"x":' + "[" * (levels - 2) + "]" * (levels - 2) + "}}"

    body = batch(nested(MESSAGE_LEVELS), nested(MESSAGE_LEVELS + 1))
    taken, refused = verdicts(envelope(body, is_batch=True), None, received_at=AT)
    assert len(taken) == 1
    assert [(each.reason, each.where) for each in refused] == [(Reason.TOO_DEEP, f"> {MESSAGE_LEVELS}")]


def test_bytes_that_are_no_text_and_whole_numbers_beyond_64_bits_concern_their_message_only() -> None:
    large = good(1, properties={"x": 10**30, "value": 2**64})
    body = batch(large, good(2, event="XX")).replace(b"XX", b"\xff")
    taken, refused = verdicts(envelope(body, is_batch=True), None, received_at=AT)
    assert [(each.index, each.reason) for each in refused] == [(1, Reason.BROKEN_TEXT)]
    (alone,), _none = verdicts(envelope(batch(large), is_batch=True), None, received_at=AT)
    assert taken == [alone]


def test_of_two_values_under_one_key_the_last_counts_in_both_readers() -> None:
    twice = '{"type":"track","userId":"u","event":"a","event":"b","messageId":"m"}'
    for body in (batch(twice), batch(twice, KINDS["NaN"][0])):
        taken, _refused = verdicts(envelope(body, is_batch=True), None, received_at=AT)
        assert [event.event for _index, event in taken] == ["b"]


@pytest.mark.parametrize("body", [b'{"batch":[' + b"[" * 400_000, b'{"batch":["' + b'\\"' * 200_000 + b"\\",
                                  b'{"batch":[' + b"]" * 400_000 + b"]}", b"NaN" * 150_000])  # fmt: skip
def test_a_body_that_never_closes_is_refused_and_costs_no_more_than_its_length(body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        envelope(body, is_batch=True)  # at a cost of its length squared this test would take hours
    assert caught.value.status == 400
