"""The ways between the settings, and the frame in which each is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from perennial.members import access
from perennial.members.models import Member


@dataclass(frozen=True)
class Tab:
    """One page of the settings, and the ability without which it is not shown."""

    name: str
    label: Promise
    ability: str | None = None


TABS = (
    Tab("settings", _("My profile")),
    Tab("settings_members", _("Members"), "members.manage"),
    Tab("settings_roles", _("Roles"), "members.manage"),
    Tab("settings_keys", _("Keys"), "keys.manage"),
    Tab("settings_events", _("Events"), "events.manage"),
    Tab("settings_blueprint", _("Blueprint"), "settings.manage"),
    Tab("settings_metrics", _("Metrics"), "settings.manage"),
    Tab("settings_privacy", _("Privacy"), "privacy.manage"),
    Tab("settings_rates", _("Exchange rates"), "settings.manage"),
    Tab("settings_organisation", _("Organisation"), "settings.manage"),
)


def shown(request: HttpRequest, name: str, context: dict[str, Any], *, tab: str, status: int = 200) -> HttpResponse:
    """Show a page of the settings under its tab."""
    around = {"tabs": ways(member_of(request), tab)}
    return render(request, f"{name if '/' in name else f'settings/{name}'}.html", {**around, **context}, status=status)


def ways(member: Member, tab: str) -> list[tuple[str, Promise, bool]]:
    """Return address and label of each tab that the member may open, and whether it is the one that is open."""
    return [
        (reverse(one.name), one.label, one.name == tab)
        for one in TABS
        if one.ability is None or access.may(member, one.ability)
    ]


def member_of(request: HttpRequest) -> Member:
    """Return the signed-in member; the guard let nobody else in."""
    return cast(Member, access.member_of(request))
