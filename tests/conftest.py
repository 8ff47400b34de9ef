"""What every test stands on; its home comes from tests/home.py, before Django's settings are read."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as examples

from perennial.kernel.organisation import stamp

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
stamp.keep(stamp.UNCHANGED)  # tables of rules at the top of a test file are those that ship
examples.register_profile("untimed", deadline=None)
examples.register_profile("thousand", deadline=None, max_examples=1000)
examples.load_profile("untimed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out of the run on PostgreSQL what touches no records: arithmetic, files, the lake, processes with a home
    of their own are the same on both, and ran on SQLite."""
    if os.environ.get("TEST_ON") != "postgres":
        return
    kept = [item for item in items if item.get_closest_marker("django_db") or "db" in getattr(item, "fixturenames", ())]
    those = set(kept)
    config.hook.pytest_deselected(items=[item for item in items if item not in those])
    items[:] = kept


@pytest.fixture(autouse=True)
def plain_browser_files(settings: Any) -> None:
    """Serve the browser files by their own names: collecting them is a matter of `perennial serve`."""
    backend = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": backend}}


@pytest.fixture(autouse=True)
def shipped_configuration() -> None:
    """Begin each test with the configuration that ships, whatever the one before had put in force."""
    stamp.keep(stamp.UNCHANGED)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def sample_data() -> Path:
    folder = os.environ.get("PERENNIAL_SAMPLE_DATA")
    if not folder:
        pytest.skip("PERENNIAL_SAMPLE_DATA names no folder of sample data")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"PERENNIAL_SAMPLE_DATA names {folder}, which is no folder")
    return path


@pytest.fixture
def organisation(db: None) -> None:
    from perennial.kernel.organisation import actions

    actions.found(name="Test", currency="USD", timezone="Asia/Shanghai", language="en", at=NOW)


@pytest.fixture
def member(organisation: None) -> Callable[..., int]:
    """Return a maker of members: member("csm") gives the id of a new one."""
    from perennial.members.actions import create_member

    made = iter(range(1, 10_000))

    def make(role: str = "admin", *, team_id: int | None = None, name: str | None = None) -> int:
        number = next(made)
        return create_member(email=f"{role}{number}@example.com", name=name or f"{role.title()} {number}", role=role,
                             password=None, by=None, at=NOW, team_id=team_id)  # fmt: skip

    return make


@pytest.fixture
def home(settings: Any, tmp_path: Path) -> Path:
    """Return an empty home folder: lake and uploads of this test only."""
    settings.HOME = tmp_path
    return tmp_path
