"""Groups and users that no customer is known for: linked, made a customer, ignored; one or many, and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from perennial.customers import queries as customers
from perennial.intake import deciding, proposals
from perennial.intake.actions import IntakeError
from perennial.intake.proposals import Asked, Decided, Stranger
from perennial.kernel.organisation.queries import house
from perennial.members import access
from perennial.pages.events import frame, words
from perennial.pages.settings import tabs
from perennial.pages.tags import number as written

SHOWN = 8
ADDS = "customers.edit"


@vary_on_headers("HX-Request")
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """List those that wait for a decision, or those that were linked or ignored."""
    return _listing(request, frame.number(request.GET.get("before")))


def _listing(request: HttpRequest, before: int | None = None) -> HttpResponse:
    given, text = request.GET.get("state"), frame.typed(request.GET.get("q"))
    decided = Decided(given) if given in list(Decided) else Decided.OPEN
    rows, mark = proposals.page(Asked(decided, text), among=frame.linkable_by(request), on=_today(), before=before)
    query = {"state": decided.value} if decided != Decided.OPEN else {}
    query |= {"q": text} if text else {}
    context: dict[str, Any] = {
        "rows": [(row, _proposed(row)) for row in rows],
        "decided": decided,
        "is_open": decided == Decided.OPEN,
        "text": text,
        "query": urlencode(query),
        "next": f"?{urlencode({**query, 'before': str(mark)})}" if mark else None,
        "is_first": before is None,
        "states": [(words.DECIDED[one], f"?{urlencode({'state': one})}" if one != Decided.OPEN else "?", one == decided)
                   for one in Decided],
        "may_add": may_add(request),
        "days": proposals.SEEN_DAYS,
    }  # fmt: skip
    if frame.is_partial(request):
        return frame.part(request, "unconfirmed_lines", context)
    return frame.shown(request, "unconfirmed", context, here="settings_events_unconfirmed")


def _today() -> Any:
    return house().today(timezone.now())


def _proposed(row: Stranger) -> list[tuple[Any, str]]:
    return [(one, words.why(one.why, one.detail)) for one in row.proposals]


def may_add(request: HttpRequest) -> bool:
    """Say whether the member may make customers: only who may edit all of them."""
    return access.scope_of(tabs.member_of(request), ADDS) == "all"


def _picked(request: HttpRequest) -> list[int]:
    return [one for text in request.POST.getlist("row") if (one := frame.number(text)) is not None]


@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Link, make customers of, or ignore the rows named; `ask` shows first what would be done."""
    ids, do = _picked(request), request.POST.get("do", "")
    if not ids or (do == "create" and not may_add(request)):
        raise Http404
    if request.POST.get("ask"):
        return _asked(request, ids, do)
    try:
        text = _done(request, ids, do)
    except IntakeError as error:
        return frame.toast(_listing(request), str(error), kind="bad")
    undo = f"{reverse('settings_events_unconfirmed_back')}?{urlencode({'row': ids}, doseq=True)}"
    return frame.toast(_listing(request), text, undo="" if do == "create" else undo)


def _asked(request: HttpRequest, ids: Sequence[int], do: str) -> HttpResponse:
    rows = proposals.of_ids(ids[: deciding.MOST], among=frame.linkable_by(request), on=_today())
    able = [row for row in rows if row.first is not None] if do == "propose" else rows
    context = {
        "do": do,
        "rows": able,
        "lines": [(row, _proposed(row)) for row in able[:SHOWN]],
        "more": max(0, len(able) - SHOWN),
        "without": len(rows) - len(able),
    }
    return frame.part(request, "decide", context)


def _done(request: HttpRequest, ids: Sequence[int], do: str) -> str:
    by, at = tabs.member_of(request).pk, timezone.now()
    if do == "ignore":
        deciding.ignore(ids, by=by, at=at)
        text = ngettext("%(count)s is ignored.", "%(count)s are ignored.", len(ids))
        return text % {"count": written(len(ids))}
    if do == "create":
        made = deciding.create(ids, by=by, at=at)
        text = ngettext("%(count)s customer is made; its events count for it.",
                        "%(count)s customers are made; their events count for them.", len(made))  # fmt: skip
        return text % {"count": written(len(made))}
    links = _links(request, ids, do)
    deciding.link(links, by=by, at=at)
    text = ngettext("%(count)s is linked; its events so far count too, in a moment.",
                    "%(count)s are linked; their events so far count too, in a moment.", len(links))  # fmt: skip
    return text % {"count": written(len(links))}


def _links(request: HttpRequest, ids: Sequence[int], do: str) -> dict[int, int]:
    """Return whom to link to whom: all to the customer named, or each to the one that is proposed for it."""
    among = frame.linkable_by(request)
    if do == "propose":
        rows = proposals.of_ids(ids[: deciding.MOST], among=among, on=_today())
        links = {row.id: row.first.customer_id for row in rows if row.first is not None}
        if not links:
            raise IntakeError(_("There is no proposal for these. Choose a customer for them."))
        return links
    found = customers.by_key(among, request.POST.get("to", "")) if do == "link" else None
    if found is None:
        raise Http404
    return dict.fromkeys(ids, found.pk)


@require_GET
def choose(request: HttpRequest) -> HttpResponse:
    """Answer with the customers that a typed text finds, for the dialog in which one is chosen."""
    found = proposals.candidates(frame.typed(request.GET.get("name")), among=frame.linkable_by(request))
    return frame.part(request, "choose", {"found": found, "text": frame.typed(request.GET.get("name"))})


@require_POST
def dialog(request: HttpRequest) -> HttpResponse:
    """Answer with the dialog in which a customer is chosen for the rows named."""
    rows = proposals.of_ids(_picked(request)[: deciding.MOST], among=frame.linkable_by(request), on=_today())
    if not rows:
        raise Http404
    context = {"rows": rows, "named": rows[:SHOWN], "more": max(0, len(rows) - SHOWN)}
    return frame.part(request, "choosing", context)


@require_POST
def take_back(request: HttpRequest) -> HttpResponse:
    """Make the rows (`?row=`) undecided again; Undo and the list of the decided ones both ask it."""
    ids = [one for text in request.GET.getlist("row") if (one := frame.number(text)) is not None]
    count = deciding.take_back(ids, by=tabs.member_of(request).pk, at=timezone.now())
    text = ngettext("%(count)s waits for a decision again.", "%(count)s wait for a decision again.", count)
    if request.headers.get("HX-Target", "").endswith("#strangers"):
        return frame.toast(_listing(request), text % {"count": written(count)})
    messages.success(request, text % {"count": written(count)})
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})
