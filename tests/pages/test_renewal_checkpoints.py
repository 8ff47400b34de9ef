"""Checkpoints and plans as members meet them: on Today, on the board, in the room; and whom a difference reaches."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.aids import signed_in
from tests.insights.books import annual
from tests.reports.live_sums import kept

from perennial.blueprint import actions, queries
from perennial.customers.models import Customer, PortfolioRow
from perennial.insights import learning
from perennial.kernel.organisation.models import Organisation
from perennial.members.models import Member, Team
from perennial.playbooks import actions as playbooks
from perennial.playbooks.models import Task
from perennial.renewals import findings
from perennial.renewals.models import Call, CallSettled, CheckpointCall
from perennial.renewals.terms import About, Said
from perennial.reports import portfolio

TODAY = date(2026, 3, 2)
PATH = "/renewals"


@pytest.fixture
def found(member: Callable[..., int], now: datetime) -> dict[str, Any]:
    """Wei of team North has six customers due on 10 April; another team has a leader of its own."""
    Organisation.objects.update(as_of_on=TODAY)
    north, south = Team.objects.create(name="North"), Team.objects.create(name="South")
    csm = member("csm", name="Wei", team_id=north.pk)
    ids = annual(stay=6, leave=2, at=now, month=4, last=2025, owner=csm, segment="SMB")
    PortfolioRow.objects.filter(owner_id=csm).update(team=north)
    learning.learn(TODAY, at=now)
    row = Customer.objects.get(id=ids["SMB4 stays 0"])
    return {"csm": csm, "leader": member("leader", name="Li", team_id=north.pk), "ids": ids, "row": row,
            "stranger": member("leader", team_id=south.pk), "other": member("csm"),
            "room": f"{PATH}/{row.key}/2026-04-10"}  # fmt: skip


def model_of(found: dict[str, Any]) -> str:
    page = signed_in(found["csm"]).get(f"{found['room']}/checkpoint").content.decode()
    return re.findall(r'name="category" value="(\w+)"', page[: page.index("the model")])[-1]


def other_than(model: str) -> str:
    return {"commit": "best_case", "best_case": "at_risk", "at_risk": "best_case"}[model]


def record(found: dict[str, Any], category: str, reason: str = "the CFO left") -> Any:
    return signed_in(found["csm"]).post(f"{found['room']}/checkpoint", {"category": category, "reason": reason})


def test_waiting_is_refused_at_the_last_checkpoint_and_the_term_is_overdue_until_called_and_planned(
    found: dict[str, Any],
) -> None:
    client = signed_in(found["csm"])
    assert client.get(PATH).content.decode().count("call overdue") == 6
    assert "6 without a call, 6 without a plan" in client.get(PATH).content.decode()
    refused = record(found, "wait", "let us see")
    assert refused.status_code == 422
    assert "nobody waits and sees" in refused.content.decode()
    assert "let us see" in refused.content.decode(), "what was typed stays"
    assert not CheckpointCall.objects.exists()
    assert record(found, model_of(found)).status_code == 204
    page = client.get(PATH).content.decode()
    assert (page.count("call overdue"), page.count(">no plan<")) == (5, 1)
    assert "the CFO left" in client.get(found["room"]).content.decode()
    sent = {"purchase": "direct", "owner": str(found["csm"])}
    assert client.post(f"{found['room']}/plan", sent).status_code == 204
    assert ">no plan<" not in client.get(PATH).content.decode()


def test_a_difference_reaches_its_leader_with_both_views_and_is_settled_with_a_word(found: dict[str, Any]) -> None:
    model = model_of(found)
    assert record(found, other_than(model)).status_code == 204
    assert Call.objects.get().category == other_than(model), "the forecast follows"
    leader = signed_in(found["leader"])
    for path in ("/", PATH):
        page = leader.get(path).content.decode()
        assert "For you to settle" in page, path
        assert "the CFO left" in page, path
        assert "SMB4 stays 0" in page, path
    for who in ("stranger", "csm", "other"):
        for path in ("/", PATH):
            assert "For you to settle" not in signed_in(found[who]).get(path).content.decode(), (who, path)
    assert signed_in(found["csm"]).get(f"{found['room']}/settle").status_code in {403, 404}
    assert signed_in(found["stranger"]).get(f"{found['room']}/settle").status_code == 404
    assert "Wei says" in leader.get(f"{found['room']}/settle").content.decode()
    bad = leader.post(f"{found['room']}/settle", {"category": model, "word": " "})
    assert (bad.status_code, CallSettled.objects.count()) == (422, 0)
    assert leader.post(f"{found['room']}/settle", {"category": model, "word": "budget is signed"}).status_code == 204
    room = signed_in(found["csm"]).get(found["room"]).content.decode()
    assert "budget is signed" in room
    assert Call.objects.latest("id").category == model
    assert "For you to settle" not in leader.get("/").content.decode()
    assert leader.get(f"{found['room']}/settle").status_code == 404


def test_what_is_missing_is_on_todays_list_until_it_is_recorded(found: dict[str, Any], now: datetime) -> None:
    portfolio.rewrite(TODAY, at=now)
    PortfolioRow.objects.update(is_live=True)
    rows = dict(PortfolioRow.objects.values_list("name", "checkpoint_due_on"))
    assert rows["SMB4 stays 0"] == date(2026, 1, 10)
    assert rows["SMB4 leaves 0"] is None
    PortfolioRow.objects.filter(customer_id__in=found["ids"].values()).update(owner_id=found["csm"])
    playbooks.plan_today(TODAY, at=now)
    assert "our own call on the renewal, or a plan, is missing" in signed_in(found["csm"]).get("/").content.decode()
    record(found, model_of(found))
    signed_in(found["csm"]).post(f"{found['room']}/plan", {"purchase": "direct", "owner": str(found["csm"])})
    portfolio.rewrite(TODAY, at=now, customer_ids=[found["row"].pk])
    assert PortfolioRow.objects.get(customer=found["row"]).checkpoint_due_on is None


def test_what_a_renewal_asks_for_follows_what_is_recorded(found: dict[str, Any], now: datetime) -> None:
    def need() -> tuple[str | None, date | None]:
        portfolio.rewrite(TODAY, at=now, customer_ids=[found["row"].pk])
        row = PortfolioRow.objects.get(customer=found["row"])
        return row.renewal_need, row.renewal_need_on

    due = date(2026, 4, 10)
    record(found, model_of(found))
    assert need() == ("call_missing", due), "there is a call, and no plan"
    PortfolioRow.objects.filter(customer=found["row"]).update(owner_id=found["csm"])
    signed_in(found["csm"]).post(f"{found['room']}/plan", {"purchase": "direct", "owner": str(found["csm"])})
    assert need() == ("step_overdue", due), "steps that were due 90 days before are late already"
    Task.objects.update(done_at=now)
    assert need() == ("unrated", due), "39 days are left: past the half of the 90"
    said = {"customer_id": found["row"].pk, "due_on": due, "by": found["csm"], "at": now}
    findings.find(Said(About.PRICE, 1, "the CFO said so"), **said)
    assert need() == (None, None)
    findings.find(Said(About.PRODUCT, -1, "a module is missing"), **said)
    assert need() == ("weak", due)


def test_a_plan_shows_its_days_before_it_is_made_and_is_taken_back(found: dict[str, Any]) -> None:
    client, at = signed_in(found["csm"]), f"{found['room']}/plan"
    shown = client.get(at, {"purchase": "tender"}).content.decode()
    assert "Tender is published" in shown
    assert "8 steps should be done already" in shown
    assert not Task.objects.exists()
    assert client.get(at, {"purchase": "auction"}).status_code == 404
    assert client.post(at, {"purchase": "tender", "owner": "0"}).status_code == 422
    assert client.post(at, {"purchase": "tender", "owner": str(found["csm"])}).status_code == 204
    assert Task.objects.count() == 11
    page = client.get(found["room"]).content.decode()
    assert "Public tender, worked back from the expiry by Wei" in page
    assert "d late" in page
    assert client.post(at, {"purchase": "tender", "owner": str(found["csm"])}).status_code == 422
    undo = page[page.index("/plan/undo/") :].split('"')[0]
    assert signed_in(found["leader"]).get(found["room"]).content.decode().count("/plan/undo/") == 0
    assert client.post(found["room"] + undo).status_code == 302
    assert Task.objects.filter(dropped_at=None).count() == 0
    assert "No plan yet" in client.get(found["room"]).content.decode()
    for who in ("stranger", "other"):
        assert signed_in(found[who]).get(at).status_code == 404


def test_who_only_reads_records_nothing(found: dict[str, Any], member: Callable[..., int]) -> None:
    analyst = signed_in(member("analyst"))
    page = analyst.get(found["room"]).content.decode()
    assert "Our own call is missing." in page
    assert f"{found['room']}/checkpoint" not in page
    assert analyst.get(f"{found['room']}/checkpoint").status_code == 404
    assert analyst.get(f"{found['room']}/plan").status_code in {403, 404}
    assert signed_in(found["other"]).get(f"{found['room']}/checkpoint").status_code == 404


def test_the_file_says_how_each_term_stands(found: dict[str, Any]) -> None:
    model = model_of(found)
    record(found, other_than(model))
    client: Client = signed_in(found["csm"])
    rows = kept(client.post(f"{PATH}/export?whose=mine", {"format": "xlsx"}).content)
    reached, own, said, to_do = next(row for row in rows if row[3] == "SMB4 stays 0")[-4:]
    assert str(reached)[:10] == "2026-01-10"
    assert own
    assert own != said
    assert to_do == "no plan"


def test_today_and_the_board_ask_as_often_for_many_differences_as_for_one(found: dict[str, Any], now: datetime) -> None:
    leader = signed_in(found["leader"])
    model = model_of(found)
    record(found, other_than(model))

    def asked(path: str) -> int:
        with CaptureQueriesContext(connection) as made:
            assert leader.get(path).status_code == 200
        return len(made)

    paths = ("/", PATH)
    before = [(asked(path), asked(path))[1] for path in paths]
    for name, number in found["ids"].items():
        if "stays" in name:
            CheckpointCall.objects.create(customer_id=number, due_on="2026-04-10", which="last", reason="r", at=now,
                                          category=other_than(model), model=model, p=0.8, low=0.7, high=0.9,
                                          by_id=found["csm"])  # fmt: skip
    assert leader.get(PATH).content.decode().count(">Settle it<") == 7, "and the heading"
    assert [asked(path) for path in paths] == before
    assert Member.objects.get(id=found["leader"]).role == "leader"


def test_who_sees_all_revenue_and_settles_for_his_team_alone_is_asked_for_his_team_alone(
    found: dict[str, Any], member: Callable[..., int], now: datetime
) -> None:
    text = queries.default_text("rights")
    start = text.index("- key: leader")
    mine = text[start:].replace("revenue.read: team", "revenue.read: all", 1)
    mine = mine.replace("customers.read: team", "customers.read: all", 1)
    actions.publish(part="rights", text=text[:start] + mine, reason="leaders see all", from_on=None, base=None,
                    by=member("admin"), at=now)  # fmt: skip
    record(found, other_than(model_of(found)))
    assert "For you to settle" in signed_in(found["leader"]).get(PATH).content.decode()
    page = signed_in(found["stranger"]).get(PATH, {"whose": "all"}).content.decode()
    assert "SMB4 stays 0" in page
    assert "For you to settle" not in page
    assert signed_in(found["stranger"]).get(f"{found['room']}/settle").status_code == 404


def test_who_made_a_call_settles_it_only_where_nobody_else_may(
    found: dict[str, Any], member: Callable[..., int]
) -> None:
    leader = signed_in(found["leader"])
    model = model_of(found)
    sent = {"category": other_than(model), "reason": "the leader's own view"}
    assert leader.post(f"{found['room']}/checkpoint", sent).status_code == 204
    page = leader.get(f"{found['room']}/settle")
    assert page.status_code == 200 and "This is your own call" in page.content.decode()
    assert "For you to settle" in leader.get("/").content.decode()
    other = member("leader", name="Ning", team_id=Member.objects.get(pk=found["leader"]).team_id)
    said = {"category": model, "word": "the budget is signed"}
    assert leader.get(f"{found['room']}/settle").status_code == 404
    assert leader.post(f"{found['room']}/settle", said).status_code == 404
    assert not CallSettled.objects.exists()
    assert "For you to settle" not in leader.get("/").content.decode()
    assert "For you to settle" in signed_in(other).get("/").content.decode()
    assert "This is your own call" not in signed_in(other).get(f"{found['room']}/settle").content.decode()
    assert signed_in(other).post(f"{found['room']}/settle", said).status_code == 204
