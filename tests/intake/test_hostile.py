"""Hostile requests over real sockets: refused with the limit named, in bounded memory, and nobody else notices (D4)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.intake.hostile import forget_peak, peak, raw, requests
from tests.intake.kinds import KINDS, batch, good
from tests.intake.served import Intake, basic

from perennial.intake.terms import BATCH_BYTES


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    running = Intake(tmp_path_factory.mktemp("intake"))
    yield running
    running.end()


def test_what_is_too_much_is_refused_in_bounded_memory_and_what_is_not_is_stored(intake: Intake) -> None:
    before, held = len(intake.events()), forget_peak(intake)
    found = [(name, raw(intake, pieces), status) for name, pieces, status in requests(intake, megabytes=100)]
    assert [(name, got) for name, got, _status in found] == [(name, status) for name, _got, status in found]
    assert len(intake.events()) - before == sum(status == 200 for _name, _got, status in found)
    assert peak(intake) - held < 200
    status, _headers, answer = intake.call("/v1/batch", b"a" * (BATCH_BYTES + 1), Authorization=basic(intake.key))
    assert (status, str(BATCH_BYTES) in answer["message"]) == (413, True)


def test_bad_messages_of_every_kind_leave_the_good_ones_of_their_batch(intake: Intake) -> None:
    before = len(intake.events())
    for number, (text, reason) in enumerate(KINDS.values()):
        body = batch(good(2 * number), text, good(2 * number + 1))
        status, _headers, answer = intake.call("/v1/batch?strict=1", body, Authorization=basic(intake.key))
        assert (status, answer["accepted"]) == (200, 2)
        assert [(each["index"], each["reason"]) for each in answer["rejected"]] == [(1, reason)]
    assert len(intake.events()) - before == 2 * len(KINDS)
