"""What was rejected: by reason, one by one, mended and replayed, set aside, fetched as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from perennial.intake import actions, live, mending, queries
from perennial.intake.queries import OPEN, STATES, Chosen, Rejected
from perennial.kernel.journal import actions as journal
from perennial.pages.events import frame, words
from perennial.pages.settings import tabs
from perennial.pages.tags import number as written

EXCERPT = 160


def chosen_of(query: QueryDict) -> Chosen:
    """Return which messages an address names; an empty part asks for nothing."""
    state = query.get("state", OPEN)
    return Chosen(
        reason=frame.typed(query.get("reason")) or None,
        key_id=frame.number(query.get("key")),
        where=frame.typed(query.get("where"))[:60] if "where" in query else None,
        state=state if state in STATES else OPEN,
    )


def address_of(chosen: Chosen, **more: Any) -> str:
    """Return the query that names these messages."""
    named = {"reason": chosen.reason, "key": chosen.key_id, "where": chosen.where, **more}
    if chosen.state != OPEN:
        named.setdefault("state", chosen.state)
    return urlencode({key: value for key, value in named.items() if value is not None})


@require_GET
def groups(request: HttpRequest) -> HttpResponse:
    """List what waits by reason, place and key, and what was kept aside after it was taken."""
    found = queries.rejected_groups()
    rows = [
        (group, words.reason(group.reason), _excerpt(group.newest),
         address_of(Chosen(group.reason, group.key_id, group.where)))
        for group in found
    ]  # fmt: skip
    settled = queries.settled_counts()
    context = {
        "rows": rows,
        "is_cut": len(found) == queries.MOST_GROUPS,
        "settled": [(state, words.STATES[state], count) for state, count in settled.items() if state != OPEN],
        "total": settled.get(OPEN, 0),
        "conflicts": live.conflicts(limit=20),
    }
    return frame.shown(request, "rejected", context, here="settings_events_rejected")


@vary_on_headers("HX-Request")
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """List the messages that the address names, the newest first."""
    return _listing(request, chosen_of(request.GET), frame.number(request.GET.get("before")))


def _listing(request: HttpRequest, chosen: Chosen, before: int | None = None) -> HttpResponse:
    rows, mark = queries.rejected_page(chosen, before=before)
    rule = words.suggested(chosen.reason or "", chosen.where or "")
    context: dict[str, Any] = {
        "rows": [(row, words.reason(row.reason), _excerpt(row)) for row in rows],
        "chosen": chosen,
        "said": words.reason(chosen.reason) if chosen.reason else None,
        "query": address_of(chosen),
        "next": f"?{address_of(chosen, before=mark)}" if mark else None,
        "is_first": before is None,
        "states": [(words.STATES[state], f"?{address_of(chosen, state=state)}", state == chosen.state)
                   for state in STATES],
        "is_open": chosen.state == OPEN,
        "key": rows[0] if rows and chosen.key_id is not None else None,
        "changes": words.CHANGES.items(),
        "rule": rule,
        "most": actions.MOST_AT_ONCE,
    }  # fmt: skip
    if frame.is_partial(request):
        return frame.part(request, "rejected_lines", context)
    return frame.shown(request, "rejected_list", context, here="settings_events_rejected")


def _excerpt(one: Rejected) -> str:
    """Return the beginning of a message on one line, letters as they are."""
    message = mending.object_of(one.raw)
    text = one.raw if message is None else json.dumps(message, ensure_ascii=False)
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…"


@require_GET
def file(request: HttpRequest) -> HttpResponseBase:
    """Answer the messages that the address names as NDJSON, the oldest first."""
    chosen = chosen_of(request.GET)
    data = {"reason": chosen.reason, "key": chosen.key_id, "state": chosen.state}
    journal.record("rejected.exported", by=tabs.member_of(request).pk, at=timezone.now(), data=data)
    return StreamingHttpResponse(
        _ndjson(chosen),
        content_type="application/x-ndjson",
        headers={"Content-Disposition": 'attachment; filename="rejected.ndjson"'},
    )


def _ndjson(chosen: Chosen) -> Iterator[str]:
    for row in queries.rejected_stream(chosen):
        message = mending.object_of(row.raw)
        yield json.dumps(
            {
                "id": row.id, "receivedAt": row.received_at.isoformat(), "reason": row.reason, "where": row.where,
                "key": row.key_prefix, "source": row.source, "call": row.kind, "state": row.settled_as or OPEN,
                **({"text": row.raw} if message is None else {"message": message}),
            }
        ) + "\n"  # fmt: skip


@require_POST
def discard(request: HttpRequest) -> HttpResponse:
    """Set aside what the address names (or the rows chosen in the list); it can be undone for a day."""
    chosen = chosen_of(request.GET)
    picked = [one for text in request.POST.getlist("row") if (one := frame.number(text)) is not None]
    entry, count = actions.discard(chosen, ids=picked or None, by=tabs.member_of(request).pk, at=timezone.now())
    text = ngettext("%(count)s message is set aside.", "%(count)s messages are set aside.", count)
    answer = _listing(request, Chosen(chosen.reason, chosen.key_id, chosen.where))
    undo = reverse("settings_events_rejected_undo", args=[entry]) if count else ""
    return frame.toast(answer, text % {"count": written(count)}, undo=undo)


@require_POST
def undo(request: HttpRequest, number: int) -> HttpResponse:
    """Let messages wait again that the member set aside; the page is shown anew."""
    count = actions.take_back_discard(entry_id=number, by=tabs.member_of(request).pk, at=timezone.now())
    if count is None:
        raise Http404
    text = ngettext("Undone: %(count)s message waits again.", "Undone: %(count)s messages wait again.", count)
    messages.success(request, text % {"count": written(count)})
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})
