"""The explorer: one metric over time, drawn and as a table of the same numbers; each opens to its customers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from perennial.customers.catalogue import FIELDS
from perennial.members import access
from perennial.pages import tags
from perennial.pages.files import TYPES, download
from perennial.pages.usage import address, behind, drawing
from perennial.pages.usage.address import Chosen
from perennial.pages.usage.frame import (
    Asking,
    changed,
    exact,
    label_of,
    notes_of,
    nothing,
    over,
    written,
)
from perennial.reports import sheets, usage_metrics, usage_parts, usage_series
from perennial.reports.usage_metrics import Told
from perennial.reports.usage_parts import Breakdown
from perennial.reports.usage_series import Series, Stretch, Value

MOST_LINES = 5
MOST_COLUMNS = 8
Write = Callable[[float | None], str]


@dataclass(frozen=True)
class Cell:
    """A number of the table, with the address of its customers ("" for unknown) and its column's name."""

    text: str
    url: str
    label: str


@dataclass(frozen=True)
class Row:
    """A day of the table."""

    day: str
    cells: list[Cell]
    change: str
    known: str


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show a metric over time. Four queries at most besides the frame's, however many customers."""
    asking = Asking.of(request)
    metrics = usage_metrics.metrics_of(asking.member)
    if asking.on is None or not metrics:
        return nothing(request, asking, "usage")
    breakdowns = usage_parts.breakdowns_of(asking.member)
    chosen = address.read(request.GET, metrics, breakdowns)
    metric, found = usage_metrics.told(chosen.metric), _series(asking, asking.on, chosen)
    return render(request, "usage/explorer.html", {
        **asking.context("usage"),
        "chosen": chosen,
        "metric": metric,
        "sql": usage_metrics.sql_of(chosen.metric, asking.on),
        "metrics": _offered(metrics),
        "periods": [(one.value, one.label, one is chosen.stretch) for one in Stretch],
        "breakdowns": [(one.value, _by(one)) for one in breakdowns],
        "over": over(found.adds_up),
        "is_product": chosen.by is Breakdown.PRODUCT,
        "is_feature": chosen.by is Breakdown.FEATURE,
        "export": f"{reverse('usage_export')}?{chosen.query()}",
        **(_told(found, metric, chosen) if found.days else {}),
    })  # fmt: skip


def _offered(keys: Sequence[str]) -> list[tuple[str | Promise, list[tuple[str, str | Promise]]]]:
    """Return the metrics to choose from in their groups: those that ship, and the company's own where it has any."""
    groups = usage_metrics.by_origin(keys)
    named = ((_("Shipped"), groups[0]), (_("Own metrics"), groups[1]))
    return [(name, [(key, FIELDS[key].label) for key in found]) for name, found in named if found]


def _by(one: Breakdown) -> str:
    return str(one.label) if one is Breakdown.NONE else _("By %(part)s") % {"part": one.label}


def _series(asking: Asking, on: date, chosen: Chosen, *, leaving: bool = False) -> Series:
    return usage_series.series(chosen.metric, chosen.stretch.days(on), asking.parts(chosen.by, leaving=leaving))


def _told(found: Series, metric: Told, chosen: Chosen) -> dict[str, Any]:
    write = partial(written, unit=metric.unit, is_median=not found.adds_up)
    names = [label_of(part, found.parts.breakdown) for part in found.parts.parts]
    columns: list[tuple[str, str | None, Sequence[Value]]] = [(_("All"), None, found.all)]
    columns += [(name, part.value, values) for name, part, values
                in zip(names, found.parts.parts[:MOST_COLUMNS], found.by_part, strict=False)]  # fmt: skip
    drawn = columns[1 : MOST_LINES + 1] if found.parts.parts else columns
    form = "month" if chosen.stretch in (Stretch.MONTHS_12, Stretch.MONTHS_24) else "short"
    largest = max((value.value or 0 for _name, _part, values in drawn for value in values), default=0.0)
    lines = [
        [
            drawing.Dot(value.value, f"{name} · {tags.day(day)}: {write(value.value)}",
                        _url(chosen, day, part))
            if value.value is not None else None
            for day, value in zip(found.days, values, strict=True)
        ]
        for name, part, values in drawn
    ]  # fmt: skip
    title = _title(found, metric, write)
    return {
        "title": title,
        "legend": [name for name, _part, _values in drawn] if found.parts.parts else [],
        "drawing": drawing.lines(drawing.Lines(
            [tags.day(day, form) for day in found.days], lines,
            [(at, written(at, metric.unit)) for at in drawing.ticks_up_to(largest)], title,
        )),
        "headings": [name for name, _part, _values in columns],
        "rows": _rows(found, chosen, columns, write),
        "left": max(0, len(found.parts.parts) - MOST_COLUMNS),
        "undrawn": max(0, min(len(found.parts.parts), MOST_COLUMNS) - MOST_LINES),
    }  # fmt: skip


def _title(found: Series, metric: Told, write: Write) -> str:
    last = found.all[-1].value
    told = {"metric": metric.label, "value": write(last), "on": tags.day(found.days[-1])}
    if found.parts.breakdown is not Breakdown.NONE:
        return _("%(metric)s, by %(part)s") % {"metric": metric.label, "part": found.parts.breakdown.label}
    first = found.all[0].value
    if not first or last is None or len(found.days) < 2:
        return _("%(metric)s: %(value)s on %(on)s") % told
    return _("%(metric)s: %(value)s on %(on)s, %(change)s since %(first)s") % {
        **told, "change": changed(last, first), "first": tags.day(found.days[0]),
    }  # fmt: skip


def _rows(
    found: Series, chosen: Chosen, columns: Sequence[tuple[str, str | None, Sequence[Value]]], write: Write
) -> list[Row]:
    rows: list[Row] = []
    for place, day in enumerate(found.days):
        cells = [
            Cell(write(values[place].value),
                 _url(chosen, day, part) if values[place].known else "", name)
            for name, part, values in columns
        ]  # fmt: skip
        now, before = found.all[place].value, found.all[place - 1].value if place else None
        change = changed(now, before) if now is not None and before is not None else tags.UNKNOWN
        rows.append(Row(tags.day(day), cells, change, tags.number(found.all[place].known)))
    return rows[::-1]


def _url(chosen: Chosen, day: date, part: str | None) -> str:
    return f"{reverse('usage_customers')}?{chosen.query(on=day, value=part)}"


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Answer what is shown as a file: the series with all its parts, or with `on` the customers behind a point.

    The file holds the customers that the member may export.
    """
    asking = Asking.of(request)
    metrics, format = usage_metrics.metrics_of(asking.member), request.POST.get("format", sheets.CSV)
    if not access.may(asking.member, "exports.run") or format not in TYPES or not metrics or asking.on is None:
        raise Http404
    if "on" in request.GET:
        opened = behind.Opened.of(request, leaving=True)
        chosen, sheet, days = opened.chosen, behind.sheet_of(opened), opened.on.isoformat()
    else:
        chosen = address.read(request.GET, metrics, usage_parts.breakdowns_of(asking.member))
        sheet, days = _sheet(_series(asking, asking.on, chosen, leaving=True), asking.on), chosen.stretch.value
    return download(
        sheet, format=format, name=f"usage-{chosen.metric.replace('_', '-')}-{days}", kind="usage.exported",
        member=asking.member, asked=dict(request.GET.items()),
    )  # fmt: skip


def _sheet(found: Series, on: date) -> sheets.Sheet:
    names = [label_of(part, found.parts.breakdown) for part in found.parts.parts]
    rows: list[list[sheets.Cell]] = [
        [day, exact(found.all[place].value), *(exact(values[place].value) for values in found.by_part),
         found.all[place].known]
        for place, day in enumerate(found.days)
    ]  # fmt: skip
    return sheets.Sheet([_("Day"), _("All"), *names, _("Customers measured")], rows,
                        notes_of(usage_metrics.told(found.metric), on))  # fmt: skip
