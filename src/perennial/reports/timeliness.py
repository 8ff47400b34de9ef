"""Timeliness by CSM and team: of the money that fell due in a period, what came in time, late, or not yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import Max, Q

from perennial.contracts import receivables
from perennial.contracts.access import facts_of
from perennial.contracts.calculations.timeliness import Timely, timely
from perennial.contracts.models import Contract
from perennial.contracts.rates import Exchange
from perennial.kernel.money import round_half_even
from perennial.kernel.organisation.queries import House
from perennial.kernel.periods import Period
from perennial.members import queries as members
from perennial.members.models import Member
from perennial.reports import receivables as report
from perennial.reports.receivables import Row


@dataclass(frozen=True, slots=True)
class Item:
    """A step that fell due, in the organisation's currency."""

    row: Row
    timely: Timely


@dataclass
class Line:
    """A team, a CSM or everybody: the sum of the steps below. `mark` names a CSM in addresses, "nobody" who is none."""

    name: str
    mark: str = ""
    items: list[Item] = field(default_factory=list)
    below: list[Line] = field(default_factory=list)

    @property
    def sum(self) -> Timely:
        """The sum of all its steps."""
        return sum((item.timely for item in self.all_items), Timely())

    @property
    def all_items(self) -> list[Item]:
        """The steps of the line and of the lines below."""
        return [*self.items, *(item for below in self.below for item in below.all_items)]


@dataclass(frozen=True)
class Timeliness:
    """The table: everybody with the teams and CSMs below. `left_out` steps have no rate and are in no sum."""

    top: Line
    as_of: date
    left_out: int


def timeliness(member: Member, period: Period, *, place: House, on: date, team_id: int | None = None) -> Timeliness:
    """Return what of the money whose last day lies in the period came in time, as of a day. Ten queries, one more for
    each 500 customers. Steps that are not due yet are not judged; red ones are no debt."""
    rows, exchange = facts_of(member), Exchange(place.currency)
    most = Contract.objects.aggregate(most=Max("credit_days"))["most"] or 0
    near = Q(due_on__gte=period.since - timedelta(days=most), due_on__lt=period.until, amount__gt=0)
    steps = [step for step in receivables.kept(rows & near) if step.last_day in period and step.last_day < on]
    known = [step for step in steps if exchange.knows(step.currency, step.last_day)]
    found = [row for row in report.rows_on(member, known, place=place, on=on)
             if team_id is None or row.customer.team_id == team_id]  # fmt: skip
    items = [Item(row, _valued(row, exchange, on)) for row in found]
    names = {team.pk: team.name for team in members.teams()}
    return Timeliness(_tree(items, names), on, len(steps) - len(known))


def _valued(row: Row, exchange: Exchange, on: date) -> Timely:
    """Return a step's money in the organisation's currency at the rate of its last day, each part rounded once, so that
    lines are the sums of their steps to the cent."""
    step = row.step
    one = timely(step.amount, step.last_day, step.came, on)

    def value(minor: int) -> int:
        return round_half_even(exchange.value(minor, step.currency, step.last_day))

    return Timely(value(one.on_time), value(one.late), value(one.owed), value(one.written_off), value(one.late_days),
                  value(one.owed_days))  # fmt: skip


def _tree(items: Sequence[Item], names: dict[int, str]) -> Line:
    by_team: dict[int | None, dict[int | None, Line]] = defaultdict(dict)
    for item in items:
        customer = item.row.customer
        team = customer.team_id if customer.team_id in names else None
        mark = f"m{customer.owner_id}" if customer.owner_id is not None else "nobody"
        line = by_team[team].setdefault(customer.owner_id, Line(customer.owner, mark))
        line.items.append(item)
    teams = [Line(names[team], f"t{team}", below=_ordered(owners.values())) for team, owners in by_team.items() if team]
    return Line("", below=[*_ordered(teams), *_ordered(by_team.get(None, {}).values())])


def _ordered(lines: Iterable[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (line.mark == "nobody", -line.sum.due, line.name))
