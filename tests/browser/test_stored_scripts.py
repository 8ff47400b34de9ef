"""Promise I4: what a file or a form brings is text on every page; nothing of it runs, no report of the policy."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Served

ADMIN = "admin@fernwick.example"
IMAGE = "<img src=x onerror=window.__xss=1>"
SCRIPT = '"><script>window.__xss=1</script>'
MEMBER = "hostile@example.com"
FILES = {
    f"{IMAGE}.csv": ("customer_id,name,legal_name,signup_date,industry,tags,free",
                     ("X1", IMAGE, SCRIPT, "2024-01-31", SCRIPT, IMAGE, SCRIPT)),
    "contacts.csv": ("customer_id,contact_id,contact_name,job_title,email", ("X1", "P1", IMAGE, SCRIPT, SCRIPT)),
    "tickets.csv": ("customer_id,ticket_id,subject,priority,submitted_at",
                    ("X1", "T1", IMAGE, "high", "2025-10-31T10:00:00")),
    "touchpoints.csv": ("customer_id,activity_id,channel,happened_at,summary,next_step",
                        ("X1", "C1", "call", "2025-10-31", IMAGE, SCRIPT)),
    "contracts.csv": ("customer_id,subscription_id,contract_number,plan,mrr_amount,start_date",
                      ("X1", "L1", IMAGE, SCRIPT, "1000", "2025-01-31")),
    "usage.csv": ("customer_id,event_id,user_id,event_name,feature_name,event_time",
                  ("X1", "E1", IMAGE, SCRIPT, IMAGE, "2026-10-31T10:00:00")),
}  # fmt: skip
TABS = ("overview", "people", "contracts", "usage", "tickets", "timeline")
PAGES = (
    "/", "/?whose=all", "/customers", "/customers?col=name&col=industry&col=tags", "/revenue", "/weekly", "/import",
    "/exports", "/settings", "/settings/members", "/settings/keys", "/settings/organisation",
)  # fmt: skip


@pytest.fixture
def served(demo: Served) -> Served:
    return demo


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page("/customers", email=ADMIN)


def write_files(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for name, (head, row) in FILES.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head.split(","), row])
    return folder


def plant_by_forms(page: Page, address: str) -> None:
    """Give a view, a team, a member, a key and the organisation hostile names, and log a hostile touchpoint."""
    page.goto(f"{address}/customers?sort=-arr")
    page.locator("summary", has_text="Keep view").click()
    page.get_by_role("button", name="Save as a new view").click()
    page.locator("#view-name").fill(IMAGE)
    page.locator("#view-new").get_by_role("button", name="Save").click()
    expect(page.locator(".side a", has_text=IMAGE)).to_be_visible()
    page.goto(f"{address}/settings/members")
    team = page.locator("form", has=page.get_by_role("button", name="Add a team"))
    team.get_by_label("Name").fill(SCRIPT)
    team.get_by_role("button").click()
    expect(page.locator(".pill", has_text=SCRIPT)).to_be_visible()
    page.goto(f"{address}/settings/keys")
    page.get_by_label("Name").fill(SCRIPT)
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator("td", has_text=SCRIPT)).to_be_visible()
    page.goto(f"{address}/settings/organisation")
    page.get_by_label("Name").fill(IMAGE)
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".brand", has_text=IMAGE).first).to_be_attached()


def ran(page: Page) -> bool:
    return bool(page.evaluate("window.__xss !== undefined"))


def test_nothing_that_a_file_or_a_form_brings_runs_on_any_page(page: Page, served: Served, tmp_path: Path) -> None:
    served.command("import", str(write_files(tmp_path / IMAGE)))
    served.member(MEMBER, "csm", "--name", IMAGE)
    plant_by_forms(page, served.url)

    shown = set[str]()
    for address in PAGES:
        page.goto(served.url + address)
        assert not ran(page), address
        shown |= {address} if IMAGE in page.inner_text("#sheet") or SCRIPT in page.inner_text("#sheet") else set()
    assert {"/customers", "/import", "/settings/members", "/settings/keys"} <= shown

    page.goto(f"{served.url}/customers?q=onerror")
    file = page.locator("tbody a[href^='/customers/']", has_text=IMAGE).get_attribute("href")
    for tab in TABS:
        page.goto(f"{served.url}{file}?tab={tab}")
        assert not ran(page), tab
        expect(page.locator("h1")).to_have_text(IMAGE)
        if tab != "usage":  # its event names stand in a picture
            assert IMAGE in page.inner_text(".tab") or SCRIPT in page.inner_text(".tab"), tab

    page.goto(f"{served.url}/import")
    page.locator("table a", has_text=IMAGE).click()
    expect(page.locator("#sheet", has_text=IMAGE)).to_be_visible()
    assert not ran(page)


def test_nor_in_the_palette_a_dialog_a_filter_or_a_toast(page: Page, served: Served) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("onerror")
    expect(page.get_by_role("option", name=IMAGE).first).to_be_visible()
    assert not ran(page)
    page.goto(f"{served.url}/customers?q=onerror")
    page.locator("tbody input[name=row]").first.check()
    page.get_by_role("button", name="Change CSM").click()
    expect(page.locator("#bulk p", has_text=IMAGE)).to_be_visible()
    page.get_by_label("New CSM").select_option(label=IMAGE)
    page.locator("#bulk").get_by_role("button", name="Change CSM").click()
    expect(page.locator(".toast").last).to_be_visible()
    assert not ran(page)
    page.locator("tbody a[href^='/customers/']").first.click()
    expect(page.locator("h1")).to_have_text(IMAGE)
    page.keyboard.press("n")
    expect(page.locator("#dialog select[name=contact]", has_text=IMAGE)).to_be_attached()
    assert not ran(page)
