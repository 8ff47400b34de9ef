"""The usage explorer: one metric over time, of all customers that a member sees or in parts, and who is behind it.

A metric of a day looks back over its own window, so a point is the value of its day and nothing is summed over days.
Over customers a metric is summed where that means something, else the median customer is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from perennial.blueprint import queries as blueprint
from perennial.customers.access import visible_fields
from perennial.customers.catalogue import FIELDS, Field
from perennial.kernel.periods import add_months
from perennial.lake.terms import day_date
from perennial.members.models import Member
from perennial.reports.usage_parts import Parts, named, rows_seen
from perennial.usage import analysis
from perennial.usage import queries as usage


class Stretch(StrEnum):
    """How far back, and how dense."""

    WEEKS_13 = "13w"
    WEEKS_26 = "26w"
    MONTHS_12 = "12m"
    MONTHS_24 = "24m"

    @property
    def label(self) -> str | Promise:
        """Return what it is called."""
        return {
            "13w": _("13 weeks"), "26w": _("26 weeks"), "12m": _("12 months"), "24m": _("24 months"),
        }[self.value]  # fmt: skip

    def days(self, on: date) -> list[date]:
        """Return the days of its points, oldest first: every seventh, or the last of each month, and `on` itself."""
        count = int(self.value[:-1])
        if self.value.endswith("w"):
            return [on - timedelta(days=7 * back) for back in range(count, -1, -1)]
        month = on.replace(day=1)
        ends = [add_months(month, 1 - back) - timedelta(days=1) for back in range(count, 0, -1)]
        return sorted({*(day for day in ends if day < on), on})


@dataclass(frozen=True, slots=True)
class Value:
    """What a point says: the sum or the median, None where no customer's value is known, and of how many it is."""

    value: float | None
    known: int


@dataclass(frozen=True)
class Series:
    """A metric on some days. `all` and each part's values go along with `days`; no parts without a breakdown."""

    metric: str
    days: Sequence[date]
    adds_up: bool
    parts: Parts
    all: Sequence[Value]
    by_part: Sequence[Sequence[Value]]


NOBODY = Value(None, 0)


def metrics_of(member: Member) -> list[str]:
    """Return the metrics that a member may see, in the blueprint's order."""
    fields = visible_fields(member)
    return [one.key for one in blueprint.metrics() if one.key in fields]


def field_of(metric: str) -> Field:
    """Return a metric as the catalogue of fields has it."""
    return FIELDS[metric]


def adds_up(metric: str) -> bool:
    """Return whether a metric is summed over customers; else the median customer stands for them."""
    return analysis.adds_up(metric)


def last_on(on: date) -> date | None:
    """Return the last day up to the as-of day that has values; None before any."""
    computed = analysis.last_computed_on()
    return None if computed is None else min(computed, on)


def series(metric: str, days: Sequence[date], parts: Parts) -> Series:
    """Return a metric on some days; days before the first value of anybody are left out. No query."""
    found: Mapping[tuple[int | None, date], Value] = {
        (one.part, day_date(one.day)): Value(one.value, one.known)
        for one in analysis.points(metric, days, parts.pairs())
    }
    known = [day for day in days if (None, day) in found]
    shown = [day for day in days if known and day >= known[0]]
    return Series(
        metric,
        shown,
        analysis.adds_up(metric),
        parts,
        [found.get((None, day), NOBODY) for day in shown],
        [[found.get((place, day), NOBODY) for day in shown] for place in range(len(parts.parts))],
    )


@dataclass(frozen=True, slots=True)
class Behind:
    """A customer behind a point, with its own value of that day."""

    key: str
    name: str
    owner: str
    value: float


def behind(
    member: Member, metric: str, on: date, customer_ids: Sequence[int], *, leaving: bool = False
) -> list[Behind]:
    """Return the customers whose values a point is made of, the largest value first. One query."""
    wanted = set(customer_ids)
    values = usage.values_on(on, sorted(wanted)) if wanted else {}
    found = [
        Behind(*who, value)
        for customer, who in named(member, rows_seen(member, leaving=leaving)).items()
        if customer in wanted and (value := values.get(customer, {}).get(metric)) is not None
    ]
    return sorted(found, key=lambda one: (-one.value, one.name))
