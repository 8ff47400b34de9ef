"""A merged customer's facts go on coming in as those of the one that it was merged into. Private to the room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from perennial.contracts.models import Contract
from perennial.customers.aliases import Aliases, aliases
from perennial.kernel.versions import Incoming, Version

CHUNK = 500


def as_known(model: type[Contract | Version], rows: Sequence[Incoming], source: str) -> Sequence[Incoming]:
    """Return the rows, each with the customer that its fact has already where a merge makes the told one the same: that
    alone is no change, and taking the merge back finds the fact where it was. One query, one for 500 more where
    somebody was merged."""
    merged = aliases()
    if not merged.into:
        return rows
    known: dict[str, int] = {}
    asked = [row.external_id for row in rows if row.external_id is not None]
    for start in range(0, len(asked), CHUNK):
        found = model.objects.current() if issubclass(model, Version) else model.objects.all()
        found = found.filter(source=source, external_id__in=asked[start : start + CHUNK])
        known |= dict(found.values_list("external_id", "customer_id"))
    return [_as(row, known.get(row.external_id or ""), merged) for row in rows]


def _as(row: Incoming, known: int | None, merged: Aliases) -> Incoming:
    told = row.values["customer_id"]
    if known is None or known == told or merged.of(known) != merged.of(told):
        return row
    return replace(row, values={**row.values, "customer_id": known})
