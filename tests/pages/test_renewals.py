"""The board of renewals and the room of a term: what they show, what opens, what leaves as a file, and for whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.insights.books import annual
from tests.reports.live_sums import computed, formulas, kept

from perennial.contracts.models import Receivable
from perennial.customers.models import Customer, PortfolioRow
from perennial.engagement.models import Touchpoint
from perennial.insights import learning
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.money import round_half_even
from perennial.members.models import Member, Team
from perennial.playbooks.models import Task
from perennial.renewals import queries as renewals
from perennial.renewals.models import Finding, PlanStep, RenewalCause

TODAY = date(2026, 3, 2)
ROLE = "admin"
PATH = "/renewals"


@pytest.fixture
def csm(member: Callable[..., int]) -> int:
    return member("csm", name="Wei")


@pytest.fixture
def ids(csm: int, browser: object, now: datetime) -> dict[str, int]:
    """Six customers of Wei's due in April at 1,200.00 each, and three of nobody's in February, who renewed."""
    found = annual(stay=6, leave=2, at=now, month=4, last=2025, owner=csm, segment="SMB")
    found |= annual(stay=3, leave=0, at=now, month=2, last=2026)
    learning.learn(TODAY, at=now)
    return found


def room_of(ids: dict[str, int], name: str = "SMB4 stays 0", due: str = "2026-04-10") -> str:
    return f"{PATH}/{Customer.objects.get(id=ids[name]).key}/{due}"


def test_the_board_shows_the_months_with_what_is_due_in_them(
    ids: dict[str, int], browser: Callable[..., Client]
) -> None:
    page = browser().get(PATH, {"from": "2026-02"}).content.decode()
    for text in ("SMB4 stays 5", "in 39 d", "$7,200.00", "no cause rated", "Wei", "2 stays 0", "Renewed on time"):
        assert text in page, text
    assert page.index("2 stays 0") < page.index("SMB4 stays 0"), "February stands before April"
    usual = browser().get(PATH).content.decode()
    assert "SMB4 stays 0" in usual
    assert "10 Feb 2026" not in usual, "a month that is over begins no board"


def test_months_are_the_renewals_figures_to_the_cent(
    ids: dict[str, int], browser: Callable[..., Client], now: datetime
) -> None:
    annual(stay=3, leave=0, at=now, month=5, last=2025, amount=33_33)
    answer = browser().post(f"{PATH}/export?whose=all&from=2026-02", {"format": "xlsx"})
    printed = {row[0]: row[6] for row in kept(answer.content)}
    for label, since, until in (("Feb", 2, 3), ("Apr", 4, 5), ("May", 5, 6)):
        due = renewals.due_in(date(2026, since, 1), date(2026, until, 1), Q(), on=TODAY)
        exact = Fraction(round_half_even(sum((one.arr for one in due), Fraction(0))), 100)
        assert Fraction(Decimal(str(printed[f"Total {label} 2026"]))) == exact, label
    rows = computed(answer.content)
    amounts = [[[Decimal(str(cell)) for cell in row[6:8]] for row in one] for one in (rows, kept(answer.content))]
    assert amounts[0] == amounts[1], "what a spreadsheet computes anew"
    assert len(formulas(answer.content)) == 8, "three months and the whole, two sums each"
    assert JournalEntry.objects.filter(kind="renewals.exported").count() == 1


def test_filters_are_mine_team_and_segment(
    ids: dict[str, int], csm: int, browser: Callable[..., Client], now: datetime
) -> None:
    team = Team.objects.create(name="North")
    Member.objects.filter(id=csm).update(team=team)
    PortfolioRow.objects.filter(customer_id=ids["2 stays 1"]).update(team=team)
    admin = browser()
    whole, mine = admin.get(PATH, {"whose": "all"}), browser(member_id=csm).get(PATH)
    assert b"2 stays 0" in whole.content, "due again in February 2027"
    assert b"2 stays 0" not in mine.content
    assert b"SMB4 stays 0" in mine.content
    smb = admin.get(PATH, {"whose": "all", "segment": "SMB"}).content.decode()
    assert "SMB4 stays 0" in smb
    assert "2 stays 0" not in smb
    assert "No term is due here" in admin.get(PATH, {"whose": "mine"}).content.decode()
    assert "No term is due here" in admin.get(PATH, {"whose": "all", "from": "2035-01"}).content.decode()
    leader = Member.objects.get(email=Member.objects.get(id=csm).email)
    assert leader.team_id == team.pk


def test_an_empty_house_says_what_belongs_here(
    browser: Callable[..., Client], organisation: None, now: datetime
) -> None:
    assert "Nothing was computed yet" in browser().get(PATH).content.decode()
    learning.learn(TODAY, at=now)
    assert "Nothing comes due yet" in browser().get(PATH, {"whose": "all"}).content.decode()
    assert browser().get(f"{PATH}/explanation", {"figure": "due"}).status_code == 200
    assert browser().post(f"{PATH}/export", {"format": "exe"}).status_code == 404


def test_a_sum_opens_to_what_it_is_made_of(ids: dict[str, int], browser: Callable[..., Client]) -> None:
    client = browser()
    told = client.get(f"{PATH}/explanation", {"figure": "due", "month": "2026-04", "whose": "all"}).content.decode()
    assert "$7,200.00" in told
    assert '<dd class="num">6</dd>' in told
    for wrong in ({"figure": "nonsense"}, {"figure": "due", "month": "2026-09"}):
        assert client.get(f"{PATH}/explanation", {**wrong, "whose": "all"}).status_code == 404


def test_a_room_shows_its_term_and_takes_a_rating_with_evidence(
    ids: dict[str, int], csm: int, browser: Callable[..., Client]
) -> None:
    client, room = browser(member_id=csm), room_of(ids)
    page = client.get(room).content.decode()
    for text in ("in 39 d", "$1,200.00", "Executives well engaged", "Pressure from above", "No plan yet"):
        assert text in page, text
    refused = client.post(f"{room}/found/executives", {"rating": "-1", "evidence": " "})
    assert refused.status_code == 422
    assert 'role="alert"' in refused.content.decode()
    assert not Finding.objects.exists()
    answer = client.post(f"{room}/found/executives", {"rating": "-1", "evidence": "no report since June"})
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (204, "true")
    made = Finding.objects.get()
    assert (made.rating, made.about, made.by_id, made.due_on) == (-1, "executives", csm, date(2026, 4, 10))
    assert "no report since June" in client.get(room).content.decode()
    assert "Executives −" in client.get(PATH).content.decode()
    assert client.post(f"{room}/found/discount", {"rating": "1", "evidence": "e", "percent": "ten"}).status_code == 422
    assert client.post(f"{room}/found/discount", {"rating": "1", "evidence": "e", "percent": "10 %"}).status_code == 204
    assert "10 %" in client.get(f"{room}/found/discount").content.decode()
    assert client.get(f"{room}/found/weather").status_code == 404


def test_a_renewal_on_a_mark_is_said_to_prove_nothing_and_its_cause_is_asked(
    ids: dict[str, int], browser: Callable[..., Client]
) -> None:
    client, room = browser(), room_of(ids, "2 stays 0", "2026-02-10")
    assert "no proof of service value: " not in client.get(room).content.decode()
    assert "This renewal rests on a mark" not in client.get(room).content.decode()
    client.post(f"{room}/found/pressure", {"rating": "1", "evidence": "the group told them to"})
    page = client.get(room).content.decode()
    assert "This renewal rests on a mark (Pressure from above)" in page
    assert "Nobody has said yet" in page
    assert client.post(f"{room}/cause", {"cause": "pressure", "text": "x"}).status_code == 422
    assert client.post(f"{room}/cause", {"cause": "product", "text": "runs on it"}).status_code == 204
    assert RenewalCause.objects.get().outcome == "on_time"
    assert "runs on it" in client.get(room).content.decode()
    assert client.get(f"{room_of(ids)}/cause").status_code == 404, "an open term has no cause yet"


def test_the_plan_is_made_of_tasks(ids: dict[str, int], csm: int, browser: Callable[..., Client]) -> None:
    client, room = browser(member_id=csm), room_of(ids)
    sent = {"title": "Report to the general manager", "due_on": "2026-03-20", "owner": str(csm)}
    assert client.post(f"{room}/tasks", {**sent, "title": ""}).status_code == 422
    assert client.post(f"{room}/tasks", sent).status_code == 204
    task = Task.objects.get()
    assert PlanStep.objects.get().task_id == task.pk
    assert "Report to the general manager" in client.get(room).content.decode()
    assert client.post(f"{room}/tasks/{task.pk}/done").status_code == 302
    assert Task.objects.get().done_at is not None
    client.post(f"{room}/tasks/{task.pk}/done")
    assert Task.objects.get().done_at is None
    other = room_of(ids, "SMB4 stays 1")
    assert client.post(f"{other}/tasks/{task.pk}/done").status_code == 404, "not a task of this term"


def test_whoever_may_not_finds_no_room_and_whoever_only_reads_writes_nothing(
    ids: dict[str, int], csm: int, member: Callable[..., int], browser: Callable[..., Client]
) -> None:
    room, other = room_of(ids), browser(member_id=member("csm"))
    for path in (room, f"{room}/found/price", f"{room}/tasks"):
        assert other.get(path).status_code == 404, path
    assert browser("reader").get(room).status_code == 404
    analyst = browser("analyst")
    assert analyst.get(room).status_code == 200
    assert analyst.post(f"{room}/found/price", {"rating": "1", "evidence": "e"}).status_code == 404
    assert not Finding.objects.exists()
    for wrong in (room_of(ids, due="2026-04-11"), room_of(ids, due="soon"), f"{PATH}/none/2026-04-10"):
        assert browser().get(wrong).status_code == 404


def test_a_card_names_the_node_where_it_hangs(
    ids: dict[str, int], browser: Callable[..., Client], now: datetime
) -> None:
    for node, since in (("seal", "2026-02-25"), ("legal", "2026-02-10")):
        Receivable.objects.create(customer_id=ids["SMB4 stays 2"], amount=100, currency="USD", due_on=TODAY, node=node,
                                  node_since_on=since, learned_at=now)  # fmt: skip
    assert "Legal for 20 d" in browser().get(PATH, {"whose": "all"}).content.decode()
    assert "Legal for 20 d" in browser().get(room_of(ids, "SMB4 stays 2")).content.decode()


def test_the_board_asks_as_often_for_forty_terms_as_for_one(browser: Callable[..., Client], now: datetime) -> None:
    annual(stay=1, leave=0, at=now, month=4, last=2025)
    learning.learn(TODAY, at=now)
    client = browser()

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(PATH, {"whose": "all"}).status_code == 200
        return len(queries)

    asked()
    one = asked()
    annual(stay=40, leave=0, at=now, month=5, last=2025)
    assert asked() == one


def test_the_last_minute_index_is_flagged_per_term_and_per_csm(
    ids: dict[str, int], csm: int, browser: Callable[..., Client], now: datetime
) -> None:
    def touch(name: str, on: str, *, channel: str = "call", proactive: bool | None = True) -> None:
        Touchpoint.objects.create(customer_id=ids[name], channel=channel, happened_at=f"{on}T08:00:00Z", summary="s",
                                  is_proactive=proactive, member_id=csm, learned_at=now)  # fmt: skip

    for day in ("2025-09-01", "2026-01-20", "2026-02-20"):
        touch("SMB4 stays 0", day)
    for day in ("2025-05-01", "2025-09-01", "2026-02-20"):
        touch("SMB4 stays 1", day)
    touch("SMB4 stays 1", "2026-02-21", channel="note")
    touch("SMB4 stays 1", "2026-02-22", proactive=None)
    client = browser()
    page = client.get(PATH, {"whose": "all"}).content.decode()
    assert page.count("last-minute 67%") == 1
    assert ">50%<" in page.replace(" ", ""), "Wei: 3 of 6"
    assert "2 of 3 contacts in the last 90 days" in client.get(room_of(ids)).content.decode()
    calm = client.get(room_of(ids, "SMB4 stays 1")).content.decode()
    assert "1 of 3 contacts in the last 90 days" in calm
    assert "note watch" not in calm
    assert "no proactive contact in the whole term" in client.get(room_of(ids, "SMB4 stays 2")).content.decode()
    assert "÷" in client.get(f"{PATH}/explanation", {"figure": "last_minute"}).content.decode()
