"""Every page of a company with customers, on a wide and a narrow screen, light and dark, in each language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import Served, is_wider_than_the_screen, serious, sign_in, watch

WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
SEEN: dict[str, dict[str, Any]] = {
    "en": {"viewport": WIDE, "color_scheme": "light"},
    "zh-hans": {"viewport": PHONE, "color_scheme": "light", "is_mobile": True, "has_touch": True},
    "zh-hant": {"viewport": WIDE, "color_scheme": "dark"},
}
TAGS = {"en": "en", "zh-hans": "zh-Hans", "zh-hant": "zh-Hant"}
TABS = ("overview", "health", "people", "contracts", "usage", "tickets", "timeline")
PAGES = (
    "/usage?by=tier", "/usage/features", "/usage/cohorts", "/usage/funnel", "/usage/alerts", "/usage/drift",
    "/health/evidence",
    "/", "/customers", "/revenue", "/weekly", "/import", "/customers/list/edited", "/exports", "/settings",
    "/settings/members", "/settings/roles", "/settings/keys", "/settings/blueprint", "/settings/blueprint/rights",
    "/settings/organisation",
)  # fmt: skip
TWICE = "[...document.querySelectorAll('[id]')].map(one => one.id).filter((id, n, all) => all.indexOf(id) !== n)"
"""An id that stands twice gives a label the wrong field."""


@pytest.fixture(scope="module")
def windows(chromium: Browser, demo: Served) -> Iterator[dict[str, tuple[Page, list[str]]]]:
    """Return a page for each way of looking, signed in as a member of that language, and what went wrong on it."""
    made, contexts = {}, []
    for language, options in SEEN.items():
        email = demo.member(f"{language}@example.com", "admin", "--language", language)
        contexts.append(context := chromium.new_context(locale=language, **options))
        wrong: list[str] = []
        page = context.new_page()
        watch(page, wrong)
        sign_in(page, demo, email, "/settings")
        made[language] = (page, wrong)
    yield made
    for context in contexts:
        context.close()


@pytest.fixture
def seen(windows: dict[str, tuple[Page, list[str]]], language: str) -> tuple[Page, list[str]]:
    """Return the page of one way of looking, with nothing wrong on it yet."""
    windows[language][1].clear()
    return windows[language]


@pytest.fixture(scope="module")
def file_address(windows: dict[str, tuple[Page, list[str]]], demo: Served) -> str:
    """Return the address of the largest customer's file."""
    page, _ = windows["en"]
    page.goto(demo.url + "/customers?sort=-arr")
    return demo.url + str(page.locator("tbody a[href^='/customers/']").first.get_attribute("href"))


def look(page: Page, wrong: list[str], language: str) -> None:
    """Hold the page that stands there to what every page promises."""
    if page.locator("[data-chart]").count():
        expect(page.locator("[data-chart] svg").first).to_be_visible()
    assert page.locator("html").get_attribute("lang") == TAGS[language]
    assert not is_wider_than_the_screen(page)
    assert page.evaluate(TWICE) == []
    assert serious(page) == []
    assert wrong == []


@pytest.mark.parametrize("language", SEEN)
@pytest.mark.parametrize("address", PAGES)
def test_a_page_fits_its_screen_says_its_language_and_hinders_nobody(
    seen: tuple[Page, list[str]], demo: Served, address: str, language: str
) -> None:
    page, wrong = seen
    answer = page.goto(demo.url + address)
    assert answer is not None and answer.status == 200
    look(page, wrong, language)


@pytest.mark.parametrize("language", SEEN)
@pytest.mark.parametrize("tab", TABS)
def test_so_does_each_tab_of_the_customer_file(
    seen: tuple[Page, list[str]], file_address: str, tab: str, language: str
) -> None:
    page, wrong = seen
    answer = page.goto(f"{file_address}?tab={tab}")
    assert answer is not None and answer.status == 200
    look(page, wrong, language)


@pytest.mark.parametrize("language", SEEN)
def test_so_does_the_page_of_one_alert(seen: tuple[Page, list[str]], demo: Served, language: str) -> None:
    page, wrong = seen
    page.goto(demo.url + "/usage/alerts")
    address = page.locator("tbody a[href^='/usage/alerts/']").first.get_attribute("href")
    answer = page.goto(f"{demo.url}{address}")
    assert answer is not None and answer.status == 200
    expect(page.locator("svg.drawing .marked")).to_be_attached()
    look(page, wrong, language)


@pytest.mark.parametrize("language", SEEN)
def test_so_does_a_page_that_is_not_there(seen: tuple[Page, list[str]], demo: Served, language: str) -> None:
    page, wrong = seen
    answer = page.goto(demo.url + "/nothing-here")
    assert answer is not None and answer.status == 404
    look(page, wrong, language)


@pytest.mark.parametrize("language", SEEN)
def test_so_does_the_sign_in_and_a_wrong_password_is_said(chromium: Browser, demo: Served, language: str) -> None:
    context = chromium.new_context(locale=language, **SEEN[language])
    page, wrong = context.new_page(), list[str]()
    watch(page, wrong)
    page.goto(demo.url + "/customers")
    look(page, wrong, language)
    page.fill("input[name=login]", f"nobody-{language}@example.com")
    page.fill("input[name=password]", "not the password")
    page.click("button[type=submit]")
    expect(page.locator("[role=alert], .errorlist, .notice.bad").first).to_be_visible()
    assert page.url.startswith(demo.url + "/sign-in")
    look(page, wrong, language)
    context.close()
