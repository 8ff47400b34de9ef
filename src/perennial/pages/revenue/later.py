"""What became known later: the movements that the ledger as restated and as reported tell of different months."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from perennial.kernel.money import decimals_of
from perennial.members import access
from perennial.pages.revenue import address, opening, tables
from perennial.reports import revenue, sheets
from perennial.reports.revenue import Book, KnownLater
from perennial.reports.revenue_figures import FIGURES

MOST_LISTED = 500


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """List what became known later of the address' months, the latest first. At most six queries besides the frame."""
    book = opening.book_of(request)
    span = address.span_at(request.GET, book.as_of)
    found = revenue.later(book, span)
    months = address.months_query(span)
    context: dict[str, Any] = {
        "book": book,
        "months": tables.months_of(span),
        "rows": [(one, FIGURES[one.kind.value].label) for one in found[:MOST_LISTED]],
        "left": max(0, len(found) - MOST_LISTED),
        "total": sum(one.effect for one in found),
        "may": {"export": access.may(opening.member_of(request), "exports.run")},
        "export": f"{reverse('revenue_export')}?{request.GET.urlencode()}&table=later" if "from" in request.GET
        else f"{reverse('revenue_export')}?period=custom&from={months['from']}&until={months['until']}&table=later",
    }  # fmt: skip
    return render(request, "revenue/later.html", context)


def sheet_of(found: list[KnownLater], book: Book) -> sheets.Sheet:
    """Return the list as a file, with the live sum of its effect."""
    headings = [_("Key"), _("Customer"), _("Movement"), _("Its day"), _("Reported on"), _("Taken back on"),
                f"{_('Amount')} ({book.currency})", f"{_('Restated − reported')} ({book.currency})"]  # fmt: skip
    lines: list[list[sheets.Cell]] = [
        [one.customer.key, one.customer.name, str(FIGURES[one.kind.value].label), one.on, one.reported_on,
         one.superseded_on, tables.amount(one.amount, book), tables.amount(one.effect, book)]
        for one in found
    ]  # fmt: skip
    if found:
        whole = tables.amount(sum(one.effect for one in found), book)
        lines.append([_("Total"), None, None, None, None, None, None, sheets.total(7, range(len(found)), whole)])
    return sheets.Sheet(headings, lines, tables.notes(book), money_from=6, money_until=8,
                        decimals=decimals_of(book.currency))  # fmt: skip
