"""Feature adoption: how many customers use what, and for one feature who does and who does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from perennial.members import access
from perennial.pages.files import TYPES, download
from perennial.pages.usage.frame import MOST_LISTED, Asking, changed, nothing, who_cells, who_headings
from perennial.reports import sheets, usage_features
from perennial.reports.usage_features import Adoption, Base, CustomerUse

SORTS: Mapping[str, Callable[[Adoption], Any]] = {
    "feature": lambda one: one.feature.casefold(),
    "customers": lambda one: one.customers,
    "events": lambda one: one.events,
    "change": lambda one: (one.change is not None, one.change or 0),
}
USUAL = "-customers"


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show every feature, or with `feature` the customers with it (`has=no`: without it). Four queries at most."""
    asking = Asking.of(request)
    if asking.on is None:
        return nothing(request, asking, "usage_features")
    base = usage_features.base_of(asking.member)
    if "feature" in request.GET:
        return _one(request, asking, base, asking.on)
    sort = request.GET.get("sort", USUAL)
    found = _sorted(usage_features.adoption(base, asking.on), sort)
    products = usage_features.products_of(found, asking.on)
    return render(request, "usage/features.html", {
        **asking.context("usage_features"),
        "base": base,
        "count": len(base.named),
        "sort": sort,
        "rows": [(one, f"?{urlencode({'feature': one.feature})}", changed(one.events, one.events_before),
                  products.get(one.feature, "")) for one in found],
        "has_products": bool(products),
        "export": reverse("usage_features_export"),
    })  # fmt: skip


def _sorted(found: Sequence[Adoption], sort: str) -> list[Adoption]:
    key = SORTS.get(sort.removeprefix("-"))
    return sorted(found, key=key, reverse=sort.startswith("-")) if key else list(found)


def _one(request: HttpRequest, asking: Asking, base: Base, on: date) -> HttpResponse:
    feature, has = request.GET["feature"], request.GET.get("has") != "no"
    found = usage_features.customers_of(base, feature, on)
    rows = found.using if has else found.without
    if not found.using and not any(one.events_before for one in found.without):
        raise Http404
    query = {"feature": feature}
    return render(request, "usage/feature.html", {
        **asking.context("usage_features"),
        "feature": feature,
        "asked": urlencode(query),
        "base": base,
        "choices": [(f"?{urlencode(query)}", _("With it"), len(found.using), has),
                    (f"?{urlencode(query | {'has': 'no'})}", _("Without it"), len(found.without), not has)],
        "has": has,
        "rows": [(one, changed(one.events, one.events_before)) for one in rows[:MOST_LISTED]],
        "left": max(0, len(rows) - MOST_LISTED),
        "export": f"{reverse('usage_features_export')}?{urlencode(query)}",
    })  # fmt: skip


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Answer the features as a file, or with `feature` all customers and what each does with it."""
    asking, format = Asking.of(request), request.POST.get("format", sheets.CSV)
    if not access.may(asking.member, "exports.run") or format not in TYPES or asking.on is None:
        raise Http404
    base = usage_features.base_of(asking.member, leaving=True)
    if "feature" in request.GET:
        sheet, name = _sheet_of_customers(asking, base, request.GET["feature"], asking.on), "feature-customers"
    else:
        sheet, name = _sheet(usage_features.adoption(base, asking.on), asking.on), "features"
    return download(
        sheet, format=format, name=f"usage-{name}-{asking.on}", kind="usage.exported",
        member=asking.member, asked=dict(request.GET.items()),
    )  # fmt: skip


def _sheet(found: Sequence[Adoption], on: date) -> sheets.Sheet:
    headings = [_("Feature"), _("Customers"), _("Share of the customers"), _("Customers, 28 days before"), _("Events"),
                _("Events, 28 days before"), _("Product")]  # fmt: skip
    products = usage_features.products_of(found, on)
    rows: list[list[sheets.Cell]] = [
        [
            one.feature,
            one.customers,
            _share(one.share),
            one.customers_before,
            one.events,
            one.events_before,
            products.get(one.feature),
        ]
        for one in found
    ]
    return sheets.Sheet(headings, rows, [(_("28 days up to"), on.isoformat())])


def _sheet_of_customers(asking: Asking, base: Base, feature: str, on: date) -> sheets.Sheet:
    found = usage_features.customers_of(base, feature, on)
    owners = asking.sees_owners
    headings = [*who_headings(owners=owners), _("Events of the feature"), _("Events, 28 days before"),
                _("All core events")]  # fmt: skip
    everybody: list[CustomerUse] = [*found.using, *found.without]
    rows = [[*who_cells(one, owners=owners), one.events, one.events_before, one.all_events] for one in everybody]
    return sheets.Sheet(headings, rows, [(_("Feature"), feature), (_("28 days up to"), on.isoformat())])


def _share(value: Fraction) -> Decimal:
    return round(Decimal(value.numerator) / value.denominator, 4)
