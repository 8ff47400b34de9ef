"""What a process knows of users' groups is what is on disk, also after a fault and when a clock is set back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from tests.intake.sending import SEEN_BY_ALL_THREADS, Sending, track

from perennial.intake.models import LastGroup
from perennial.intake.protocol import envelope
from perennial.intake.taking import Taking, taking
from perennial.intake.terms import Refusal

pytestmark = SEEN_BY_ALL_THREADS


@pytest.fixture
def full_table(web: Sending) -> Iterator[None]:
    """A table of last groups that takes no row, as a disk without room."""
    if connection.vendor != "sqlite":
        pytest.skip("the fault is planted by a trigger of SQLite")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TRIGGER no_room BEFORE INSERT ON perennial_lastgroup BEGIN SELECT RAISE(FAIL, 'x'); END")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER IF EXISTS no_room")


def test_a_group_that_could_not_be_kept_is_kept_when_its_message_comes_again(full_table: None, web: Sending) -> None:
    message = {"type": "group", "userId": "u1", "groupId": "acme", "messageId": "g"}
    with pytest.raises(Refusal) as caught:
        web.send(message)
    assert caught.value.status == 503
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER no_room")
    web.send(message)
    assert list(LastGroup.objects.values_list("user", flat=True)) == ["u1"]


def test_a_process_whose_clock_was_set_back_hears_of_groups_all_the_same(web: Sending, now: datetime) -> None:
    other = Taking()  # as a second process has

    def group(name: str) -> dict[str, Any]:
        return {"type": "group", "userId": "u1", "groupId": name}

    web.send(group("acme"))
    back = now - timedelta(hours=1)
    body = b'{"batch":[{"type":"group","userId":"u1","groupId":"globex"}]}'
    other.take(web.sender, envelope(body, is_batch=True), None, at=back)
    globex = LastGroup.objects.get().customer_number
    web.send(track(1), at=back + timedelta(seconds=3))
    assert taking()._identity._known["app"].last == {"u1": globex}
