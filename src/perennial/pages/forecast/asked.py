"""What a forecast's address asks for: `?quarter=2026-10` (its first month, or all), `time=month`, `by=segment`,
`category=commit`, `as_of=2026-09-28`. What cannot be read is as if it were not there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from urllib.parse import urlencode

from django.http import HttpRequest

from perennial.kernel.periods import Period
from perennial.pages.asking import Asking
from perennial.pages.revenue.address import month_at
from perennial.reports import forecast
from perennial.reports.forecast import By, Told
from perennial.reports.forecast_figures import PARTS

ALL = "all"
TIMES, WHOSE = (By.QUARTER, By.MONTH), (By.OWNER, By.SEGMENT)


@dataclass(frozen=True)
class Chosen:
    """The choice: `quarter` None is the quarter of the day, ALL every one."""

    quarter: str = ""
    time: By = By.QUARTER
    by: By = By.OWNER
    category: str = ""
    as_of: date | None = None

    def query(self, **other: object) -> str:
        """Return the choice as an address' query, with something chosen otherwise."""
        one = replace(self, **other)  # type: ignore[arg-type]
        asked = {
            "quarter": one.quarter, "time": one.time.value if one.time is not TIMES[0] else "",
            "by": one.by.value if one.by is not WHOSE[0] else "", "category": one.category,
            "as_of": one.as_of.isoformat() if one.as_of else "",
        }  # fmt: skip
        return urlencode({key: value for key, value in asked.items() if value})


class Asked(Asking):
    """The member who asks, what he chose, and the forecast as he sees it."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        query = request.GET
        month, category = month_at(query.get("quarter", "")), query.get("category", "")
        self.chosen = Chosen(
            quarter=ALL if query.get("quarter") == ALL else month.since.strftime("%Y-%m") if month else "",
            time=_one_of(TIMES, query.get("time", "")),
            by=_one_of(WHOSE, query.get("by", "")),
            category=category if category in PARTS[1:] else "",
            as_of=_day(query.get("as_of", "")),
        )

    @cached_property
    def told(self) -> Told | None:
        """Return the forecast; None where there is none of that day."""
        return forecast.told(self.member, at=self.at, as_of=self.chosen.as_of, place=self.place)

    def period(self, told: Told) -> Period | None:
        """Return the quarter that is looked at; None for all."""
        if self.chosen.quarter == ALL:
            return None
        month = month_at(self.chosen.quarter)
        return told.quarter_of(month.since if month else told.forecast.on)


def _one_of(offered: tuple[By, ...], text: str) -> By:
    return next((one for one in offered if one.value == text), offered[0])


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
