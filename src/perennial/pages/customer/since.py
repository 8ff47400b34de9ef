"""What changed a customer's score since an earlier day: a part of the health tab."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from perennial.health.since import Since, since
from perennial.health.terms import Cause
from perennial.pages.customer import measures
from perennial.pages.customer.page import find
from perennial.reports import score

CAUSES = {
    Cause.VALUE: (_("Values"), _("What was observed of the customer.")),
    Cause.FRESHNESS: (_("Freshness"), _("How old that is, and what is not known any more.")),
    Cause.CONFIGURATION: (_("Scorecard"), _("Another scorecard, or another version of it.")),
    Cause.SEGMENT: (_("Segment"), _("The means of the segment that stand in for what is not known.")),
}
SPANS: tuple[tuple[int, str | Promise], ...] = (
    (7, _("1 week")), (28, _("4 weeks")), (91, _("13 weeks")), (364, _("52 weeks")),
)  # fmt: skip
USUAL_DAYS = 28


@require_GET
def page(request: HttpRequest, key: str) -> HttpResponse:
    """Answer what changed since the day in `from` (28 days before the score where none is named)."""
    file = find(request, key)
    evidence = score.of(file.customer.pk, file.fields)
    if evidence is None:
        raise Http404
    back = _day(request.GET.get("from", "")) or evidence.on - timedelta(days=USUAL_DAYS)
    found = since(file.customer.pk, evidence.on, back) if back < evidence.on else None
    return render(request, "customer/since.html", {
        "customer": file.customer,
        "asked": back,
        "on": evidence.on,
        "spans": [(evidence.on - timedelta(days=days), label) for days, label in SPANS],
        "found": found,
        **({} if found is None else _told(found, hidden=score.untold_of(found.values, file.fields))),
    })  # fmt: skip


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _told(found: Since, *, hidden: frozenset[str]) -> dict[str, Any]:
    moved, language = found.moved, get_language() or "en"
    labels = {one.key: one.label.text(language) for card in (found.was, found.card) for one in card.card.measures}
    rows = [
        {
            "label": labels[key],
            "is_hidden": key in hidden,
            "before": measures.value(key, found.values[key][0]),
            "after": measures.value(key, found.values[key][1]),
            "parts": [parts.get(cause) for cause in CAUSES],
            "total": sum(parts.values()),
        }
        for key, parts in moved.by.items()
    ]
    return {
        "rows": sorted(rows, key=lambda row: -abs(row["total"])),
        "causes": [(label, meaning, moved.total(cause)) for cause, (label, meaning) in CAUSES.items()],
        "difference": moved.score - moved.before,
        "is_other_card": (found.was.card.key, found.was.version) != (found.card.card.key, found.card.version),
        "cards": [f"{one.card.label.text(language)} {one.version}" for one in (found.was, found.card)],
    }
