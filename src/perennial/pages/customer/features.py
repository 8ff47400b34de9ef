"""Who of one customer uses which feature: a part of its usage tab, the users of one feature, and a file of either."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from perennial.pages.customer.page import find
from perennial.pages.files import TYPES, download
from perennial.reports import feature_users, sheets

MOST_USERS, MOST_FEATURES = 25, 8


@require_GET
def page(request: HttpRequest, key: str) -> HttpResponse:
    """Answer users × features as a part of the usage tab, or with `feature` a page of those who use that one."""
    file, feature = find(request, key), request.GET.get("feature")
    uses = feature_users.uses_of(file, feature=feature)
    export = reverse("customer_features_export", args=[key])
    around = {
        "customer": file.customer,
        "on": file.on,
        "may_export": file.may("exports.run"),
        "known": uses is not None,
    }
    if feature is not None:
        rows = uses or []
        return render(request, "customer/feature.html", {
            **around, "feature": feature, "rows": rows[:500], "left": max(0, len(rows) - 500),
            "export": f"{export}?{urlencode({'feature': feature})}",
        })  # fmt: skip
    found = feature_users.table_of(uses or [])
    shown = found.features[:MOST_FEATURES]
    address = reverse("customer_features", args=[key])
    return render(request, "customer/features.html", {
        **around,
        "export": export,
        "features": [(one, f"{address}?{urlencode({'feature': one})}") for one in shown],
        "users": [
            (name, len(used), [(one, used.get(one)) for one in shown]) for name, used in found.users[:MOST_USERS]
        ],
        "more_users": max(0, len(found.users) - MOST_USERS),
        "more_features": max(0, len(found.features) - MOST_FEATURES),
    })  # fmt: skip


@require_POST
def export(request: HttpRequest, key: str) -> HttpResponse:
    """Answer every user's use of every feature as a file, or with `feature` of that one."""
    file, format = find(request, key, "exports.run"), request.POST.get("format", sheets.CSV)
    if format not in TYPES:
        raise Http404
    uses = feature_users.uses_of(file, feature=request.GET.get("feature")) or []
    rows: list[list[sheets.Cell]] = [[one.name, one.feature, one.events, one.first_on, one.last_on] for one in uses]
    sheet = sheets.Sheet(
        [_("User"), _("Feature"), _("Core events"), _("First use"), _("Last use")], rows,
        [(_("Customer"), file.customer.name), (_("28 days up to"), file.on.isoformat())],
    )  # fmt: skip
    return download(sheet, format=format, name=f"feature-users-{key}-{file.on}", kind="usage.exported",
                    member=file.member, asked={"customer": key, **dict(request.GET.items())})  # fmt: skip
