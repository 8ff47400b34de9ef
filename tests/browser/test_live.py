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


def test_an_open_list_follows_what_is_written_elsewhere_but_holds_still_while_somebody_chooses(
    open_page: Callable[..., Page], served: Served
) -> None:
    """What the worker writes is written here by hand; the page asks every thirty seconds, on a clock of the test."""
    with sqlite3.connect(served.home / "records.sqlite3") as records:
        (name,) = records.execute("SELECT name FROM perennial_portfoliorow ORDER BY name_sort, customer_id").fetchone()
    page = open_page("/customers?sort=name", email="admin@fernwick.example")
    page.clock.install()
    page.reload()
    page.evaluate("window.stayed = true")
    page.locator("#list input[name=row]").first.check()
    renamed = f"{name} and Sons"
    with sqlite3.connect(served.home / "records.sqlite3") as records:
        records.execute(
            "UPDATE perennial_portfoliorow SET name = ?, updated_at = '2030-01-01 00:00:00' WHERE name = ?",
            (renamed, name),
        )
    page.clock.run_for(65_000)
    page.wait_for_timeout(500)
    expect(page.locator("#list")).not_to_contain_text(renamed)
    assert page.locator("#list input[name=row]").first.is_checked()
    page.keyboard.press("Escape")
    page.clock.run_for(35_000)
    expect(page.locator("#list")).to_contain_text(renamed)
    assert page.evaluate("window.stayed")
    with sqlite3.connect(served.home / "records.sqlite3") as records:
        records.execute("UPDATE perennial_portfoliorow SET name = ? WHERE name = ?", (name, renamed))


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
