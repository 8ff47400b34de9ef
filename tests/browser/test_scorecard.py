"""The editor of scorecards as people work with it: a curve drawn with the mouse or the keys, parts added without a
script, and nothing that axe calls serious."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Served, is_wider_than_the_screen, serious

Opener = Callable[..., Page]
PATH = "/settings/scorecard"
POINTS = 'input[name="f:groups[0].measures[0].points"]'


@pytest.fixture(scope="module")
def served(demo: Served) -> Served:
    """Return the demo, with an administrator of ours."""
    demo.member("cards@example.com", "admin")
    return demo


def opened(open_page: Opener, **options: object) -> Page:
    return open_page(PATH, email="cards@example.com", **options)


def test_a_point_that_is_dragged_changes_the_curve_and_the_preview(open_page: Opener) -> None:
    page = opened(open_page)
    preview = page.locator("#preview")
    expect(preview.locator("table").first).to_be_visible()
    assert "0 customers' scores change." in preview.inner_text()
    assert serious(page) == []
    before = page.locator(POINTS).input_value()
    dot = page.locator("[data-curve] circle").nth(2)
    box = dot.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 10, steps=5)
    page.mouse.up()
    after = page.locator(POINTS).input_value()
    assert after != before and after.split()[:2] == before.split()[:2]
    expect(preview).to_contain_text(re.compile(r"[1-9]\d* customers' scores change"))
    page.reload()  # the draft is found again
    assert page.locator(POINTS).input_value() == after
    page.get_by_role("button", name="Discard the draft").click()
    assert page.locator(POINTS).input_value() == before


def test_a_point_is_moved_and_taken_away_with_the_keys(open_page: Opener) -> None:
    page = opened(open_page)
    before = page.locator(POINTS).input_value().split()
    dot = page.locator("[data-curve] circle").nth(2)
    dot.focus()
    page.keyboard.press("ArrowDown")
    moved = page.locator(POINTS).input_value().split()
    assert [old == new for old, new in zip(before, moved, strict=True)].count(False) == 1
    page.keyboard.press("Delete")
    assert len(page.locator(POINTS).input_value().split()) == len(before) - 1


def test_parts_are_added_and_moved_without_a_script_on_a_telephone(open_page: Opener) -> None:
    page = opened(open_page, java_script_enabled=False, viewport={"width": 390, "height": 844})
    page.locator('select[name="new:groups[1].measures:measure"]').select_option("pulse")
    page.locator('button[value="add groups[1].measures"]').click()
    expect(page.locator('input[name="f:groups[1].measures[4].points"]')).to_have_count(1)
    page.locator('button[value="up groups[1].measures[4]"]').click()
    expect(page.locator('input[name="f:groups[1].measures[3].points"]')).to_have_value("1:0 2:25 3:50 4:80 5:100")


def test_the_editor_fits_a_telephone_and_axe_finds_nothing_serious_in_the_dark(open_page: Opener) -> None:
    page = opened(open_page, viewport={"width": 390, "height": 844}, color_scheme="dark")
    expect(page.locator("#preview table").first).to_be_visible()
    for details in page.locator(".of-measure, .words, .presets").all()[:8]:
        details.evaluate("one => { one.open = true; }")
    assert not is_wider_than_the_screen(page)
    assert serious(page) == []
