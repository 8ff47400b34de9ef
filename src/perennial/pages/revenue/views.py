"""Revenue: what moved MRR month by month, how much stays, and the customers behind each number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from perennial.contracts.calculations.retention import Retention
from perennial.contracts.ledger import MovementRow
from perennial.kernel.money import round_half_even
from perennial.kernel.periods import Period, day_before
from perennial.members import access
from perennial.members.models import Member
from perennial.pages.files import TYPES, download
from perennial.pages.revenue import address, by, chart, later, opening, tables
from perennial.pages.revenue.tables import Kpi
from perennial.pages.tags import day, money, number, percent
from perennial.reports import retention_by, revenue, sheets
from perennial.reports.revenue import Book
from perennial.reports.revenue_figures import FIGURES, RATES

YEARS_OFFERED = 3


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show the months of the address. At most ten queries besides the frame's, however many customers."""
    book = opening.book_of(request)
    member = opening.member_of(request)
    since = revenue.first_day(book)
    may = {"import": access.may(member, "imports.run"), "export": access.may(member, "exports.run")}
    if since is None:
        return render(request, "revenue/empty.html", {"may": may, "is_narrowed": bool(book.whose)})
    chosen = opening.chosen_of(request, book)
    rows = revenue.movements(book, chosen.span)
    asked = {"book": book, "chosen": chosen, "may": may, "periods": periods(book, chosen, since),
             "months": address.months_query(chosen.span), "currencies": currencies(book, chosen),
             "views": _switched(chosen, address.REPORTED, _("As restated"), _("As reported")),
             "whose": [(text, f"?{replace(chosen, whose=rest).query(month=chosen.month)}")
                       for text, rest in tables.whose_told(book)]}  # fmt: skip
    return render(request, "revenue/page.html", asked | (_told(rows, chosen, book, member) if rows else {}))


def _told(rows: list[MovementRow], chosen: address.Chosen, book: Book, member: Member) -> dict[str, Any]:
    charted = revenue.total([row for row in rows if chosen.month in {None, row.period}] or rows)
    floor = chart.floor_of(charted)
    year = revenue.trailing_year(book, chosen.span.until)
    apart = retention_by.told(book, year, chosen.by)
    return {
        "table": tables.table_of(rows, chosen, book),
        "kpis": [
            *_balances(rows, chosen.span, book),
            *_held(rows, chosen.span, book),
            *_rates(apart.whole.found, year, chosen),
        ],
        "by": by.table_of(apart, chosen, year, book.currency, retention_by.dimensions_of(member)),
        "terms": tables.explanation_url(FIGURES["terms"], chosen.span, chosen.kept),
        "rates": tables.rates_told(book),
        "view": tables.view_told(book),
        "later": f"{reverse('revenue_later')}?{urlencode(address.months_query(chosen.span))}",
        "settings": tables.settings_of(book),
        "chart_url": f"{reverse('revenue_chart')}?{chosen.query(month=chosen.month)}",
        "chart_title": chart.title(charted, book),
        "chart_floor": money(floor, book.currency) if floor else "",
        "whole": f"?{chosen.query()}#chart" if chosen.month else "",
        "export": f"{reverse('revenue_export')}?{chosen.query()}",
        "export_by": f"{reverse('revenue_export')}?{chosen.query()}&table=by",
    }


def periods(book: Book, chosen: address.Chosen, since: date) -> list[tuple[str, str, bool]]:
    """Return the periods to choose from: address, name, whether chosen."""
    years = range(book.as_of.year, max(since.year, book.as_of.year - YEARS_OFFERED + 1) - 1, -1)
    offered = [(address.LAST_12, _("Last 12 months")), *((str(year), str(year)) for year in years)]
    kept = f"&{urlencode(chosen.kept)}" if chosen.kept else ""
    return [(f"?period={period}{kept}", label, period == chosen.period) for period, label in offered]


def currencies(book: Book, chosen: address.Chosen) -> list[tuple[str, str, bool]]:
    """Return the two ways to value other currencies; none where nobody pays in one. One query."""
    if not revenue.has_others(book):
        return []
    return _switched(chosen, address.CONSTANT, _("Rates of each day"), _("Constant currency"))


def _switched(chosen: address.Chosen, told: Mapping[str, str], off: str, on: str) -> list[tuple[str, str, bool]]:
    """Return two ways to tell the ledger: without and with what an address says of it; the rest stays."""
    rest = {name: value for name, value in chosen.rates.items() if name not in told}
    return [(f"?{replace(chosen, rates=rates).query(month=chosen.month)}", label, rates == chosen.rates)
            for rates, label in ((rest, off), ({**rest, **told}, on))]  # fmt: skip


def _balances(rows: list[MovementRow], span: Period, book: Book) -> list[Kpi]:
    last = rows[-1]
    as_of = _("on %(day)s") % {"day": day(min(book.as_of, day_before(last.period.until)))}
    change = as_of
    if rows[0].opening > 0:
        growth = Fraction(last.closing - rows[0].opening, rows[0].opening)
        sign = "+" if growth > 0 else ""
        change = _("%(change)s since the opening") % {"change": f"{sign}{percent(growth, 1)}"}
    values = [
        ("mrr", money(last.closing, book.currency), change),
        ("arr", money(12 * last.closing, book.currency), as_of),
        ("customers", number(last.customers), as_of),
    ]
    return [
        Kpi(str(FIGURES[key].label), text, tables.explanation_url(FIGURES[key], span, tables.kept_of(book)), note)
        for key, text, note in values
    ]


def _held(rows: list[MovementRow], span: Period, book: Book) -> list[Kpi]:
    """Return what of the last MRR is in grace; nothing where nothing is, or where the months end before today. One
    query."""
    held = revenue.in_grace(book) if book.as_of in rows[-1].period else {}
    if not held:
        return []
    figure, amount = FIGURES["in_grace"], round_half_even(sum(held.values(), Fraction(0)))
    note = ngettext("%(n)d customer, unsigned", "%(n)d customers, unsigned", len(held)) % {"n": len(held)}
    url = tables.explanation_url(figure, span, tables.rates_of(book))
    return [Kpi(str(figure.label), money(amount, book.currency), url, note, "watch")]


def _rates(found: Retention, year: Period, chosen: address.Chosen) -> list[Kpi]:
    nobody = _("nobody paid on %(day)s") % {"day": day(year.since)}
    over = _("12 months to %(day)s") % {"day": day(year.until)}
    notes = {
        "nrr": over,
        "grr": over,
        "logo": _("95%% interval %(range)s") % {"range": tables.interval(found.logo_interval)},
    }
    values = {"nrr": found.net, "grr": found.gross, "logo": found.logo}
    return [
        Kpi(str(one.label), percent(values[one.key], 1), tables.explanation_url(one, chosen.span, chosen.kept),
            notes[one.key] if found.customers else nobody)
        for one in RATES
    ]  # fmt: skip


@require_GET
def waterfall(request: HttpRequest) -> JsonResponse:
    """Answer the chart of the months, or of the month that is opened, as charts.js draws it."""
    book = opening.book_of(request)
    chosen = address.read(request.GET, book.as_of)
    rows = revenue.movements(book, chosen.charted)
    return JsonResponse(chart.answer(rows, book))


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Answer what is shown as a file: the months; with `table=by` retention told apart; with `figure` the customers
    behind a number."""
    book, member = opening.book_of(request), opening.member_of(request)
    format = request.POST.get("format", sheets.CSV)
    if not access.may(member, "exports.run") or format not in TYPES:
        raise Http404
    chosen = opening.chosen_of(request, book)
    span, asked = chosen.span, {}
    if "figure" in request.GET:
        about = opening.About.of(request, book)
        sheet, name, span = (
            tables.sheet_of_customers(about.customers().first(), about.figure, book),
            about.name,
            about.span,
        )
        asked = about.told
    elif request.GET.get("table") == "later":
        sheet, name = later.sheet_of(revenue.later(book, span), book), "known-later"
    elif request.GET.get("table") == "by":
        told = retention_by.told(book, revenue.trailing_year(book, span.until), chosen.by)
        sheet, name, asked = by.sheet_of(told, book), f"retention-by-{chosen.by}", {"by": chosen.by.value}
    else:
        sheet, name = tables.sheet_of_months(revenue.movements(book, span), book), "movements"
    months = address.months_query(span)
    return download(
        sheet, format=format, name=f"revenue-{name}-{'-to-'.join(months.values())}", kind="revenue.exported",
        member=member, asked={**months, **book.whose, **asked},
    )  # fmt: skip
