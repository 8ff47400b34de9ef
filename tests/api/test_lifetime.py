"""Lifetime value over the API: a floor until a curve is kept, the member's own book only, days that have come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest
from tests.api.conftest import Caller
from tests.contracts.books import keep, line

from perennial.jobs import lifetime as jobs
from perennial.kernel.organisation import actions as organisation_actions
from perennial.kernel.queue.models import Job

Members = Callable[..., int]
Callers = Callable[..., Caller]
Books = Callable[..., dict[str, int]]


@pytest.fixture
def ledger(book: Books, now: datetime) -> dict[str, int]:
    """Forty customers of 2021, of whom ten, four and two leave after one, two and three years."""
    names = [f"c{number:02}" for number in range(40)]
    ids = book(*names)
    ends = ["2022-01-01"] * 10 + ["2023-01-01"] * 4 + ["2024-01-01"] * 2
    keep([line(name, ids[name], "2021-01-01", ends[n] if n < len(ends) else None, 1000_00)
          for n, name in enumerate(names)], at=now)  # fmt: skip
    organisation_actions.move_as_of(on=date(2024, 12, 31), by=None, at=now)
    return ids


def test_a_floor_is_told_until_a_curve_is_kept(
    ledger: dict[str, int], member: Members, call: Callers, now: datetime
) -> None:
    mine = call(member("analyst"))
    found = mine.json("/revenue/lifetime")
    assert found["pending"] == 1 and not found["whole"]["extrapolated"]
    assert found["whole"]["at_risk"] == [40, 30, 26] and found["whole"]["lost"] == [10, 4, 2]
    assert Job.objects.filter(kind="lifetime.fit").count() == 1
    floor = float(found["whole"]["value_of_customer"])
    assert floor == pytest.approx(12_000 * 0.8 * (1 + 0.75 / 1.1 + 0.65 / 1.21 + 0.6 / 1.331), abs=0.01)
    jobs.nightly(None, None, now)  # type: ignore[arg-type]
    found = mine.json("/revenue/lifetime")
    assert found["pending"] == 0 and found["whole"]["extrapolated"] and found["whole"]["model"] == "sbg"
    low, high = (float(one) for one in found["whole"]["value_interval"])
    assert floor < low < float(found["whole"]["value_of_customer"]) < high
    assert len(found["whole"]["survival"]["value"]) == 11
    assert found["computed_by"]["seed"] and found["computed_by"]["scipy"]
    assert found["whole"]["cac"] is None and found["stage"]["stage"] == "pmf"


def test_an_earlier_day_knows_nothing_of_what_came_later(
    ledger: dict[str, int], member: Members, call: Callers
) -> None:
    found = call(member("analyst")).json("/revenue/lifetime", as_of="2023-06-30", by="segment")
    assert found["as_of"] == "2023-06-30"
    assert found["whole"]["at_risk"] == [40, 30] and found["whole"]["paying"] == 26
    assert call(member("analyst")).get("/revenue/lifetime", as_of="2025-01-01").status_code == 400
    assert call(member("analyst")).json("/revenue/lifetime", as_of="2020-01-01")["whole"] is None


def test_who_sees_no_customer_is_told_of_none(ledger: dict[str, int], member: Members, call: Callers) -> None:
    assert call(member("csm")).json("/revenue/lifetime")["whole"] is None
