"""Files go in through the wizard as a person takes them there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect
from tests.browser.conftest import Served, is_wider_than_the_screen, serious

PHONE = {"width": 390, "height": 844}
SLOW = 120_000
AMBIGUOUS = "customer_id,name,signup_date\nC1,<script>window.ran=1</script>,3/4/2024\nC2,Beta,5/6/2024\n"


def file(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def test_dates_are_asked_for_on_a_phone_and_nothing_in_a_file_runs(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_page("/import", viewport=PHONE)
    assert serious(page) == [] and not is_wider_than_the_screen(page)
    page.set_input_files("input[type=file]", file(tmp_path, "<img src=x onerror=alert(1)>.csv", AMBIGUOUS))
    page.get_by_role("button", name="Upload and look").click()
    page.get_by_role("link", name="On to the mapping").first.click(timeout=SLOW)
    assert serious(page) == [] and not is_wider_than_the_screen(page)

    expect(page.get_by_text("1 question is open")).to_be_visible()
    expect(page.get_by_role("link", name="How are the dates").first).to_be_focused()
    expect(page.get_by_role("button", name="Check the files")).to_be_disabled()
    page.get_by_role("radio", name="The month comes first").check()
    expect(page.get_by_role("button", name="Check the files")).to_be_enabled()
    page.get_by_role("button", name="Check the files").click()
    expect(page.get_by_text("2 records are added.")).to_be_visible(timeout=SLOW)
    assert serious(page) == [] and not is_wider_than_the_screen(page)
    page.on("dialog", lambda asked: asked.accept())
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("Discarded", exact=True).first).to_be_visible()
    assert page.evaluate("window.ran") is None


def test_what_a_table_holds_is_changed_without_leaving_the_page(open_page: Callable[..., Page], tmp_path: Path) -> None:
    page = open_page("/import", color_scheme="dark")
    page.set_input_files("input[type=file]", file(tmp_path, "things.csv", "id,name,score\n1,Acme,9\n2,Beta,7\n"))
    page.get_by_role("button", name="Upload and look").click()
    page.get_by_role("link", name="On to the mapping").first.click(timeout=SLOW)
    kind = page.get_by_label("What things.csv holds")
    kind.select_option(label="Survey answers")
    expect(page.get_by_text("Still needed:")).to_be_visible()
    expect(page.get_by_label("What score becomes")).to_have_value("score")
    kind.select_option(label="Leave out")
    expect(page.locator("[role=alert]")).to_contain_text("Every table is left out")
    assert serious(page) == []


def test_dropped_files_stand_in_the_field(open_page: Callable[..., Page]) -> None:
    page = open_page("/import")
    page.evaluate("""() => {
        const data = new DataTransfer();
        data.items.add(new File(["a,b\\n1,2\\n"], "one.csv"));
        data.items.add(new File(["a,b\\n1,2\\n"], "two.csv"));
        document.querySelector(".dropzone").dispatchEvent(
            new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }""")
    assert page.evaluate("[...document.querySelector('input[type=file]').files].map(f => f.name)") == [
        "one.csv",
        "two.csv",
    ]


def test_ravenstack_goes_in_through_the_wizard(
    open_page: Callable[..., Page], served: Served, sample_data: Path
) -> None:
    page = open_page("/import")
    page.set_input_files("input[type=file]", sorted((sample_data / "ravenstack").glob("*.csv")))
    page.get_by_role("button", name="Upload and look").click()
    page.get_by_role("link", name="On to the mapping").first.click(timeout=SLOW)
    kinds = page.locator("select[name$='-kind']")
    expect(kinds).to_have_count(5)
    proposed = kinds.evaluate_all("all => all.map(one => one.value)")
    assert proposed == ["customers", "cancellations", "usage", "contracts", "tickets"]
    assert serious(page) == []

    # What an end means these rows do not tell: it is asked, never guessed.
    expect(page.get_by_role("link", name="What does the end date mean?").first).to_be_visible()
    expect(page.get_by_role("button", name="Check the files")).to_be_disabled()
    page.get_by_role("radio", name="The first day without service").check()
    page.get_by_role("button", name="Check the files").click()
    expect(page.get_by_text("33,079 records are added. 21 rows are left out.")).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("row", name="Cancellations that name no contract")).to_contain_text("600")
    assert serious(page) == []
    with page.expect_download() as begun:
        page.get_by_role("link", name="All as CSV").click()
    assert len(begun.value.path().read_text(encoding="utf-8-sig").splitlines()) == 22

    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("The figures are ready")).to_be_visible(timeout=SLOW)
    assert serious(page) == []
    page.get_by_role("link", name="To the customers").click()
    expect(page.locator(".pager")).to_contain_text("500")
    page.goto(f"{served.url}/import")
    expect(page.get_by_role("row", name="ravenstack_accounts.csv")).to_contain_text("33,079")
