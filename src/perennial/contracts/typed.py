"""Lines that a member changed by hand, when their source is read again: what it repeats contradicts nobody.

Private to the room.
"""

from __future__ import annotations

from collections.abc import Sequence

from perennial.contracts.models import Line
from perennial.kernel.versions import Incoming

CHUNK = 500


def stays(rows: Sequence[Incoming], source: str) -> set[str]:
    """Return the external ids of the lines that a member changed and whose source says what it said before. Where it
    says something new, it is written: two queries for 500 rows."""
    found: set[str] = set()
    for start in range(0, len(rows), CHUNK):
        chunk = {row.external_id: row for row in rows[start : start + CHUNK] if row.external_id is not None}
        current = Line.objects.current().filter(source=source, external_id__in=list(chunk), is_typed=True)
        facts = list(current.values_list("fact", flat=True))
        if not facts:
            continue
        told: dict[str, Line] = {}
        for old in Line.objects.filter(fact__in=facts, is_typed=False).order_by("id"):
            told[old.external_id or ""] = old
        found.update(
            external_id for external_id, old in told.items()
            if all(getattr(old, name) == value for name, value in chunk[external_id].values.items())
        )  # fmt: skip
    return found
