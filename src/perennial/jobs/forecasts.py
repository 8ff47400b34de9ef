"""The forecast's work in the background: past weeks made anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from perennial.insights import freezing
from perennial.kernel.organisation.queries import house
from perennial.kernel.queue.actions import Claim, Report


def rebuild(_claim: Claim, report: Report, at: datetime) -> Mapping[str, Any]:
    """Job `forecast.rebuild`: past weeks that nobody froze, marked as rebuilt. Safe to run twice and to kill."""
    return {"weeks": freezing.rebuild(house().today(at), at=at, report=report)}
