"""One customer's health, and what changed it since an earlier day."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Router
from ninja.errors import HttpError

from perennial.api.customers import day_asked, find
from perennial.api.keys import caller
from perennial.api.wire import Day
from perennial.customers.access import visible_fields
from perennial.health.since import Since
from perennial.health.since import since as changed_since
from perennial.health.terms import Cause
from perennial.kernel.organisation.queries import house
from perennial.reports import past, score

router = Router(tags=["health"])


@router.get("/customers/{external_id}/health", url_name="customer_health")
def customer_health(
    request: HttpRequest, external_id: str, source: str | None = None, as_of: Day | None = None,
    since: Day | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The score of a day with its parts (of a past day: as the day printed it, without them). With `since`: what
    changed from then on, by cause and by measure; the causes and the measures' parts add up to `score` − `before`, both
    days scored anew from what they knew. `changed` is null where about that day nothing was scored."""
    member = caller(request, "customers.read")
    on, is_past = day_asked(as_of, house())
    found, fields = find(member, external_id, source), visible_fields(member)
    if since is not None and since >= on:
        raise HttpError(400, "`since` must lie before the day of the score.")
    if is_past:
        row = next(iter(past.rows_on(on, [found.pk])), None)
        if row is None:
            raise Http404  # merged into another one since it was found
        health = past.health_on(row, on, fields)
    else:
        health = past.health_of(found.pk, fields)
    changed = changed_since(found.pk, on, since) if since is not None and health is not None else None
    hidden = frozenset[str]() if changed is None else score.untold_of(changed.values, fields)
    return {"key": found.key, "as_of": on, "health": health,
            "changed": None if changed is None else _told(changed, hidden)}  # fmt: skip


def _told(found: Since, hidden: frozenset[str]) -> dict[str, Any]:
    moved = found.moved
    return {
        "from": found.from_on, "to": found.on,
        "before": str(moved.before), "score": str(moved.score),
        "scorecards": [{"key": one.card.key, "version": one.version} for one in (found.was, found.card)],
        "causes": {cause.value: str(moved.total(cause)) for cause in Cause},
        "measures": [
            {"key": key, "hidden": key in hidden,
             "values": [None, None] if key in hidden else list(found.values[key]),
             "causes": {cause.value: str(points) for cause, points in parts.items()}}
            for key, parts in moved.by.items()
        ],
    }  # fmt: skip
