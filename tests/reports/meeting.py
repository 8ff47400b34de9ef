"""A small house for the tests of the weekly meeting: two teams, four books, terms, money and growth around Q4 2026."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from tests.contracts.books import SOURCE, customers, keep, line, own

from perennial.contracts.actions import write_contracts, write_receivables
from perennial.customers.models import PortfolioRow
from perennial.kernel.organisation.models import Organisation
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import Period
from perennial.kernel.versions import Incoming
from perennial.members.actions import create_team
from perennial.members.models import Member
from perennial.reports.weekly.sheet import sheets
from perennial.reports.weekly.terms import Row, RowKind, Sheet
from perennial.team.actions import set_target
from perennial.team.terms import Holder, TargetKind

NOW = datetime(2026, 12, 24, 9, 0, tzinfo=UTC)
Q4 = Period(date(2026, 10, 1), date(2027, 1, 1))
TODAY = date(2026, 12, 24)
TAX = {"amount_includes_tax": True, "tax_rate": "0.06"}


@dataclass(frozen=True)
class Meeting:
    """Who is here, and the customers by name."""

    admin: int
    leader: int
    ann: int
    bob: int
    cid: int
    east: int
    west: int
    ids: dict[str, int]


def gather(member: Callable[..., int], *, includes_tax: bool = False) -> Meeting:
    """Plant the members, teams and customers: Ann has A and B, Bob has C (East); Cid has D (West); nobody has N."""
    Organisation.objects.update(amounts_include_tax=includes_tax)
    east, west = create_team(name="East", by=None, at=NOW), create_team(name="West", by=None, at=NOW)
    ids = customers("A", "B", "C", "D", "N", at=NOW)
    meeting = Meeting(
        admin=member("admin", name="Ada"), leader=member("leader", team_id=east, name="Lea"),
        ann=member("csm", team_id=east, name="Ann"), bob=member("csm", team_id=east, name="Bob"),
        cid=member("csm", team_id=west, name="Cid"), east=east, west=west, ids=ids,
    )  # fmt: skip
    books = {"A": meeting.ann, "B": meeting.ann, "C": meeting.bob, "D": meeting.cid, "N": None}
    teams = {"A": east, "B": east, "C": east, "D": west, "N": None}
    for name, owner in books.items():
        own(ids[name], owner, NOW)
        PortfolioRow.objects.filter(customer_id=ids[name]).update(team_id=teams[name])
    return meeting


def terms(meeting: Meeting, *rows: tuple[str, str, str, str | None, int], **more: Any) -> None:
    """Keep lines: (key, customer's name, from, until, minor units a month)."""
    lines = [line(key, meeting.ids[name], since, until, amount, **more) for key, name, since, until, amount in rows]
    keep(lines, at=NOW, on=TODAY.isoformat())


def money(meeting: Meeting, *rows: tuple[str, str, int, dict[str, Any]]) -> None:
    """Keep receivables: (customer's name, due day, minor units, the rest with days as text)."""
    plain = []
    for number, (name, due, amount, more) in enumerate(rows):
        values = {key: date.fromisoformat(value) if key.endswith("_on") else value for key, value in more.items()}
        values = {"customer_id": meeting.ids[name], "due_on": date.fromisoformat(due), "amount": amount,
                  "currency": "USD", **values}  # fmt: skip
        plain.append(Incoming(f"r{number}", values))
    write_receivables(plain, source=SOURCE, at=NOW)


def paid_by(meeting: Meeting, name: str, payer: str) -> int:
    """Return a contract of a customer that another one pays."""
    values = {"customer_id": meeting.ids[name], "paying_party_id": meeting.ids[payer]}
    return write_contracts([Incoming(f"{name} by {payer}", values)], source=SOURCE, at=NOW)[0][f"{name} by {payer}"]


def aim(kind: TargetKind, amount: int, *, member: int | None = None, team: int | None = None, **days: Period) -> None:
    """Set a target for Q4, or for `period`."""
    by = Member.objects.order_by("id")[0].pk
    holder = Holder(member_id=member, team_id=team)
    set_target(kind=kind, holder=holder, period=days.get("period", Q4), amount=amount, by=by, at=NOW)


def read(who: int, kind: TargetKind, *, period: Period = Q4, on: date = TODAY, team_id: int | None = None) -> Sheet:
    """Return a table as a member sees it."""
    found = sheets(Member.objects.get(id=who), period, place=house(), on=on, team_id=team_id)
    return found[kind]


def row(sheet: Sheet, name: str) -> Row:
    """Return the row of that name; "" is Nobody's."""
    return next(one for one in sheet.top.walk() if one.name == name and one.kind is not RowKind.ALL)


def names(sheet: Sheet) -> list[str]:
    """Return the rows as a page lists them, without customers."""
    return [one.name or one.kind.value for one in sheet.top.walk() if one.kind is not RowKind.CUSTOMER]
