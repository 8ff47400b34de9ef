"""The forecast's pages: what they show, what opens, what leaves as a file, who may move a term, and for whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.insights.books import annual
from tests.reports.live_sums import computed, formulas, kept

from perennial.customers.models import Customer
from perennial.insights import freezing, learning
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.queue.models import Job
from perennial.renewals.models import Call

TODAY = date(2026, 3, 2)
ROLE = "admin"
PATH = "/revenue/forecast"


@pytest.fixture
def csm(member: Callable[..., int]) -> int:
    return member("csm", name="Wei")


@pytest.fixture
def ids(csm: int, browser: object, now: datetime) -> dict[str, int]:
    """Twenty customers of Wei's due in April at 1,200.00 each, and three of nobody's in February, who renewed."""
    found = annual(stay=16, leave=4, at=now, month=4, last=2025, owner=csm)
    found |= annual(stay=3, leave=0, at=now, month=2, last=2026)
    learning.learn(TODAY, at=now)
    return found


def key_of(customer: int) -> str:
    return Customer.objects.get(id=customer).key


def test_the_page_tells_what_is_due_and_what_will_have_renewed(
    ids: dict[str, int], browser: Callable[..., Client]
) -> None:
    page = browser().get(PATH, {"quarter": "2026-04"}).content.decode()
    for text in ("Apr 2026 to Jun 2026", "19,200.00", "16 terms", "0 of 0", "Best case", "8 in 10", "Wei",
                 "No frozen week has a closed quarter yet", "4 stays 3"):  # fmt: skip
        assert text in page, text
    assert "2 stays 0" not in page.split('id="terms"')[1]
    first = browser().get(PATH).content.decode()
    assert "Renewed on time" in first
    assert "3,600.00" in first


def test_an_empty_house_and_a_day_before_any_week_say_what_belongs_here(
    browser: Callable[..., Client], organisation: None, now: datetime
) -> None:
    assert "No forecast was computed yet" in browser().get(PATH).content.decode()
    learning.learn(TODAY, at=now)
    assert "Nothing comes due yet" in browser().get(PATH).content.decode()
    assert "Nothing was frozen" in browser().get(PATH, {"as_of": "2025-01-01"}).content.decode()
    assert "No forecast can be judged yet" in browser().get(f"{PATH}/accuracy").content.decode()
    assert browser().get(f"{PATH}/chart").json()["x"] == []
    assert browser().get(f"{PATH}/explanation").status_code == 200


def test_whoever_sees_only_his_own_finds_nobody_elses(
    ids: dict[str, int], csm: int, member: Callable[..., int], browser: Callable[..., Client]
) -> None:
    other = browser(member_id=member("csm"))
    assert "stays" not in other.get(PATH, {"quarter": "all"}).content.decode()
    mine = browser(member_id=csm).get(PATH, {"quarter": "all"}).content.decode()
    assert "4 stays 1" in mine
    assert "2 stays 1" not in mine
    assert browser("reader").get(PATH).status_code == 404
    asked = {"customer": key_of(ids["4 stays 0"]), "due": "2026-04-10"}
    assert other.get(f"{PATH}/call", asked).status_code == 404
    assert browser(member_id=csm).get(f"{PATH}/call", asked).status_code == 200


def test_every_number_opens_to_its_definition_and_its_terms(
    ids: dict[str, int], browser: Callable[..., Client]
) -> None:
    client = browser()
    quarter = {"from": "2026-04", "until": "2026-06"}
    due = client.get(f"{PATH}/explanation", {"figure": "due", **quarter}).content.decode()
    assert "$19,200.00" in due
    assert "quarter=2026-04" in due
    fan = client.get(f"{PATH}/explanation", {"figure": "middle", **quarter}).content.decode()
    assert "4,000 draws" in fan
    p = client.get(
        f"{PATH}/explanation", {"figure": "probability", "segment": "", "age": 3, "stand": 2}
    ).content.decode()
    assert '<dd class="num">23</dd>' in p, "terms of this kind"
    assert '<dd class="num">19</dd>' in p, "of these renewed"
    assert client.get(f"{PATH}/explanation", {"figure": "nonsense"}).status_code == 404
    nobody = client.get(f"{PATH}/explanation", {"figure": "due", "by": "owner", "value": "", "from": "2026-01",
                                                "until": "2026-03"}).content.decode()  # fmt: skip
    assert "$3,600.00" in nobody
    assert client.get(f"{PATH}/explanation", {"figure": "due", "by": "owner", "value": "999"}).status_code == 404


def test_a_term_is_moved_by_one_step_with_a_reason(
    ids: dict[str, int], csm: int, browser: Callable[..., Client]
) -> None:
    client, place = browser(member_id=csm), f"{PATH}/call?customer={key_of(ids['4 stays 0'])}&due=2026-04-10"
    assert "Record the call" in client.get(place).content.decode()
    for sent in ({"category": "best_case", "reason": " "}, {"category": "at_risk", "reason": "gone"}, {"reason": "x"}):
        answer = client.post(place, sent)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode()
    assert not Call.objects.exists()
    answer = client.post(place, {"category": "best_case", "reason": "the sponsor left"})
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (204, "true")
    made = Call.objects.get()
    assert (made.category, made.model, made.by_id, made.customer_id) == ("best_case", "commit", csm, ids["4 stays 0"])
    page = client.get(PATH, {"quarter": "2026-04", "category": "best_case"}).content.decode()
    assert "moved from Commit" in page
    assert "4 stays 1" not in page
    assert "the sponsor left" in client.get(place).content.decode()


def test_whoever_only_reads_moves_nothing(ids: dict[str, int], browser: Callable[..., Client]) -> None:
    client, place = browser("analyst"), f"{PATH}/call?customer={key_of(ids['4 stays 0'])}&due=2026-04-10"
    assert "Record the call" not in client.get(place).content.decode()
    assert client.post(place, {"category": "commit", "reason": "r"}).status_code == 404
    assert not Call.objects.exists()
    resolved = f"{PATH}/call?customer={key_of(ids['2 stays 0'])}&due=2026-02-10"
    assert browser().get(resolved).status_code == 404, "what has renewed is nobody's to move"


@pytest.mark.parametrize("table", ["time", "by"])
def test_the_file_of_groups_agrees_to_the_cent_with_live_sums(
    table: str, ids: dict[str, int], browser: Callable[..., Client]
) -> None:
    answer = browser().post(f"{PATH}/export?table={table}&quarter=all", {"format": "xlsx"})
    rows = computed(answer.content)
    parts = [[Decimal(str(cell)) for cell in row[2:]] for row in kept(answer.content)]
    assert [[Decimal(str(cell)) for cell in row[2:]] for row in rows] == parts, "what a spreadsheet computes anew"
    assert (rows[-1][0], rows[-1][1], rows[-1][2], rows[-1][3]) == ("Total", 22, 26400, 3600)
    assert sum(row[2] for row in rows[:-1]) == rows[-1][2]
    assert len(formulas(answer.content)) >= len(rows)
    assert JournalEntry.objects.filter(kind="forecast.exported").count() == 1


def test_the_file_of_terms_has_every_term_and_its_sum(ids: dict[str, int], browser: Callable[..., Client]) -> None:
    answer = browser().post(f"{PATH}/export?quarter=2026-04", {"format": "xlsx"})
    rows = computed(answer.content)
    assert len(rows) == 17
    assert rows[-1][5] == 16 * 1200
    assert browser("reader").post(f"{PATH}/export", {"format": "xlsx"}).status_code == 404
    assert browser().post(f"{PATH}/export", {"format": "exe"}).status_code == 404


def test_a_frozen_week_shows_as_it_was(ids: dict[str, int], browser: Callable[..., Client], now: datetime) -> None:
    freezing.freeze_week(date(2026, 2, 16), at=now)
    page = browser().get(PATH, {"as_of": "2026-02-20"}).content.decode()
    assert "As it was known on 16 Feb 2026." in page
    assert "Frozen then" in page
    assert "forecast/call" not in page


def test_past_weeks_are_rebuilt_in_the_background_by_who_may(
    ids: dict[str, int], browser: Callable[..., Client], now: datetime
) -> None:
    client = browser()
    assert browser("leader").post(f"{PATH}/accuracy/rebuild").status_code == 404
    assert client.post(f"{PATH}/accuracy/rebuild").status_code == 302
    assert Job.objects.filter(kind="forecast.rebuild").count() == 1
    freezing.rebuild(TODAY, at=now)
    page = client.get(f"{PATH}/accuracy").content.decode()
    for text in (
        "rebuilt from what is known now",
        "13 weeks before",
        "Apr 2025 to Jun 2025",
        "Calls against the model",
    ):
        assert text in page, text
    answer = client.post(f"{PATH}/accuracy/export", {"format": "xlsx"})
    assert any(row[3] == "yes" and row[1] == 13 for row in kept(answer.content))


def test_the_page_asks_as_often_for_forty_terms_as_for_one(browser: Callable[..., Client], now: datetime) -> None:
    annual(stay=1, leave=0, at=now, month=4, last=2025)
    learning.learn(TODAY, at=now)
    client = browser()

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(PATH).status_code == 200
        return len(queries)

    asked()
    one = asked()
    annual(stay=40, leave=0, at=now, month=5, last=2025)
    assert asked() == one
