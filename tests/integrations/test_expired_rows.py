"""Usage rows of days whose raw events are gone are refused, with the first day that is taken."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from tests.integrations.imported import bring_in, counts, rejections
from tests.integrations.test_history import START, Row, given, put

from perennial.lake.terms import day_number
from perennial.usage.lake import lake

pytestmark = pytest.mark.usefixtures("home", "organisation")


@pytest.mark.django_db
def test_a_row_of_an_expired_day_is_refused_and_says_from_when_rows_are_taken(tmp_path: Path, now: datetime) -> None:
    lake().retention.expire(day_number(date(2024, 1, 3)))
    rows: list[Row] = [(f"E{n}", "A0", "u", START + timedelta(days=n), "used", None, 1, None, 0) for n in range(5)]
    number = bring_in(put(tmp_path / "in", "use.csv", rows), given("use.csv"), at=now)
    assert counts(number)["usage"] == {"new": 2, "changed": 0, "same": 0, "rejected": 3}
    refused = rejections(number)
    told = "Usage before 2024-01-04 is not taken any more: the events of these days are expired."
    assert [(one.row, one.column, one.reason) for one in refused] == [(n, "time", told) for n in (2, 3, 4)]
