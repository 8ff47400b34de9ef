"""How long raw events are kept: what a period would remove, before it is put in force."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from perennial.kernel.organisation import actions
from perennial.kernel.organisation.queries import house
from perennial.pages.settings import tabs
from perennial.privacy import retention


class PeriodForm(forms.Form):
    """The months; none: for ever."""

    months = forms.IntegerField(
        label=_("Months"), required=False, min_value=retention.LEAST, max_value=retention.MOST,
        help_text=_("Empty: for ever."),
    )  # fmt: skip


@never_cache
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Show the period in force and, for the months that are asked for, what would go; put them in force."""
    now, place = timezone.now(), house()
    given = request.POST if request.method == "POST" else request.GET if "months" in request.GET else None
    form = PeriodForm(given, initial={"months": place.events_kept_months})
    months = form.cleaned_data["months"] if form.is_valid() else None
    if request.method == "POST" and form.is_valid():
        actions.keep_events(months=months, by=tabs.member_of(request).pk, at=now)
        messages.success(request, _said(months))
        return redirect("settings_keeping")
    asked = form.is_valid() and months != place.events_kept_months
    context = {
        "place": place, "form": form, "asked": asked, "months": months, "gone_before": retention.gone_before(),
        "forecast": retention.forecast(months, at=now) if asked and months is not None else None,
    }  # fmt: skip
    return tabs.shown(request, "privacy/keeping", context, tab="settings_privacy", status=422 if form.errors else 200)


def _said(months: int | None) -> str:
    if months is None:
        return gettext("Raw events are kept for ever from now on.")
    told = ngettext("Raw events are kept for %(n)s month. The next night removes older ones.",
                    "Raw events are kept for %(n)s months. The next night removes older ones.", months)  # fmt: skip
    return told % {"n": months}
