"""Alerts over the API: the same rows as the page, the member's own only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.api.conftest import Caller
from tests.pages.test_usage_alerts import found

__all__ = ["found"]
Callers = Callable[..., Caller]
pytestmark = pytest.mark.django_db


def test_the_open_alerts_with_how_many_are_chance(found: dict[str, Any], call: Callers) -> None:
    told = call(found["admin"]).json("/alerts")
    assert (told["week"], told["judged"], told["new"]) == ("2026-03-01", 3, 2)
    assert told["expected"] == pytest.approx(0.015)
    assert [(one["customer"], one["kind"], one["list"]) for one in told["alerts"]] == [
        (found["keys"]["Acme"], "drop", "act"), (found["keys"]["Bolt"], "champion_gap", "act"),
        (found["keys"]["Dale"], "drop", "watch"),
    ]  # fmt: skip
    assert told["alerts"][0]["series"][-1] == {"users": 30.0, "factor": 0.5}
    assert [one["list"] for one in call(found["admin"]).json("/alerts", list="watch")["alerts"]] == ["watch"]
    assert call(found["admin"]).get("/alerts", list="all").status_code == 422


def test_a_member_sees_his_own_alone(found: dict[str, Any], call: Callers) -> None:
    told = call(found["other"]).json("/alerts")
    assert [one["customer"] for one in told["alerts"]] == [found["keys"]["Dale"]]
    assert told["judged"] == 1
