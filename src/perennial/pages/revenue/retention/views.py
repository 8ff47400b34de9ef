"""Retention: how much stays, told three ways, apart and over time; the renewal rate by due day; cohorts. Each page
reads the ledger, or the terms, once."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from perennial.pages.files import TYPES, download
from perennial.pages.revenue import by, views
from perennial.pages.revenue import tables as revenue_tables
from perennial.pages.revenue.address import months_query
from perennial.pages.revenue.retention import files, heat, tables
from perennial.pages.revenue.retention.address import Asked
from perennial.pages.revenue.tables import Kpi
from perennial.pages.tags import UNKNOWN, day, exact_money, percent
from perennial.reports import cohorts, renewal_rate, retention_by, revenue, sheets
from perennial.reports.renewal_rate import By
from perennial.reports.retention_figures import DIRECTIONS, FIGURES
from perennial.reports.revenue_figures import RATES

MOST_LISTED = 500


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show the year's retention. At most eight queries besides the frame's, however many customers."""
    asked = Asked(request)
    if not asked.moves:
        return render(request, "revenue/empty.html", {"may": asked.may})
    told = asked.retention
    level = told.trend.windows[-1].churned if told.trend.windows else None
    trend = Kpi(str(FIGURES["churned"].label), percent(level, 1), asked.to("_explanation", figure="churned"),
                str(DIRECTIONS[told.trend.direction]))  # fmt: skip
    return render(request, "revenue/retention/page.html", {
        **_frame(asked),
        "periods": views.periods(asked.book, asked.chosen, asked.moves[0].on),
        "currencies": views.currencies(asked.book, asked.chosen),
        "kpis": [*tables.kpis(asked), trend],
        "ways": tables.ways(asked),
        "year": revenue_tables.days_of(told.year),
        "trend": tables.trend_rows(asked),
        "chart_title": tables.trend_title(told.trend),
        "chart_url": asked.to("_chart", what="trend"),
        "by": by.table_of(told.apart, asked.chosen, told.year, asked.book.currency,
                          retention_by.dimensions_of(asked.member)),
        "export": asked.to("_export", table="ways"),
        "export_by": asked.to("_export", table="by", by=asked.chosen.by.value),
        "export_trend": asked.to("_export", table="trend"),
    })  # fmt: skip


def _frame(asked: Asked) -> dict[str, Any]:
    return {"may": asked.may, "book": asked.book, "chosen": asked.chosen, "months": months_query(asked.chosen.span),
            "settings": revenue_tables.settings_of(asked.book)}  # fmt: skip


@require_GET
def renewals(request: HttpRequest) -> HttpResponse:
    """Show the renewal rate by due day. At most fourteen queries besides the frame's, for 500 customers."""
    asked = Asked(request)
    since = revenue.first_day(asked.book)
    if since is None:
        return render(request, "revenue/empty.html", {"may": asked.may})
    whole = asked.renewals.whole
    return render(request, "revenue/retention/renewals.html", {
        **_frame(asked),
        "periods": [(f"{url}&by={asked.by.value}{asked.past}", label, is_here)
                    for url, label, is_here in views.periods(asked.book, asked.chosen, since)],
        "kept": dict(parse_qsl(asked.query_today(by=asked.by.value))),
        "today_url": f"?{asked.query_today(by=asked.by.value)}",
        "today": asked.today,
        "span": revenue_tables.months_of(asked.chosen.span),
        "kpis": tables.renewal_kpis(asked),
        "choices": [(f"?{asked.query(by=one.value)}#by", str(one.label), one is asked.by) for one in asked.offered],
        "headings": tables.renewal_headings(asked),
        "rows": tables.renewal_rows(asked),
        "whole": tables.renewal_row(asked, whole, _("All terms")),
        "export": asked.to("_export", table="renewals", by=asked.by.value),
        "by": asked.by,
        "asked_on": asked.asked_on,
        "is_by_product": asked.by is By.PRODUCT,
    })  # fmt: skip


@require_GET
def cohort_page(request: HttpRequest) -> HttpResponse:
    """Show the cohorts. At most three queries besides the frame's, however many customers."""
    asked = Asked(request)
    if not asked.moves or not asked.cohorts.cohorts:
        return render(request, "revenue/empty.html", {"may": asked.may})
    told, named = asked.cohorts, {"step": asked.step.value, "rate": asked.rate.key}
    steps = [("month", _("By month")), ("quarter", _("By quarter"))]
    return render(request, "revenue/retention/cohorts.html", {
        **_frame(asked),
        "step": asked.step,
        "steps": [(f"?{asked.query(**{**named, 'step': key})}", label, key == asked.step.value)
                  for key, label in steps],
        "rates": [(f"?{asked.query(**{**named, 'rate': one.key})}", str(one.label), one is asked.rate)
                  for one in RATES],
        "rate": asked.rate,
        "ages": [(age, heat.width_of(age, asked.step))
                 for age in range(min(heat.MOST_AGES, len(told.cohorts[0].ages)))],
        "rows": heat.rows(asked),
        "together": heat.together(asked),
        "size": told.whole.customers,
        "chart_title": heat.curve_title(asked),
        "chart_url": asked.to("_chart", what="curve", **named),
        "curve": heat.curve_rows(asked),
        "references": heat.references(),
        "deals": heat.deal_rows(asked),
        "whole": heat.deal_row(asked, told.whole, heat.whole_printed(asked), _("All customers")),
        "times": heat.times(told.whole.times),
        "after": percent(told.whole.after_share, 1),
        "export": asked.to("_export", table="cohorts", **named),
        "export_curve": asked.to("_export", table="curve", **named),
        "export_deals": asked.to("_export", table="deals", **named),
    })  # fmt: skip


@require_GET
def chart(request: HttpRequest) -> JsonResponse:
    """Answer the company's curve beside the references, or the trend of churn, as charts.js draws them."""
    asked = Asked(request)
    if request.GET.get("what") == "curve":
        return JsonResponse(heat.curve(asked))
    trend = asked.trend
    windows = trend.windows
    series = [(_("Churn"), [one.churned for one in windows]), (_("Net"), [one.net_churned for one in windows])]
    return JsonResponse({
        "kind": "line",
        "x": [day(one.span.until, "month") for one in windows],
        "series": [{"name": name, "values": [None if one is None else round(float(one), 4) for one in values]}
                   for name, values in series],
        "format": {"style": "percent", "maximumFractionDigits": 1},
        "summary": tables.trend_title(trend),
    })  # fmt: skip


@require_GET
def explanation(request: HttpRequest) -> HttpResponse:
    """Open a number: what it means, what it is made of, and the way to its customers."""
    asked = Asked(request)
    figure = FIGURES.get(request.GET.get("figure", "flow"))
    if figure is None or figure in RATES:
        raise Http404
    inputs, link, about = _opened(asked, figure.key)
    return render(request, "components/explanation.html", {
        "title": " · ".join(part for part in (str(figure.label), about) if part),
        "definition": figure.definition,
        "formula": figure.formula,
        "inputs": inputs,
        "as_of": asked.book.as_of,
        "source": _("Contract lines, without tax, %(currency)s, definition %(version)d") % {
            "currency": asked.book.currency, "version": figure.version},
        "link": link,
    })  # fmt: skip


def _opened(asked: Asked, key: str) -> tuple[tables.Inputs, str, str]:
    """Return what a figure is made of, where its customers are listed, and of what or when it is."""
    currency = asked.book.currency
    if key.startswith("renewal"):
        part, named = asked.part(), {"value": asked.get["value"]} if "value" in asked.get else {}
        about = tables.label_of(asked.by, part) if named else revenue_tables.months_of(asked.chosen.span)
        return (tables.renewal_inputs(part, key, currency),
                asked.to("_customers", what="renewals", by=asked.by.value, **named), about)  # fmt: skip
    if key in {"times", "after"}:
        told = asked.cohorts
        named = {"step": asked.step.value}
        if "first" not in asked.get:
            inputs = heat.deal_inputs(told.whole, heat.whole_printed(asked), key, currency)
            return inputs, asked.to("_customers", what="deals", **named), ""
        one = asked.cohort()
        at = told.cohorts.index(one)
        inputs = heat.deal_inputs(told.deals[at], told.printed[at], key, currency)
        link = asked.to("_customers", what="deals", first=heat.first_of(one), **named)
        return inputs, link, heat.label_of(one, asked.step)
    year = revenue_tables.days_of(asked.retention.year)
    link = revenue_tables.customers_url(FIGURES["grr"], asked.chosen.span, asked.chosen.rates)
    if key == "churned":
        windows = asked.retention.trend.windows
        months = [(revenue_tables.days_of(one.span), percent(one.churned, 1)) for one in windows]
        slope = asked.retention.trend.slope
        told_slope = UNKNOWN if slope is None else tables.points(slope)
        return [*months, (_("Theil–Sen slope a month"), told_slope)], link, year
    if key == "by_product":
        return tables.product_inputs(asked.retention.by_product, currency), link, year
    return tables.flow_inputs(asked.retention, currency), link, year


@require_GET
def customers(request: HttpRequest) -> HttpResponse:
    """List the customers behind a cell of the heat map, behind what a cohort brought, or the terms behind a renewal
    rate; the file has all of them."""
    asked = Asked(request)
    what = request.GET.get("what", "deals")
    if what not in LISTS:
        raise Http404
    listed = LISTS[what](asked)
    count = len(listed["rows"])
    return render(request, "revenue/retention/customers.html", {
        **listed,
        "rows": listed["rows"][:MOST_LISTED],
        "count": count,
        "left": max(0, count - MOST_LISTED),
        "may": asked.may,
        "book": asked.book,
        "export": f"{asked.to('_export', table=TABLES[what])}&{request.GET.urlencode()}",
    })  # fmt: skip


def _of_cell(asked: Asked) -> dict[str, Any]:
    one = asked.cohort()
    age = asked.age(one)
    found = files.cell_customers(asked)
    rows = [(row.customer, list[str](), [row.opening or 0, row.closing or 0, row.amount]) for row in found.first()]
    return {
        "title": f"{heat.label_of(one, asked.step)} · {heat.after(age, asked.step)}",
        "when": heat.cell_title(asked, one, age),
        "definition": asked.rate.definition,
        "headings": [],
        "amounts": [_("Initial deals"), revenue_tables.held_label(asked.rate), _("Change")],
        **_rows(asked, rows),
        "back": asked.to("_cohorts", step=asked.step.value, rate=asked.rate.key),
        "back_to": _("Cohorts"),
    }


def _of_deals(asked: Asked) -> dict[str, Any]:
    one = asked.cohort() if "first" in asked.get else None
    found = cohorts.brought(asked.book, asked.moves, one.period if one else None)
    rows = [(row.customer, [day(row.starts_on)], [row.deal, row.revenue, row.revenue - row.of_deal]) for row in found]
    return {
        "title": heat.label_of(one, asked.step) if one else _("All customers"),
        "when": _("up to %(day)s") % {"day": day(asked.book.as_of)},
        "definition": FIGURES["times"].definition,
        "headings": [_("First paid on")],
        "amounts": [_("Initial deals"), _("Revenue so far"), _("After the initial deal")],
        **_rows(asked, rows),
        "back": asked.to("_cohorts", step=asked.step.value),
        "back_to": _("Cohorts"),
    }


def _of_renewals(asked: Asked) -> dict[str, Any]:
    part = asked.part()
    rows = [(row.customer, [day(row.term.due_on), tables.outcome_of(row.later), day(row.agreed_on)],
             [row.due, row.kept, row.net, row.kept_90]) for row in renewal_rate.terms(asked.book, part)]  # fmt: skip
    return {
        "title": str(FIGURES["renewal"].label),
        "when": tables.label_of(asked.by, part) if "value" in asked.get else
                revenue_tables.months_of(asked.chosen.span),
        "definition": FIGURES["renewal"].definition,
        "headings": [_("Due day"), _("Outcome"), _("Agreed on")],
        "amounts": [_("Due"), _("Renewed, at most what was due"), _("Renewed"), _("Within 90 days")],
        **_rows(asked, rows),
        "back": asked.to("_renewals", by=asked.by.value),
        "back_to": _("Renewal rate"),
    }  # fmt: skip


def _rows(asked: Asked, rows: list[Any]) -> dict[str, Any]:
    """Return the rows as they are shown, and the sums of their amounts."""
    currency = asked.book.currency
    sums = [sum(column) for column in zip(*(amounts for _one, _texts, amounts in rows), strict=True)]
    return {
        "rows": [(one, texts, [exact_money(amount, currency) for amount in amounts]) for one, texts, amounts in rows],
        "sums": [exact_money(one, currency) for one in sums],
    }


LISTS = {"cohort": _of_cell, "deals": _of_deals, "renewals": _of_renewals}
TABLES = {"cohort": "cell", "deals": "brought", "renewals": "terms"}


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Answer a table, or the customers behind a number, as a file."""
    asked, table = Asked(request), request.GET.get("table", "ways")
    format = request.POST.get("format", sheets.CSV)
    if not asked.may["export"] or format not in TYPES or table not in files.SHEETS:
        raise Http404
    told = {key: value for key, value in request.GET.items() if key in NAMED}
    return download(
        files.SHEETS[table](asked), format=format, name=f"retention-{table}-{asked.book.as_of.isoformat()}",
        kind="revenue.exported", member=asked.member,
        asked={**told, "table": table, "as_of": asked.book.as_of.isoformat()},
    )  # fmt: skip


NAMED = ("as_of", "period", "from", "until", "by", "value", "step", "rate", "first", "age", "rates")
