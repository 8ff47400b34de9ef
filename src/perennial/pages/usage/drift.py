"""Drift: whether the measures of the score are still what they were thirteen weeks ago, and which stopped to arrive."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from perennial.alerts.calculations.drift import LEAST_VALUES
from perennial.members import access
from perennial.pages import tags
from perennial.pages.files import TYPES, download
from perennial.pages.usage.frame import Asking, exact
from perennial.reports import drift, sheets
from perennial.reports.drift import Drift, Drifts


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show every measure of the scorecard in force. Two queries besides the frame's."""
    asking = Asking.of(request)
    found = drift.drifts(asking.member, asking.today)
    return render(request, "usage/drift.html", {
        **asking.context("usage_drift"),
        "found": found,
        "rows": [(tags.wording(one.measure.label), tags.number(one.psi.value, 3), tags.number(one.psi.floor, 3),
                  one.psi.before, one.psi.now, said(one), tone(one)) for one in (found.measures if found else ())],
        "flagged": sum(one.is_drifted or one.stopped_on is not None for one in (found.measures if found else ())),
        "export": reverse("usage_drift_export"),
    })  # fmt: skip


def said(one: Drift) -> str:
    """Say in words how a measure stands."""
    if one.stopped_on is not None:
        told = _("No value has come since %(day)s.") % {"day": tags.day(one.stopped_on)}
        grey = ngettext("It turns %(n)s customer grey.", "It turns %(n)s customers grey.", one.grey) % {"n": one.grey}
        return f"{told} {grey}"
    if one.psi.value is None:
        return _("Known of fewer than %(n)s customers then or now.") % {"n": LEAST_VALUES}
    return _("Drifted beyond its noise") if one.is_drifted else _("No drift beyond its noise")


def tone(one: Drift) -> str:
    """Return the colour's meaning."""
    return "bad" if one.stopped_on is not None else "watch" if one.is_drifted else ""


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Answer the measures as a file."""
    asking, format = Asking.of(request), request.POST.get("format", sheets.CSV)
    if not access.may(asking.member, "exports.run") or format not in TYPES:
        raise Http404
    found = drift.drifts(asking.member, asking.today, leaving=True)
    if found is None:
        raise Http404
    return download(sheet_of(found), format=format, name=f"drift-{found.on}", kind="usage.exported",
                    member=asking.member, asked={})  # fmt: skip


def sheet_of(found: Drifts) -> sheets.Sheet:
    """Return the measures as a file."""
    rows: list[list[sheets.Cell]] = [
        [tags.wording(one.measure.label), exact(one.psi.value), exact(one.psi.floor), one.psi.before, one.psi.now,
         said(one)] for one in found.measures
    ]  # fmt: skip
    headings = [_("Measure"), _("Drift index (PSI)"), _("Noise floor"), _("Customers then"), _("Customers now"),
                _("What was found")]  # fmt: skip
    before = found.before.isoformat() if found.before else ""
    return sheets.Sheet(headings, rows, [(_("As of"), found.on.isoformat()), (_("Against"), before)])
