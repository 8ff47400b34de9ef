"""The list of usage alerts: the act list, then the watch list, with how many are expected by chance."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from perennial.alerts.terms import Kind, Listed
from perennial.members import access
from perennial.pages.files import TYPES, download
from perennial.pages.usage import alert_words as words
from perennial.pages.usage.frame import Asking, exact, nothing, who_cells, who_headings
from perennial.reports import alerts, sheets
from perennial.reports.alerts import Board, Chosen

MOST = 200


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show the lists. Three queries besides the frame's."""
    asking = Asking.of(request)
    if asking.on is None:
        return nothing(request, asking, "usage_alerts")
    chosen = read(request.GET)
    board = alerts.board(asking.member, chosen)
    return render(request, "usage/alerts.html", {
        **asking.context("usage_alerts"),
        "board": board,
        "summary": words.summary(board),
        "rows": [(one, words.kind_of(one), words.listed_of(one), words.TONES[one.one.listed], words.said(one),
                  words.chance(one.one.p), words.rest(one, asking.today)) for one in board.alerts[:MOST]],
        "left": max(0, len(board.alerts) - MOST),
        "chips": _chips(board, chosen),
        "is_filtered": chosen != Chosen(),
        "export": f"{reverse('usage_alerts_export')}?{query_of(chosen)}",
    })  # fmt: skip


def read(query: QueryDict) -> Chosen:
    """Return what an address asks for; what it does not know counts as everything."""
    listed, kind, owner = query.get("list", ""), query.get("kind", ""), query.get("owner", "")
    return Chosen(
        listed if listed in Listed.values else "", kind if kind in Kind.values else "", query.get("segment", ""),
        int(owner) if owner.isascii() and owner.isdigit() and len(owner) < 10 else None,
    )  # fmt: skip


def query_of(chosen: Chosen, **other: Any) -> str:
    """Return a choice as an address' query, with another value of one part of it."""
    asked = {"list": chosen.listed, "kind": chosen.kind, "segment": chosen.segment, "owner": chosen.owner, **other}
    return urlencode({key: value for key, value in asked.items() if value not in ("", None)})


def _chips(board: Board, chosen: Chosen) -> list[tuple[str, str, bool, list[tuple[str, str, bool]]]]:
    """Return what may be chosen: (icon, what is chosen, whether something is, (address, word, is chosen) …)."""
    parts: list[tuple[str, str, Any, list[tuple[Any, str]]]] = [
        ("list", "list", chosen.listed, [("", _("Both lists")), *((one.value, str(one.label)) for one in Listed)]),
        ("kind", "bell", chosen.kind, [("", _("All kinds")), *((one.value, str(one.label)) for one in Kind)]),
    ]
    if board.segments:
        every: list[tuple[Any, str]] = [("", _("All segments")), *((one, one) for one in board.segments)]
        parts.append(("segment", "tag", chosen.segment, every))
    if len(board.owners) > 1 or chosen.owner is not None:
        parts.append(("owner", "user", chosen.owner, [(None, _("All CSMs")), *board.owners]))
    return [
        (icon, next((word for value, word in options if value == now), _("Nobody")), now not in ("", None),
         [(f"?{query_of(chosen, **{name: value})}", word, value == now) for value, word in options])
        for name, icon, now, options in parts
    ]  # fmt: skip


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Answer the chosen alerts as a file."""
    asking, format = Asking.of(request), request.POST.get("format", sheets.CSV)
    if not access.may(asking.member, "exports.run") or format not in TYPES:
        raise Http404
    board = alerts.board(asking.member, read(request.GET), leaving=True)
    return download(
        sheet_of(board, owners=asking.sees_owners), format=format, name=f"usage-alerts-{asking.today}",
        kind="usage.exported", member=asking.member, asked=dict(request.GET.items()),
    )  # fmt: skip


def sheet_of(board: Board, *, owners: bool) -> sheets.Sheet:
    """Return the alerts as a file, with how many are expected by chance."""
    headings = [*who_headings(owners=owners), _("Segment"), _("Kind"), _("List"), _("Week to"),
                _("Users a week lately"), _("Usual weekly users"), _("Chance"), _("Rests until"), _("Why")]  # fmt: skip
    rows: list[list[sheets.Cell]] = [
        [*who_cells(one, owners=owners), one.segment, words.kind_of(one), words.listed_of(one), one.one.week_on,
         exact(one.one.users), exact(one.one.usual), exact(one.one.p), one.one.muted_until_on, words.said(one)]
        for one in board.alerts
    ]  # fmt: skip
    return sheets.Sheet(headings, rows, [(_("Alerts"), words.summary(board))])
