"""Lakes of several machines over one object store."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lake.object_server import ObjectServer

from perennial.lake.storage.bucket import Bucket
from perennial.lake.storage.client import Client
from perennial.lake.storage.place import Place
from perennial.lake.store import Lake


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectServer]:
    server = ObjectServer()
    yield server
    server.stop()


@pytest.fixture
def place(store: ObjectServer) -> Place:
    return store.place()


def machine(place: Place, folder: Path, *, patience: float = 30.0) -> Lake:
    """Return the lake as another machine sees it: with a cache of its own."""
    return Lake(Bucket(Client(place), folder, patience=patience))


def days(lake: Lake) -> list[int]:
    return [one.day for one in lake.events(1, from_day=0, until_day=99_999, limit=1_000)]
