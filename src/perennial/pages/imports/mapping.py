"""The mapping: what each table is, column by column; corrected here or as YAML, kept, and used again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from perennial.integrations.imports import actions, origin
from perennial.integrations.imports import mapping as mappings
from perennial.integrations.imports.actions import ImportRefused
from perennial.integrations.imports.findings import tables_of
from perennial.integrations.imports.kinds import KINDS, KindKey
from perennial.integrations.imports.mapping import Mapping, MappingError
from perennial.integrations.imports.reach import reach_of
from perennial.kernel.organisation.queries import house
from perennial.pages.imports import cards, open_points, sending, shown, wizard
from perennial.pages.imports.cards import Card
from perennial.pages.imports.wizard import Opened

MOST_YAML = 200_000


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, import_id: int) -> HttpResponse:
    """Show the mapping; a POST keeps it, and goes on to the check where that button was pressed."""
    opened = wizard.opened(request, import_id)
    if not opened.has_tables:
        return redirect("import_files", import_id=import_id)
    mapping = _mapping(opened)
    given = cards.cards_of(mapping, tables_of(opened.view.findings))
    if request.method == "GET":
        return _show(request, opened, given, mapping)
    given = sending.added(sending.sent(request.POST, given), request.POST.get("also", ""))
    source = request.POST.get("source", mapping.source).strip()
    try:
        given = sending.settled(given)
        faults = sending.faults(given)
        if not faults:
            actions.set_mapping(import_id=import_id, data=sending.data_of(given, source, mapping))
    except (ImportRefused, MappingError) as refused:
        faults = [str(refused)]
    if faults:
        return _show(request, opened, given, mapping, faults=faults, status=422)
    if "check" in request.POST:
        return _check(request, opened, given)
    return redirect("import_mapping", import_id=import_id)


def _mapping(opened: Opened) -> Mapping:
    try:
        return mappings.from_data(opened.view.mapping)
    except MappingError:
        return Mapping(source="files", tables=())


def _check(request: HttpRequest, opened: Opened, given: Sequence[Card]) -> HttpResponse:
    lacking = [(card, name) for card in given for name in card.missing()]
    if any(card.open_questions() for card in given):
        messages.error(request, _("Some dates read in two ways. Say which is meant; then the files can be checked."))
    elif lacking:
        card, name = lacking[0]
        text = _("%(file)s: “%(field)s” is needed, and no column fills it.")
        messages.error(request, text % {"file": card.source.file, "field": name})
    elif any(card.open_terms() for card in given):
        messages.error(request, _("Say what the amounts are for and what the end means; then check the files."))
    else:
        try:
            actions.check(import_id=opened.view.id, by=opened.member.pk, at=timezone.now())
            return redirect("import_check", import_id=opened.view.id)
        except ImportRefused as refused:
            messages.error(request, str(refused))
    return redirect("import_mapping", import_id=opened.view.id)


def _show(request: HttpRequest, opened: Opened, given: Sequence[Card], mapping: Mapping, **more: Any) -> HttpResponse:
    place = house()
    on = opened.view.created_at.astimezone(place.timezone).date()
    found = opened.view.findings
    shown_cards = [shown.card(number, card, place, on) for number, card in enumerate(given)]
    points = [point for card in shown_cards for point in open_points.of(card)]
    context = {
        "cards": shown_cards,
        "points": points,
        "leads_to": points[0].at if points and not request.headers.get("HX-Request") else "",
        "source": request.POST.get("source", mapping.source),
        "origin": found.get("origin") if mapping.source == found.get("origin", {}).get("source") else None,
        "sources": origin.known_sources(reach_of(opened.member.pk)),
        "kinds": [(key.value, str(KINDS[key].label)) for key in KindKey],
        "currency": place.currency,
        "reused": found.get("reused"),
        "yaml": mappings.to_yaml(mapping),
        "most_yaml": MOST_YAML,
    }
    return wizard.show(request, opened, 2, **context, **more)


@require_GET
def as_yaml(request: HttpRequest, import_id: int) -> HttpResponse:
    """Hand out the mapping as YAML, to be kept and used again."""
    opened = wizard.opened(request, import_id)
    text = mappings.to_yaml(_mapping(opened))
    response = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="mapping-{import_id}.yaml"'
    return response


@require_POST
def from_yaml(request: HttpRequest, import_id: int) -> HttpResponse:
    """Take a mapping from a YAML file or text."""
    wizard.opened(request, import_id)
    upload = request.FILES.get("file")
    try:
        raw = upload.read(MOST_YAML + 1) if upload else request.POST.get("yaml", "").encode()
        if len(raw) > MOST_YAML:
            raise MappingError(_("This is too long for a mapping."))
        mapping = mappings.parse(raw.decode("utf-8-sig"))
        actions.set_mapping(import_id=import_id, data=mappings.to_data(mapping))
        messages.success(request, _("The mapping is taken over."))
    except UnicodeDecodeError:
        messages.error(request, _("This is no text in UTF-8. Choose the mapping's YAML file."))
    except (ImportRefused, MappingError) as refused:
        messages.error(request, str(refused))
    return redirect("import_mapping", import_id=import_id)
