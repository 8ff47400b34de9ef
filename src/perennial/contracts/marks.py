"""Whether movements are in step with the lines that they come from: a mark for each customer says what was read.

Private to the room. Versions are only ever added and closed, so that count, last number and closed ones of a
customer's lines tell whether anything happened since; numbers alone would miss one that was written late.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from hashlib import blake2b

from django.db.models import Count, Max

from perennial.contracts.models import LedgerMark, Line
from perennial.contracts.terms import PolicySwitches
from perennial.customers.aliases import Aliases
from perennial.kernel.keeping import keep

RULES = 1
"""Raise it where the calculation of movements changes: every customer's are derived anew then."""


def out_of_step(merged: Aliases, switches: PolicySwitches, on: date) -> list[int]:
    """Return the customers whose movements were derived from other lines, other switches, or, where a line pauses, for
    another day; three queries."""
    wanted = drawn_from(merged, switches)
    known = {number: mark for number, *mark in LedgerMark.objects.values_list("customer_id", "drawn_from", "on")}
    paused = Line.objects.current().exclude(pauses=[]).values_list("customer_id", flat=True).distinct()
    pausing = {merged.of(customer_id) for customer_id in paused}
    return sorted(
        customer_id
        for customer_id, drawn in wanted.items()
        if (mark := known.get(customer_id)) is None or mark[0] != drawn or (mark[1] != on and customer_id in pausing)
    )


def drawn_from(
    merged: Aliases, switches: PolicySwitches, customers: Collection[int] | None = None
) -> Mapping[int, str]:
    """Return from what the movements of these customers (None: all that have lines) would be derived now; one query."""
    rows = Line.objects.all() if customers is None else Line.objects.filter(customer_id__in=merged.family(customers))
    stood: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    counted = rows.order_by().values_list("customer_id").annotate(Count("id"), Max("id"), Count("superseded_at"))
    for number, *counts in sorted(counted):
        stood[merged.of(number)].append((number, *counts))
    return {
        customer_id: blake2b(f"{RULES} {switches} {lines}".encode(), digest_size=16).hexdigest()
        for customer_id, lines in stood.items()
    }


def put(drawn: Mapping[int, str], ids: Sequence[int], on: date) -> None:
    """Mark customers as derived; who of `ids` is not among them was merged away and has no mark any more."""
    LedgerMark.objects.filter(customer_id__in=[number for number in ids if number not in drawn]).delete()
    rows = [{"customer_id": customer_id, "drawn_from": one, "on": on} for customer_id, one in drawn.items()]
    keep(LedgerMark, rows, key="customer_id")
