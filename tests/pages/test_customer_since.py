"""What changed a score since an earlier day, on the health tab."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.aids import signed_in
from tests.pages import test_customer_health as health_page
from tests.pages.test_customer_health import score, words
from tests.reports.files import ON, SOURCE, instant

from perennial.contracts.actions import write_receivables
from perennial.health import actions as health
from perennial.kernel.versions import Incoming

pytestmark = pytest.mark.django_db
place = health_page.place


def test_the_tab_asks_and_the_part_says_what_changed(place: dict[str, Any], now: datetime) -> None:
    health.score_day(ON - timedelta(days=28), at=now)
    score(now)
    client = signed_in(place["csm"])
    at = f"{place['at']}/since"
    assert f'hx-get="{at}"' in client.get(f"{place['at']}?tab=health").content.decode()
    seen = words(client.get(at))
    assert "What changed" in seen and "points." in seen and "on both days." in seen
    assert "Values" in seen and "Freshness" in seen and "Segment" in seen
    assert "Difference" in seen or "No measure moved the score by a tenth of a point." in seen


def test_a_day_without_a_score_says_so_and_a_wrong_one_is_the_usual(place: dict[str, Any], now: datetime) -> None:
    score(now)
    client = signed_in(place["csm"])
    assert "nothing can be compared with it" in words(client.get(f"{place['at']}/since?from=2019-01-01"))
    assert words(client.get(f"{place['at']}/since?from=never")) == words(client.get(f"{place['at']}/since"))


def test_values_that_a_member_may_not_see_are_hidden(place: dict[str, Any], now: datetime) -> None:
    owed = {"customer_id": place["id"], "due_on": ON - timedelta(days=50), "amount": 100, "currency": "USD"}
    write_receivables([Incoming("owed", owed, instant(300))], source=SOURCE, at=now)
    health.score_day(ON - timedelta(days=28), at=now)
    score(now)
    at = f"{place['at']}/since"
    seen = words(signed_in(place["csm"]).get(at))
    assert "23 days → 51 days" in seen and "hidden" not in seen
    seen = words(signed_in(place["reader"]).get(at))
    assert "51 days" not in seen and "hidden" in seen
