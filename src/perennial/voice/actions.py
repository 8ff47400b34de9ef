"""Writes of survey answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from perennial.kernel import versions
from perennial.kernel.versions import Counted, Incoming
from perennial.voice.models import SurveyAnswer


def write_answers(rows: Sequence[Incoming], *, source: str, at: datetime, import_id: int | None = None) -> Counted:
    """Write survey answers of one source set-wise by external id; the values are its columns. Return counts."""
    return versions.write(SurveyAnswer, rows, source=source, at=at, import_id=import_id)
