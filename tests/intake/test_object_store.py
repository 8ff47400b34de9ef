"""The intake of a lake in an object store: an answer of 200 means that the events are in the bucket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.intake.served import Intake, basic
from tests.lake.object_server import KEY, SECRET, ObjectServer

from perennial.lake.storage.bucket import Bucket
from perennial.lake.storage.client import Client
from perennial.lake.storage.place import Place
from perennial.lake.store import Lake


@pytest.fixture
def place(store: ObjectServer) -> Place:
    return store.place()


@pytest.fixture
def intake(place: Place, tmp_path: Path) -> Iterator[Intake]:
    named = {"PERENNIAL_LAKE": repr(place), "PERENNIAL_LAKE_ENDPOINT": str(place.endpoint)}
    running = Intake(tmp_path, **named, AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET)
    yield running
    running.end()


def test_while_the_store_is_gone_senders_are_asked_to_come_again_and_nothing_is_lost(
    store: ObjectServer, place: Place, intake: Intake, tmp_path: Path
) -> None:
    def sent(name: str) -> tuple[int, dict[str, str], Any]:
        message = {"type": "track", "userId": "u1", "event": "Report Opened", "messageId": name}
        return intake.call("/v1/track", json.dumps(message).encode(), Authorization=basic(intake.key))

    def accepted() -> int:
        lake = Lake(Bucket(Client(place), tmp_path / "another machine"))
        with lake.arrivals() as arrivals:
            return arrivals.tally().waiting

    assert sent("a")[0] == 200
    assert accepted() == 1
    with store.gone():
        status, headers, answer = sent("b")
        assert (status, "Retry-After" in headers) == (503, True)
        assert SECRET not in json.dumps(answer)
    assert [sent(name)[0] for name in ("b", "c")] == [200, 200]
    assert accepted() == 3
    assert not (intake.home / "lake").exists()
