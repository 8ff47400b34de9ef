"""The command palette: customers, people, pages, saved views and actions that a text finds; without one no customer and
nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from perennial.customers import lists, people
from perennial.members import access
from perennial.members.models import Member
from perennial.pages.frame import WAYS, Frame, Way


@dataclass(frozen=True)
class Action:
    """Something that one can begin from anywhere: its page by name, and the ability without which it is not offered."""

    name: str
    label: Promise
    icon: str
    ability: str | None = None


ACTIONS = (
    Action("today_away", _("What is put away, and how often each rule was"), "thumbs-down", "customers.read"),
    Action("imports", _("Import a file"), "file-up", "imports.run"),
    Action("exports", _("Fetch my exports"), "download", "exports.run"),
    Action("settings_members", _("Add a member"), "user-plus", "members.manage"),
    Action("settings_keys", _("Make an API key"), "key-round", "keys.manage"),
    Action("settings", _("Change my language, theme or password"), "user-round"),
)


@dataclass(frozen=True)
class Option:
    """One answer."""

    url: str
    icon: str
    label: str
    hint: str = ""


@require_GET
def palette(request: HttpRequest) -> HttpResponse:
    """Answer with what the text finds; four queries, none without a text but for the saved views."""
    member = cast(Member, access.member_of(request))
    text = request.GET.get("q", "").strip()[:100]
    frame = Frame(request)
    pages, actions = _open_to(member, WAYS), _open_to(member, ACTIONS)
    views = [Option(view.url, "bookmark", view.label) for view in frame.views]
    return render(request, "palette/results.html", {
        "customers": _customers(member, text),
        "people": _people(member, text),
        "pages": _fitting(pages, text),
        "views": _fitting(views, text),
        "actions": _fitting(actions, text),
        "text": text,
    })  # fmt: skip


def _open_to(member: Member, ways: Sequence[Way | Action]) -> list[Option]:
    return [
        Option(reverse(way.name), way.icon, str(way.label))
        for way in ways
        if way.ability is None or access.may(member, way.ability)
    ]


def _customers(member: Member, text: str) -> list[Option]:
    if not text or not access.may(member, "customers.read"):
        return []
    return [Option(reverse("customer", args=[row.key]), "building-2", row.name) for row in lists.found(member, text)]


def _people(member: Member, text: str) -> list[Option]:
    if not text or not access.may(member, "customers.read"):
        return []
    return [
        Option(f"{reverse('customer', args=[one.key])}?tab=people", "user-round", one.name, one.customer_name)
        for one in people.found(member, text)
    ]


def _fitting(options: list[Option], text: str) -> list[Option]:
    return [option for option in options if text.casefold() in option.label.casefold()]
