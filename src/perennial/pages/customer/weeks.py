"""The thirteen weeks of a customer beside what they were for everybody: a part of the usage tab."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from perennial.lake.calendars import LEAST_CUSTOMERS
from perennial.pages import tags
from perennial.pages.customer.page import find
from perennial.usage import calendar
from perennial.usage.calendar import Weeks


@require_GET
def page(request: HttpRequest, key: str) -> HttpResponse:
    """Answer the trend of weekly users as counted and after calendar adjustment."""
    file = find(request, key)
    found = calendar.of_customer(file.customer.pk, file.on)
    return render(request, "customer/weeks.html", {
        "customer": file.customer,
        "on": file.on,
        "found": found,
        "said": said(found),
        "figures": figures(found),
    })  # fmt: skip


def said(found: Weeks) -> str:
    """Say by what the weeks are divided, or why they are not."""
    if not found.is_adjusted:
        return _(
            "Not adjusted: below %(least)d customers with use the fleet cannot say what a week was. A table of "
            "holidays that would stand in is not there yet."
        ) % {"least": LEAST_CUSTOMERS}
    whose = _("the customers of its region") if found.by_region else _("all customers")
    return _(
        "Each week's users ÷ what the week was for %(whose)s: the median of (users + 0.5) ÷ (their own median of 26 "
        "weeks + 0.5), in the last week over %(count)s customers."
    ) % {"whose": whose, "count": tags.number(found.customers)}


def figures(found: Weeks) -> list[tuple[str, str]]:
    """Return both trends, and what the last week was, each with its name."""
    told = [(_("Trend as counted"), slope(found.slope))]
    if found.is_adjusted:
        last = found.weeks[-1].factor
        told += [
            (_("Trend after adjustment"), slope(found.adjusted_slope)),
            (_("The last week for everybody"), tags.percent(last.value) if last else tags.UNKNOWN),
        ]
    return told


def slope(value: float | None) -> str:
    """Write a slope of logarithms: as a number a week; unknown below eight weeks."""
    if value is None:
        return tags.UNKNOWN
    return _("%(slope)s a week") % {"slope": tags.signed(value, 3)}
