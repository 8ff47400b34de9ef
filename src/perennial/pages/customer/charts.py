"""The charts of one customer's usage: their rows as JSON for charts.js."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from perennial.blueprint.terms import MetricUnit
from perennial.customers.catalogue import FIELDS
from perennial.lake.terms import day_date
from perennial.pages import tags
from perennial.pages.customer.page import find
from perennial.pages.customer.usage import CHARTS, asked_group
from perennial.reports import customer_group, customer_usage
from perennial.reports.customer_file import File
from perennial.reports.customer_group import Group
from perennial.reports.customer_usage import Lines, Stack
from perennial.usage import calendar, own
from perennial.usage.own import OwnMetric

LINES = {"users": ("active_users_7d", "active_users_28d"), "logins": ("logins_7d",), "breadth": ("breadth_28d",)}

WEEKLY = "weekly"


@require_GET
def chart(request: HttpRequest, key: str, metric: str) -> JsonResponse:
    """Answer with a chart of the 13 weeks up to the as-of day; with `?of=group` of the customer's whole group."""
    file = find(request, key)
    shown = _Shown(file, asked_group(file, request))
    mine = next((one for one in own.served() if one.key == metric), None)
    if mine is not None:
        return JsonResponse(_own(shown, mine))
    if metric == WEEKLY and shown.group is None:
        return JsonResponse(_weekly(shown.file))
    if metric not in CHARTS:
        raise Http404
    return JsonResponse(_events(shown) if metric == "events" else _lines(shown, LINES[metric], str(CHARTS[metric])))


@dataclass(frozen=True)
class _Shown:
    """Whose usage is drawn: a customer's, or that of its whole group."""

    file: File
    group: Group | None

    def lines(self, keys: Sequence[str]) -> Lines:
        """Return metrics of 13 weeks."""
        if self.group is not None:
            return customer_group.lines(self.group, keys, self.file.on)
        return customer_usage.metric_lines(self.file.customer.pk, self.file.on, keys)

    def core_events(self) -> Stack:
        """Return core events of 13 weeks by feature."""
        if self.group is not None:
            return customer_group.core_events(self.group, self.file.on)
        return customer_usage.core_events(self.file.customer.pk, self.file.on)


def _lines(shown: _Shown, keys: Sequence[str], summary: str) -> dict[str, Any]:
    found = shown.lines(keys)
    names = {"active_users_7d": gettext("7 days"), "active_users_28d": gettext("28 days")}
    series = [{"name": names.get(key, str(FIELDS[key].label)), "values": found.metrics[key]} for key in keys]
    return {"kind": "line", "x": [tags.day(day, "short") for day in found.days], "series": series, "summary": summary}


def _weekly(file: File) -> dict[str, Any]:
    found = calendar.of_customer(file.customer.pk, file.on)
    series = [
        {"name": gettext("As counted"), "values": [one.users for one in found.weeks]},
        {"name": gettext("After calendar adjustment"), "values": [one.adjusted for one in found.weeks]},
    ]
    return {"kind": "line", "x": [tags.day(day_date(one.day), "short") for one in found.weeks],
            "series": series[: 1 + found.is_adjusted], "summary": gettext("Weekly users of 13 weeks")}  # fmt: skip


def _own(shown: _Shown, one: OwnMetric) -> dict[str, Any]:
    found, name = shown.lines([one.key]), tags.wording(one.label)
    drawn = {"kind": "line", "x": [tags.day(day, "short") for day in found.days], "summary": name,
             "series": [{"name": name, "values": found.metrics[one.key]}]}  # fmt: skip
    return drawn | (
        {"format": {"style": "percent", "maximumFractionDigits": 1}} if one.unit == MetricUnit.RATIO else {}
    )


def _events(shown: _Shown) -> dict[str, Any]:
    found = shown.core_events()
    series = [
        {"name": gettext("Other features"), "values": values, "tone": "none"}
        if name is None
        else {"name": name, "values": values}
        for name, values in found.features.items()
    ]
    return {"kind": "bar", "stacked": True, "x": [tags.day(day, "short") for day in found.days], "series": series,
            "summary": str(CHARTS["events"])}  # fmt: skip
