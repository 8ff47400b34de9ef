"""A seeded demo of 60 customers, made once for the tests that look at it and taken back after them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings

from perennial.demo.queries import Begun

ON = date(2026, 11, 22)
AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
WANTED = Begun(company="zh", customers=60, seed=1, on=ON, is_complete=False)
PASSWORD = "demo-lanshi-60"


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    from perennial.demo import actions

    with (
        django_db_blocker.unblock(),
        override_settings(HOME=tmp_path_factory.mktemp("demo")),
        transaction.atomic(),
    ):
        actions.seed(WANTED, password=PASSWORD, at=AT)
        yield
        transaction.set_rollback(True)
