"""The pages of retention: what they show, what opens, what leaves as a file, and for whom."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import customers, keep, line, own

from perennial.kernel.journal.models import JournalEntry
from perennial.pages.revenue.retention.files import SHEETS

TODAY = date(2024, 12, 31)


@pytest.fixture
def book(organisation: None, now: datetime) -> dict[str, int]:
    """Ten customers of 2023, 1,000 a month for a year: two leave after it, one comes back smaller, one grows; two more
    of July 2024."""
    names = [f"C{number}" for number in range(10)]
    ids = customers(*names, "N0", "N1", at=now)
    lines = [line(f"{name}-1", ids[name], "2023-02-01", "2024-02-01", 1000_00, product="core") for name in names]
    lines += [line(f"{name}-2", ids[name], "2024-02-01", "2025-02-01", 1500_00 if name == "C9" else 1000_00,
                   product="core") for name in names[3:]]  # fmt: skip
    lines += [line("C2-2", ids["C2"], "2024-04-01", "2025-04-01", 600_00, product="core")]
    lines += [line(name, ids[name], "2024-07-01", None, 333_33, product="core") for name in ("N0", "N1")]
    keep(lines, at=now)
    return ids


PAGES = ("", "/renewals", "/cohorts", "/cohorts?step=month&rate=nrr", "/cohorts?rate=logo")
OPENED = ("flow", "by_product", "churned", "renewal", "renewal_net", "renewal_logo", "times", "after")


def test_the_headline_stands_beside_the_movement_view(book: dict[str, int], browser: Callable[..., Client]) -> None:
    client = browser()
    page = client.get("/revenue/retention").content.decode()
    # of 10,000 on 31 Dec 2023: 7 × 1,000 + 600 are kept, 500 were added; churn of 3,000 by movements
    for text in ("76.0%", "81.0%", "80.0%", "70.0%", "10 customers only", "49.0% to 94.3%"):
        assert text in page, text
    opened = client.get("/revenue/retention/explanation?figure=flow").content.decode()
    assert "10,000.00" in opened and "3,000.00" in opened and "76.0%" in opened and "70.0%" in opened


def test_every_page_opens_in_every_choice_and_each_number_opens(
    book: dict[str, int], browser: Callable[..., Client]
) -> None:
    client = browser()
    for path in PAGES:
        answer = client.get(f"/revenue/retention{path}")
        assert answer.status_code == 200
        page = answer.content.decode()
        for url in set(re.findall(r'(?:hx-get|href)="(/revenue/[^"]+)"', page)):
            assert client.get(url.replace("&amp;", "&")).status_code == 200, url
    for figure in OPENED:
        assert client.get(f"/revenue/retention/explanation?figure={figure}").status_code == 200
    for wrong in ("explanation?figure=none", "explanation?figure=grr", "customers?what=none",
                  "customers?what=cohort&first=2020-01", "customers?what=cohort&first=2023-01&age=99",
                  "customers?what=cohort&first=x", "customers?what=renewals&value=none",
                  "explanation?figure=times&first=2020-01"):  # fmt: skip
        assert client.get(f"/revenue/retention/{wrong}").status_code == 404, wrong


def test_a_cell_opens_to_its_customers(book: dict[str, int], browser: Callable[..., Client]) -> None:
    client = browser()
    page = client.get("/revenue/retention/cohorts").content.decode()
    assert "GRR 76.0% · 8 of 10 customers · 7 quarters later · fewer than 30 customers" in page
    path = "/revenue/retention/customers?what=cohort&step=quarter&first=2023-01&age=7&rate=grr"
    listed = client.get(path).content.decode()
    assert listed.count("data-row") == 10 and "7,600.00" in listed and "2,400.00" in listed
    deals = client.get("/revenue/retention/customers?what=deals&step=quarter&first=2024-07").content.decode()
    assert deals.count("data-row") == 2 and ">N0<" in deals and ">C0<" not in deals


def test_the_renewal_rate_opens_to_its_terms(book: dict[str, int], browser: Callable[..., Client]) -> None:
    client = browser()
    page = client.get("/revenue/retention/renewals?period=2024&by=month").content.decode()
    assert "70.0%" in page and "all of it is resolved" in page
    listed = client.get("/revenue/retention/customers?what=renewals&period=2024&by=month&value=2024-02")
    assert listed.content.decode().count("data-row") == 10
    assert "Nothing was due" in client.get("/revenue/retention/renewals?period=2020").content.decode()


def test_the_renewal_rate_of_a_past_day_and_by_product(book: dict[str, int], browser: Callable[..., Client]) -> None:
    client = browser()
    at = "/revenue/retention/renewals?period=2024&by=product"
    assert "As it stood on" not in client.get(at).content.decode()
    page = client.get(f"{at}&as_of=2024-02-01").content.decode()
    assert "As it stood on" in page and "as_of=2024-02-01" in page.split("Renewal rate by")[1], "links keep the day"
    assert "Each customer and product is a term by itself" in page
    for odd in ("2999-01-01", "x", ""):
        assert "As it stood on" not in client.get(f"{at}&as_of={odd}").content.decode()


def test_the_charts_are_the_tables(book: dict[str, int], browser: Callable[..., Client]) -> None:
    client = browser()
    curve = client.get("/revenue/retention/chart?what=curve").json()
    assert [one["name"] for one in curve["series"]] == [
        "All cohorts", "Negative churn", "Break-even", "Early team", "No customer success"]  # fmt: skip
    assert curve["series"][0]["values"][-1] == 0.81
    trend = client.get("/revenue/retention/chart?what=trend").json()
    assert trend["series"][0]["values"][-1] == 0.24


@pytest.mark.parametrize("table", sorted(SHEETS))
def test_every_table_leaves_as_a_file_whose_live_sums_are_right(
    table: str, book: dict[str, int], browser: Callable[..., Client]
) -> None:
    client = browser("admin")
    query = f"table={table}&period=2024&first=2023-01&age=7&step=quarter"
    path = f"/revenue/retention/export?{query}&by=tier" if table == "by" else f"/revenue/retention/export?{query}"
    answer = client.post(path, {"format": "xlsx"})
    assert answer.status_code == 200
    live = openpyxl.load_workbook(BytesIO(answer.content)).worksheets[0]
    kept = openpyxl.load_workbook(BytesIO(answer.content), data_only=True).worksheets[0]
    formulas = [cell for row in live.iter_rows() for cell in row if str(cell.value).startswith("=")]
    assert formulas or table in {"cell"}
    for cell in formulas:
        assert round(_sum(str(cell.value), kept), 2) == round(kept[cell.coordinate].value, 2), (table, cell.coordinate)
    rows = client.post(path, {"format": "csv"}).content.decode("utf-8-sig").splitlines()
    assert len(rows) == live.max_row
    assert JournalEntry.objects.filter(kind="revenue.exported").count() == 2
    assert browser("analyst").post(path, {"format": "pdf"}).status_code == 404


def _sum(formula: str, sheet: Any) -> float:
    """Compute "=SUM(C2:C4)" and "=C2-D2+E2" by other means than a spreadsheet's."""
    if found := re.fullmatch(r"=SUM\((.*)\)", formula):
        cells = [cell for part in found[1].split(",") for row in _rows(sheet[part]) for cell in row]
        return sum(cell.value for cell in cells)
    parts = re.findall(r"([+-]?)([A-Z]+\d+)", formula)
    return sum((-1 if sign == "-" else 1) * sheet[place].value for sign, place in parts)


def _rows(found: Any) -> Any:
    return found if isinstance(found, tuple) else ((found,),)


def test_a_csm_sees_the_own_book_only(
    book: dict[str, int], browser: Callable[..., Client], member: Callable[..., int], now: datetime
) -> None:
    me, other = member("csm"), member("csm")
    for name, customer in book.items():
        own(customer, me if name == "C0" else other, now)
    client = browser(member_id=me)
    listed = client.get("/revenue/retention/customers?what=deals&step=quarter").content.decode()
    assert listed.count("data-row") == 1 and ">C0<" in listed
    assert "0 of 1 customers" in client.get("/revenue/retention/cohorts").content.decode()
    terms = client.get("/revenue/retention/customers?what=renewals&period=2024").content.decode()
    assert terms.count("data-row") == 1 and ">C1<" not in terms
    stranger = browser(member_id=member("csm"))
    for path in PAGES:
        assert "No recurring revenue yet" in stranger.get(f"/revenue/retention{path}").content.decode()


def test_the_pages_ask_as_little_for_many_customers_as_for_few(
    book: dict[str, int], browser: Callable[..., Client], now: datetime
) -> None:
    client = browser()

    def asked() -> list[int]:
        counts = []
        for path in PAGES:
            client.get(f"/revenue/retention{path}")
            with CaptureQueriesContext(connection) as queries:
                client.get(f"/revenue/retention{path}")
            counts.append(len(queries))
        return counts

    few = asked()
    ids = customers(*(f"M{number}" for number in range(60)), at=now)
    keep([line(name, number, "2023-05-01", "2024-05-01", 10_00) for name, number in ids.items()], at=now)
    assert asked() == few
    assert max(few) <= 24


def test_before_any_revenue_the_pages_say_what_belongs_here(organisation: None, browser: Callable[..., Client]) -> None:
    for path in PAGES:
        assert "No recurring revenue yet" in browser().get(f"/revenue/retention{path}").content.decode()
    assert browser().get("/revenue/retention/chart?what=curve").json()["x"] == []
    assert browser().get("/revenue/retention/chart?what=trend").json()["x"] == []
