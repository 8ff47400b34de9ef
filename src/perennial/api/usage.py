"""Usage over many customers: the rows of the analysis pages, of the customers that the key's member sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from django.http import HttpRequest
from django.utils import timezone
from django.utils.encoding import force_str
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from perennial.api.keys import caller
from perennial.api.wire import Day
from perennial.kernel.organisation.queries import house
from perennial.reports import usage_metrics, usage_parts, usage_series
from perennial.reports.usage_asked import Asked
from perennial.reports.usage_parts import Breakdown, Part, Parts
from perennial.reports.usage_series import Stretch, Value

router = Router(tags=["usage"])
MOST = 10_000_000
Row = TypeVar("Row")


class Paged(Schema):
    """Which rows: `after` the mark of the next page."""

    after: int = Field(0, ge=0, le=MOST)
    limit: int = Field(100, ge=1, le=1000)


def paged(rows: Sequence[Row], asked: Paged) -> tuple[Sequence[Row], str | None]:
    """Return one page of rows that are all known, and the mark of the next (None on the last)."""
    end = asked.after + asked.limit
    return rows[asked.after : end], str(end) if end < len(rows) else None


class Asking(Asked):
    """Who asks with a key."""

    @classmethod
    def of(cls, request: HttpRequest) -> Asking:
        """Return who asks and of which day."""
        return cls.by(caller(request, "customers.read"), house(), timezone.now())

    def who(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """Return key, name and owner of some rows."""
        return [{"key": one.key, "name": one.name, "owner_name": one.owner or None} for one in rows]

    def metric(self, key: str) -> str:
        """Return a metric that the member may see.

        :raises HttpError: there is none of that name, or it is hidden: the two look alike.
        """
        if key not in usage_metrics.metrics_of(self.member):
            raise HttpError(400, f"There is no metric {key[:60]}. /usage/metrics names them.")
        return key

    def parts_by(self, by: Breakdown, metric: str) -> Parts:
        """Return the customers that the member sees, in parts.

        :raises HttpError: the member may not tell them apart by that, or the metric cannot be.
        """
        if by is Breakdown.FEATURE and not usage_metrics.told(metric).by_feature:
            raise HttpError(400, f"{metric} does not count events, so it cannot be told apart by feature.")
        if by not in usage_parts.breakdowns_of(self.member):
            raise HttpError(400, f"There is no field {by.value}.")
        return self.parts(by)


@router.get("/usage/metrics", url_name="usage_metrics")
def metrics(request: HttpRequest) -> dict[str, Any]:
    """The metrics that may be asked for, with their definitions."""
    asking = Asking.of(request)
    return {"metrics": [described(key) for key in usage_metrics.metrics_of(asking.member)]}


def described(key: str) -> dict[str, Any]:
    """Return a metric's name, definition and unit, whether it is summed over customers, and whether by feature."""
    found = usage_metrics.told(key)
    return {
        "key": key,
        "label": force_str(found.label),
        "definition": found.definition.text("en"),
        "formula": force_str(found.formula),
        "unit": found.unit.value,
        "is_own": found.is_own,
        "adds_up": found.adds_up,
        "by_feature": found.by_feature,
    }


class SeriesQuery(Schema):
    """A metric, how far back, and what customers are told apart by."""

    metric: str = Field(max_length=100)
    period: Stretch = Stretch.WEEKS_13
    by: Breakdown = Breakdown.NONE


@router.get("/usage/series", url_name="usage_series")
def series(request: HttpRequest, query: Query[SeriesQuery]) -> dict[str, Any]:
    """A metric over time: every seventh day (13w, 26w) or the last of each month (12m, 24m), and the last day that has
    values. With `by`, told apart by segment, tier, owner or product; by product a customer counts under each. What
    counts events (`by_feature`) is told apart by feature too, each event under its feature, or its own name where it
    has none. `sql` is how the metric of the last day is computed."""
    asking = Asking.of(request)
    metric = asking.metric(query.metric)
    parts = asking.parts_by(query.by, metric)
    told = {"as_of": asking.on, **described(metric), "by": query.by.value}
    if asking.on is None:
        return {**told, "sql": None, "parts": [_part(one) for one in parts.parts], "rows": []}
    found = usage_series.series(metric, query.period.days(asking.on), parts)
    return {
        **told,
        "sql": usage_metrics.sql_of(metric, asking.on),
        "parts": [_part(one) for one in found.parts.parts],
        "rows": [
            {"day": day, **_value(found.all[place]), "parts": [_value(line[place]) for line in found.by_part]}
            for place, day in enumerate(found.days)
        ],
    }


def _part(one: Part) -> dict[str, Any]:
    return {"value": one.value, "label": one.label, "customers": one.customers}


def _value(one: Value) -> dict[str, Any]:
    return {"value": one.value, "known": one.known}


class PointQuery(Paged):
    """A point of a series: its day, and with `by` and `value` its part; without `value` everybody's."""

    metric: str = Field(max_length=100)
    on: Day
    by: Breakdown = Breakdown.NONE
    value: str | None = Field(None, max_length=200)


@router.get("/usage/series/customers", url_name="usage_series_customers")
def behind(request: HttpRequest, query: Annotated[PointQuery, Query()]) -> dict[str, Any]:
    """The customers behind a point of a series, each with its own value of that day, the largest first."""
    asking = Asking.of(request)
    metric = asking.metric(query.metric)
    parts = asking.parts_by(query.by, metric)
    if asking.on is None or query.on > asking.on:
        raise HttpError(400, f"`on` lies after the last day that has values: {asking.on or 'there is none yet'}.")
    found = usage_series.behind(asking.member, metric, query.on, parts, query.value)
    if found is None:
        raise HttpError(400, "There is no part of this `value`. /usage/series with the same `by` names them.")
    rows, mark = paged(found.rows, query)
    customers = [{**who, "value": one.value} for who, one in zip(asking.who(rows), rows, strict=True)]
    return {"as_of": query.on, "metric": metric, "customers": customers, "next": mark}
