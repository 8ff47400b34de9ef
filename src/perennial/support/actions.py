"""Writes of tickets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from perennial.kernel import versions
from perennial.kernel.versions import Counted, Incoming
from perennial.support.models import Ticket


def write_tickets(rows: Sequence[Incoming], *, source: str, at: datetime, import_id: int | None = None) -> Counted:
    """Write tickets of one source set-wise by external id; the values are Ticket's columns. Return counts."""
    return versions.write(Ticket, rows, source=source, at=at, import_id=import_id)
