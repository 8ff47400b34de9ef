"""The users of one customer, below the metrics of its usage: sorted, by pages, and as a file."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from perennial.pages.customer.page import find
from perennial.pages.files import TYPES, download
from perennial.reports import product_users, sheets

PAGE = 25


@require_GET
def page(request: HttpRequest, key: str) -> HttpResponse:
    """Answer the list of users, as a part of the usage tab."""
    file = find(request, key)
    sort = request.GET.get("sort", product_users.USUAL)
    found = product_users.users_of(file, sort=sort)
    first = _first(request, len(found))
    address = reverse("customer_users", args=[key])
    return render(request, "customer/users.html", {
        "customer": file.customer,
        "on": file.on,
        "users": found[first : first + PAGE],
        "headings": [_heading(address, sort, *one) for one in _columns()],
        "first": first + 1,
        "last": min(first + PAGE, len(found)),
        "total": len(found),
        "previous": _at(address, sort, first - PAGE) if first else "",
        "next": _at(address, sort, first + PAGE) if first + PAGE < len(found) else "",
        "may_export": file.may("exports.run"),
        "export": reverse("customer_users_export", args=[key]),
    })  # fmt: skip


def _first(request: HttpRequest, count: int) -> int:
    asked = request.GET.get("from", "0")
    first = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 8 else 0
    return first // PAGE * PAGE if first < count else 0


def _columns() -> list[tuple[str, str, str]]:
    """Return each column: what it sorts by, its name and its class."""
    return [("name", _("User"), ""), ("last", _("Last seen"), ""), ("days", _("Active days"), "num"),
            ("events", _("Core events"), "num"), ("", _("Share of use"), "num")]  # fmt: skip


def _heading(address: str, sort: str, key: str, label: str, kind: str) -> dict[str, str]:
    order = {key: "rising", f"-{key}": "falling"}.get(sort, "") if key else ""
    turned = key if sort == f"-{key}" or (key == "name" and sort != key) else f"-{key}"
    return {"label": label, "kind": kind, "order": order, "url": _at(address, turned, 0) if key else ""}


def _at(address: str, sort: str, first: int) -> str:
    return f"{address}?{urlencode({'sort': sort, 'from': first})}"


@require_POST
def export(request: HttpRequest, key: str) -> HttpResponse:
    """Answer all users of the customer as a file."""
    file, format = find(request, key, "exports.run"), request.POST.get("format", sheets.CSV)
    if format not in TYPES:
        raise Http404
    rows: list[list[sheets.Cell]] = [
        [one.name, one.last_on, one.active_days, one.events,
         None if one.share is None else round(Decimal(one.share.numerator) / one.share.denominator, 4)]
        for one in product_users.users_of(file)
    ]  # fmt: skip
    sheet = sheets.Sheet(
        [_("User"), _("Last seen"), _("Active days"), _("Core events"), _("Share of use")], rows,
        [(_("Customer"), file.customer.name), (_("28 days up to"), file.on.isoformat())],
    )  # fmt: skip
    return download(sheet, format=format, name=f"users-{key}-{file.on}", kind="usage.exported", member=file.member,
                    asked={"customer": key})  # fmt: skip
