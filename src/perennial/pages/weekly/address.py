"""Which table an address asks for: `?kind=collections&span=quarter&on=2026-10-01&team=3&open=m12`.

`on` is any day of the period (today where it is missing); `span=custom&from=2026-10-01&until=2026-11-15` names days of
one's own, the last one included. `open` is the row whose customers are listed: m and a member's number, or nobody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from perennial.kernel.organisation.queries import House
from perennial.kernel.periods import Period, day_before
from perennial.pages.tags import day as written_day
from perennial.reports.weekly.periods import Span, period_with
from perennial.reports.weekly.terms import Row, RowKind
from perennial.team.terms import Holder, TargetKind

MOST_DAYS = 3 * 366
FIRST, LAST = date(1990, 1, 1), date(2200, 1, 1)
_HOLDER = re.compile(r"([mt])(\d{1,12})")


@dataclass(frozen=True)
class Chosen:
    """What the reader chose. `problem` says what of the address could not be read."""

    kind: TargetKind
    span: Span
    period: Period
    team_id: int | None = None
    open: str = ""
    problem: str = ""

    def query(self, **changes: object) -> str:
        """Return the choice as an address' query, with some of it changed."""
        chosen = replace(self, **changes)  # type: ignore[arg-type]  # the names of this class's own fields
        asked = {"kind": chosen.kind.value, "span": chosen.span.value}
        if chosen.span is Span.CUSTOM:
            asked |= {"from": chosen.period.since.isoformat(), "until": day_before(chosen.period.until).isoformat()}
        else:
            asked["on"] = chosen.period.since.isoformat()
        if chosen.team_id is not None:
            asked["team"] = str(chosen.team_id)
        if chosen.open:
            asked["open"] = chosen.open
        return urlencode(asked)


def read(query: QueryDict, place: House, today: date) -> Chosen:
    """Return what an address asks for; what cannot be read becomes the present quarter, with the reason."""
    kind, span = TargetKind.RENEWALS, Span.QUARTER
    if (name := query.get("kind", "")) in set(TargetKind):
        kind = TargetKind(name)
    if (name := query.get("span", "")) in set(Span):
        span = Span(name)
    team, opened, problem = query.get("team", ""), query.get("open", ""), ""
    period = period_with(day_at(query.get("on", "")) or today, span, place.fiscal_start_month)
    if span is Span.CUSTOM:
        days = days_at(query)
        problem = "" if days else _("The first and last day are written like 2026-10-01, at most three years apart.")
        span = span if days else Span.QUARTER
        period = days or period_with(today, span, place.fiscal_start_month)
    return Chosen(
        kind=kind,
        span=span,
        period=period,
        team_id=int(team) if team.isdecimal() and len(team) < 13 else None,
        open=opened if opened == RowKind.NOBODY or _HOLDER.fullmatch(opened) else "",
        problem=problem,
    )


def days_at(query: QueryDict) -> Period | None:
    """Return the days from `from` to `until`, both included; None where they cannot be."""
    since, last = day_at(query.get("from", "")), day_at(query.get("until", ""))
    if since is None or last is None or not 0 <= (last - since).days < MOST_DAYS:
        return None
    return Period(since, last + timedelta(days=1))


def day_at(text: str) -> date | None:
    """Read a day; None where it is none, or none of our time."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST <= day < LAST else None


def holder_at(text: str) -> Holder | None:
    """Read a holder: m12 is a member, t3 a team; None for anything else."""
    match = _HOLDER.fullmatch(text)
    if match is None:
        return None
    number = int(match[2])
    return Holder(member_id=number) if match[1] == "m" else Holder(team_id=number)


def written(holder: Holder) -> str:
    """Write a holder as addresses do."""
    return f"m{holder.member_id}" if holder.member_id is not None else f"t{holder.team_id}"


def mark_of(row: Row) -> str:
    """Return what `open` calls a row, "" where it cannot be opened."""
    if row.kind is RowKind.NOBODY:
        return RowKind.NOBODY.value
    return written(row.holder) if row.kind is RowKind.MEMBER and row.holder is not None else ""


def row_mark(row: Row) -> str:
    """Return what an address calls a row, so that its numbers open; "" where it has no name of its own."""
    if row.kind is RowKind.CUSTOMER:
        return f"c{row.customer_key}" if row.customer_key else ""
    return written(row.holder) if row.holder is not None else "" if row.kind is RowKind.MEMBER else row.kind.value


def row_at(top: Row, mark: str) -> Row | None:
    """Return the row that an address calls so; the whole table where it names none, None where there is no such row."""
    return next((row for row in top.walk() if row_mark(row) == mark), None) if mark else top


def label_of(period: Period, span: Span, place: House) -> str:
    """Write the period: Dec 2026, Q4 2026, 2026, or its first and last day."""
    if span is Span.MONTH:
        return written_day(period.since, "month")
    if span is Span.CUSTOM:
        return days_of(period)
    if span is Span.YEAR:
        if place.fiscal_start_month == 1:
            return str(period.since.year)
        return _("Business year %(year)d") % {"year": period.since.year}
    months = (period.since.month - place.fiscal_start_month) % 12
    year = period.since.year if period.since.month >= place.fiscal_start_month else period.since.year - 1
    return _("Q%(number)d %(year)d") % {"number": months // 3 + 1, "year": year}


def days_of(period: Period) -> str:
    """Write the first and the last day of a period."""
    return f"{written_day(period.since)} – {written_day(day_before(period.until))}"
