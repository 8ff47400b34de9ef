"""What comes in now, as it comes: asks again every few seconds while somebody watches."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from perennial.intake import live, mending, queries
from perennial.intake.live import Asked, Came
from perennial.pages.events import frame, words

SHOWN_PROPS = 4_000
"""Characters of an event's properties that the page shows; a page of fifty stays small."""


@dataclass(frozen=True)
class Line:
    """One message as the page shows it."""

    came: Came
    id: str
    fate: str
    tone: str
    meaning: str
    reason: str
    props: str


@vary_on_headers("HX-Request")
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Answer with the newest messages; to htmx with them alone."""
    asked = Asked(
        source=frame.typed(request.GET.get("source"))[:60],
        event=frame.typed(request.GET.get("event")),
        who=frame.typed(request.GET.get("who")),
    )
    found = live.newest(asked, among=frame.seen_by(request))
    query = {
        key: value for key, value in (("source", asked.source), ("event", asked.event), ("who", asked.who)) if value
    }
    context: dict[str, Any] = {
        "lines": _lines(found),
        "asked": asked,
        "is_narrowed": bool(query),
        "is_paused": request.GET.get("paused") == "1",
        "again": f"?{urlencode(query)}",
        "paused": f"?{urlencode({**query, 'paused': '1'})}",
    }
    if frame.is_partial(request):
        return frame.part(request, "live_lines", context)
    keys = queries.write_keys()
    context["has_keys"] = any(key.revoked_at is None for key in keys)
    context["sources"] = [(source, _names(source, keys)) for source in sorted({key.source for key in keys})]
    return frame.shown(request, "live", context, here="settings_events_live")


def _names(source: str, keys: list[queries.WriteKey]) -> str:
    """Return a source with the names of the keys that send under it."""
    return f"{source} ({', '.join(dict.fromkeys(key.name for key in keys if key.source == source))})"


def _lines(found: list[Came]) -> list[Line]:
    """Return each message with an id that stays its own while the list moves on: what is open beside it stays open."""
    times: Counter[str] = Counter()
    lines = []
    for one in reversed(found):
        id_ = f"r{one.rejected.id}" if one.rejected else f"e{one.event.event_id.hex()}" if one.event else ""
        times[id_] += 1
        label, tone = words.FATES[one.fate]
        reason = str(words.reason(one.rejected.reason).label) if one.rejected else ""
        meaning = str(words.MEANINGS[one.fate])
        lines.append(Line(one, f"{id_}-{one.received_at:%H%M%S%f}-{times[id_]}", str(label), tone, meaning, reason,
                          _props(one)))  # fmt: skip
    return lines[::-1]


def _props(one: Came) -> str:
    """Return an event's properties, or the whole of a rejected message, as JSON that a person reads."""
    raw = one.rejected.raw if one.rejected else (one.event.props or "") if one.event else ""
    if not raw:
        return ""
    try:
        text = mending.written(json.loads(raw))
    except (ValueError, RecursionError):
        text = raw
    return text if len(text) <= SHOWN_PROPS else f"{text[:SHOWN_PROPS]}…"


@require_GET
def balance(request: HttpRequest) -> HttpResponse:
    """Answer with what became of everything that was ever sent."""
    return frame.part(request, "balance", {"balance": live.balance()})
