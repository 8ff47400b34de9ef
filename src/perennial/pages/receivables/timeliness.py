"""The page of timeliness: who collects in time, opening to the steps, with its file."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from perennial.contracts.calculations.timeliness import Timely
from perennial.kernel.money import decimal_string, decimals_of
from perennial.kernel.periods import day_before
from perennial.members import access
from perennial.pages.files import TYPES, download
from perennial.pages.receivables.asked import Request
from perennial.pages.weekly import address
from perennial.pages.weekly.address import Chosen
from perennial.reports import sheets
from perennial.reports.timeliness import Item, Line, Timeliness, timeliness
from perennial.reports.weekly.periods import Span, period_with

MOST_STEPS = 300
SPANS = (Span.MONTH, Span.QUARTER, Span.YEAR)


def _asked(request: HttpRequest) -> tuple[Request, Chosen, Timeliness]:
    asked = Request(request)
    chosen = address.read(request.GET, asked.place, asked.today)
    return asked, chosen, timeliness(asked.member, chosen.period, place=asked.place, on=asked.today)


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show the table; `open` lists the steps of a CSM or a team."""
    asked, chosen, found = _asked(request)
    here = reverse("receivables_timeliness")
    inside = asked.today if asked.today in chosen.period else chosen.period.since
    labels = {Span.MONTH: _("Month"), Span.QUARTER: _("Quarter"), Span.YEAR: _("Year")}
    first = asked.place.fiscal_start_month
    steps = {"before": day_before(chosen.period.since), "after": chosen.period.until}
    shown: dict[str, Any] = {
        "found": found, "chosen": chosen, "currency": asked.place.currency, "today": asked.today,
        "label": address.label_of(chosen.period, chosen.span, asked.place), "days": address.days_of(chosen.period),
        "lines": [_line(line, depth, chosen, here) for line, depth in _walk(found.top, 0)], "basis": basis_of(asked),
        "spans": [(f"{here}?{chosen.query(span=span, period=period_with(inside, span, first), open='')}", labels[span],
                   span is chosen.span) for span in SPANS],
        "may": {"export": access.may(asked.member, "exports.run")},
        "export": f"{reverse('receivables_timeliness_export')}?{chosen.query()}", "most": MOST_STEPS,
    }  # fmt: skip
    if chosen.span is not Span.CUSTOM:
        shown |= {name: f"{here}?{chosen.query(period=period_with(day, chosen.span, first))}"
                  for name, day in steps.items()}  # fmt: skip
    return render(request, "receivables/timeliness.html", shown)


def _walk(line: Line, depth: int) -> Iterator[tuple[Line, int]]:
    yield line, depth
    for below in line.below:
        yield from _walk(below, depth + 1)


def _line(line: Line, depth: int, chosen: Chosen, here: str) -> dict[str, Any]:
    is_open = bool(line.mark) and line.mark == chosen.open
    return {
        "line": line, "sum": line.sum, "depth": depth, "name": name_of(line), "is_open": is_open,
        "url": f"{here}?{chosen.query(open='' if is_open else line.mark)}" if line.mark and line.items else "",
        "items": _latest(line.items)[:MOST_STEPS] if is_open else [], "left": max(0, len(line.items) - MOST_STEPS),
    }  # fmt: skip


def _latest(items: list[Item]) -> list[Item]:
    """The worst first: by money × days."""
    return sorted(items, key=lambda item: -(item.timely.late_days + item.timely.owed_days))


def name_of(line: Line) -> str:
    """Return what a line is called."""
    return _("All") if not line.mark else _("Nobody") if line.mark == "nobody" else line.name


def basis_of(asked: Request) -> str:
    """Say what the figures are."""
    return _(
        "Of the steps whose last day (due day and credit days) lies in the period and has passed, with tax as plans "
        "state them, in %(currency)s, as known on %(day)s: due = on time + late + still owed + written off. Days late "
        "are weighted by the money; in time counts as 0 days. A customer counts for its present CSM."
    ) % {"currency": asked.place.currency, "day": asked.today.isoformat()}


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Answer every step with its sums as a file."""
    asked, chosen, found = _asked(request)
    format = request.POST.get("format", sheets.CSV)
    if not access.may(asked.member, "exports.run") or format not in TYPES:
        raise Http404
    period = chosen.period
    return download(
        sheet_of(found, asked), format=format, name=f"timeliness-{period.since}-to-{day_before(period.until)}",
        kind="receivables.exported", member=asked.member,
        asked={"from": period.since.isoformat(), "until": period.until.isoformat(), "what": "timeliness"},
    )  # fmt: skip


FIRST = 5
"""The column of the first amount."""


def sheet_of(found: Timeliness, asked: Request) -> sheets.Sheet:
    """Return a row for each step, then live sums for each CSM and for all."""
    currency = asked.place.currency
    heads = [_("Due"), _("On time"), _("Late"), _("Still owed"), _("Written off")]
    headings = [_("CSM"), _("Customer"), _("Contract"), _("Last day"), _("Received"),
                *(f"{head} ({currency})" for head in heads), _("On time, share"), _("Days late, mean"),
                _("Owed for days, mean")]  # fmt: skip
    lines: list[list[sheets.Cell]] = []
    places: dict[int, list[int]] = {}
    tops = [line for line, _depth in _walk(found.top, 0) if line.items]
    for line in tops:
        for item in line.items:
            step = item.row.step
            places.setdefault(id(line), []).append(len(lines))
            lines.append(
                [
                    name_of(line),
                    item.row.customer.name,
                    step.contract,
                    step.last_day,
                    step.received_on,
                    *(_amount(minor, currency) for minor in _amounts(item.timely)),
                    *_means(item.timely),
                ]
            )
    whole = list(range(len(lines)))
    for line in tops:
        lines.append(_summed(_("Total %(name)s") % {"name": name_of(line)}, places[id(line)], line.sum, currency))
    lines.append(_summed(_("Total"), whole, found.top.sum, currency))
    return sheets.Sheet(headings, lines, [(_("Basis"), basis_of(asked))], money_from=FIRST,
                        money_until=FIRST + len(heads), decimals=decimals_of(currency))  # fmt: skip


def _summed(label: str, places: list[int], one: Timely, currency: str) -> list[sheets.Cell]:
    sums = [sheets.total(FIRST + at, places, _amount(minor, currency)) for at, minor in enumerate(_amounts(one))]
    return [label, *[None] * (FIRST - 1), *sums, *_means(one)]


def _amounts(one: Timely) -> tuple[int, ...]:
    return (one.due, one.on_time, one.late, one.owed, one.written_off)


def _amount(minor: int, currency: str) -> Decimal:
    return Decimal(decimal_string(minor, currency))


def _means(one: Timely) -> list[sheets.Cell]:
    return [_decimal(one.share), _decimal(one.average), _decimal(one.open_average)]


def _decimal(value: Fraction | None) -> Decimal | None:
    return None if value is None else round(Decimal(value.numerator) / value.denominator, 4)
