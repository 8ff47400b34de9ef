"""What a product sends is on an open page within seconds: from the tracking call to the health that somebody reads."""

from __future__ import annotations

import base64
import json
import sqlite3
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Served

SILENT = """
SELECT row.key, named.external_id FROM perennial_portfoliorow AS row
JOIN perennial_externalid AS named ON named.customer_id = row.customer_id AND named.source = 'demo'
WHERE row.days_since_last BETWEEN 2 AND 60 AND row.score IS NOT NULL ORDER BY row.days_since_last DESC LIMIT 1
"""


@pytest.fixture
def served(demo: Served) -> Served:
    return demo


def send(served: Served, group: str) -> None:
    key = served.command("key", "create", "product", "--scope", "intake", "--source", "demo").strip()
    message = {"userId": "somebody-new", "event": "Report opened", "context": {"groupId": group}}
    request = urllib.request.Request(f"{served.url}/v1/track", json.dumps(message).encode())
    request.add_header("Authorization", "Basic " + base64.b64encode(f"{key}:".encode()).decode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


def test_an_event_changes_the_health_that_is_being_looked_at(open_page: Callable[..., Page], served: Served) -> None:
    with sqlite3.connect(served.home / "records.sqlite3") as records:
        key, group = records.execute(SILENT).fetchone()
    page = open_page(f"/customers/{key}?tab=health", email="admin@fernwick.example")
    last_use = page.locator("tr", has=page.get_by_role("button", name="Last use"))
    expect(last_use).not_to_contain_text("0 days")
    before = page.locator("#head").get_attribute("hx-get")
    page.evaluate("window.stayed = true")
    send(served, group)
    expect(last_use).to_contain_text("0 days", timeout=90_000)
    assert page.locator("#head").get_attribute("hx-get") != before
    assert page.evaluate("window.stayed")  # the page was never loaded anew
