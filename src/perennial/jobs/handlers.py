"""Which function does which kind of job. Each is safe to run twice and says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from perennial.insights.terms import REBUILD
from perennial.jobs import forecasts, imports, metrics, nightly
from perennial.kernel.queue.actions import Claim, Report
from perennial.privacy import exporting, work
from perennial.reports import export

Handler = Callable[[Claim, Report, datetime], Mapping[str, Any] | None]

HANDLERS: dict[str, Handler] = {
    export.KIND: export.write,
    "nightly": nightly.nightly,
    "recompute": nightly.nightly,
    "refresh": nightly.refresh,
    metrics.KIND: metrics.backfill,
    REBUILD: forecasts.rebuild,
    "import.look": imports.look,
    "import.check": imports.check,
    "import.publish": imports.publish,
    exporting.KIND: exporting.write,
    work.REWRITE: work.rewrite,
    work.SETTLE: work.settle,
}
