"""What the organisation is: its name, and what it was founded with."""

from __future__ import annotations

import yaml
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from perennial.blueprint.queries import default_text
from perennial.kernel.organisation import actions
from perennial.kernel.organisation.queries import house
from perennial.pages.settings import switches, tabs


class NameForm(forms.Form):
    """The organisation's name."""

    name = forms.CharField(label=_("Name"), max_length=200)


@require_http_methods(["GET", "POST"])
def organisation(request: HttpRequest) -> HttpResponse:
    """Show what the house was founded with and how its revenue is counted otherwise than by default; rename it."""
    place = house()
    form = NameForm(request.POST or None, initial={"name": place.name})
    if form.is_valid():
        by = tabs.member_of(request).pk
        actions.rename(name=form.cleaned_data["name"], by=by, at=timezone.now())
        messages.success(request, gettext("The name is kept."))
        return redirect("settings_organisation")
    other = switches.changes(yaml.safe_load(default_text("revenue")), place.policy_switches)
    context = {"place": place, "form": form, "today": place.today(timezone.now()), "switches": other}
    status = 422 if form.errors else 200
    return tabs.shown(request, "organisation", context, tab="settings_organisation", status=status)
