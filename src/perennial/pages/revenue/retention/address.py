"""What an address of retention asks for: the ledger as its member sees it, read once, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache, cached_property
from urllib.parse import urlencode

from django.http import Http404, HttpRequest
from django.urls import reverse

from perennial.contracts.calculations.cohorts import Cohort, Step
from perennial.contracts.calculations.courses import Move
from perennial.kernel.organisation.queries import house
from perennial.members import access
from perennial.pages.revenue import address, opening
from perennial.reports import cohorts, renewal_rate, retention, revenue
from perennial.reports.renewal_rate import By
from perennial.reports.retention import Told, Trend
from perennial.reports.retention_figures import FIGURES
from perennial.reports.revenue_figures import RATES, Figure


@cache
def _address_of(name: str) -> str:
    return reverse(f"revenue_retention{name}")


def _past_day(text: str, today: date) -> date | None:
    """Read a day before the present one; None where it is none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day < today else None


class Asked:
    """A request, with what it asks for. The ledger, the cohorts and the terms are read when they are first needed."""

    def __init__(self, request: HttpRequest) -> None:
        self.get = request.GET
        self.member, self.book = opening.member_of(request), opening.book_of(request)
        self.chosen = opening.chosen_of(request, self.book)
        self.today = self.book.as_of
        self.asked_on = _past_day(self.get.get("as_of", ""), self.book.as_of)
        if self.asked_on is not None:
            self.book = replace(self.book, as_of=self.asked_on)
        self.may = {"import": access.may(self.member, "imports.run"), "export": access.may(self.member, "exports.run")}
        self.step = Step(self.get["step"]) if self.get.get("step") in set(Step) else Step.QUARTER
        self.offered = renewal_rate.offered(self.member)
        named = self.get.get("by", By.MONTH.value)
        self.by = next((one for one in self.offered if one.value == named), By.MONTH)

    @cached_property
    def moves(self) -> list[Move]:
        """Return the ledger. One query."""
        return retention.moves_of(self.book)

    @cached_property
    def retention(self) -> Told:
        """Return the year's retention."""
        return retention.told(self.book, self.moves, self.chosen.span.until, self.chosen.by)

    @cached_property
    def trend(self) -> Trend:
        """Return the trend alone."""
        last = revenue.trailing_year(self.book, self.chosen.span.until).until
        return retention.trend(self.book, self.moves, last)

    @cached_property
    def cohorts(self) -> cohorts.Told:
        """Return the cohorts."""
        return cohorts.told(self.book, self.moves, self.step)

    @cached_property
    def renewals(self) -> renewal_rate.Told:
        """Return the terms that were due."""
        place = house()
        found = renewal_rate.due(self.book, self.chosen.span, place, is_past=self.asked_on is not None)
        return renewal_rate.told(self.book, found, self.chosen.span, self.by, place.fiscal_start_month)

    @cached_property
    def rate(self) -> Figure:
        """Return which of the three rates the heat map tells: GRR where the address names none."""
        return next((one for one in RATES if one.key == self.get.get("rate")), FIGURES["grr"])

    def cohort(self) -> Cohort:
        """Return the cohort that the address names.

        :raises Http404: nobody began then.
        """
        month = address.month_at(self.get.get("first", ""))
        found = cohorts.cohort_of(self.cohorts, month.since) if month else None
        if found is None:
            raise Http404
        return found

    def age(self, cohort: Cohort) -> int:
        """Return the age that the address names.

        :raises Http404: the cohort is not that old.
        """
        text = self.get.get("age", "0")
        if not (text.isascii() and text.isdigit() and len(text) <= 4) or int(text) >= len(cohort.ages):
            raise Http404
        return int(text)

    def part(self) -> renewal_rate.Part:
        """Return the terms that the address names: of a part, or all.

        :raises Http404: no term has the value.
        """
        if "value" not in self.get:
            return self.renewals.whole
        found = renewal_rate.part_of(self.renewals, self.get["value"])
        if found is None:
            raise Http404
        return found

    def query_today(self, **named: object) -> str:
        """Return an address' query with the period and the rates of this one, as of today."""
        period = {"period": self.chosen.period}
        if self.chosen.period == address.CUSTOM:
            period |= address.months_query(self.chosen.span)
        return urlencode({**period, **self.chosen.rates, **named})

    @property
    def past(self) -> str:
        """Return what an address adds that tells a day before the present one."""
        return "" if self.asked_on is None else f"&as_of={self.asked_on.isoformat()}"

    @cached_property
    def _kept(self) -> str:
        return f"{self.query_today()}{self.past}"

    def query(self, **named: object) -> str:
        """Return an address' query with the period and the rates of this one."""
        return f"{self._kept}&{urlencode(named)}" if named else self._kept

    def to(self, name: str, **named: object) -> str:
        """Return the address of another view of retention."""
        return f"{_address_of(name)}?{self.query(**named)}"

    def ends_on(self, cohort: Cohort, age: int) -> date:
        """Return the day on which a cell is told."""
        return cohorts.ends_on(self.book, cohort, self.step, age)
