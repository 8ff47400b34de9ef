"""The history of own metrics, made in the background after a change of their definitions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from perennial.kernel.queue.actions import Claim, Report
from perennial.usage import backfill as history
from perennial.usage.terms import BACKFILL

KIND = BACKFILL


def backfill(_claim: Claim, report: Report, at: datetime) -> Mapping[str, Any]:
    """Job `metrics.backfill`: columns in step with definitions. Safe to run twice, to kill and to cancel."""
    return {"served": history.run(at=at, report=lambda done, total: report(done, total, ""))}
