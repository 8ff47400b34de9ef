"""An amount of the meeting opened: what it means, what it is made of, on what basis, and the customers behind it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from perennial.contracts import under_terms
from perennial.contracts.access import facts_of, revenue_of
from perennial.contracts.rates import Exchange
from perennial.members import access
from perennial.pages.tags import day, exact_money, percent
from perennial.pages.weekly import address, file, table, words
from perennial.pages.weekly.asked import Asked
from perennial.reports.weekly.behind import behind
from perennial.reports.weekly.terms import SHOWN, SUMS, Figure, Row, RowKind, Sheet
from perennial.team.terms import TargetKind

MOST_LISTED = 500
Inputs = list[tuple[str, str]]


def asked_for(request: HttpRequest, sheet: Sheet) -> tuple[Row, Figure]:
    """Return the row and the figure that an address names.

    :raises Http404: this member's table has no such row, or its kind no such figure.
    """
    figure = next((one for one in SHOWN[sheet.kind] if one == request.GET.get("figure", Figure.TARGET.value)), None)
    row = address.row_at(sheet.top, request.GET.get("row", ""))
    if figure is None or row is None:
        raise Http404
    return row, figure


@require_GET
def explanation(request: HttpRequest) -> HttpResponse:
    """Open a column, or an amount of a row: what it means, what it adds up to, and on what basis."""
    asked = Asked(request)
    sheet = asked.table()
    row, figure = asked_for(request, sheet)
    kind = sheet.kind
    about = [words.label_of(figure, kind), *([table.name_of(row)] if "row" in request.GET else []), asked.label]
    inputs = [*_made_of(row, figure, sheet), *_rates(row, figure)]
    if row.kind is RowKind.CUSTOMER:
        inputs += _items(row, figure, sheet)
    elif figure is Figure.DUE and row is sheet.top:
        inputs += _never_due(asked)
    has_customers = figure is not Figure.TARGET and row.kind is not RowKind.CUSTOMER and bool(row.cents.get(figure))
    version = _("definition %(version)d") % {"version": words.VERSIONS[kind]}
    return render(request, "components/explanation.html", {
        "title": " · ".join(about),
        "definition": words.meaning_of(figure, kind),
        "formula": words.formula_of(figure, kind),
        "inputs": inputs,
        "as_of": asked.today,
        "source": ", ".join([sheet.currency, *table.basis_of(sheet)[:1], version]),
        "link": _customers_url(asked, row, figure) if has_customers and figure is not Figure.GAP else "",
    })  # fmt: skip


def _customers_url(asked: Asked, row: Row, figure: Figure) -> str:
    named = urlencode({"figure": figure.value, "row": address.row_mark(row)})
    return f"{reverse('weekly_customers')}?{asked.chosen.query(open='')}&{named}"


def _made_of(row: Row, figure: Figure, sheet: Sheet) -> Inputs:
    parts = [part for part, _sign in SUMS.get(figure, ())]
    if figure is Figure.DONE and sheet.kind is TargetKind.RENEWALS:
        parts = [Figure.RENEWED, Figure.UPLIFT]
    return [(words.label_of(one, sheet.kind), exact_money(row.cents.get(one), sheet.currency))
            for one in (*parts, figure)]  # fmt: skip


def _rates(row: Row, figure: Figure) -> Inputs:
    rate = row.renewal_rate
    if rate is None or figure not in {Figure.DUE, Figure.RENEWED, Figure.OPEN, Figure.DONE}:
        return []
    return [
        (_("Renewal rate by amount, at least"), percent(rate[0], 1)),
        (_("If all that is open renews"), percent(rate[1], 1)),
    ]


def _items(row: Row, figure: Figure, sheet: Sheet) -> Inputs:
    """Return a customer's terms, steps or changes with their amounts, by day."""
    told = []
    for one in behind(row, figure):
        for item, causes in one.items:
            papers = [" ".join(part for part in (cause.paper, cause.product) if part) for cause in causes]
            label = " · ".join(part for part in (day(item.on), words.what_of(item), ", ".join(papers)) if part)
            told.append((label, exact_money(round(item.amounts[figure]), sheet.currency)))
    return told


def _never_due(asked: Asked) -> Inputs:
    """Return how much recurring revenue is under terms, and how much never comes due, on the as-of day."""
    split = under_terms.split(asked.today, facts_of(asked.member), Exchange(asked.place.currency), as_of=asked.today,
                              ledger=revenue_of(asked.member))  # fmt: skip
    currency = asked.place.currency
    return [
        (_("ARR under terms today, without tax"), exact_money(12 * split.term, currency)),
        (_("ARR that never comes due, without tax"), exact_money(12 * split.open, currency)),
    ]


@require_GET
def customers(request: HttpRequest) -> HttpResponse:
    """List the customers behind an amount, the largest first; the file has all of them."""
    asked = Asked(request)
    sheet = asked.table()
    row, figure = asked_for(request, sheet)
    found = behind(row, figure)
    rows = [
        {"one": one, "days": [item.on for item, _causes in one.items], "what": file.whats_of(one),
         "lines": file.lines_of(one)}
        for one in found[:MOST_LISTED]
    ]  # fmt: skip
    return render(request, "weekly/customers.html", {
        "label": words.label_of(figure, sheet.kind),
        "meaning": words.meaning_of(figure, sheet.kind),
        "about": f"{table.name_of(row)} · {asked.label}",
        "rows": rows,
        "sheet": sheet,
        "basis": table.basis_of(sheet),
        "count": len(found),
        "left": max(0, len(found) - MOST_LISTED),
        "total": row.cents.get(figure, 0),
        "has_lines": any(one["lines"] for one in rows),
        "has_owners": row.kind is not RowKind.MEMBER,
        "back": f"{reverse('weekly')}?{asked.chosen.query()}",
        "may": {"export": access.may(asked.member, "exports.run")},
        "export": f"{reverse('weekly_export')}?{request.GET.urlencode()}" if figure is not Figure.TARGET else "",
    })  # fmt: skip
