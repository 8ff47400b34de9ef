"""The charts of one customer's usage: their rows as JSON for charts.js."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from perennial.blueprint.terms import MetricUnit
from perennial.customers.catalogue import FIELDS
from perennial.pages import tags
from perennial.pages.customer.page import CHARTS, find
from perennial.reports import customer_usage
from perennial.reports.customer_file import File
from perennial.usage import own
from perennial.usage.own import OwnMetric

LINES = {"users": ("active_users_7d", "active_users_28d"), "logins": ("logins_7d",), "breadth": ("breadth_28d",)}


@require_GET
def chart(request: HttpRequest, key: str, metric: str) -> JsonResponse:
    """Answer with a chart of the 13 weeks up to the as-of day."""
    file = find(request, key)
    mine = next((one for one in own.served() if one.key == metric), None)
    if mine is not None:
        return JsonResponse(_own(file, mine))
    if metric not in CHARTS:
        raise Http404
    return JsonResponse(_events(file) if metric == "events" else _lines(file, LINES[metric], str(CHARTS[metric])))


def _lines(file: File, keys: Sequence[str], summary: str) -> dict[str, Any]:
    found = customer_usage.metric_lines(file.customer.pk, file.on, keys)
    names = {"active_users_7d": gettext("7 days"), "active_users_28d": gettext("28 days")}
    series = [{"name": names.get(key, str(FIELDS[key].label)), "values": found.metrics[key]} for key in keys]
    return {"kind": "line", "x": [tags.day(day, "short") for day in found.days], "series": series, "summary": summary}


def _own(file: File, one: OwnMetric) -> dict[str, Any]:
    found, name = customer_usage.metric_lines(file.customer.pk, file.on, [one.key]), tags.wording(one.label)
    drawn = {"kind": "line", "x": [tags.day(day, "short") for day in found.days], "summary": name,
             "series": [{"name": name, "values": found.metrics[one.key]}]}  # fmt: skip
    return drawn | (
        {"format": {"style": "percent", "maximumFractionDigits": 1}} if one.unit == MetricUnit.RATIO else {}
    )


def _events(file: File) -> dict[str, Any]:
    found = customer_usage.core_events(file.customer.pk, file.on)
    series = [
        {"name": gettext("Other features"), "values": values, "tone": "none"}
        if name is None
        else {"name": name, "values": values}
        for name, values in found.features.items()
    ]
    return {"kind": "bar", "stacked": True, "x": [tags.day(day, "short") for day in found.days], "series": series,
            "summary": str(CHARTS["events"])}  # fmt: skip
