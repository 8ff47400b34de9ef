"""Exchange rates: written as sources state them, read as what an amount of another currency is worth on a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Max, Min, Q
from django.utils.translation import gettext as _

from perennial.contracts.calculations.exchange import DatedRates, MissingRate, Quote, dated_rates
from perennial.contracts.models import Rate
from perennial.kernel import versions
from perennial.kernel.journal import actions as journal
from perennial.kernel.organisation.queries import house
from perennial.kernel.versions import Counted, Incoming

MOST = 10**9
"""No currency is worth that many of another; a rate beyond it was typed wrong."""


@dataclass(frozen=True)
class Exchange:
    """What amounts are worth in `currency`. Rates are read when the first foreign amount comes: one query that tells
    whether any changed, and one for each other currency whose rates this process has not read since.

    `fixed_on`: every amount at that day's rates, so that nothing moves but what customers did ("constant currency").
    """

    currency: str
    fixed_on: date | None = None

    @classmethod
    def of_house(cls) -> Exchange:
        """Return the organisation's. One query."""
        return cls(house().currency)

    def fixed(self, day: date) -> Exchange:
        """Return the same at the rates of one day. What is fixed already stays."""
        return self if self.fixed_on is not None else replace(self, fixed_on=day)

    @cached_property
    def _last(self) -> UUID | None:
        return Rate.objects.order_by("-id").values_list("fact", flat=True).first()

    def rate(self, currency: str, day: date) -> Fraction:
        """Return what one minor unit of `currency` is worth on the day in minor units of ours.

        :raises MissingRate: no rate is that old.
        """
        if currency == self.currency:
            return Fraction(1)
        return _rates_between(self.currency, currency, self._last).on(currency, self.fixed_on or day)

    def value(self, amount: Fraction | int, currency: str, day: date) -> Fraction:
        """Return what an amount is worth on the day; nothing needs no rate.

        :raises MissingRate: no rate is that old.
        """
        if currency == self.currency or not amount:
            return amount if isinstance(amount, Fraction) else Fraction(amount)
        return amount * self.rate(currency, day)

    def refusal(self, currency: str, day: date) -> str | None:
        """Return why an amount of the day cannot be kept: its currency has no rate then. None where it has."""
        if self.knows(currency, day):
            return None
        return _("The amount is in %(theirs)s, and no exchange rate to %(ours)s is known on %(day)s. Import rates.") % {
            "theirs": currency, "ours": self.currency, "day": day}  # fmt: skip

    def knows(self, currency: str, day: date) -> bool:
        """Say whether an amount of the day can be valued."""
        try:
            self.rate(currency, day)
        except MissingRate:
            return False
        return True


@lru_cache(maxsize=64)
def _rates_between(ours: str, theirs: str, _last: UUID | None) -> DatedRates:
    """Return the rates between two currencies, over any third. `_last` names the last version written: what is kept
    holds until another is. One query."""
    either = Q(base__in=[ours, theirs]) | Q(currency__in=[ours, theirs])
    rows = Rate.objects.current().filter(either).order_by("on", "id").values_list("base", "currency", "on", "rate")
    return dated_rates(ours, [Quote(base, currency, on, Fraction(rate)) for base, currency, on, rate in rows])


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair of currencies as a source quotes it: its latest rate, from which day on, and how many days are known."""

    base: str
    currency: str
    source: str
    on: date
    rate: str
    days: int
    first_on: date


def pairs() -> list[Pair]:
    """Return every pair that is quoted, by name. Two queries."""
    rows = Rate.objects.current().values("base", "currency", "source")
    counted = list(
        rows.annotate(days=Count("id"), first_on=Min("on"), last_on=Max("on")).order_by("base", "currency", "source")
    )
    latest = Q(pk__in=())
    for one in counted:
        latest |= Q(base=one["base"], currency=one["currency"], source=one["source"], on=one["last_on"])
    told = {(row.base, row.currency, row.source): row.rate for row in Rate.objects.current().filter(latest)}
    return [
        Pair(one["base"], one["currency"], one["source"], one["last_on"],
             told[one["base"], one["currency"], one["source"]], one["days"], one["first_on"])
        for one in counted
    ]  # fmt: skip


def check_rate(values: Mapping[str, Any]) -> str | None:
    """Return why a rate with these values (Rate's columns) cannot be kept, None where it can. No query."""
    if values["base"] == values["currency"]:
        return _("A rate is between two currencies; %(code)s stands on both sides.") % {"code": values["base"]}
    if not 0 < Fraction(values["rate"]) < MOST:
        return _("%(rate)s is no exchange rate.") % {"rate": values["rate"]}
    return None


@transaction.atomic
def keep_rates(rows: Sequence[Incoming], *, source: str, by: int, at: datetime) -> Counted:
    """Write rates that a member typed or brought, with a journal entry where any is new or another than before: all
    that is valued by them is computed anew."""
    counted = write_rates(rows, source=source, at=at)
    if counted.new or counted.changed:
        data = {"new": counted.new, "changed": counted.changed, "source": source}
        journal.record("rates.written", by=by, at=at, data=data)
    return counted


def write_rates(rows: Sequence[Incoming], *, source: str, at: datetime, import_id: int | None = None) -> Counted:
    """Write rates of one source; the values are Rate's columns. A pair has one rate a day in a source: another one for
    it is the next version. Return counts."""
    named = [replace(row, external_id="{base}/{currency} {on}".format(**row.values)) for row in rows]
    return versions.write(Rate, named, source=source, at=at, import_id=import_id)
