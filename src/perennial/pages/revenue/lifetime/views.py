"""Lifetime value: how long customers stay, what one is worth, what winning one costs, and how far the company is."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from perennial.members import access
from perennial.pages.files import TYPES, download
from perennial.pages.revenue.lifetime import chart as drawing
from perennial.pages.revenue.lifetime import files, opening, tables
from perennial.pages.revenue.lifetime.address import Asked
from perennial.pages.revenue.lifetime.words import label_of
from perennial.pages.revenue.opening import member_of
from perennial.reports import lifetime_waiting, sheets
from perennial.reports.lifetime_figures import FIGURES

MOST_LISTED = 500


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show lifetime value. At most twenty-five queries besides the frame's, however many customers."""
    asked, member = Asked.of(request), member_of(request)
    found = asked.told()
    may = {"import": access.may(member, "imports.run"), "export": access.may(member, "exports.run"),
           "settings": access.may(member, "settings.manage")}  # fmt: skip
    if found is None:
        return render(request, "revenue/empty.html", {"may": may})
    return render(request, "revenue/lifetime.html", {
        "may": may,
        "book": asked.book,
        "told": found,
        "is_whole": asked.is_whole,
        "kpis": tables.kpis(found, asked),
        "choices": [(f"?{asked.told_by(one)}#parts", str(one.label), one is asked.by)
                    for one in asked.offered],
        "rows": tables.rows(found, asked),
        "whole": tables.row(found.whole, asked, _("All customers")),
        "cohorts": tables.cohorts(found),
        "tests": tables.tests(found),
        "stage": tables.stage(found),
        "chart_title": drawing.title(found),
        "assumptions": tables.assumptions(found, asked.book),
        "chart_url": f"{reverse('revenue_lifetime_chart')}?{asked.query()}",
        "export": f"{reverse('revenue_lifetime_export')}?{asked.query()}",
        "export_cohorts": f"{reverse('revenue_lifetime_export')}?{asked.query(table='cohorts')}",
    })  # fmt: skip


@require_GET
def chart(request: HttpRequest) -> JsonResponse:
    """Answer the curve of all customers, with its interval and what was observed."""
    return JsonResponse(drawing.answer(Asked.of(request).told()))


@require_GET
def explanation(request: HttpRequest) -> HttpResponse:
    """Open a number: what it means, what it is made of, and the way to its customers."""
    asked = Asked.of(request)
    figure = FIGURES.get(request.GET.get("figure", "worth"))
    if figure is None:
        raise Http404
    group = asked.group(asked.told())
    label = "" if asked.value is None else label_of(asked.value)
    return render(request, "components/explanation.html", {
        "title": " · ".join(part for part in (str(figure.label), label) if part),
        "definition": figure.definition,
        "formula": figure.formula,
        "inputs": opening.inputs(group, figure.key, asked.book) if group else [],
        "as_of": asked.book.as_of,
        "source": opening.source(group, figure) if group else "",
        "link": f"{reverse('revenue_lifetime_customers')}?{asked.query()}",
    })  # fmt: skip


@require_GET
def customers(request: HttpRequest) -> HttpResponse:
    """List the customers behind the numbers of a part, the latest first; the file has all of them."""
    asked, member = Asked.of(request), member_of(request)
    found = lifetime_waiting.customers(asked.book, asked.by, asked.value)
    if not found and asked.value is not None:
        raise Http404
    return render(request, "revenue/lifetime_customers.html", {
        "book": asked.book,
        "part": "" if asked.value is None else label_of(asked.value),
        "rows": found[:MOST_LISTED],
        "count": len(found),
        "left": max(0, len(found) - MOST_LISTED),
        "may": {"export": access.may(member, "exports.run")},
        "back": f"{reverse('revenue_lifetime')}?{asked.of_part(None).query()}",
        "export": f"{reverse('revenue_lifetime_export')}?{asked.query(table='customers')}",
    })  # fmt: skip


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Answer what is shown as a file: the parts; with `table=customers` those behind a part; with `table=cohorts` the
    cohorts."""
    asked, member = Asked.of(request), member_of(request)
    format = request.POST.get("format", sheets.CSV)
    table = request.GET.get("table", "parts")
    if not access.may(member, "exports.run") or format not in TYPES:
        raise Http404
    if table == "customers":
        sheet = files.sheet_of_customers(lifetime_waiting.customers(asked.book, asked.by, asked.value), asked.book)
    else:
        found = asked.told()
        if found is None:
            raise Http404
        is_cohorts = table == "cohorts"
        sheet = (files.sheet_of_cohorts if is_cohorts else files.sheet_of_parts)(found, asked.book)
        table = table if is_cohorts else f"by-{asked.by.value}"
    told: dict[str, Any] = {"by": asked.by.value, "table": table, "as_of": asked.book.as_of.isoformat()}
    return download(
        sheet, format=format, name=f"lifetime-value-{table}-{asked.book.as_of.isoformat()}", kind="revenue.exported",
        member=member, asked=told,
    )  # fmt: skip
