"""The cohort heat map: of the customers that began in a month, how many still come; a cell opens to its customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from perennial.members import access
from perennial.pages import tags
from perennial.pages.files import TYPES, download
from perennial.pages.usage import address
from perennial.pages.usage.frame import MOST_LISTED, Asking, nothing, who_cells, who_headings
from perennial.reports import sheets, usage_cohorts
from perennial.reports.usage_cohorts import Beginner, Cohort

ON_PHONE = frozenset({0, 1, 3, 6, 12})
NARROW = 12
SHADES = 10


@dataclass(frozen=True)
class Cell:
    """A share: its text, its shade (0 to 10), where it opens, what it says in words, and from which width it shows."""

    text: str
    shade: int
    url: str
    label: str
    width: str
    is_open: bool


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show the heat map, or with `month` and `since` the customers of one cell. Two queries."""
    asking = Asking.of(request)
    if asking.on is None:
        return nothing(request, asking, "usage_cohorts")
    if "month" in request.GET:
        return _one(request, asking, asking.on)
    found = usage_cohorts.cohorts(usage_cohorts.ids_of(asking.member), asking.on)
    shares = usage_cohorts.together(found)
    return render(request, "usage/cohorts.html", {
        **asking.context("usage_cohorts"),
        "months": [(since, _width(since)) for since in range(len(shares))],
        "rows": [(tags.day(one.month, "month"), one.size, [_cell(one, since) for since in range(len(one.active))],
                  range(len(shares) - len(one.active)))
                 for one in found],
        "together": [(tags.percent(share), _width(since)) for since, share in enumerate(shares)],
        "size": sum(one.size for one in found),
        "export": reverse("usage_cohorts_export"),
    })  # fmt: skip


def _width(since: int) -> str:
    return "" if since in ON_PHONE else "fold-away" if since <= NARROW else "fold-away roomy"


def _cell(one: Cohort, since: int) -> Cell:
    share, told = one.share(since), {"active": one.active[since], "size": one.size, "months": since}
    label = ngettext("%(active)s of %(size)s active after %(months)s month",
                     "%(active)s of %(size)s active after %(months)s months", since) % told  # fmt: skip
    is_open = since == len(one.active) - 1
    return Cell(tags.percent(share), round(share * SHADES), _url(one.month, since),
                f"{label} · {_('this month is not over')}" if is_open else label, _width(since), is_open)  # fmt: skip


def _url(month: date, since: int) -> str:
    return f"{reverse('usage_cohorts')}?{urlencode({'month': f'{month:%Y-%m}', 'since': since})}"


def _asked(request: HttpRequest, on: date) -> tuple[date, int]:
    """Return the cell that an address names.

    :raises Http404: it names none.
    """
    month, since = address.day_at(f"{request.GET.get('month', '')}-01"), request.GET.get("since", "0")
    if month is None or month > on or not since.isascii() or not since.isdigit() or len(since) > 3:
        raise Http404
    return month, int(since)


def _one(request: HttpRequest, asking: Asking, on: date) -> HttpResponse:
    month, since = _asked(request, on)
    found = usage_cohorts.members_of(asking.member, month=month, since=since, on=on)
    if not found:
        raise Http404
    active = [one for one in found if one.events]
    return render(request, "usage/cohort.html", {
        **asking.context("usage_cohorts"),
        "month": tags.day(month, "month"),
        "when": _later(month, since),
        "active": len(active),
        "size": len(found),
        "share": tags.percent(Fraction(len(active), len(found))),
        "rows": found[:MOST_LISTED],
        "left": max(0, len(found) - MOST_LISTED),
        "export": f"{reverse('usage_cohorts_export')}?{urlencode({'month': f'{month:%Y-%m}', 'since': since})}",
    })  # fmt: skip


def _later(month: date, since: int) -> str:
    number = month.year * 12 + month.month - 1 + since
    day = tags.day(date(number // 12, number % 12 + 1, 1), "month")
    text = ngettext("%(n)s month later (%(month)s)", "%(n)s months later (%(month)s)", since)
    return text % {"n": since, "month": day}


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Answer the heat map as a file, or the customers of one cell."""
    asking, format = Asking.of(request), request.POST.get("format", sheets.CSV)
    if not access.may(asking.member, "exports.run") or format not in TYPES or asking.on is None:
        raise Http404
    if "month" in request.GET:
        month, since = _asked(request, asking.on)
        listed = usage_cohorts.members_of(asking.member, month=month, since=since, on=asking.on, leaving=True)
        sheet = _sheet_of_customers(listed, month, since, owners=asking.sees_owners)
        name = f"cohort-{month:%Y-%m}-{since}"
    else:
        found = usage_cohorts.cohorts(usage_cohorts.ids_of(asking.member, leaving=True), asking.on)
        sheet, name = _sheet(found, asking.on), f"cohorts-{asking.on}"
    return download(
        sheet, format=format, name=f"usage-{name}", kind="usage.exported",
        member=asking.member, asked=dict(request.GET.items()),
    )  # fmt: skip


def _sheet(found: Sequence[Cohort], on: date) -> sheets.Sheet:
    months = max((len(one.active) for one in found), default=0)
    rows: list[list[sheets.Cell]] = [
        [one.month, one.size, *(_exact(one.share(since)) for since in range(len(one.active))),
         *([None] * (months - len(one.active)))]
        for one in found
    ]  # fmt: skip
    headings = [_("First use"), _("Customers"), *(str(since) for since in range(months))]
    return sheets.Sheet(headings, rows, [(_("As of"), on.isoformat())])


def _sheet_of_customers(listed: Sequence[Beginner], month: date, since: int, *, owners: bool) -> sheets.Sheet:
    rows = [[*who_cells(one, owners=owners), one.events] for one in listed]
    notes = [(_("First use"), f"{month:%Y-%m}"), (_("Months since"), str(since))]
    return sheets.Sheet([*who_headings(owners=owners), _("Core events")], rows, notes)


def _exact(share: Fraction) -> Decimal:
    return round(Decimal(share.numerator) / share.denominator, 4)
