"""The tables of the meeting: members, teams and everybody, each row the sum of the rows below it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from django.db.models import F, Value

from perennial.contracts.access import ABILITY, facts_of
from perennial.customers.access import portfolio_of
from perennial.kernel.organisation.queries import House
from perennial.kernel.periods import Period, share_passed
from perennial.members.models import Member, Role
from perennial.reports.usage_parts import sees_owners
from perennial.reports.weekly import figures
from perennial.reports.weekly.periods import a_year_before
from perennial.reports.weekly.rounding import round_to_cents
from perennial.reports.weekly.terms import BEHIND, SHOWN, WEIGHT, Figure, Figures, Found, Node, Row, RowKind, Sheet
from perennial.team import queries as targets
from perennial.team.access import Holders, holders_of
from perennial.team.terms import Aim, Holder, TargetKind

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Listed:
    """A customer as the sheet names it, with its present owner."""

    key: str
    name: str
    owner_id: int | None
    owner_name: str


@dataclass(frozen=True)
class _Known:
    """What a table is made of besides its amounts."""

    holders: Holders
    aims: Mapping[tuple[TargetKind, Holder], Aim]
    book: Mapping[int, Listed]
    team_id: int | None
    tells_owners: bool


def sheets(
    member: Member,
    period: Period,
    *,
    place: House,
    on: date,
    team_id: int | None = None,
    kinds: Collection[TargetKind] = tuple(TargetKind),
) -> dict[TargetKind, Sheet]:
    """Return the tables of the kinds for what the member may see, as of a day; `team_id` narrows them to one team.

    At most 37 queries, however many members; one more for each 500 customers or lines behind the amounts. Customers
    count for their present owner, last year's as well, so that a book is compared with itself. Rows stand by amount.
    """
    rows = facts_of(member)
    holders = holders_of(member, ABILITY)
    aims = targets.targets_in(
        period,
        members=[other.pk for other in holders.members],
        teams=[team.pk for team in holders.teams],
        currency=place.currency,
    )
    found = [read(period, rows, place, on) for kind, read in figures.READS.items() if kind in kinds]
    book = _book(member, {customer_id for one in found for customer_id in one.customers})
    known = _Known(holders, aims, book, team_id, sees_owners(member))
    return {one.kind: _sheet(one, known, period, place, on) for one in found}


def _book(member: Member, customer_ids: Iterable[int]) -> dict[int, Listed]:
    owner = F("owner__name") if sees_owners(member) else Value("")
    ordered, book = sorted(customer_ids), dict[int, Listed]()
    for start in range(0, len(ordered), CHUNK):
        rows = portfolio_of(member, ABILITY).filter(customer_id__in=ordered[start : start + CHUNK])
        for customer_id, key, name, owner_id, told in rows.values_list("customer_id", "key", "name", "owner_id", owner):
            book[customer_id] = Listed(key, name, owner_id, told or "")
    return book


def _sheet(found: Found, known: _Known, period: Period, place: House, on: date) -> Sheet:
    top = _tree(found, known)
    _sum_up(top, found)
    _order(top, WEIGHT[found.kind])
    _set_targets(top)
    round_to_cents(top)
    return Sheet(
        kind=found.kind,
        period=period,
        as_of=on,
        currency=place.currency,
        includes_tax=place.amounts_include_tax,
        passed=share_passed(period, on),
        last_year=a_year_before(period, on),
        top=top,
        is_known=found.is_known,
        without_rate=found.without_rate,
        left_out=found.left_out,
    )


def _tree(found: Found, known: _Known) -> Row:
    """Return the rows without their amounts: everybody, then teams, then members, then their customers; who may not see
    whose a customer is sees customers alone."""
    owned: dict[int | None, list[Row]] = defaultdict(list)
    owners: dict[int, str] = {}
    for customer_id, of_customer in found.customers.items():
        listed = known.book.get(customer_id, Listed("", "", None, ""))
        owned[listed.owner_id].append(_customer(listed, of_customer))
        if listed.owner_id is not None:
            owners[listed.owner_id] = listed.owner_name
    if not known.tells_owners:
        everybody = [row for customers in owned.values() for row in customers]
        return Row(RowKind.ALL, below=sorted(everybody, key=lambda row: row.name))
    for customers in owned.values():
        customers.sort(key=lambda row: row.name)
    teams: dict[int | None, list[Row]] = defaultdict(list)
    for row, team_id in _members(found.kind, known, owned, owners):
        teams[team_id].append(row)
    below = [
        _row(RowKind.TEAM, team.name, Holder(team_id=team.pk), found.kind, known, teams[team.pk])
        for team in known.holders.teams
        if known.team_id in {None, team.pk} and (teams[team.pk] or (found.kind, Holder(team_id=team.pk)) in known.aims)
    ]
    if known.team_id is None:
        loose = teams[None]
        below += [Row(RowKind.LOOSE, below=loose)] if below and loose else loose
        below += [Row(RowKind.NOBODY, below=owned[None])] if owned[None] else []
    return below[0] if len(below) == 1 else Row(RowKind.ALL, below=below)


def _members(
    kind: TargetKind, known: _Known, owned: Mapping[int | None, list[Row]], owners: Mapping[int, str]
) -> Iterable[tuple[Row, int | None]]:
    """Yield a row with its team for each CSM at work and each other member who owns customers or has a target."""
    listed = {team.pk for team in known.holders.teams}
    for member in known.holders.members:
        holder = Holder(member_id=member.pk)
        at_work = member.is_active and member.role == Role.csm
        if at_work or member.pk in owned or (kind, holder) in known.aims:
            row = _row(RowKind.MEMBER, member.name, holder, kind, known, owned.get(member.pk, []))
            yield row, member.team_id if member.team_id in listed else None
    seen = {member.pk for member in known.holders.members}
    for owner_id in sorted(set(owners) - seen):  # moved to another team since the portfolio was written
        yield Row(RowKind.MEMBER, owners[owner_id], below=owned[owner_id]), None


def _row(kind: RowKind, name: str, holder: Holder, target: TargetKind, known: _Known, below: list[Row]) -> Row:
    return Row(kind, name, holder, aim=known.aims.get((target, holder)), below=below)


def _customer(listed: Listed, of_customer: Figures) -> Row:
    return Row(
        RowKind.CUSTOMER,
        listed.name,
        customer_key=listed.key,
        customers=int(any(amount for figure, amount in of_customer.amounts.items() if figure is not Figure.LAST_YEAR)),
        exact=dict(of_customer.amounts),
        nodes=_nodes(of_customer.waits),
        payers=tuple(sorted(of_customer.payers)),
        items=tuple(of_customer.items),
    )


_LAST = {RowKind.LOOSE: 1, RowKind.NOBODY: 2}


def _order(row: Row, by: Sequence[Figure]) -> None:
    """Put the rows below in the order of their amounts, the largest first; who has none stays in the order of names.
    Those without a team come after the teams, nobody's customers last."""
    for below in row.below:
        _order(below, by)
    row.below.sort(key=lambda one: (_LAST.get(one.kind, 0), -sum(one.exact.get(figure, Fraction(0)) for figure in by)))


def _nodes(waits: Sequence[Node]) -> tuple[Node, ...]:
    """Return the nodes with how many wait at each, the fullest first."""
    at: dict[str, list[Node]] = defaultdict(list)
    for wait in waits:
        at[wait.code].append(wait)
    found = [
        Node(
            code,
            count=sum(one.count for one in some),
            days=max((one.days for one in some if one.days is not None), default=None),
            holders=tuple(dict.fromkeys(name for one in some for name in one.holders)),
            over=max((one.over for one in some if one.over is not None), default=None),
        )
        for code, some in at.items()
    ]
    return tuple(sorted(found, key=lambda node: (-node.count, node.code)))


def _sum_up(row: Row, found: Found) -> None:
    """Fill `exact` of the row from the rows below; a figure that nobody could know stays missing."""
    for below in row.below:
        _sum_up(below, found)
    if row.kind is not RowKind.CUSTOMER:
        row.customers = sum(below.customers for below in row.below)
        row.nodes = _nodes([node for below in row.below for node in below.nodes])
    wanted = {*SHOWN[found.kind], *BEHIND[found.kind]} - {Figure.TARGET, Figure.GAP} if found.is_known else set()
    for figure in wanted - (set() if found.has_last_year else {Figure.LAST_YEAR}):
        below_it = sum((below.exact.get(figure, Fraction(0)) for below in row.below), Fraction(0))
        row.exact.setdefault(figure, below_it)


def _set_targets(row: Row) -> None:
    """Fill the targets: the row's own, else the sum of those below; how many members lack one is said beside it."""
    members = [below for below in row.below if below.kind is not RowKind.CUSTOMER]
    for below in members:
        _set_targets(below)
    if row.aim is not None and row.aim.amount is not None:
        row.cents[Figure.TARGET] = row.aim.amount
    elif row.kind is RowKind.MEMBER:
        row.without_target = 1
    elif row.kind in {RowKind.TEAM, RowKind.LOOSE, RowKind.ALL}:
        set_below = [below.cents[Figure.TARGET] for below in members if Figure.TARGET in below.cents]
        row.without_target = sum(below.without_target for below in members)
        if set_below:
            row.cents[Figure.TARGET] = sum(set_below)
