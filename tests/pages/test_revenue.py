"""The Revenue page: what it shows, what opens, what leaves as a file, and for whom."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from io import BytesIO
from types import SimpleNamespace

import openpyxl
import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import customers, keep, line, own
from tests.reports.live_sums import computed, formulas, kept

from perennial.blueprint import actions as blueprint
from perennial.blueprint import queries as blueprint_reads
from perennial.customers.models import Customer, PortfolioRow
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation.models import Organisation
from perennial.kernel.periods import Period
from perennial.pages.revenue import address
from perennial.pages.revenue.chart import floor_of

TODAY = date(2024, 12, 31)


@pytest.fixture
def book(organisation: None, now: datetime) -> dict[str, int]:
    """Three customers: one grows, one leaves in May, one came in March."""
    ids = customers("Grows", "Leaves", "Comes", at=now)
    keep(
        [
            line("1", ids["Grows"], "2023-06-01", None, 1000_00, product="core"),
            line("2", ids["Grows"], "2024-05-10", None, 200_00, product="plus"),
            line("3", ids["Leaves"], "2023-06-01", "2024-05-20", 500_00),
            line("4", ids["Comes"], "2024-03-05", None, 300_50),
        ],
        at=now,
    )
    return ids


def test_a_page_shows_months_that_reconcile_and_retention_with_its_interval(
    book: dict[str, int], browser: Callable[..., Client]
) -> None:
    page = browser().get("/revenue").content.decode()
    for text in ("1,500.00", "300.50", "−500.00", "1,800.50", "1,500.50", "80.0%", "66.7%", "50.0%", "9.5% to 90.5%"):
        assert text in page
    assert "MRR without tax in USD" in page
    assert "Days of notice" not in page


def test_an_empty_house_says_what_belongs_here_and_a_day_before_all_revenue_too(
    organisation: None, browser: Callable[..., Client], now: datetime
) -> None:
    assert "No recurring revenue yet" in browser().get("/revenue").content.decode()
    ids = customers("A", at=now)
    keep([line("1", ids["A"], "2025-03-01", None, 100)], at=now)
    assert "No recurring revenue yet" in browser().get("/revenue").content.decode()


def test_months_that_have_not_come_are_said_to_have_not(book: dict[str, int], browser: Callable[..., Client]) -> None:
    page = browser().get("/revenue?period=2025").content.decode()
    assert "These months have not come yet" in page
    page = browser().get("/revenue?period=custom&from=2024-06&until=2024-01").content.decode()
    assert "The first month lies after the last one" in page


def test_the_chart_tells_one_month_or_all_and_adds_up(book: dict[str, int], browser: Callable[..., Client]) -> None:
    client = browser()
    for query, opening, closing, floor in (("", 1500, 1500.5, 0), ("?month=2024-05", 1800.5, 1500.5, 1000)):
        told = json.loads(client.get(f"/revenue/chart{query}").content)
        values = told["series"][0]["values"]
        assert told["kind"] == "waterfall"
        assert (values[0], values[-1]) == (opening, closing)
        assert sum(values[:-1]) == pytest.approx(closing, abs=0.001)
        assert (told["totals"], told["floor"]) == ([0, len(values) - 1], floor)
    assert "$1,800.50" in told["summary"]


def test_a_number_opens_to_its_definition_its_parts_and_its_customers(
    book: dict[str, int], browser: Callable[..., Client]
) -> None:
    client = browser()
    opened = client.get("/revenue/explanation?figure=churn&from=2024-05&until=2024-05").content.decode()
    assert "Churn · May 2024" in opened
    assert "−$500.00" in opened
    assert "/revenue/customers?figure=churn&amp;from=2024-05&amp;until=2024-05" in opened
    closing = client.get("/revenue/explanation?figure=arr&from=2024-01&until=2024-12").content.decode()
    assert "$18,006.00" in closing
    logo = client.get("/revenue/explanation?figure=logo&from=2024-01&until=2024-12").content.decode()
    assert "9.5% to 90.5%" in logo
    assert client.get("/revenue/explanation?figure=profit").status_code == 404


@pytest.mark.parametrize(
    ("figure", "months", "rows"),
    [
        ("churn", ("2024-05", "2024-05"), [("Leaves", "−$500.00")]),
        ("opening", ("2024-04", "2024-04"), [("Grows", "$1,000.00"), ("Leaves", "$500.00"), ("Comes", "$300.50")]),
        ("closing", ("2024-01", "2024-12"), [("Grows", "$1,200.00"), ("Comes", "$300.50")]),
        ("customers", ("2024-01", "2024-12"), [("Grows", "$1,200.00"), ("Comes", "$300.50")]),
        ("arr", ("2024-01", "2024-12"), [("Grows", "$14,400.00"), ("Comes", "$3,606.00")]),
        ("nrr", ("2024-01", "2024-12"), [("Leaves", "−$500.00"), ("Grows", "$200.00")]),
        ("grr", ("2024-01", "2024-12"), [("Leaves", "−$500.00"), ("Grows", "$0.00")]),
        ("pause", ("2024-01", "2024-12"), []),
    ],
)
def test_the_customers_behind_a_number_add_up_to_it(
    figure: str,
    months: tuple[str, str],
    rows: list[tuple[str, str]],
    book: dict[str, int],
    browser: Callable[..., Client],
) -> None:
    page = browser().get(f"/revenue/customers?figure={figure}&from={months[0]}&until={months[1]}").content.decode()
    places = [page.index(f">{name}<") for name, _ in rows]
    assert places == sorted(places)
    assert all(amount in page for _, amount in rows)
    assert ("No customer is behind this number" in page) is (not rows)


def test_the_lines_behind_a_movement_are_named(book: dict[str, int], browser: Callable[..., Client]) -> None:
    page = browser().get("/revenue/customers?figure=expansion&from=2024-05&until=2024-05").content.decode()
    assert "2 · plus" in page
    assert "another product" in page
    assert f'/{Customer.objects.get(id=book["Grows"]).key}"' in page


def test_a_file_holds_exactly_what_is_shown_with_its_basis(
    book: dict[str, int], browser: Callable[..., Client]
) -> None:
    client = browser()
    months = "period=custom&from=2024-03&until=2024-05"
    text = client.post(f"/revenue/export?{months}", {"format": "csv"}).content.decode("utf-8-sig").splitlines()
    assert text == [
        "Month,Opening (USD),New (USD),Expansion (USD),Contraction (USD),Churn (USD),Closing (USD),Customers",
        "2024-03,1500.00,300.50,0.00,0.00,0.00,1800.50,3",
        "2024-04,1800.50,0.00,0.00,0.00,0.00,1800.50,3",
        "2024-05,1800.50,0.00,200.00,0.00,-500.00,1500.50,2",
        "Total,1500.00,300.50,200.00,0.00,-500.00,1500.50,2",
    ]
    answer = client.post(f"/revenue/export?{months}", {"format": "xlsx"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="revenue-movements-2024-03-to-2024-05.xlsx"'
    assert kept(answer.content)[2] == ["2024-05", 1800.5, 0, 200, 0, -500, 1500.5, 2]
    assert [[str(float(cell)) for cell in row[1:]] for row in computed(answer.content)] == [
        [str(float(cell)) for cell in row[1:]] for row in kept(answer.content)
    ]
    assert {"=SUM(C2:C4)", "=B2", "=B3+C3+D3+E3+F3", "=B5+C5+D5+E5+F5"} <= set(formulas(answer.content))
    notes = openpyxl.load_workbook(BytesIO(answer.content)).worksheets[1]
    assert ("As of", "2024-12-31") in list(notes.iter_rows(values_only=True))
    behind = client.post("/revenue/export?figure=nrr&from=2024-01&until=2024-12", {"format": "xlsx"})
    assert [row[1:] for row in kept(behind.content)] == [
        ["Leaves", 500, 0, -500], ["Grows", 1000, 1200, 200], [None, 1500, 1200, -300],
    ]  # fmt: skip
    assert [row[2:] for row in computed(behind.content)][-1] == [1500, 1200, -300]
    moved = client.post("/revenue/export?figure=churn&from=2024-01&until=2024-12", {"format": "csv"}).content.decode()
    assert "Leaves,-500.00,2024-05-20,3" in moved
    assert client.post("/revenue/export", {"format": "exe"}).status_code == 404
    assert client.get("/revenue/export").status_code == 405


def test_whoever_takes_figures_out_stands_in_the_journal(book: dict[str, int], browser: Callable[..., Client]) -> None:
    client = browser()
    client.post("/revenue/export?period=2024", {"format": "csv"})
    client.post("/revenue/export?period=2024&by=segment&table=by", {"format": "xlsx"})
    client.post("/revenue/export?figure=grr&from=2024-01&until=2024-12&by=segment&value=", {"format": "csv"})
    client.post("/revenue/export?period=2024", {"format": "exe"})
    year = {"from": "2024-01", "until": "2024-12"}
    assert [entry.data for entry in JournalEntry.objects.filter(kind="revenue.exported").order_by("id")] == [
        {**year, "rows": 13, "format": "csv"},
        {**year, "by": "segment", "rows": 2, "format": "xlsx"},
        {**year, "figure": "grr", "by": "segment", "value": "", "rows": 3, "format": "csv"},
    ]


@pytest.fixture
def segments(book: dict[str, int], now: datetime) -> dict[str, int]:
    """Grows is a bank, Leaves a shop, Comes is not known."""
    for name, segment in (("Grows", "Bank"), ("Leaves", "Shop & Co"), ("Comes", None)):
        own(book[name], None, now)
        PortfolioRow.objects.filter(customer_id=book[name]).update(segment=segment)
    return book


def test_retention_is_told_apart_and_each_rate_opens_to_its_customers(
    segments: dict[str, int], browser: Callable[..., Client]
) -> None:
    client = browser()
    page = client.get("/revenue?period=2024&by=segment").content.decode()
    parts = page.split('<section id="by">')[1].split("</table>")[0]
    told = [re.findall(r">([^<>]+)<", row) for row in parts.split("<tr")[2:]]
    assert [[cell.strip() for cell in row if cell.strip()] for row in told] == [
        ["Bank", "1", "$1,000", "$1,200", "120.0%", "100.0%", "100.0%", "20.7% to 100.0%"],
        ["Shop &amp; Co", "1", "$500", "$0", "0.0%", "0.0%", "0.0%", "0.0% to 79.3%"],
        ["All customers", "2", "$1,500", "$1,200", "80.0%", "66.7%", "50.0%", "9.5% to 90.5%"],
    ]
    where = "figure=grr&from=2024-01&until=2024-12&by=segment&value=Shop+%26+Co"
    assert f"/revenue/explanation?{where}".replace("&", "&amp;") in parts
    opened = client.get(f"/revenue/explanation?{where}").content.decode()
    assert "GRR · Shop &amp; Co · 31 Dec 2023 to 31 Dec 2024" in opened
    assert '<dt>Of this kept at the end</dt><dd class="num">$0.00</dd>' in opened
    assert f"/revenue/customers?{where}".replace("&", "&amp;") in opened
    listed = client.get(f"/revenue/customers?{where}").content.decode()
    assert ">Leaves<" in listed
    assert ">Grows<" not in listed
    for place in ("explanation", "customers"):
        assert client.get(f"/revenue/{place}?{where}x").status_code == 404


def test_a_field_that_a_role_does_not_see_tells_no_retention_apart(
    segments: dict[str, int], browser: Callable[..., Client], member: Callable[..., int], now: datetime
) -> None:
    text = blueprint_reads.default_text("rights")
    before, after = text.split("  - key: analyst\n", maxsplit=1)
    hidden = after.replace("    abilities:\n", "    hidden_fields: [segment, tier]\n    abilities:\n", 1)
    blueprint.publish(part="rights", text=f"{before}  - key: analyst\n{hidden}", reason="less", from_on=None, base=None,
                      by=member("admin"), at=now)  # fmt: skip
    client = browser()
    for query in ("", "&by=segment"):
        page = client.get(f"/revenue?period=2024{query}").content.decode().split('<section id="by">')[1]
        assert "Retention by Product" in page
        assert "Bank" not in page
        assert "by=region" in page
        assert "by=segment" not in page
    where = "figure=grr&from=2024-01&until=2024-12&by=segment&value=Bank"
    for place in ("explanation", "customers"):
        assert client.get(f"/revenue/{place}?{where}").status_code == 404
    assert client.post(f"/revenue/export?{where}", {"format": "csv"}).status_code == 404
    told = client.post("/revenue/export?period=2024&by=segment&table=by", {"format": "csv"}).content.decode()
    assert "Bank" not in told


def test_a_choice_of_what_retention_is_told_apart_by_stays_while_months_are_opened(
    segments: dict[str, int], browser: Callable[..., Client]
) -> None:
    page = browser().get("/revenue?period=2024&by=segment").content.decode()
    assert "?period=2024&amp;month=2024-05&amp;by=segment#chart" in page
    assert '<a href="?period=2024&amp;by=segment#by" aria-current="true">' in page
    assert "?period=2024#by" in page  # tiers need no word
    assert "each customer and product by itself" not in page


def test_retention_told_apart_leaves_as_a_file_with_live_sums(
    segments: dict[str, int], browser: Callable[..., Client]
) -> None:
    answer = browser().post("/revenue/export?period=2024&by=product&table=by", {"format": "xlsx"})
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="revenue-retention-by-product-2024-01-to-2024-12.xlsx"'
    )
    assert kept(answer.content) == [
        ["core", 1, 1, 1000, 1000, 1000, 1, 1, 1, 0.2065, 1],
        ["Not known", 1, 0, 500, 0, 0, 0, 0, 0, 0, 0.7935],
        ["Between products", None, None, 0, 0, 200, None, None, None, None, None],
        ["All customers", 2, 1, 1500, 1000, 1200, 0.8, 0.6667, 0.5, 0.0945, 0.9055],
    ]
    assert [row[3:6] for row in computed(answer.content)][-1] == [1500, 1000, 1200]


def test_every_heading_opens_with_its_version_and_what_was_changed_of_the_settings(
    book: dict[str, int], browser: Callable[..., Client]
) -> None:
    client = browser()
    page = client.get("/revenue?period=2024").content.decode()
    for figure in ("opening", "new", "expansion", "contraction", "churn", "closing", "customers", "mrr", "arr", "nrr",
                   "grr", "logo", "terms"):  # fmt: skip
        place = f"/revenue/explanation?figure={figure}&from=2024-01&until=2024-12"
        assert place.replace("&", "&amp;") in page
        opened = client.get(place).content.decode()
        assert "As of 31 Dec 2024" in opened
        assert re.search(r"USD, definition \d", opened)
        assert "Grace, days" not in opened
    Organisation.objects.update(policy_switches={"grace_days": 15})
    assert '<dt>Grace, days</dt><dd class="num">15</dd>' in client.get("/revenue/explanation").content.decode()
    opened = client.get("/revenue/explanation?figure=terms&from=2024-01&until=2024-12").content.decode()
    assert '<dt>Never comes due</dt><dd class="num">$1,500.50</dd>' in opened


def test_a_csm_reads_the_own_book_and_a_reader_nothing(
    book: dict[str, int], browser: Callable[..., Client], member: Callable[..., int], now: datetime
) -> None:
    mine = member("csm")
    own(book["Comes"], mine, now)
    own(book["Leaves"], member("csm"), now)
    client = browser(member_id=mine)
    page = client.get("/revenue").content.decode()
    assert "300.50" in page
    assert "1,500" not in page
    listed = client.get("/revenue/customers?figure=closing&from=2024-01&until=2024-12").content.decode()
    assert "Comes" in listed
    assert "Grows" not in listed
    apart = client.get("/revenue?by=owner").content.decode().split('<section id="by">')[1]
    assert "Nobody paid on the first day" in apart  # his one customer came later
    told = client.post("/revenue/export?figure=churn&from=2024-01&until=2024-12", {"format": "csv"}).content.decode()
    assert "Leaves" not in told
    reader = browser("reader")
    for place in ("/revenue", "/revenue/chart", "/revenue/explanation", "/revenue/customers", "/revenue/export"):
        assert reader.get(place).status_code == 404


def test_the_page_costs_as_many_queries_for_forty_customers_as_for_one(
    organisation: None, browser: Callable[..., Client], now: datetime
) -> None:
    client, costs = browser(), []
    for many in (1, 40):
        ids = customers(*(f"C{number}" for number in range(many)), at=now)
        keep([line(name, customer, "2023-02-01", None, 100) for name, customer in ids.items()], at=now)
        keep([line(f"{name}+", customer, "2024-02-01", None, 50) for name, customer in ids.items()], at=now)
        cost = []
        for place in ("/revenue", "/revenue/customers?figure=expansion&from=2024-01&until=2024-12",
                      "/revenue/explanation?figure=nrr&from=2024-01&until=2024-12", "/revenue?by=product",
                      "/revenue/customers?figure=nrr&from=2024-01&until=2024-12&by=tier&value="):  # fmt: skip
            with CaptureQueriesContext(connection) as asked:
                assert client.get(place).status_code == 200
            cost.append(len(asked))
        costs.append(cost)
    assert costs[0] == costs[1]


@pytest.mark.parametrize(
    ("query", "span", "period"),
    [
        ("", (date(2024, 1, 1), date(2025, 1, 1)), "12m"),
        ("period=2023", (date(2023, 1, 1), date(2024, 1, 1)), "2023"),
        ("period=custom&from=2023-11&until=2024-02", (date(2023, 11, 1), date(2024, 3, 1)), "custom"),
        ("period=custom&from=2023-13&until=2024-02", (date(2024, 1, 1), date(2025, 1, 1)), "12m"),
        ("period=custom&from=1990-01&until=2024-02", (date(2024, 1, 1), date(2025, 1, 1)), "12m"),
    ],
)
def test_an_address_names_its_months(query: str, span: tuple[date, date], period: str) -> None:
    chosen = address.read(QueryDict(query), TODAY)
    assert (chosen.span, chosen.period) == (Period(*span), period)
    assert address.read(QueryDict(chosen.query()), TODAY).span == chosen.span


def test_a_month_outside_the_months_is_not_opened() -> None:
    assert address.read(QueryDict("period=2023&month=2024-05"), TODAY).month is None
    chosen = address.read(QueryDict("period=2024&month=2024-05"), TODAY)
    assert chosen.charted == Period(date(2024, 5, 1), date(2024, 6, 1))
    assert chosen.query(month=chosen.month) == "period=2024&month=2024-05"


@pytest.mark.parametrize(
    ("opening", "steps", "floor"),
    [(1000, (0, 0), 0), (1000, (), 0), (1000, (500,), 0), (1000, (10, -5), 990), (0, (5,), 0)],
)
def test_the_axis_leaves_zero_only_for_small_steps_and_never_where_nothing_moved(
    opening: int, steps: tuple[int, ...], floor: int
) -> None:
    whole = SimpleNamespace(opening=opening, movements=dict(enumerate(steps)))
    assert floor_of(whole) == floor  # type: ignore[arg-type]


def test_the_movements_say_what_was_added_until_a_running_term_ends(
    browser: Callable[..., Client], organisation: None, now: datetime
) -> None:
    one = customers("Adds", at=now)["Adds"]
    keep([line("1", one, "2024-01-01", "2025-01-01", 1000_00, product="core"),
          line("2", one, "2024-07-01", "2025-01-01", 200_00, product="plus")], at=now)  # fmt: skip
    page = browser().get("/revenue/customers?figure=expansion&from=2024-07&until=2024-07").content.decode()
    assert "added until the running term ends" in page
