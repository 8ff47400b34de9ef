"""Head and tabs of the customer file: what becomes of the contracts, what came in, what a score is made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from tests.contracts.books import keep, line
from tests.customers.books import customer
from tests.reports.files import ON, SOURCE, file_of, instant, rich

from perennial.contracts import queries as contracts
from perennial.contracts import receivables
from perennial.contracts.actions import write_receivables
from perennial.customers.access import may_on, rows_of
from perennial.customers.models import Customer, PortfolioRow
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.organisation.queries import house
from perennial.kernel.versions import Incoming
from perennial.members.actions import create_team
from perennial.members.models import Member
from perennial.reports import customer_file, portfolio
from perennial.reports.customer_contracts import contracts_tab
from perennial.reports.customer_file import Next, Term
from perennial.support import queries as support
from perennial.support.actions import write_tickets


@pytest.fixture
def place(member: Callable[..., int], now: datetime) -> dict[str, Any]:
    organisation.move_as_of(on=ON, by=None, at=now)
    csm = member("csm")
    key = customer("Acme", at=now, owner=csm)
    return {"csm": csm, "key": key, "id": Customer.objects.get(key=key).pk}


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ([], Next(Term.NONE, None)),
        ([("2025-06-01", "2026-06-01", {})], Next(Term.RENEWS, date(2026, 6, 1))),
        ([("2025-06-01", None, {})], Next(Term.OPEN_ENDED, None)),
        ([("2026-03-01", "2026-04-01", {})], Next(Term.MONTHLY, date(2026, 4, 1))),
        ([("2025-06-01", "2026-06-01", {"cancelled_on": date(2026, 1, 1)})], Next(Term.ENDS, date(2026, 6, 1))),
        ([("2025-01-01", "2026-01-01", {})], Next(Term.OVER, None)),
        ([("2026-05-01", "2026-06-01", {})], Next(Term.LATER, date(2026, 5, 1))),
    ],
    ids=["none", "renews", "open-ended", "monthly", "cancelled", "over", "later"],
)
def test_the_head_says_plainly_what_becomes_of_the_contracts(
    place: dict[str, Any], now: datetime, lines: list[tuple[str, str | None, dict[str, Any]]], wanted: Next
) -> None:
    rows = [line(f"{n}", place["id"], start, end, 100_00, **more) for n, (start, end, more) in enumerate(lines)]
    keep(rows, at=now, on="2026-03-02")
    standing = contracts.standing(ON).get(place["id"])
    renews_on = standing.next_renewal_on if standing else None
    assert customer_file.next_end(contracts.lines_of(place["id"], on=ON), renews_on, ON) == wanted


def test_collections_count_what_fell_due_in_a_year_and_came_in_by_the_day(place: dict[str, Any], now: datetime) -> None:
    def due(key: str, on: date, amount: int, received: int, received_on: date | None) -> Incoming:
        return Incoming(key, {"customer_id": place["id"], "due_on": on, "amount": amount, "currency": "USD",
                              "received_amount": received, "received_on": received_on})  # fmt: skip

    steps = [
        due("old", date(2025, 3, 2), 500, 500, date(2025, 3, 2)),
        due("paid", date(2025, 3, 3), 300, 300, date(2025, 4, 1)),
        due("part", date(2026, 1, 1), 200, 50, date(2026, 2, 1)),
        due("later paid", date(2026, 2, 1), 70, 70, date(2026, 3, 3)),
        due("ahead", date(2026, 3, 3), 900, 0, None),
    ]
    write_receivables(steps, source=SOURCE, at=now)
    found = customer_file.collections(receivables.of_customer(place["id"]), ON)
    assert found == customer_file.Collections(due=570, received=350, currency="USD")


def test_nothing_due_is_unknown_and_never_zero() -> None:
    assert customer_file.collections([], ON) is None


@pytest.mark.usefixtures("home")
def test_the_tabs_show_the_numbers_of_the_portfolio_row(place: dict[str, Any], now: datetime) -> None:
    rich(place["key"], rows=3, by=place["csm"], at=now)
    portfolio.rewrite(ON, at=now)
    file = file_of(place["csm"], place["key"])
    row = PortfolioRow.objects.get(key=place["key"])
    money = contracts_tab(file)
    tickets = customer_file.tickets(file)
    assert (money.mrr, 12 * (money.mrr or 0)) == (row.mrr, row.arr) == (330_00, 3960_00)
    assert sum(due.left for due in money.receivables if due.late_days is not None) == row.overdue_amount == 120_00
    assert sum(one.is_open for one in tickets.lines) == row.open_tickets == 3
    assert sum(one.is_overdue for one in tickets.lines) == row.overdue_tickets == 3
    assert [len(one.former) for paper in money.papers for one in paper.lines] == [1, 1, 1]


def test_a_trial_within_its_days_is_not_ended_though_it_makes_no_mrr(place: dict[str, Any], now: datetime) -> None:
    rows = [
        line("trial", place["id"], "2026-02-01", None, 0, kind="trial"),
        line("service", place["id"], "2026-01-01", "2026-03-02", 100_00, kind="one_off", amount_months=None),
        line("running", place["id"], "2026-02-01", None, 100_00),
    ]
    keep(rows, at=now, on="2026-03-02")
    found = contracts_tab(file_of(place["csm"], place["key"]))
    told = {one.line.external_id: (one.is_on, one.runs, one.mrr) for paper in found.papers for one in paper.lines}
    assert told == {"trial": (True, False, None), "service": (False, False, None), "running": (True, True, 100_00)}


def test_a_ticket_is_late_by_the_same_rule_as_the_count(place: dict[str, Any], now: datetime) -> None:
    kinds: list[dict[str, Any]] = [
        {"opened_at": instant(8)}, {"opened_at": instant(6)}, {"opened_at": instant(3), "priority": "urgent"},
        {"opened_at": instant(3), "is_escalated": True}, {"opened_at": instant(1), "due_at": instant(0, 1)},
        {"opened_at": instant(30), "due_at": instant(-5)}, {"opened_at": instant(30), "closed_at": instant(1)},
        {"opened_at": instant(30), "closed_at": instant(-1)}, {"opened_at": instant(-1)},
    ]  # fmt: skip
    rows = [Incoming(f"t{n}", {"customer_id": place["id"], **values}) for n, values in enumerate(kinds)]
    write_tickets(rows, source=SOURCE, at=now)
    at = portfolio.end_of(ON, house())
    late = [ticket for ticket in support.tickets_of(place["id"]) if support.is_overdue(ticket, at)]
    assert len(late) == support.standing(at)[place["id"]].overdue == 5


def test_a_row_at_hand_is_judged_as_the_rows_in_the_database_are(member: Callable[..., int], now: datetime) -> None:
    team, other = create_team(name="East", by=None, at=now), create_team(name="West", by=None, at=now)
    members = [
        member(role, team_id=team_id)
        for role in ("admin", "leader", "csm", "analyst", "reader")
        for team_id in (team, other, None)
    ]
    for number, owner in enumerate([*members, None]):
        customer(f"Customer {number}", at=now, owner=owner)
    for member_id in members:
        who = Member.objects.get(id=member_id)
        for ability in ("customers.read", "customers.edit", "customers.assign", "revenue.read", "touchpoints.edit"):
            condition = rows_of(who, ability)
            seen = set() if condition is None else set(PortfolioRow.objects.filter(condition))
            assert {row for row in PortfolioRow.objects.all() if may_on(who, row, ability)} == seen
