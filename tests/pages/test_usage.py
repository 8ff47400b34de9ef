"""The analysis pages of usage: what they show, what opens, what leaves as a file, for whom, and what they read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.aids import signed_in
from tests.customers.books import customer
from tests.lake.ear import said
from tests.usage.events import happened

from perennial.customers.models import Customer
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation.models import Organisation
from perennial.pages.usage.drawing import ticks_up_to
from perennial.reports.usage_series import Stretch
from perennial.usage import actions
from perennial.usage.analysis import adds_up
from perennial.usage.lake import metric_keys

__all__ = ["said"]
ON = date(2026, 3, 2)
PAGES = (
    "/usage", "/usage?by=tier&period=12m", "/usage?metric=depth_28d&by=owner", "/usage?by=product",
    "/usage/customers?metric=active_users_28d&on=2026-03-02", "/usage/features", "/usage/features?feature=search",
    "/usage/cohorts", "/usage/cohorts?month=2026-01&since=1", "/usage/funnel",
    "/usage/funnel?step=search&step=report", "/usage/funnel?step=search&step=report&at=2",
)  # fmt: skip

FILES = (
    "/usage/export?by=owner", "/usage/export?on=2026-03-02", "/usage/features/export",
    "/usage/features/export?feature=search", "/usage/cohorts/export?month=2026-01&since=0",
    "/usage/funnel/export?step=search&at=1",
)  # fmt: skip


@pytest.fixture
def browser(member: Callable[..., int]) -> Callable[..., Client]:
    """Return a maker of signed-in browsers, by role, on 2 Mar 2026."""
    Organisation.objects.update(as_of_on=ON)

    def of(role: str = "analyst", member_id: int | None = None) -> Client:
        return signed_in(member_id or member(role))

    return of


@pytest.fixture
def house(organisation: None, home: Any, member: Callable[..., int], now: datetime) -> dict[str, Any]:
    """Three customers: Acme of a CSM (tier a, since January), Bolt of nobody (tier b), Idle that never came."""
    csm = member("csm")
    keys = {
        "Acme": customer("Acme", at=now, owner=csm, tier="enterprise", is_live=True),
        "Bolt": customer("Bolt", at=now, tier="smb", is_live=True),
        "Idle": customer("Idle", at=now, tier="smb", is_live=True),
        "Gone": customer("Gone", at=now, tier="smb", is_live=False),
    }
    ids = {one.name: one.pk for one in Customer.objects.all()}
    users = actions.user_ids("app", [(ids["Acme"], "ada"), (ids["Acme"], "eve"), (ids["Bolt"], "bob")], at=now)
    ada, eve, bob = users[ids["Acme"], "ada"], users[ids["Acme"], "eve"], users[ids["Bolt"], "bob"]
    days = {back: ON - timedelta(days=back) for back in (1, 2, 30, 45)}
    happened(
        [
            (ids["Acme"], ada, "saved", "search", days[45], 4),
            (ids["Acme"], ada, "saved", "search", days[1], 3),
            (ids["Acme"], eve, "login", None, days[1], 1),
            (ids["Acme"], eve, "saved", "report", days[2], 1),
            (ids["Bolt"], bob, "saved", "search", days[30], 2),
            (ids["Bolt"], bob, "export_made", None, days[2], 5),
            (ids["Gone"], None, "saved", "search", days[1], 9),
        ],
        now=now,
    )
    actions.bring_up_to(ON, at=now)
    return {"csm": csm, "keys": keys, "ids": ids}


def _cells(page: str) -> list[list[str]]:
    """Return the table's rows as text."""
    body = page[page.index("<tbody>") : page.index("</tbody>")]
    return [
        [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
        for row in re.findall(r"<tr.*?</tr>", body, re.S)
    ]


def test_a_count_is_summed_and_a_mean_is_a_median_and_both_say_so(
    house: dict[str, Any], browser: Callable[..., Client]
) -> None:
    client = browser()
    page = client.get("/usage").content.decode()
    assert "Sum over the customers" in page and "Different users with at least one core event" in page
    assert _cells(page)[0] == ["2 Mar 2026", "3", "+200.0%", "2"]  # ada, eve and bob; the third names no user
    page = client.get("/usage?metric=depth_28d").content.decode()
    assert "Median of the customers" in page
    assert _cells(page)[0][1::2] == ["5.0", "3"]  # Acme 4 on 2 days, Bolt 5 on 1, Gone 9 on 1


def test_what_adds_up_over_customers_follows_from_the_definition() -> None:
    summed = {key for key in metric_keys() if adds_up(key)}
    assert summed == {"active_users_7d", "active_users_28d", "logins_7d"}


def test_parts_stand_beside_the_whole_and_each_point_opens_to_its_customers(
    house: dict[str, Any], browser: Callable[..., Client]
) -> None:
    client = browser()
    page = client.get("/usage?by=owner").content.decode()
    assert "Nobody" in page and "Csm 1" in page
    assert _cells(page)[0] == ["2 Mar 2026", "3", "2", "1", "2"]
    listed = client.get(f"/usage/customers?metric=active_users_28d&by=owner&on=2026-03-02&value={house['csm']}")
    assert _cells(listed.content.decode()) == [["Acme", "Csm 1", "2"]]
    nobody = client.get("/usage/customers?metric=active_users_28d&by=owner&on=2026-03-02&value=").content.decode()
    assert [row[0] for row in _cells(nobody)] == ["Bolt"]
    assert 'class="drawing series ' in page and "/usage/customers?metric=active_users_28d" in page


@pytest.mark.parametrize(
    "address",
    ["on=2026-03-03", "on=x", "on=2026-03-02&by=tier&value=no", "on=2026-03-02&metric=arr", "on=2026-13-01"],
)
def test_a_point_that_is_none_is_not_found(address: str, house: dict[str, Any], browser: Callable[..., Client]) -> None:
    client = browser()
    assert client.get(f"/usage/customers?{address}").status_code == 404
    assert client.get("/usage/customers").headers["Location"] == "/usage"


def test_features_say_their_customers_of_those_that_pay(house: dict[str, Any], browser: Callable[..., Client]) -> None:
    client = browser()
    page = client.get("/usage/features?sort=-events").content.decode()
    assert "3 paying customers" in page
    assert _cells(page) == [
        ["export_made", "1", "33%", "0", "5", "–"],
        ["search", "1", "33%", "2", "3", "−50.0%"],
        ["report", "1", "33%", "0", "1", "–"],
    ]
    assert _cells(client.get("/usage/features?feature=search").content.decode()) == [
        ["Acme", "Csm 1", "3", "4", "−25.0%", "4"]
    ]
    without = _cells(client.get("/usage/features?feature=search&has=no").content.decode())
    assert without == [["Bolt", "–", "2", "5"], ["Idle", "–", "0", "0"]]
    assert client.get("/usage/features?feature=never").status_code == 404


def test_cohorts_say_who_still_comes_in_each_cell(house: dict[str, Any], browser: Callable[..., Client]) -> None:
    client = browser()
    rows = _cells(client.get("/usage/cohorts").content.decode())
    assert [row[:2] for row in rows] == [["Jan 2026", "2"], ["Mar 2026", "1"]]
    assert [cell.split()[0] for cell in rows[0][2:]] == ["100%", "100%", "50%"]
    assert "1 of 2 active after 2 months" in rows[0][4] and "not over" in rows[0][4] and "not over" not in rows[0][3]
    page = client.get("/usage/cohorts?month=2026-01&since=0").content.decode()
    assert "2 of 2 customers (100%)" in page
    for bad in ("month=2026-01&since=x", "month=2027-01", "month=1&since=0", "month=2025-11&since=0"):
        assert client.get(f"/usage/cohorts?{bad}").status_code == 404


def test_a_funnel_says_who_comes_to_each_step_and_who_stops(
    house: dict[str, Any], browser: Callable[..., Client]
) -> None:
    client, steps = browser(), "step=search&step=report"
    assert "Choose the steps" in client.get("/usage/funnel?step=").content.decode()
    begun = client.get("/usage/funnel").content.decode()
    assert "the features that most customers use" in begun
    assert [row[0] for row in _cells(begun)] == ["1 export_made", "2 search", "3 report"]
    assert "Nobody began" in client.get("/usage/funnel?step=never").content.decode()
    seven, ninety = (_cells(client.get(f"/usage/funnel?{steps}&within={days}").content.decode()) for days in (7, 90))
    assert seven == [["1 search", "2", "100%", "–"], ["2 report", "0", "0%", "0%"]]
    assert ninety == [["1 search", "2", "100%", "–"], ["2 report", "1", "50%", "50%"]]
    came = _cells(client.get(f"/usage/funnel?{steps}&within=90&at=2").content.decode())
    stopped = _cells(client.get(f"/usage/funnel?{steps}&within=90&at=2&has=no").content.decode())
    assert (came, stopped) == ([["Acme", "Csm 1", "2 · report"]], [["Bolt", "–", "1 · search"]])
    assert client.get(f"/usage/funnel?{steps}&at=3").status_code == 404
    text = client.post(f"/usage/funnel/export?{steps}&within=90", {"format": "csv"}).content.decode("utf-8-sig")
    assert text.splitlines()[1:] == ["search,2,1.0000,", "report,1,0.5000,0.5000"]


def test_a_csm_sees_its_own_book_and_nothing_else(house: dict[str, Any], browser: Callable[..., Client]) -> None:
    client = browser(member_id=house["csm"])
    assert _cells(client.get("/usage").content.decode())[0][1] == "2"
    for address in PAGES:
        answer = client.get(address)
        assert answer.status_code in {200, 404}
        for stranger in ("Bolt", "Idle", "Gone", "export_made"):
            assert stranger not in answer.content.decode(), address
    for address in FILES:
        text = client.post(address, {"format": "csv"}).content.decode("utf-8-sig")
        assert "Bolt" not in text and "Gone" not in text and "export_made" not in text
    other = house["keys"]["Bolt"]
    assert client.get(f"/customers/{other}/users").status_code == 404
    assert client.post(f"/customers/{other}/users/export", {"format": "csv"}).status_code == 404


def test_the_files_hold_what_is_shown_and_the_journal_says_who_took_them(
    house: dict[str, Any], browser: Callable[..., Client]
) -> None:
    client = browser()

    def rows(address: str) -> list[list[str]]:
        answer = client.post(address, {"format": "csv"})
        assert answer.status_code == 200
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))

    series = rows("/usage/export?metric=active_users_28d&by=tier")
    assert (series[0][2:4], series[-1]) == (["smb", "enterprise"], ["2026-03-02", "3", "1", "2", "2"])
    behind = rows("/usage/export?metric=active_users_28d&on=2026-03-02")
    assert [row[1:] for row in behind[1:]] == [["Acme", "Csm 1", "2"], ["Bolt", "", "1"]]
    assert rows("/usage/features/export")[1][0] in {"search", "report", "export_made"}
    assert {row[1] for row in rows("/usage/features/export?feature=search")[1:]} == {"Acme", "Bolt", "Idle"}
    assert [row[:2] for row in rows("/usage/cohorts/export")[1:]] == [["2026-01-01", "2"], ["2026-03-01", "1"]]
    assert {row[1] for row in rows("/usage/cohorts/export?month=2026-01&since=1")[1:]} == {"Acme", "Bolt"}
    book = openpyxl.load_workbook(BytesIO(client.post("/usage/export", {"format": "xlsx"}).content))
    assert book.worksheets[0]["B1"].value == "All" and len(book.worksheets) == 2
    assert client.post("/usage/export", {"format": "exe"}).status_code == 404
    assert JournalEntry.objects.filter(kind="usage.exported").count() == 7


def test_a_customers_users_are_listed_sorted_and_leave_as_a_file(
    house: dict[str, Any], browser: Callable[..., Client]
) -> None:
    client, at = browser(), f"/customers/{house['keys']['Acme']}/users"
    rows = _cells(client.get(at).content.decode())
    assert rows == [["ada", "1 d ago", "1", "3", "75.0%"], ["eve", "1 d ago", "1", "1", "25.0%"]]
    assert [row[0] for row in _cells(client.get(f"{at}?sort=-name").content.decode())] == ["eve", "ada"]
    text = client.post(f"{at}/export", {"format": "csv"}).content.decode("utf-8-sig").splitlines()
    assert text[1:] == ["ada,2026-03-01,1,3,0.7500", "eve,2026-03-01,1,1,0.2500"]
    assert (
        "No event of this customer names a user."
        in client.get(f"/customers/{house['keys']['Gone']}/users").content.decode()
    )


def test_users_come_by_pages(house: dict[str, Any], browser: Callable[..., Client], now: datetime) -> None:
    bolt, client = house["ids"]["Bolt"], browser()
    at = f"/customers/{house['keys']['Bolt']}/users?sort=name"
    client.get(at)
    with CaptureQueriesContext(connection) as few:
        client.get(at)
    users = actions.user_ids("app", [(bolt, f"u{number:02}") for number in range(60)], at=now)
    happened([(bolt, user, "saved", "search", ON, 1) for user in users.values()], now=now + timedelta(hours=1))
    actions.bring_up_to(ON, at=now + timedelta(hours=1))
    with CaptureQueriesContext(connection) as many:
        client.get(at)
    assert len(many) == len(few)
    first, last = client.get(at).content.decode(), client.get(f"{at}&from=50").content.decode()
    assert len(_cells(first)) == 25 and _cells(first)[0][0] == "bob" and "1–25 of 61" in first
    assert len(_cells(last)) == 11 and _cells(last)[-1][0] == "u59"
    assert _cells(client.get(f"{at}&from=999").content.decode())[0][0] == "bob"


def test_a_house_without_usage_says_how_it_comes(organisation: None, home: Any, browser: Callable[..., Client]) -> None:
    for address in ("/usage", "/usage/features", "/usage/cohorts"):
        page = browser("admin").get(address).content.decode()
        assert "No usage yet" in page and "/import" in page and "/settings/events/guides" in page
        assert "/import" not in browser("reader").get(address).content.decode()
    assert browser().get("/usage/customers?on=2026-03-02").status_code == 404
    assert browser().post("/usage/export", {"format": "csv"}).status_code == 404


def test_a_member_without_customers_sees_that_nobody_has_a_value(
    house: dict[str, Any], browser: Callable[..., Client]
) -> None:
    client = browser("csm")
    assert "Nobody whom you see has a value here" in client.get("/usage?by=tier").content.decode()
    assert "No feature was used" in client.get("/usage/features").content.decode()
    assert "Nobody began" in client.get("/usage/cohorts").content.decode()


def test_no_page_reads_an_event(house: dict[str, Any], browser: Callable[..., Client], said: list[str]) -> None:
    client = browser()
    for address in (*PAGES, f"/customers/{house['keys']['Acme']}/users"):
        before = len(said)
        assert client.get(address).status_code == 200, address
        asked = said[before:]
        assert asked and not [text for text in asked if "/events/" in text or "/inbox/" in text], address
        assert any("/facts/" in text or "/daily/" in text for text in asked), address


def test_pages_cost_as_many_queries_for_many_customers(
    house: dict[str, Any], browser: Callable[..., Client], now: datetime
) -> None:
    client = browser()

    def asked() -> list[int]:
        counts = []
        for address in (*PAGES, f"/customers/{house['keys']['Acme']}/users"):
            with CaptureQueriesContext(connection) as found:
                client.get(address)
            counts.append(len(found))
        return counts

    asked()
    few = asked()
    for number in range(30):
        customer(f"More {number}", at=now, tier="smb", is_live=True)
    more = [pk for name, pk in Customer.objects.values_list("name", "pk") if name.startswith("More")]
    happened([(one, None, "saved", "search", ON, 1) for one in more], now=now + timedelta(hours=1))
    actions.bring_up_to(ON, at=now + timedelta(hours=1))
    assert asked() == few


def test_a_stretch_has_its_days() -> None:
    weeks = Stretch.WEEKS_13.days(ON)
    assert (len(weeks), weeks[0], weeks[-1]) == (14, ON - timedelta(days=91), ON)
    months = Stretch.MONTHS_12.days(ON)
    assert months[0] == date(2025, 3, 31) and months[-2:] == [date(2026, 2, 28), ON] and len(months) == 13
    assert Stretch.MONTHS_24.days(date(2026, 3, 31))[-1] == date(2026, 3, 31)


@pytest.mark.parametrize(
    ("largest", "ticks"),
    [
        (0, [0, 1]),
        (388, [0, 200, 400]),
        (1038, [0, 500, 1000, 1500]),
        (1, [0, 0.5, 1]),
        (0.07, [0, 0.025, 0.05, 0.075]),
    ],
)
def test_the_axis_holds_the_largest_value_in_round_steps(largest: float, ticks: list[float]) -> None:
    assert ticks_up_to(largest) == pytest.approx(ticks)
