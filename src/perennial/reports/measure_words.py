"""How a measure of a metric reads: what it counts, of what, and of which days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from perennial.lake.algebra import WINDOWLESS, Aggregate

AGGREGATES = {
    Aggregate.COUNT: _("Number of events"),
    Aggregate.SUM: _("Sum of the events' values"),
    Aggregate.DISTINCT: _("How many different"),
    Aggregate.LARGEST: _("The most events that one has"),
    Aggregate.EFFECTIVE: _("Effective number, by how events are spread"),
    Aggregate.ADOPTED: _("How many are adopted: 3 uses or 2 users"),
    Aggregate.TREND: _("Trend of weekly users over 13 weeks"),
    Aggregate.ADJUSTED: _("Trend of weekly users over 13 weeks, after calendar adjustment"),
    Aggregate.GAP: _("Weeks since the champion was last active"),
    Aggregate.SILENCE: _("How likely the champion's silence is by chance"),
    Aggregate.SINCE: _("Days since the last event"),
}
OF = {
    "": "—",
    "user": _("Users"),
    "feature": _("Features"),
    "event": _("Kinds of events"),
    "bought": _("Features of what was bought"),
    "day": _("Days with events"),
    "user_day": _("Users each day"),
    "user_week": _("Users each week, from Monday"),
    "champion": _("The champion"),
}
DAYS = {"": _("Every day"), "working": _("Monday to Friday")}


def said(given: Mapping[str, Any]) -> str:
    """Say a measure in short: what, of what, and of which days."""
    aggregate = Aggregate(given["aggregate"])
    parts = [str(AGGREGATES[aggregate])]
    if given.get("of"):
        parts.append(str(OF[given["of"]]))
    if aggregate not in WINDOWLESS:
        count = int(given.get("window", 1))
        parts.append(ngettext("%(count)d day", "%(count)d days", count) % {"count": count})
        if offset := int(given.get("offset", 0)):
            parts.append(ngettext("%(count)d day ago", "%(count)d days ago", offset) % {"count": offset})
        if given.get("days"):
            parts.append(str(DAYS[given["days"]]))
    return " · ".join(parts)
