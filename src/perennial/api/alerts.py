"""Usage alerts over HTTP: the open ones of the customers that a key's member sees."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema

from perennial.alerts.models import UsageAlert
from perennial.api.keys import caller
from perennial.reports import alerts
from perennial.reports.alerts import Alert, Chosen

router = Router(tags=["usage"])
DEFINITION = (
    "Open alerts. `drop`: weekly users below the usual beyond chance: an exponentially weighted mean of eight weeks, "
    "adjusted to the calendar, held against the fleet's own last half year; `p` is how often so low a value came "
    "there. `watch`: p < 0.005; `act`: at most one in ten of the list is chance. `expected`: how many of the `judged` "
    "customers come to a list by chance in a week in which nothing changes; `new`: how many did in this one."
)


class AlertQuery(Schema):
    """Which list and which kind; all without."""

    list: Literal["", "watch", "act"] = ""
    kind: Literal["", "drop", "champion_gap", "champion_gone", "silence"] = ""


@router.get("/alerts", url_name="alerts")
def open_alerts(request: HttpRequest, query: Annotated[AlertQuery, Query()]) -> dict[str, Any]:
    """The open usage alerts, those to act on first, with how many are expected by chance."""
    member = caller(request, "customers.read")
    board = alerts.board(member, Chosen(listed=query.list, kind=query.kind))
    week = board.week
    return {
        "definition": DEFINITION,
        "week": week.week_on.isoformat() if week else None,
        "trouble": (week.trouble or None) if week else None,
        "judged": board.judged,
        "new": board.new,
        "expected": board.expected,
        "alerts": [_told(one) for one in board.alerts],
    }


def _told(found: Alert) -> dict[str, Any]:
    one: UsageAlert = found.one
    return {
        "id": one.pk, "customer": found.key, "kind": one.kind, "list": one.listed, "week": one.week_on.isoformat(),
        "p": one.p, "statistic": one.statistic, "against": one.against, "users": one.users, "usual": one.usual,
        "muted_until": one.muted_until_on.isoformat() if one.muted_until_on else None,
        "muted_why": one.muted_why or None,
        "series": [{"users": users, "factor": factor} for users, factor in one.series],
    }  # fmt: skip
