"""What a member does all day, done with the keyboard in a company with customers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import PASSWORD, Served, serious

ADMIN = "admin@fernwick.example"
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def served(demo: Served) -> Served:
    return demo


def test_the_palette_finds_a_customer_by_its_name(open_page: Callable[..., Page]) -> None:
    page = open_page("/customers", email=ADMIN)
    link = page.locator("tbody a[href^='/customers/']").nth(5)
    name, address = link.inner_text(), link.get_attribute("href")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name="Today")).to_be_visible()
    assert serious(page) == []
    page.keyboard.type(name)
    expect(page.get_by_role("option").first).to_contain_text(name)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{address}")
    expect(page.locator("h1")).to_have_text(name)


def test_the_palette_finds_a_contact_and_escape_closes_it_and_gives_the_focus_back(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("/customers", email=ADMIN)
    link = page.locator("tbody a[href^='/customers/']").nth(2)
    address = link.get_attribute("href")
    page.goto(page.url.split("/customers")[0] + f"{address}?tab=people")
    who = page.locator("#tab a[href^='mailto:']").first.inner_text()
    page.go_back()
    link.focus()
    page.keyboard.press("Control+k")
    page.keyboard.type(who)
    found = page.get_by_role("group", name="Contacts").get_by_role("option").first
    expect(found).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).not_to_be_visible()
    expect(link).to_be_focused()
    page.keyboard.press("Control+k")
    page.keyboard.type(who)
    found.click()
    page.wait_for_url("**/customers/*?tab=people")
    expect(page.locator("#tab")).to_contain_text(who)


def test_j_and_k_move_in_the_list_enter_opens_and_back_finds_it_as_it_was(open_page: Callable[..., Page]) -> None:
    page = open_page("/customers?sort=-arr", email=ADMIN)
    names = page.locator("tbody a[href^='/customers/']").all_inner_texts()
    for key in ("j", "j", "j", "k"):
        page.keyboard.press(key)
    expect(page.locator("tr.cursor")).to_contain_text(names[1])
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(names[1])
    page.go_back()
    assert page.url.endswith("/customers?sort=-arr")
    assert page.locator("tbody a[href^='/customers/']").all_inner_texts() == names


def test_n_logs_what_happened_and_the_timeline_shows_it(open_page: Callable[..., Page]) -> None:
    page = open_page("/customers", email=ADMIN)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/*")
    page.wait_for_load_state()  # the keys are heard once the scripts are there
    page.keyboard.press("n")
    expect(page.get_by_label("What happened")).to_be_focused()
    assert serious(page) == []
    page.keyboard.type("Spoke about the seats")
    page.get_by_role("dialog").get_by_role("button", name="Log", exact=True).click()
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.get_by_role("link", name="Timeline").first.click()
    expect(page.locator(".timeline > li").first).to_contain_text("Spoke about the seats")


def test_e_settles_the_first_customer_of_today_says_that_it_is_no_contact_and_z_brings_it_back(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("/?whose=all", email=ADMIN)
    first = page.locator("#today .todo").first.locator(".head > a")
    name = first.inner_text()
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(page.locator(".toast")).to_contain_text(f"{name}: done for today. No contact is logged.")
    expect(page.locator(".today-sum")).to_contain_text("1 of 5 done · 0 contacts logged")
    expect(first).not_to_have_text(name)
    page.keyboard.press("z")
    expect(first).to_have_text(name)
    expect(page.locator(".toast")).to_have_count(1)
    expect(page.locator(".toast")).to_contain_text(f"{name} is back on the list.")
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_have_text("There is nothing to undo.")


def test_a_contact_can_be_logged_after_done_from_the_toast(open_page: Callable[..., Page]) -> None:
    page = open_page("/?whose=all", email=ADMIN)
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.locator(".toast").get_by_role("button", name="Log contact").click()
    page.locator("#today-dialog").get_by_label("What happened").fill("Reached them after all")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".today-sum")).to_contain_text("1 of 5 done · 1 contact logged")
    page.keyboard.press("z")
    expect(page.locator(".today-sum")).to_contain_text("1 of 5 done · 0 contacts logged")
    page.locator("#today-done > summary").click()
    page.locator("#today-done").get_by_role("button", name="Undo").click()
    expect(page.locator(".today-sum")).to_contain_text("0 of 5 done")


def test_a_call_with_a_next_step_becomes_a_task_on_today_and_in_the_file_and_z_takes_back_both(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("/?whose=all", email=ADMIN)
    row = page.locator("#today .todo").first
    name, address = row.locator(".head > a").inner_text(), row.locator(".head > a").get_attribute("href")
    page.keyboard.press("j")
    page.keyboard.press("l")
    dialog = page.locator("#today-dialog")
    expect(dialog.get_by_label("What happened")).to_be_focused()
    assert serious(page) == []
    page.keyboard.type("Spoke about the renewal")
    dialog.get_by_label("Next step").fill("Send the offer")
    day = page.evaluate("new Date(Date.now() + 4 * 864e5).toISOString().slice(0, 10)")
    dialog.get_by_label("Due").fill(day)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("Logged, and done for today. Task for")
    page.locator("#today-ahead > summary").click()
    task = page.locator("#today-ahead li", has_text="Send the offer")
    expect(task).to_contain_text(name)
    expect(page.locator("#today .todo").first.locator(".head > a")).not_to_have_text(name)

    file = page.context.new_page()
    file.goto(page.url.split("/?")[0] + str(address))
    expect(file.locator(".doing")).to_contain_text("Send the offer")
    expect(file.locator(".timeline").first).to_contain_text("Spoke about the renewal")

    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("The entry was taken back, with its open task.")
    expect(task).to_have_count(0)
    expect(page.locator("#today .todo").first.locator(".head > a")).to_have_text(name)
    file.reload()
    expect(file.locator("#file")).not_to_contain_text("Send the offer")
    expect(file.locator("#file")).not_to_contain_text("Spoke about the renewal")


def test_not_useful_asks_and_what_is_put_away_is_listed_and_comes_back(open_page: Callable[..., Page]) -> None:
    page = open_page("/?whose=all", email=ADMIN)
    row = page.locator("#today .todo").first
    name, before = row.locator(".head > a").inner_text(), page.locator("#today .why").first.inner_text()
    page.keyboard.press("j")
    page.keyboard.press("x")
    dialog = page.locator("#today-dialog")
    dialog.get_by_label("Everything about this customer, also what comes new").check()
    dialog.get_by_label("Other").check()
    dialog.get_by_role("button", name="Put it away").click()
    expect(dialog.get_by_text("Say in a few words why.")).to_be_visible()
    assert serious(page) == []
    dialog.get_by_label("In a few words").fill("We part as friends")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text(f"{name}: 1 reason is put away until")
    expect(page.locator("#today .todo").first.locator(".head > a")).not_to_have_text(name)
    page.get_by_role("link", name="1 reason put away by you until").click()
    listed = page.locator("#put-away li", has_text=name)
    expect(listed).to_contain_text("Everything about this customer")
    expect(listed).to_contain_text("We part as friends")
    assert serious(page) == []
    listed.get_by_role("button", name="Bring back").click()
    expect(listed).to_have_count(0)
    page.go_back()
    expect(page.locator("#today .todo").first.locator(".head > a")).to_have_text(name)
    assert page.locator("#today .why").first.inner_text() == before


def test_s_opens_the_days_arrows_choose_and_the_order_opens_to_its_sum(open_page: Callable[..., Page]) -> None:
    page = open_page("/?whose=all", email=ADMIN)
    first = page.locator("#today .todo").first.locator(".head > a")
    name = first.inner_text()
    page.locator("#today .rank button").first.click()
    expect(page.locator("#explain")).to_contain_text("Why is this number 1 of")
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Until tomorrow").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text(f"{name} comes back on")
    page.keyboard.press("z")
    expect(first).to_have_text(name)
    page.keyboard.press("?")
    for key in ("z", "e", "s", "l", "n", "d", "x", "j", "k"):
        expect(page.locator("#help kbd", has_text=key).first).to_be_visible()


def test_an_explanation_stands_whole_on_a_low_screen(open_page: Callable[..., Page]) -> None:
    page = open_page("/?whose=all", email=ADMIN, viewport={"width": 1440, "height": 420})
    page.locator("#today .todo").nth(2).locator(".head .explain").first.click()
    foot = page.locator("#explain footer")
    expect(foot).to_be_in_viewport(ratio=1)
    box = page.locator("#explain").bounding_box()
    assert box is not None and box["y"] >= 0 and box["y"] + box["height"] <= 420


def test_a_reason_on_today_opens_to_its_rule_and_escape_closes_it(open_page: Callable[..., Page]) -> None:
    page = open_page("/?whose=all", email=ADMIN)
    reason = page.locator("#today .why .explain").first
    reason.click()
    expect(page.locator("#explain .tree")).to_be_visible()
    assert serious(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#explain")).not_to_be_visible()
    expect(reason).to_be_focused()


def test_a_filter_opens_within_a_phone_and_narrows_the_list(open_page: Callable[..., Page]) -> None:
    page = open_page("/customers", email=ADMIN, viewport=PHONE)
    page.locator("#filters").get_by_text("Filter", exact=True).click()
    page.locator("#ask-any").get_by_role("button", name="Stage", exact=True).click()
    asked = page.locator("#ask-any .ask-form")
    expect(asked).to_be_in_viewport(ratio=1)
    assert serious(page) == []
    asked.get_by_label("Renewal").check()
    asked.get_by_role("button", name="Apply").click()
    expect(page.locator("details.chip.on")).to_contain_text("Renewal")
    assert set(page.locator("tbody tr").evaluate_all("all => all.map(one => /Renewal/.test(one.innerText))")) == {True}


def test_language_and_theme_are_switched_and_kept(open_page: Callable[..., Page], served: Served) -> None:
    email = served.member("switcher@example.com", "csm")
    page = open_page("/settings", email=email)
    page.get_by_label("Language").select_option("zh-hans")
    page.get_by_label("Theme").select_option("dark")
    page.get_by_label("Theme").locator("xpath=ancestor::form").get_by_role("button").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    page.goto(f"{served.url}/customers")
    expect(page.locator("html.dark[lang=zh-Hans]")).to_have_count(1)
    expect(page.locator("h1")).to_have_text("客户")


def test_signing_out_ends_what_can_be_seen(open_page: Callable[..., Page], served: Served) -> None:
    page = open_page("/settings", email=ADMIN)
    page.locator(".side .drop summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{served.url}/customers")
    expect(page).to_have_url(f"{served.url}/sign-in?next=/customers")
    page.fill("input[name=login]", ADMIN)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served.url}/customers")
