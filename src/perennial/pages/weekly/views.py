"""The weekly meeting: are we on target, where is the gap, who needs help?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from perennial.kernel.periods import day_before
from perennial.members import access
from perennial.pages.files import TYPES, download
from perennial.pages.tags import money as short_money
from perennial.pages.tags import percent
from perennial.pages.weekly import address, file, opening, table, words
from perennial.pages.weekly.address import Chosen
from perennial.pages.weekly.asked import Asked
from perennial.pages.weekly.targets import SETTING
from perennial.reports import sheets
from perennial.reports.weekly.behind import behind
from perennial.reports.weekly.periods import Span, period_with
from perennial.reports.weekly.terms import Figure, RowKind, Sheet
from perennial.team.access import holders_of


@dataclass(frozen=True)
class Tile:
    """One kind at a glance; it leads to the kind's table."""

    label: str
    url: str
    is_current: bool
    share: str
    note: str
    tone: str


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show one kind's table with all kinds at a glance; htmx gets the part that changes."""
    asked = Asked(request)
    chosen, found = asked.chosen, asked.tables()
    urls = {"page": reverse("weekly"), "explanation": reverse("weekly_explanation"),
            "target": f"{reverse('weekly_target')}?{chosen.query(open='')}"}  # fmt: skip
    sheet = found[chosen.kind]
    may = {"set": SETTING, "export": "exports.run", "import": "imports.run"}
    context: dict[str, Any] = {
        "chosen": chosen,
        "sheet": sheet,
        "label": asked.label,
        "kind_label": words.KINDS[chosen.kind],
        "last": day_before(chosen.period.until),
        "days": address.days_of(chosen.period),
        "here": f"{urls['page']}?{chosen.query()}",
        "table": table.table_of(sheet, chosen, urls),
        "tiles": [_tile(one, chosen) for one in found.values()],
        "passed": percent(sheet.passed),
        "time_left": max(0, (chosen.period.until - max(asked.today, chosen.period.since)).days),
        "spans": _spans(asked),
        "before": _step(asked, back=True),
        "after": _step(asked, back=False),
        "teams": table.team_choices(holders_of(asked.member, "revenue.read"), chosen, urls["page"]),
        "rate_text": _rate_text(sheet),
        "settings": asked.settings,
        "late_days": asked.late_days,
        "due_url": f"{urls['explanation']}?{chosen.query(open='')}&figure={Figure.DUE}",
        "is_empty": sheet.top.kind is RowKind.ALL and not sheet.top.below,
        "has_target": any(Figure.TARGET in row.cents for row in sheet.top.walk()),
        "may": {key: access.may(asked.member, ability) for key, ability in may.items()},
        "export": f"{reverse('weekly_export')}?{chosen.query()}",
    }
    return render(request, "weekly/sheet.html" if request.headers.get("HX-Request") else "weekly/page.html", context)


def _tile(sheet: Sheet, chosen: Chosen) -> Tile:
    top = sheet.top
    done, target = top.cents.get(Figure.DONE), top.cents.get(Figure.TARGET)
    return Tile(
        label=str(words.KINDS[sheet.kind]),
        url=f"{reverse('weekly')}?{chosen.query(kind=sheet.kind, open='')}",
        is_current=sheet.kind is chosen.kind,
        share=percent(top.share_done) if top.share_done is not None else _short(done, sheet),
        note=format_html(_("{done} of {target}"), done=_short(done, sheet), target=_short(target, sheet))
        if target is not None
        else _("no target")
        if done is not None
        else _("no data yet"),
        tone=table.tone_of(top.share_done, sheet.passed),
    )


def _rate_text(sheet: Sheet) -> str:
    """Say how much of what was due is renewed, with the bounds that what is open leaves (analytics 3.4)."""
    rate = sheet.top.renewal_rate
    if rate is None:
        return ""
    return _("Renewal rate by amount: %(low)s so far, at most %(high)s if all that is open renews.") % {
        "low": percent(rate[0], 1), "high": percent(rate[1], 1)}  # fmt: skip


def _short(cents: int | None, sheet: Sheet) -> str:
    return short_money(cents, sheet.currency)


def _spans(asked: Asked) -> list[tuple[str, str, bool]]:
    labels = {Span.MONTH: _("Month"), Span.QUARTER: _("Quarter"), Span.YEAR: _("Year")}
    chosen = asked.chosen
    inside = asked.today if asked.today in chosen.period else chosen.period.since
    found = []
    for span, label in labels.items():
        period = period_with(inside, span, asked.place.fiscal_start_month)
        query = chosen.query(span=span, period=period, open="")
        found.append((f"{reverse('weekly')}?{query}", label, span is chosen.span))
    return found


def _step(asked: Asked, *, back: bool) -> str:
    """Return the address of the period before or after; "" for days of one's own."""
    chosen = asked.chosen
    if chosen.span is Span.CUSTOM:
        return ""
    day = chosen.period.since - timedelta(days=1) if back else chosen.period.until
    if not address.FIRST <= day < address.LAST:
        return ""
    period = period_with(day, chosen.span, asked.place.fiscal_start_month)
    return f"{reverse('weekly')}?{chosen.query(period=period)}"


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Answer what is shown as a file, to the cent; with `figure`, the customers behind an amount."""
    asked = Asked(request)
    format = request.POST.get("format", sheets.CSV)
    if not access.may(asked.member, "revenue.read") or format not in TYPES:
        raise Http404
    sheet, period = asked.table(), asked.chosen.period
    days = f"{period.since:%Y-%m-%d}-to-{day_before(period.until):%Y-%m-%d}"
    data = {"kind": sheet.kind.value, "from": period.since.isoformat(), "until": period.until.isoformat()}
    if "figure" in request.GET:
        row, figure = opening.asked_for(request, sheet)
        written = file.file_of_customers(behind(row, figure), figure, row, sheet, asked.settings)
        data |= {"figure": figure.value, "row": address.row_mark(row)}
        name = f"{sheet.kind}-{figure}-{days}"
    else:
        written, name = file.file_of(sheet, asked.chosen, asked.label, asked.settings), f"{sheet.kind}-{days}"
    return download(written, format=format, name=name, kind="weekly.exported", member=asked.member, asked=data)
