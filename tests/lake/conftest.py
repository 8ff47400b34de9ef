"""Marks the lake's tests: they touch no records, and run in the lane that has room for them (tests/every_check.py).
One Spark in this process for all of them."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lake.machines import place, store

from perennial.lake.engines.spark import Cluster

__all__ = ["place", "store"]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.lake)


@pytest.fixture(scope="session")
def spark() -> Iterator[Cluster]:
    if importlib.util.find_spec("pyspark") is None or shutil.which("java") is None:
        pytest.skip("pyspark and Java are not both on this machine")
    cluster = Cluster("local[2]", {"spark.sql.shuffle.partitions": "2", "spark.driver.memory": "1g",
                                   "spark.ui.enabled": "false", "spark.driver.bindAddress": "127.0.0.1",
                                   # compiling plans costs more than running them over so few rows
                                   "spark.sql.codegen.wholeStage": "false",
                                   "spark.sql.codegen.factoryMode": "NO_CODEGEN"})  # fmt: skip
    yield cluster
    cluster.stop()
