"""Alerts as page, file and API show them: those of the customers that a member sees, and how many are chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from perennial.alerts import queries as alerts
from perennial.alerts.calculations.fleet import WATCH
from perennial.alerts.models import AlertWeek, UsageAlert
from perennial.alerts.terms import Kind
from perennial.customers.access import rows_of
from perennial.customers.models import PortfolioRow
from perennial.lake.terms import day_date, day_number
from perennial.members.models import Member
from perennial.reports.usage_parts import rows_seen, sees_owners
from perennial.usage import calendar

PATH = "customer__portfolio__"
AFTER_WEEKS = 26


@dataclass(frozen=True, slots=True)
class Chosen:
    """What of the alerts is shown; "" and None: everything."""

    listed: str = ""
    kind: str = ""
    segment: str = ""
    owner: int | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert with whose it is: the customer's public key and name, segment, and its CSM ("" for nobody, and for whom
    they are hidden from)."""

    one: UsageAlert
    key: str
    name: str
    segment: str
    owner: str

    def rests(self, on: date) -> bool:
        """Return whether it rests on a day."""
        return self.one.muted_until_on is not None and self.one.muted_until_on > on


@dataclass(frozen=True)
class Board:
    """The open alerts that are chosen, those to act on first; of all that the member sees the segments and CSMs to
    choose from; the week judged last (None: none yet), of how many of his customers, how many of these came to a
    list by their users in that week, and how many are expected there by chance alone."""

    alerts: Sequence[Alert]
    seen: int
    segments: Sequence[str]
    owners: Sequence[tuple[int, str]]
    week: AlertWeek | None
    judged: int
    new: int

    @property
    def expected(self) -> float:
        """Return how many of a week's falls are expected by chance while nothing changed."""
        return WATCH * self.judged


def board(member: Member, chosen: Chosen | None = None, *, leaving: bool = False) -> Board:
    """Return the alerts of the customers that a member sees; `leaving`: of these the ones that it may export. Three
    queries."""
    wanted, week = chosen or Chosen(), alerts.latest_week()
    rows = rows_of(member, "exports.run" if leaving else "customers.read", path=PATH)
    seen = rows_of(member, path=PATH)
    if rows is None or seen is None:
        return Board([], 0, [], [], week, 0, 0)
    every = [_alert(one, owners=sees_owners(member)) for one in alerts.alerts(rows & seen)]
    mine = set(rows_seen(member, leaving=leaving).values_list("customer_id", flat=True)) if week else set()
    judged = mine & set(week.customers) if week else set()
    new = [one for one in every if week and one.one.kind == Kind.drop and one.one.week_on == week.week_on]
    owners = {row.owner_id: row.owner.name for row in map(_row_of, every) if row.owner} if sees_owners(member) else {}
    return Board(
        alerts=[one for one in every if _is_chosen(one, wanted)], seen=len(every),
        segments=sorted({one.segment for one in every if one.segment}),
        owners=sorted(((number, name) for number, name in owners.items() if number), key=lambda pair: pair[1]),
        week=week, judged=len(judged), new=len(new),
    )  # fmt: skip


def alert(member: Member, alert_id: int, ability: str = "customers.read") -> Alert | None:
    """Return an alert on whose customer the member has the ability, None for any other; one query."""
    rows, seen = rows_of(member, ability, path=PATH), rows_of(member, path=PATH)
    if rows is None or seen is None:
        return None
    found = alerts.alert(rows & seen, alert_id)
    return None if found is None else _alert(found, owners=sees_owners(member))


def after(found: Alert, on: date) -> list[tuple[date, float | None, float]]:
    """Return the weeks since an alarm that are over on a day, 26 at most, the oldest first: their last day, weekly
    users (None: unknown) and what the week was for everybody. One query, none in the alarm's own week."""
    first = day_number(found.one.week_on) + 7
    days = [day for day in range(first, first + 7 * AFTER_WEEKS, 7) if day < day_number(on)]
    return [
        (day_date(one.day), one.users, one.factor.value if one.factor else 1.0)
        for one in calendar.weeks_of(found.one.customer_id, days)
    ]


def of_customer(row: PortfolioRow) -> list[Alert]:
    """Return the open alerts of a customer whose file is seen; one query."""
    return [Alert(one, row.key, row.name, row.segment or "", "") for one in alerts.open_of(row.customer_id)]


def _alert(one: UsageAlert, *, owners: bool) -> Alert:
    row: PortfolioRow = one.customer.portfolio
    return Alert(one, row.key, row.name, row.segment or "", row.owner.name if owners and row.owner else "")


def _row_of(one: Alert) -> PortfolioRow:
    row: PortfolioRow = one.one.customer.portfolio
    return row


def _is_chosen(found: Alert, chosen: Chosen) -> bool:
    one = found.one
    return (
        chosen.listed in ("", one.listed)
        and chosen.kind in ("", one.kind)
        and chosen.segment in ("", found.segment)
        and chosen.owner in (None, _row_of(found).owner_id)
    )
