"""How good the forecast was: error, interval, categories, calls, and what is known from when."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from perennial.insights.accuracy import Judged, Slipped
from perennial.insights.calculations.accuracy import LEADS, Calibration
from perennial.insights.terms import REBUILD
from perennial.kernel.money import decimal_string, decimals_of
from perennial.kernel.queue import actions as queue
from perennial.members import access
from perennial.members.models import Member
from perennial.pages.files import TYPES, download
from perennial.pages.forecast.tables import quarter_label
from perennial.pages.forecast.views import ways
from perennial.pages.tags import UNKNOWN, exact_money, money, number, percent, signed
from perennial.renewals.terms import RENEWED, Outcome
from perennial.reports import forecast, sheets
from perennial.reports.forecast import Record
from perennial.reports.forecast_figures import CATEGORIES

REBUILDS = "settings.manage"


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show how good the forecasts were that the member sees."""
    member = cast(Member, access.member_of(request))
    found = forecast.record(member, at=timezone.now())
    any_fan = any(one.fan for judged in found.found.leads.values() for one in judged)
    may = {"export": access.may(member, "exports.run"), "rebuild": access.may(member, REBUILDS) and found.missing > 0}
    return render(request, "forecast/accuracy.html", {
        "ways": ways("forecast_accuracy"),
        "found": found,
        "may": may,
        "is_empty": not any_fan,
        "leads": LEADS,
        "quarters": _quarters(found),
        "summary": [(lead, *_summary(found, lead)) for lead in LEADS],
        "calibration": [(CATEGORIES[category], _calibrated(one))
                        for category, one in found.found.calibration.items() if one],
        "outcomes": [_("Renewed"), _("Lost"), _("Open"), _("No longer due")],
        "slippage": [(CATEGORIES[one.category], _slipped(one)) for one in found.found.slippage if _count(one)],
        "scored": [
            (found.members.get(one.owner_id or 0, "") or _("Nobody"), number(one.count), number(one.moved),
             number(Decimal(one.model), 3), number(Decimal(one.called), 3) if one.moved else UNKNOWN)
            for one in found.found.scored
        ],
        "export": reverse("forecast_accuracy_export"),
    })  # fmt: skip


def _quarters(found: Record) -> list[tuple[str, str, str, list[tuple[str, str, bool]]]]:
    rows = []
    for at, first in enumerate(found.found.leads[LEADS[0]]):
        cells = [_error(found.found.leads[lead][at], found) for lead in LEADS]
        rows.append((quarter_label(first.quarter), money(first.actual, found.currency),
                     exact_money(first.actual, found.currency), cells))  # fmt: skip
    return rows[::-1]


def _error(one: Judged, found: Record) -> tuple[str, str, bool]:
    """Return an error, what was said then, and whether the week was rebuilt."""
    if one.fan is None:
        return UNKNOWN, _("no week was frozen"), False
    said = " / ".join(exact_money(amount, found.currency) for amount in (one.fan.low, one.fan.middle, one.fan.high))
    return (UNKNOWN if one.error is None else f"{signed(one.error * 100)} %", said, one.is_rebuilt)


def _summary(found: Record, lead: int) -> tuple[str, str, str, str]:
    """Return of a lead: mean absolute error, coverage, its interval, mean pinball loss."""
    judged = [one for one in found.found.leads[lead] if one.fan]
    errors = [abs(one.error) for one in judged if one.error is not None]
    losses = [one.loss for one in judged if one.loss is not None]
    covered = found.found.coverage[lead]
    return (
        percent(sum(errors) / len(errors), 1) if errors else UNKNOWN,
        _("%(inside)s of %(count)s") % {"inside": number(covered.inside), "count": number(covered.count)},
        f"{percent(covered.interval[0])} – {percent(covered.interval[1])}" if covered.interval else UNKNOWN,
        money(round(sum(losses) / len(losses)), found.currency) if losses else UNKNOWN,
    )


def _calibrated(one: Calibration) -> dict[str, Any]:
    low, high = one.interval or (0.0, 1.0)
    return {"expected": percent(one.expected, 1), "actual": percent(one.kept / one.count, 1),
            "interval": f"{percent(low)} – {percent(high)}", "count": number(one.count),
            "is_off": not low <= one.expected <= high}  # fmt: skip


def _slipped(one: Slipped) -> list[str]:
    renewed = sum(one.counts[outcome] for outcome in RENEWED)
    return [number(n) if n else UNKNOWN
            for n in (renewed, one.counts[Outcome.LOST], one.counts[Outcome.OPEN], one.gone)]  # fmt: skip


def _count(one: Slipped) -> int:
    return sum(one.counts.values()) + one.gone


@require_POST
def rebuild(request: HttpRequest) -> HttpResponse:
    """Have past weeks made anew in the background."""
    queue.enqueue_once(REBUILD, at=timezone.now())
    return redirect(f"{reverse('forecast_accuracy')}?rebuilding=1")


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Answer each judged week as a row of a file."""
    member, format = cast(Member, access.member_of(request)), request.POST.get("format", sheets.CSV)
    if format not in TYPES:
        raise Http404
    found = forecast.record(member, at=timezone.now())
    headings = [_("Quarter"), _("Weeks before its end"), _("Week"), _("Rebuilt"), _("10%"), _("Expected"), _("90%"),
                _("Renewed"), _("Error"), _("Inside"), _("Pinball loss")]  # fmt: skip
    rows = [_line(one, found) for lead in LEADS for one in found.found.leads[lead]]
    sheet = sheets.Sheet(headings, rows, [(_("Currency"), found.currency)], money_from=4, money_until=8,
                         decimals=decimals_of(found.currency))  # fmt: skip
    return download(sheet, format=format, name="forecast-accuracy", kind="forecast.exported", member=member,
                    asked={"table": "accuracy"})  # fmt: skip


def _line(one: Judged, found: Record) -> list[sheets.Cell]:
    fan = one.fan
    amounts: list[sheets.Cell] = [Decimal(decimal_string(minor, found.currency))
                                  for minor in ((fan.low, fan.middle, fan.high) if fan else ())]  # fmt: skip
    inside = None if fan is None else int(fan.low <= one.actual <= fan.high)
    return [
        quarter_label(one.quarter), one.lead, one.week_on, _("yes") if one.is_rebuilt else _("no"),
        *(amounts or [None] * 3), Decimal(decimal_string(one.actual, found.currency)),
        None if one.error is None else round(Decimal(one.error), 4), inside,
        None if one.loss is None else round(Decimal(one.loss) / 10 ** decimals_of(found.currency), 2),
    ]  # fmt: skip
