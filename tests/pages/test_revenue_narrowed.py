"""Revenue of some customers, a segment, a CSM, or both: the page, what it opens, its files and the API agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest
from django.test import Client
from tests.aids import signed_in
from tests.contracts.books import customers, keep, line, own

from perennial.contracts import columns
from perennial.customers.models import PortfolioRow
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation.models import Organisation

SPAN = {"period": "custom", "from": "2024-01", "until": "2024-12"}
FILE = "/revenue/export?period=custom&from=2024-01&until=2024-12"


@pytest.fixture
def csms(member: Callable[..., int], now: datetime) -> list[int]:
    """A and B are of segment Bank and of two CSMs, C is of no segment and the first one's; 100, 20 and 3 dollars."""
    Organisation.objects.update(as_of_on=date(2024, 12, 31))
    told = [member("csm", name="Ann"), member("csm", name="Ben")]
    ids = list(customers("A", "B", "C", at=now).values())
    for customer_id, owner, segment in zip(ids, [*told, told[0]], ["Bank", "Bank", None], strict=True):
        own(customer_id, owner, now)
        PortfolioRow.objects.filter(customer_id=customer_id).update(segment=segment)
    keep([line(str(n), one, "2023-02-01", None, amount)
          for n, (one, amount) in enumerate(zip(ids, [100_00, 20_00, 3_00], strict=True))], at=now)  # fmt: skip
    return told


def closing(browser: Client, **asked: object) -> str:
    """Return the last month's closing, as its file says."""
    query = "".join(f"&{key}={value}" for key, value in asked.items())
    answer = browser.post(f"{FILE}{query}", {"format": "csv"})
    rows = b"".join(answer).decode("utf-8-sig").splitlines()
    return rows[-1].split(",")[-2] if len(rows) > 1 else ""


@pytest.mark.parametrize("in_columns", [False, True])
def test_a_segment_a_csm_and_both_at_once_are_parts_of_the_whole(
    csms: list[int], member: Callable[..., int], now: datetime, in_columns: bool
) -> None:
    if in_columns:
        assert columns.make(at=now, least=1)
    browser = signed_in(member("analyst"))
    assert closing(browser) == "123.00"
    assert closing(browser, segment="Bank") == "120.00"
    assert closing(browser, segment="") == "3.00"
    assert closing(browser, owner=csms[0]) == "103.00"
    assert closing(browser, owner=csms[0], segment="Bank") == "100.00"
    assert JournalEntry.objects.filter(kind="revenue.exported").latest("id").data["segment"] == "Bank"


def test_the_page_says_whose_revenue_it_shows_and_every_address_on_it_keeps_that(
    csms: list[int], member: Callable[..., int]
) -> None:
    page = signed_in(member("analyst")).get("/revenue", {"segment": "Bank", "owner": csms[1], **SPAN}).content.decode()
    assert "Segment: Bank" in page and ": Ben" in page
    for address in ("/revenue/explanation?", "/revenue/chart?", "/revenue/export?"):
        told = [text.split('"')[0] for text in page.split(address)[1:]]
        assert told and all("segment=Bank" in one and f"owner={csms[1]}" in one for one in told), address


def test_a_part_of_the_table_is_the_way_to_its_page(csms: list[int], member: Callable[..., int]) -> None:
    page = signed_in(member("analyst")).get("/revenue", {"by": "segment", **SPAN}).content.decode()
    assert "segment=Bank" in page.split('title="Only these customers"')[0].split("<a ")[-1]


def test_a_csm_narrows_his_own_book_and_reaches_no_other(csms: list[int]) -> None:
    browser = signed_in(csms[0])
    page = browser.get("/revenue", {"owner": csms[1], **SPAN}).content.decode()
    assert "No recurring revenue of such customers" in page and "20.00" not in page


def test_what_opens_is_of_the_same_customers(csms: list[int], member: Callable[..., int]) -> None:
    browser = signed_in(member("analyst"))
    opened = {"figure": "closing", "segment": "Bank", "from": "2024-12", "until": "2024-12"}
    listed = browser.get("/revenue/customers", opened).content.decode()
    assert ">A<" in listed and ">B<" in listed and ">C<" not in listed
    assert "120.00" in browser.get("/revenue/explanation", opened).content.decode()
    under = browser.get("/revenue/explanation", {**opened, "figure": "terms"}).content.decode()
    assert "120.00" in under and "123.00" not in under


@pytest.mark.parametrize("asked", [{"owner": "x"}, {"owner": "1' or 1"}, {"owner": "9" * 30}])
def test_what_is_no_value_is_nobody(csms: list[int], member: Callable[..., int], asked: dict[str, str]) -> None:
    assert signed_in(member("analyst")).get("/revenue", asked).status_code == 404
