"""The jobs of an import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from perennial.integrations.imports import actions, work
from perennial.integrations.imports.mapping import MappingError
from perennial.kernel.queue.actions import Cancelled, Claim, PermanentFailure, Report


def look(claim: Claim, report: Report, _at: datetime) -> None:
    """Job `import.look`. Safe to run twice: it only finds."""
    with _unless_cancelled(claim):
        work.look(claim.payload["import"], report=report)


def check(claim: Claim, report: Report, at: datetime) -> Mapping[str, Any]:
    """Job `import.check`. Safe to run twice: it begins anew."""
    try:
        with _unless_cancelled(claim):
            return work.check(claim.payload["import"], at=at, report=report)
    except (work.WorkFailed, MappingError) as failure:
        actions.note_failure(import_id=claim.payload["import"], error=str(failure))
        raise PermanentFailure(str(failure)) from failure


def publish(claim: Claim, report: Report, at: datetime) -> Mapping[str, Any]:
    """Job `import.publish`. Safe to run twice: what is written counts as the same."""
    report(0, None, "")
    return work.publish_now(claim.payload["import"], at=at)


@contextmanager
def _unless_cancelled(claim: Claim) -> Iterator[None]:
    """End the job of an import that was cancelled: its files are gone, also under a step that was just reading them."""
    try:
        if actions.is_cancelled(claim.payload["import"]):
            raise Cancelled
        yield
    except OSError:
        if actions.is_cancelled(claim.payload["import"]):
            raise Cancelled from None
        raise
