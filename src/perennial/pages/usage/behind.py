"""The customers behind a point of the explorer: whose values it is made of, each with its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from perennial.pages.usage import address
from perennial.pages.usage.address import Chosen
from perennial.pages.usage.frame import (
    MOST_LISTED,
    Asking,
    exact,
    label_of,
    notes_of,
    over,
    who_cells,
    who_headings,
    written,
)
from perennial.reports import sheets, usage_metrics, usage_parts, usage_series
from perennial.reports.usage_metrics import Told
from perennial.reports.usage_parts import Part
from perennial.reports.usage_series import Behind


@dataclass(frozen=True)
class Opened:
    """A point: what is chosen, its day and part (None: everybody), and its customers."""

    chosen: Chosen
    metric: Told
    on: date
    part: Part | None
    rows: Sequence[Behind]
    tells_owners: bool

    @property
    def label(self) -> str:
        """Return what the part is called, "" for everybody."""
        return label_of(self.part, self.chosen.by) if self.part else ""

    @classmethod
    def of(cls, request: HttpRequest, *, leaving: bool = False) -> Opened:
        """Read an address.

        :raises Http404: there is no such point for the member.
        """
        asking = Asking.of(request)
        metrics = usage_metrics.metrics_of(asking.member)
        on = address.day_at(request.GET.get("on", ""))
        if not metrics or on is None or asking.on is None or on > asking.on:
            raise Http404
        chosen = address.read(request.GET, metrics, usage_parts.breakdowns_of(asking.member))
        if request.GET.get("metric", chosen.metric) != chosen.metric:
            raise Http404
        parts = asking.parts(chosen.by, leaving=leaving)
        found = usage_series.behind(asking.member, chosen.metric, on, parts, request.GET.get("value"), leaving=leaving)
        if found is None:
            raise Http404
        return cls(chosen, usage_metrics.told(chosen.metric), on, found.part, found.rows, asking.sees_owners)


@require_GET
def customers(request: HttpRequest) -> HttpResponse:
    """List the customers behind a point, each with its own value of that day."""
    if "on" not in request.GET:
        return redirect("usage")
    opened = Opened.of(request)
    metric = opened.metric
    query = opened.chosen.query(on=opened.on, value=opened.part.value if opened.part else None)
    return render(request, "usage/customers.html", {
        "opened": opened,
        "metric": metric,
        "over": over(metric.adds_up),
        "rows": [(one, written(one.value, metric.unit)) for one in opened.rows[:MOST_LISTED]],
        "left": max(0, len(opened.rows) - MOST_LISTED),
        "may": Asking.of(request).may(),
        "back": f"{reverse('usage')}?{opened.chosen.query()}",
        "export": f"{reverse('usage_export')}?{query}",
    })  # fmt: skip


def sheet_of(opened: Opened) -> sheets.Sheet:
    """Return the customers behind a point as a file."""
    owners = opened.tells_owners
    rows = [[*who_cells(one, owners=owners), exact(one.value)] for one in opened.rows]
    notes = [(_("Day"), opened.on.isoformat()), *notes_of(opened.metric, opened.on)]
    if opened.label:
        notes.append((str(opened.chosen.by.label), opened.label))
    return sheets.Sheet([*who_headings(owners=owners), str(opened.metric.label)], rows, notes)
