"""Backtests in the background."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from perennial.blueprint import queries as blueprint
from perennial.evidence import actions
from perennial.kernel.organisation.queries import house
from perennial.kernel.queue.actions import Claim, Report


def backtest(claim: Claim, report: Report, at: datetime) -> Mapping[str, Any]:
    """Job `evidence.backtest`: a scorecard's text (`text`; without: the one in force) against past decisions. Safe to
    run twice and to cancel: what was found is written last, in one transaction."""
    place = house()
    on = place.today(at)
    text = claim.payload.get("text") or blueprint.text_in_force("scorecard", on)
    return {"backtest": actions.backtest(text, place=place, on=on, by=claim.by, at=at, report=report)}
