"""What stands around the intake's pages: the settings' tabs, and the ways between the five."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from perennial.customers.access import customers_of
from perennial.customers.models import Customer
from perennial.intake import queries
from perennial.pages.settings import tabs

TAB = "settings_events"
MOST_TYPED = 200


@dataclass(frozen=True)
class Way:
    """A page of the intake: its address by name, and which of the two counts it carries (None: neither)."""

    name: str
    label: Promise
    counts: int | None = None


WAYS = (
    Way("settings_events", _("Write keys")),
    Way("settings_events_live", _("Live")),
    Way("settings_events_rejected", _("Rejected"), 0),
    Way("settings_events_unconfirmed", _("Unconfirmed"), 1),
    Way("settings_events_guides", _("How to send")),
)


def shown(
    request: HttpRequest, template: str, context: dict[str, Any], *, here: str, status: int = 200
) -> HttpResponse:
    """Show a whole page of the intake; two queries for the counts."""
    ways = [(reverse(way.name), way.label, way.name == here, way.counts) for way in WAYS]
    around = {"tabs": tabs.ways(tabs.member_of(request), TAB), "ways": ways, **_counts()}
    return render(request, f"events/{template}.html", {**around, **context}, status=status)


def _counts() -> dict[str, Any]:
    return {"counts": list(enumerate(queries.open_counts())), "many": queries.MANY}


def part(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Show what htmx replaces."""
    return render(request, f"events/{template}.html", context, status=status)


def is_partial(request: HttpRequest) -> bool:
    """Say whether htmx asks for a part; going back in the history asks for the whole page."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


def toast(response: HttpResponse, text: str, *, kind: str = "good", undo: str = "") -> HttpResponse:
    """Let an answer say what was done, and how it is taken back; the counts of the tabs follow."""
    response.write(render_to_string("events/counts.html", _counts()))
    response.headers["HX-Trigger"] = json.dumps({"toast": {"text": text, "kind": kind, "undo": undo}})
    return response


def seen_by(request: HttpRequest) -> QuerySet[Customer]:
    """Return the customers whose names the member may see here."""
    return customers_of(tabs.member_of(request))


def linkable_by(request: HttpRequest) -> QuerySet[Customer]:
    """Return the customers to which the member may link: those that he may edit."""
    return customers_of(tabs.member_of(request), "customers.edit")


def number(text: str | None) -> int | None:
    """Return a number that an address names, None for anything else."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 18 else None


def typed(text: str | None) -> str:
    """Return what a person typed, without its edges and not too long."""
    return (text or "").replace("\x00", "").strip()[:MOST_TYPED]
