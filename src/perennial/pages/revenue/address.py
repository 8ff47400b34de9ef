"""Which months a Revenue address asks for: `?period=12m`, `?period=2024`, `?period=custom&from=2024-01&until=2024-06`.

Months are written 2024-05; `until` is the last month that is shown. `month` opens one of them in the chart; `by` is
what retention is told apart by; `rates=constant` values every amount at the rates of the as-of day; `view=reported`
tells the ledger as it was reported. `segment=Retail`, `owner=3` and the other fields of `by` narrow everything to such
customers; an empty value is "not known".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from perennial.contracts.terms import View
from perennial.kernel.periods import Period, add_months, month_of, months_between
from perennial.reports.retention_by import Dimension

LAST_12, CUSTOM = "12m", "custom"
CONSTANT = {"rates": "constant"}
"""What an address says of amounts that are all valued at the same rates."""
REPORTED = {"view": View.REPORTED.value}
"""What an address says of the ledger as it was reported."""
MOST_MONTHS = 120
_MONTH = re.compile(r"(20\d\d|19\d\d)-(0[1-9]|1[0-2])")
_YEAR = re.compile(r"20\d\d|19\d\d")


@dataclass(frozen=True)
class Chosen:
    """The months asked for. `month` is the one that the chart opens; `problem` says what could not be read."""

    period: str
    span: Period
    month: Period | None = None
    by: Dimension = Dimension.TIER
    problem: str = ""
    rates: Mapping[str, str] = field(default_factory=dict)
    whose: Mapping[str, str] = field(default_factory=dict)

    @property
    def kept(self) -> dict[str, str]:
        """Return what every address on says again: at which rates, and whose revenue."""
        return {**self.rates, **self.whose}

    @property
    def charted(self) -> Period:
        """Return what the chart tells: the month that was opened, or all of them."""
        return self.month or self.span

    def query(self, *, month: Period | None = None, by: Dimension | None = None) -> str:
        """Return the choice as an address' query, with a month opened or none, told apart by something else or not."""
        asked = {"period": self.period}
        if self.period == CUSTOM:
            asked |= months_query(self.span)
        if month is not None:
            asked["month"] = written(month)
        if (by or self.by) is not Dimension.TIER:
            asked["by"] = (by or self.by).value
        return urlencode(asked | self.kept)


def written(month: Period) -> str:
    """Write a month as addresses do."""
    return f"{month.since:%Y-%m}"


def months_query(span: Period) -> dict[str, str]:
    """Return whole months as the two parts of a query."""
    return {"from": f"{span.since:%Y-%m}", "until": f"{add_months(span.until, -1):%Y-%m}"}


def rates_at(query: QueryDict) -> Mapping[str, str]:
    """Return how the address wants the ledger told: `CONSTANT`, `REPORTED`, both or nothing."""
    return {name: value for name, value in (CONSTANT | REPORTED).items() if query.get(name) == value}


def whose_at(query: QueryDict) -> dict[str, str]:
    """Return whose revenue an address asks for: by field, a value of it."""
    asked = {one.value: query.get(one.value) for one in Dimension if one is not Dimension.PRODUCT}
    return {key: value[:200] for key, value in asked.items() if value is not None}


def read(query: QueryDict, today: date) -> Chosen:
    """Return what an address asks for; what cannot be read becomes the last 12 months, with the reason."""
    return replace(_read(query, today), rates=rates_at(query), whose=whose_at(query))


def _read(query: QueryDict, today: date) -> Chosen:
    period, by = query.get("period", LAST_12), dimension_at(query.get("by", "")) or Dimension.TIER
    month = month_at(query.get("month", ""))
    if _YEAR.fullmatch(period):
        return _of(period, Period(date(int(period), 1, 1), date(int(period) + 1, 1, 1)), month, by)
    if period == CUSTOM:
        first, last = month_at(query.get("from", "")), month_at(query.get("until", ""))
        problem = _problem(first, last)
        if not problem and first and last:
            return _of(CUSTOM, Period(first.since, last.until), month, by)
        return Chosen(LAST_12, last_12(today), by=by, problem=problem)
    return _of(LAST_12, last_12(today), month, by)


def _of(period: str, span: Period, month: Period | None, by: Dimension) -> Chosen:
    return Chosen(period, span, month if month is not None and month.since in span else None, by)


def dimension_at(text: str) -> Dimension | None:
    """Read what retention is told apart by; None where it is nothing of the kind."""
    return Dimension(text) if text in set(Dimension) else None


def _problem(first: Period | None, last: Period | None) -> str:
    if first is None or last is None:
        return _("A month is written like 2024-05. Here are the last 12 months.")
    if last.since < first.since:
        return _("The first month lies after the last one. Here are the last 12 months.")
    if months_between(first.since, last.until) > MOST_MONTHS:
        return _("At most 120 months fit on the page. Here are the last 12 months.")
    return ""


def last_12(today: date) -> Period:
    """Return the twelve months that end with the day's."""
    until = month_of(today).until
    return Period(add_months(until, -12), until)


def month_at(text: str) -> Period | None:
    """Read a month; None where it is none."""
    return month_of(date.fromisoformat(f"{text}-01")) if _MONTH.fullmatch(text) else None


def span_at(query: QueryDict, today: date) -> Period:
    """Return the months from `from` to `until` of an address behind a number; the last 12 where it names none."""
    first, last = month_at(query.get("from", "")), month_at(query.get("until", ""))
    return last_12(today) if first is None or last is None or _problem(first, last) else Period(first.since, last.until)
