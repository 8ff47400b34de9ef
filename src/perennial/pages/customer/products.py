"""The usage of one customer by product, beside what it bought: a part of its usage tab, and a file."""

from __future__ import annotations

from decimal import Decimal

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from perennial.pages import tags
from perennial.pages.customer.page import find
from perennial.pages.files import TYPES, download
from perennial.reports import customer_products, sheets
from perennial.reports.customer_products import ByProduct
from perennial.usage.calculations.breadth import ADOPTED_BY, ADOPTED_FROM, Breadth


@require_GET
def page(request: HttpRequest, key: str) -> HttpResponse:
    """Answer the customer's usage by product, each with its features."""
    file = find(request, key)
    found = customer_products.by_product(file)
    if not found.products:
        raise Http404
    return render(request, "customer/products.html", {
        "customer": file.customer,
        "found": found,
        "breadth": told(found.breadth),
        "definition": definition(),
        "sees_bought": file.sees_revenue,
        "may_export": file.may("exports.run"),
        "export": reverse("customer_products_export", args=[key]),
    })  # fmt: skip


def told(breadth: Breadth | None) -> str:
    """Write a breadth: the share, and of how many features."""
    if breadth is None or breadth.share is None:
        return tags.UNKNOWN
    said = _("%(adopted)d of %(bought)d features") % {"adopted": breadth.adopted, "bought": breadth.bought}
    return f"{tags.percent(breadth.share)} · {said}"


def definition() -> str:
    """Say what breadth is, and by which rule a feature is adopted."""
    return _(
        "Breadth: adopted features ÷ features of the products that a running contract line names on the as-of day. A "
        "feature is adopted with %(least)d core events or more in 28 days, or by %(users)d users or more. A "
        "feature of two products counts once. Unknown where no product that was bought names features."
    ) % {"least": ADOPTED_FROM, "users": ADOPTED_BY}


@require_POST
def export(request: HttpRequest, key: str) -> HttpResponse:
    """Answer the features of all products as a file."""
    file, format = find(request, key, "exports.run"), request.POST.get("format", sheets.CSV)
    if format not in TYPES:
        raise Http404
    found = customer_products.by_product(file)
    sheet = _sheet(found, file.customer.name)
    return download(sheet, format=format, name=f"products-{key}-{found.on or file.on}", kind="usage.exported",
                    member=file.member, asked={"customer": key, "by": "product"})  # fmt: skip


def _sheet(found: ByProduct, customer: str) -> sheets.Sheet:
    yes_no = {True: _("Yes"), False: _("No"), None: None}
    rows: list[list[sheets.Cell]] = [
        [product.name, yes_no[product.is_bought], one.feature, one.uses, yes_no[one.is_adopted]]
        for product in found.products
        for one in product.features
    ]
    if found.others:
        rows.append([_("No product"), None, None, found.others, None])
    notes = [(_("Customer"), customer), (_("Breadth against what was bought"), told(found.breadth)),
             (_("Definition"), definition())]  # fmt: skip
    if found.breadth is not None and found.breadth.share is not None:
        share = found.breadth.share
        notes.insert(2, (_("Exactly"), str(round(Decimal(share.numerator) / share.denominator, 6))))
    if found.on is not None:
        notes.append((_("28 days up to"), found.on.isoformat()))
    return sheets.Sheet([_("Product"), _("Bought"), _("Feature"), _("Core events"), _("Adopted")], rows, notes)
