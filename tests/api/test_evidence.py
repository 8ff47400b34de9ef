"""Backtests over the API: as they are kept, and nothing where there is none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from tests.api.conftest import Caller
from tests.pages.test_evidence import BESIDES, FIGURES, found

pytestmark = pytest.mark.usefixtures("home")


def test_the_newest_backtest_comes_first_with_its_verdict_and_what_it_rests_on(
    member: Callable[..., int], call: Callable[..., Caller], now: datetime
) -> None:
    caller = call(member("leader"))
    assert caller.get("/scorecards/default/backtests").status_code == 404
    found(now)
    newest = found(now, verdict="no_evidence")
    told = caller.json("/scorecards/default/backtests")
    assert [one["verdict"] for one in told["backtests"]] == ["no_evidence", "predicts"]
    first = told["backtests"][0]
    assert first["id"] == newest and first["no_better"] is True
    assert told["backtests"][1]["no_better"] is False
    assert first["leads"]["90"]["auc"] == FIGURES["auc"]
    assert {key: first[key] for key in BESIDES} == BESIDES
    assert (first["data_version"], first["seed"], first["versions"]) == ("7:abc", 20261123, {"numpy": "2.4"})


def test_who_may_not_read_revenue_finds_no_backtest(
    member: Callable[..., int], call: Callable[..., Caller], now: datetime
) -> None:
    found(now)
    assert call(member("reader")).get("/scorecards/default/backtests").status_code in (403, 404)
