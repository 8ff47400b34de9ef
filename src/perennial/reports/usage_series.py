"""The usage explorer: one metric over time, of all customers that a member sees or in parts, and who is behind it.

A metric of a day looks back over its own window, so a point is the value of its day and nothing is summed over days.
Over customers a metric is summed where that means something, else the median customer is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from perennial.kernel.periods import add_months
from perennial.lake.terms import day_date
from perennial.members.models import Member
from perennial.reports.usage_parts import Breakdown, Part, Parts, named, rows_seen
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


NOBODY, NOTHING = Value(None, 0), Value(0, 0)


def last_on(on: date) -> date | None:
    """Return the last day up to the as-of day that has values; None before any."""
    computed = analysis.last_computed_on()
    return None if computed is None else min(computed, on)


def series(metric: str, days: Sequence[date], parts: Parts) -> Series:
    """Return a metric on some days; days before the first value of anybody are left out. No query, one by feature.

    By feature where it counts events, each feature a part, the one with most of the last day first; any other metric
    stays whole.
    """
    if parts.breakdown is Breakdown.FEATURE:
        whole = series(metric, days, Parts(Breakdown.NONE, parts.customer_ids, []))
        return _by_feature(whole) if analysis.is_by_feature(metric) else whole
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


def _by_feature(whole: Series) -> Series:
    found: dict[str, dict[date, Value]] = {}
    for one in analysis.features_on(whole.metric, whole.days, whole.parts.customer_ids):
        found.setdefault(one.feature, {})[day_date(one.day)] = Value(one.events, one.customers)
    lines = {
        feature: [NOBODY if all.value is None else values.get(day, NOTHING)
                  for day, all in zip(whole.days, whole.all, strict=True)]
        for feature, values in found.items()
    }  # fmt: skip
    order = sorted(lines, key=lambda one: ([-(value.value or 0) for value in reversed(lines[one])], one))
    parts = Parts(Breakdown.FEATURE, whole.parts.customer_ids, [Part(one, one, None) for one in order])
    return replace(whole, parts=parts, by_part=[lines[one] for one in order])


@dataclass(frozen=True, slots=True)
class Behind:
    """A customer behind a point, with its own value of that day."""

    key: str
    name: str
    owner: str
    value: float


@dataclass(frozen=True, slots=True)
class Point:
    """What a point is made of: its part (None: everybody), and the customers with their own values, the largest
    first."""

    part: Part | None
    rows: Sequence[Behind]


def behind(
    member: Member, metric: str, on: date, parts: Parts, value: str | None, *, leaving: bool = False
) -> Point | None:
    """Return what the point of a day is made of, of the part of this `value` (None: everybody); None where there is no
    such part. One query, two by feature."""
    if value is None:
        return Point(None, _rows(member, _values(metric, on, parts.customer_ids), leaving=leaving))
    if parts.breakdown is Breakdown.FEATURE:
        if not analysis.is_by_feature(metric):
            return None
        counts = analysis.of_feature(metric, value, parts.customer_ids, on=on)
        return Point(Part(value, value, None), _rows(member, counts, leaving=leaving)) if counts else None
    part = next((one for one in parts.parts if one.value == value), None)
    if part is None:
        return None
    return Point(part, _rows(member, _values(metric, on, part.customer_ids or ()), leaving=leaving))


def _values(metric: str, on: date, customer_ids: Sequence[int]) -> dict[int, float]:
    """Return a metric of some customers on a day; whose value is not known is left out. No query."""
    found = usage.values_on(on, sorted(set(customer_ids))) if customer_ids else {}
    return {customer: value for customer, values in found.items() if (value := values.get(metric)) is not None}


def _rows(member: Member, values: Mapping[int, float], *, leaving: bool) -> list[Behind]:
    who = named(member, rows_seen(member, leaving=leaving))
    found = [Behind(*who[customer], value) for customer, value in values.items() if customer in who]
    return sorted(found, key=lambda one: (-one.value, one.name))
