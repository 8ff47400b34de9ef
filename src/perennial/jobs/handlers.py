"""Which function does which kind of job. Each is safe to run twice and says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from perennial.evidence.terms import BACKTEST
from perennial.insights.terms import REBUILD
from perennial.jobs import evidence, forecasts, imports, lifetime, metrics, nightly
from perennial.kernel.queue.actions import Claim, Report
from perennial.privacy import exporting, work
from perennial.reports import export, lifetime_waiting

Handler = Callable[[Claim, Report, datetime], Mapping[str, Any] | None]

HANDLERS: dict[str, Handler] = {
    export.KIND: export.write,
    "nightly": nightly.nightly,
    "recompute": nightly.nightly,
    "refresh": nightly.refresh,
    metrics.KIND: metrics.backfill,
    lifetime_waiting.NIGHTLY: lifetime.nightly,
    lifetime_waiting.FIT: lifetime.fit,
    REBUILD: forecasts.rebuild,
    BACKTEST: evidence.backtest,
    "import.look": imports.look,
    "import.check": imports.check,
    "import.publish": imports.publish,
    exporting.KIND: exporting.write,
    work.REWRITE: work.rewrite,
    work.SETTLE: work.settle,
}
