"""Targets of the year, its quarters and months, for each CSM and team, set from what there was to reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from perennial.demo.calculations.rates import worth_on
from perennial.demo.companies.terms import Company
from perennial.demo.terms import Account, LineRow, Person, ReceivableRow, TargetRow
from perennial.kernel.periods import Period, add_months

AIMS = {"renewals": 92, "collections": 96, "expansion": 9}
"""Per cent: of what ends in the period, of what is due in it, and of a year's amounts a year."""


def targets_of(
    company: Company,
    people: Sequence[Person],
    accounts: Iterable[Account],
    lines: Sequence[LineRow],
    receivables: Sequence[ReceivableRow],
    *,
    on: date,
) -> Iterator[TargetRow]:
    """Yield the targets of the calendar year that holds `on`, in minor units with the lines' own tax."""
    owners = {account.external_id: account.owner for account in accounts}
    csms = [person for person in people if person.role == "csm"]
    for name, period in _periods(on.year):
        reach = _to_reach(company, owners, lines, receivables, period)
        for kind in AIMS:
            for person in csms:
                yield _target(kind, person.mail, None, name, period, reach.get((kind, person.mail), 0))
            for team in sorted({person.team for person in csms if person.team}):
                total = sum(reach.get((kind, one.mail), 0) for one in csms if one.team == team)
                yield _target(kind, None, team, name, period, total)


def _periods(year: int) -> Iterator[tuple[str, Period]]:
    first = date(year, 1, 1)
    for letter, months in (("Y", 12), ("Q", 3), ("M", 1)):
        for number in range(12 // months):
            since = add_months(first, number * months)
            yield f"{year}{letter}{number + 1}", Period(since, add_months(since, months))


def _to_reach(
    company: Company,
    owners: Mapping[str, str | None],
    lines: Sequence[LineRow],
    receivables: Sequence[ReceivableRow],
    period: Period,
) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}

    def add(kind: str, row: LineRow | ReceivableRow, amount: int, day: date) -> None:
        owner = owners[row.customer]
        if owner is not None:
            foreign = "" if row.currency == company.currency else row.currency
            found[kind, owner] = found.get((kind, owner), 0) + round(amount * worth_on(company, foreign, day))

    for line in lines:
        if line.kind != "recurring" or line.ends_on is None:
            continue
        if line.ends_on in period:
            add("renewals", line, line.amount, line.ends_on)
        if line.starts_on < period.until and line.ends_on > period.since:
            add("expansion", line, line.amount * period.days // 365, period.since)
    for row in receivables:
        if row.due_on in period:
            add("collections", row, row.amount, row.due_on)
    return found


def _target(kind: str, member: str | None, team: str | None, name: str, period: Period, reach: int) -> TargetRow:
    # Rounded to thousands of the major unit: nobody sets a target to the cent.
    amount = round(reach * AIMS[kind] / 100 / 100_000) * 100_000
    return TargetRow(external_id=f"{kind}:{member or team}:{name}", kind=kind, member=member, team=team,
                     starts_on=period.since, ends_on=period.until, amount=amount)  # fmt: skip
