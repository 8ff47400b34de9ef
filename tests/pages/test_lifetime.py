"""The page of lifetime value: what it shows, what opens, what leaves as a file, and for whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from io import BytesIO

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import customers, keep, line, own

from perennial.customers.models import Customer
from perennial.insights import actions
from perennial.insights.models import SurvivalFit
from perennial.jobs import lifetime as jobs
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.periods import add_months
from perennial.kernel.queue.actions import claim
from perennial.kernel.versions import Incoming

TODAY = date(2024, 12, 31)


@pytest.fixture
def book(organisation: None, now: datetime) -> dict[str, int]:
    """Forty customers of 2021, each 1,000 a month, of whom ten leave after one year, four after two and two after
    three; ten more of July 2024. Half came by ads, and spend is known for the months that won the last ten."""
    names = [f"C{number:02}" for number in range(50)]
    ids = customers(*names, at=now)
    ends = ["2022-01-01"] * 10 + ["2023-01-01"] * 4 + ["2024-01-01"] * 2
    old = [line(name, ids[name], "2021-01-01", ends[n] if n < len(ends) else None, 1000_00)
           for n, name in enumerate(names[:40])]  # fmt: skip
    keep([*old, *(line(name, ids[name], "2024-07-01", None, 1000_00) for name in names[40:])], at=now)
    Customer.objects.filter(id__in=[ids[name] for name in names[::2]]).update(custom={"channel": "Ads"})
    return ids


def spent(now: datetime, amount: int = 10_000_00) -> None:
    """Keep spend of twelve months: all of it won the ten of July 2024."""
    rows = [{"month": add_months(date(2023, 10, 1), n), "channel": "Ads", "amount": amount, "currency": "USD"}
            for n in range(12)]  # fmt: skip
    actions.write_spend([Incoming(str(row["month"]), row) for row in rows], source="x", at=now)


def work(now: datetime) -> int:
    """Do what waits in the queue for curves."""
    done = 0
    while claimed := claim(at=now, kinds=["lifetime.fit"]):
        done += jobs.fit(claimed, lambda *_: None, now)["fitted"]
    return done


def test_what_was_observed_stands_until_the_worker_has_fitted_the_curve(
    book: dict[str, int], browser: Callable[..., Client], now: datetime
) -> None:
    client = browser()
    page = client.get("/revenue/lifetime").content.decode()
    assert "curve is being fitted" in page and "at least" in page
    assert client.get("/revenue/lifetime").status_code == 200  # asked again: the same job
    assert work(datetime.now(tz=now.tzinfo)) == 1
    page = client.get("/revenue/lifetime").content.decode()
    assert "being fitted" not in page
    assert "stay after 5 years" in page
    assert SurvivalFit.objects.get().ages == {"entered": [0, 0, 40], "at_risk": [40, 30, 26], "lost": [10, 4, 2]}


def test_a_request_never_fits(
    book: dict[str, int], browser: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise AssertionError("a request fitted a curve")

    monkeypatch.setattr("perennial.insights.calculations.survival.fit", refuse)
    client = browser()
    for path in ("", "/chart", "/explanation?figure=worth", "/customers"):
        assert client.get(f"/revenue/lifetime{path}").status_code == 200


def test_cost_payback_and_stage_follow_from_spend(
    book: dict[str, int], browser: Callable[..., Client], now: datetime
) -> None:
    client = browser()
    assert "What winning a customer costs is not known" in client.get("/revenue/lifetime").content.decode()
    spent(now)
    jobs.nightly(None, None, now)
    page = client.get("/revenue/lifetime").content.decode()
    assert "12,000" in page or "$12K" in page  # 120,000 over ten customers
    opened = client.get("/revenue/lifetime/explanation?figure=cost").content.decode()
    for text in ("120,000.00", "Oct 2023", "Sep 2024", "Customers won", ">10<", "Jan 2024", "Dec 2024"):
        assert text in opened
    opened = client.get("/revenue/lifetime/explanation?figure=payback").content.decode()
    assert "15.0 months" in opened  # 12,000 over 800 a month
    assert "Stage: Finding a model that repeats" in page and "not passed" in page


def test_a_number_opens_to_its_curve_seed_and_versions(
    book: dict[str, int], browser: Callable[..., Client], now: datetime
) -> None:
    jobs.nightly(None, None, now)
    opened = browser().get("/revenue/lifetime/explanation?figure=worth").content.decode()
    for text in ("40, 30, 26", "10, 4, 2", "sBG", "bootstrap of 200, seed", "scipy", "90% interval", "80.0%"):
        assert text in opened
    assert browser().get("/revenue/lifetime/explanation?figure=none").status_code == 404
    assert browser().get("/revenue/lifetime/explanation?figure=worth&by=channel&value=none").status_code == 404


def test_parts_and_their_customers_open_and_leave_as_files(
    book: dict[str, int], browser: Callable[..., Client], now: datetime
) -> None:
    spent(now)
    client = browser("admin")
    page = client.get("/revenue/lifetime?by=channel").content.decode()
    assert "Ads" in page and "Not known" in page
    listed = client.get("/revenue/lifetime/customers?by=channel&value=Ads").content.decode()
    assert listed.count("data-row") == 25 and "C00" in listed and "C01" not in listed
    answer = client.post("/revenue/lifetime/export?by=channel&value=Ads&table=customers", {"format": "xlsx"})
    sheet = openpyxl.load_workbook(BytesIO(answer.content)).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == 27 and rows[-1][0] == "Total" and str(rows[-1][7]).startswith("=SUM(H2:H26)")
    answer = client.post("/revenue/lifetime/export?by=channel", {"format": "csv"})
    told = answer.content.decode("utf-8-sig").splitlines()
    assert [row.split(",")[:4] for row in told[1:]] == [
        ["Ads", "25", "17", "5"], ["Not known", "25", "17", ""], ["All customers", "50", "34", "10"],
    ]  # fmt: skip
    cohorts = client.post("/revenue/lifetime/export?table=cohorts", {"format": "csv"}).content.decode("utf-8-sig")
    assert cohorts.splitlines()[1:] == ["2021,40,40,30,40,26,40,24", "2024,10,,,,,,"]
    assert JournalEntry.objects.filter(kind="revenue.exported").count() == 3


def test_a_csm_sees_the_own_book_and_no_cost(
    book: dict[str, int], browser: Callable[..., Client], member: Callable[..., int], now: datetime
) -> None:
    spent(now)
    me, other = member("csm"), member("csm")
    for name, customer in book.items():
        own(customer, me if name == "C00" else other, now)
    page = browser(member_id=me).get("/revenue/lifetime").content.decode()
    assert "CAC is told to who sees all customers" in page
    assert "CAC payback" not in page and "Stage:" not in page
    listed = browser(member_id=me).get("/revenue/lifetime/customers").content.decode()
    assert "C00" in listed and listed.count("data-row") == 1
    nobody = browser(member_id=member("csm"))
    assert "No recurring revenue yet" in nobody.get("/revenue/lifetime").content.decode()


def test_the_page_asks_as_little_for_fifty_customers_as_for_one(
    book: dict[str, int], browser: Callable[..., Client], now: datetime
) -> None:
    spent(now)
    client = browser()
    client.get("/revenue/lifetime")
    with CaptureQueriesContext(connection) as asked:
        client.get("/revenue/lifetime")
    assert len(asked) <= 40


def test_before_any_revenue_the_page_says_what_belongs_here(organisation: None, browser: Callable[..., Client]) -> None:
    assert "No recurring revenue yet" in browser().get("/revenue/lifetime").content.decode()
    assert browser().get("/revenue/lifetime/chart").json()["x"] == []
