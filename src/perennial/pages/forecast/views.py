"""The forecast: how much of what is due will renew, by month, quarter, segment and CSM, and term by term."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from perennial.kernel.money import decimal_string
from perennial.kernel.periods import Period, month_of
from perennial.members import access
from perennial.pages.files import TYPES, download
from perennial.pages.forecast import tables
from perennial.pages.forecast.asked import ALL, TIMES, WHOSE, Asked
from perennial.pages.revenue.address import months_query
from perennial.pages.revenue.tables import Kpi
from perennial.pages.tags import day, money, number, percent
from perennial.reports import forecast, sheets
from perennial.reports.forecast import EDITS, By, Group, Told
from perennial.reports.forecast_figures import FIGURES

WAYS = {By.QUARTER: gettext_lazy("Quarter"), By.MONTH: gettext_lazy("Month"), By.OWNER: gettext_lazy("CSM"),
        By.SEGMENT: gettext_lazy("Segment")}  # fmt: skip


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show the forecast. At most twenty queries besides the frame's, however many terms."""
    asked = Asked(request)
    told = asked.told
    context: dict[str, Any] = {"chosen": asked.chosen,
                               "may": {"export": access.may(asked.member, "exports.run"),
                                       "import": access.may(asked.member, "imports.run")}}  # fmt: skip
    if told is None or not told.terms:
        return render(
            request, "forecast/empty.html", context | {"as_of": asked.chosen.as_of, "is_computed": told is not None}
        )
    return render(request, "forecast/page.html", context | _shown(asked, told))


def _shown(asked: Asked, told: Told) -> dict[str, Any]:
    chosen, period = asked.chosen, asked.period(told)
    (by_time, everything), (parts, whole) = forecast.groups_of(told, [(chosen.time, None), (chosen.by, period)])
    places = told.places(period, chosen.category)
    figures = tables.figures_of([*by_time, *parts, everything])
    label = tables.quarter_label(period) if period else _("All quarters")
    view, plain = tables.View(figures, told.currency, label), tables.View(figures, told.currency)
    listed = tables.listed(told, places, may_move=access.may(asked.member, EDITS))
    return {
        "told": told,
        "on": told.forecast.on,
        "label": label,
        "kpis": _kpis(whole, told, period),
        "chart_url": f"{reverse('forecast_chart')}?{chosen.query()}",
        "chart_title": _("What is due, and what will have renewed of it (%(currency)s)") % {"currency": told.currency},
        "figures": [(one, tables.explanation_url(one.key, {})) for one in figures],
        "times": [(f"?{chosen.query(time=one)}#time", WAYS[one], one is chosen.time) for one in TIMES],
        "whose": [(f"?{chosen.query(by=one)}#by", WAYS[one], one is chosen.by) for one in WHOSE],
        "time_label": WAYS[chosen.time],
        "by_label": WAYS[chosen.by],
        "time_rows": [_time_row(one, asked, told, view) for one in by_time],
        "everything": tables.row_of(everything, _("All quarters"), f"?{chosen.query(quarter=ALL)}", {}, view),
        "rows": [
            tables.row_of(one, tables.label_of(one, chosen.by, told), "", _named(one, chosen.by, period), plain)
            for one in parts
        ],
        "whole": tables.row_of(whole, label, "", _named(None, chosen.by, period), plain),
        "categories": [(f"?{chosen.query(category='')}#terms", _("All"), not chosen.category)]
        + [(f"?{chosen.query(category=one.key)}#terms", str(one.label), one.key == chosen.category)
           for one in figures if one.key in {"commit", "best_case", "at_risk", "signed_off", "renewed", "lost"}],
        "terms": listed,
        "left": len(places) - len(listed),
        "basis": basis(told),
        "export_terms": f"{reverse('forecast_export')}?{chosen.query()}",
        "export_time": f"{reverse('forecast_export')}?{chosen.query()}&table=time",
        "export_by": f"{reverse('forecast_export')}?{chosen.query()}&table=by",
        "today_url": f"?{chosen.query(as_of=None)}",
    }  # fmt: skip


def _time_row(group: Group, asked: Asked, told: Told, view: tables.View) -> tables.Row:
    period = period_of(group, asked.chosen.time, told)
    quarter = told.quarter_of(period.since).since
    url = f"?{asked.chosen.query(quarter=f'{quarter:%Y-%m}')}"
    return tables.row_of(group, tables.label_of(group, asked.chosen.time, told), url, months_query(period), view)


def period_of(group: Group, time: By, told: Told) -> Period:
    """Return the month or the quarter of a group."""
    since: Any = group.value
    return told.quarter_of(since) if time is By.QUARTER else month_of(since)


def _named(group: Group | None, by: By, period: Period | None) -> dict[str, str]:
    named = months_query(period) if period else {}
    if group is not None:
        named |= {"by": by.value, "value": "" if group.value is None else str(group.value)}
    return named


def _kpis(whole: Group, told: Told, period: Period | None) -> list[Kpi]:
    named = months_query(period) if period else {}
    fan, due = whole.fan, whole.amounts["due"]
    low, middle, high = forecast.counts(told, told.places(period))
    rest = due - whole.amounts["renewed"] - whole.amounts["lost"]
    eight_in_ten = _("8 in 10: {low} to {high}")
    notes = {
        "due": format_html(_("{n} terms"), n=number(whole.count)),
        "renewed": format_html(_("{open} still open"), open=money(rest, told.currency)),
        "middle": format_html(eight_in_ten, low=money(fan.low, told.currency), high=money(fan.high, told.currency)),
        "commit": format_html(
            _("{share} of what is due, with what renewed"),
            share=percent((whole.amounts["commit"] + whole.amounts["renewed"]) / due if due else None),
        ),
        "at_risk": _("below 70%% probability") % (),
        "count": format_html(eight_in_ten, low=number(low), high=number(high)),
    }
    texts = {key: money(tables.amount_of(whole, key), told.currency) for key in notes if key != "count"}
    texts["count"] = _("%(n)s of %(all)s") % {"n": number(middle), "all": number(whole.count)}
    return [Kpi(str(FIGURES[key].label), texts[key], tables.explanation_url(key, named), note)
            for key, note in notes.items()]  # fmt: skip


def basis(told: Told) -> list[str]:
    """Say what the forecast stands on, in sentences."""
    learned = told.forecast.learned
    said = [
        _("ARR without tax in %(currency)s, as of %(on)s. What comes due are the same terms as in the weekly meeting.")
        % {"currency": told.currency, "on": day(told.forecast.on)},
        _("Until health has evidence, the probability is the base rate: %(terms)s terms that ended before %(on)s, by "
          "segment, years with us and nearness of the due day. A renewal counts with its whole value due: what is "
          "taken off or added at renewal is not foretold.") % {"terms": number(learned.terms), "on": day(learned.on)},
    ]  # fmt: skip
    if learned.quarters:
        said.append(
            _("How far forecasts were off as a whole, and how much quarters differ, was learned from %(n)s closed "
              "quarters, %(rebuilt)s of them rebuilt.")
            % {"n": number(learned.quarters), "rebuilt": number(learned.rebuilt)}
        )  # fmt: skip
    else:
        said.append(_("No frozen week has a closed quarter yet: the width of the fan is an assumption."))
    said.append(_("Calls move a term's category. They do not change its probability."))
    return said


@require_GET
def chart(request: HttpRequest) -> JsonResponse:
    """Answer the fan by month or quarter, as charts.js draws it."""
    asked = Asked(request)
    told = asked.told
    if told is None:
        return JsonResponse({"kind": "band", "x": [], "series": [], "format": {}, "summary": ""})
    found, _whole = forecast.groups(told, asked.chosen.time)

    def major(key: str) -> list[float]:
        return [float(Decimal(decimal_string(tables.amount_of(one, key), told.currency))) for one in found]

    return JsonResponse({
        "kind": "band",
        "x": [tables.label_of(one, asked.chosen.time, told) for one in found],
        "series": [
            {"name": str(FIGURES["middle"].label), "values": major("middle"), "low": major("low"),
             "high": major("high")},
            {"name": str(FIGURES["due"].label), "values": major("due"), "tone": "none"},
            {"name": str(FIGURES["renewed"].label), "values": major("renewed"), "tone": "good"},
        ],
        "format": {"style": "currency", "currency": told.currency},
        "summary": _("Expected with the range of 8 in 10 cases, what is due, and what renewed so far."),
    })  # fmt: skip


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Answer what is shown as a file: the terms, or with `table` the months, quarters, segments or CSMs."""
    asked = Asked(request)
    told, format = asked.told, request.POST.get("format", sheets.CSV)
    if told is None or format not in TYPES:
        raise Http404
    chosen, period, table = asked.chosen, asked.period(told), request.GET.get("table", "")
    notes = [(_("Basis"), one) for one in basis(told)]
    notes += [(str(one.label), str(one.definition)) for one in FIGURES.values()]
    if table in {"time", "by"}:
        by = chosen.time if table == "time" else chosen.by
        found, whole = forecast.groups(told, by, None if table == "time" else period)
        sheet, name = tables.sheet_of_groups(found, whole, by, told, notes), f"by-{by}"
    else:
        sheet, name = tables.sheet_of_terms(told, told.places(period, chosen.category), notes), "terms"
    on = told.forecast.on.isoformat()
    return download(sheet, format=format, name=f"forecast-{name}-{on}", kind="forecast.exported", member=asked.member,
                    asked={"as_of": on, "table": table or "terms", "quarter": chosen.quarter})  # fmt: skip
