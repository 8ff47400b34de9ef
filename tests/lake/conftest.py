"""Marks the lake's tests: they touch no records, and run in the lane that has room for them (tests/every_check.py)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lake.machines import place, store

__all__ = ["place", "store"]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.lake)
