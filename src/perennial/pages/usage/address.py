"""What an address of the explorer asks for: `?metric=active_users_28d&period=13w&by=tier`.

A point is named by its day and part: `&on=2026-03-02&value=a`; without `value` everybody is meant, and a `value` of ""
is the part of those whose value is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.http import QueryDict

from perennial.reports.usage_parts import Breakdown
from perennial.reports.usage_series import Stretch

USUAL = "active_users_28d"


@dataclass(frozen=True)
class Chosen:
    """What is shown."""

    metric: str
    stretch: Stretch = Stretch.WEEKS_13
    by: Breakdown = Breakdown.NONE

    def query(
        self,
        *,
        metric: str = "",
        stretch: Stretch | None = None,
        by: Breakdown | None = None,
        on: date | None = None,
        value: str | None = None,
    ) -> str:
        """Return the choice as an address' query, with another metric, period or breakdown, or with one point of it."""
        asked = {"metric": metric or self.metric, "period": (stretch or self.stretch).value}
        if (by or self.by) is not Breakdown.NONE:
            asked["by"] = (by or self.by).value
        if on is not None:
            asked["on"] = on.isoformat()
        if value is not None:
            asked["value"] = value
        return urlencode(asked)


def read(query: QueryDict, metrics: Sequence[str], breakdowns: Sequence[Breakdown]) -> Chosen:
    """Return what an address asks for of what the member may see (at least one metric); anything else is the usual."""
    metric, period, by = query.get("metric", USUAL), query.get("period", ""), query.get("by", "")
    return Chosen(
        metric if metric in metrics else USUAL if USUAL in metrics else metrics[0],
        Stretch(period) if period in set(Stretch) else Stretch.WEEKS_13,
        Breakdown(by) if by in set(breakdowns) else Breakdown.NONE,
    )


def day_at(text: str) -> date | None:
    """Read a day; None where it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
