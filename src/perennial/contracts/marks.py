"""Whether movements are in step with the lines that they come from: a mark for each customer says what was read.

Private to the room. Versions are only ever added and closed, so that count, last number and closed ones of a
customer's lines tell whether anything happened since; numbers alone would miss one that was written late.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from hashlib import blake2b
from typing import Any

from django.db.models import Count, Max

from perennial.contracts.grace import Graces
from perennial.contracts.models import LedgerMark, Line
from perennial.contracts.terms import PolicySwitches
from perennial.customers.aliases import Aliases
from perennial.kernel.keeping import keep

RULES = 2
"""Raise it where the calculation of movements changes: every customer's are derived anew then."""


def out_of_step(merged: Aliases, switches: PolicySwitches, graces: Graces, on: date) -> list[int]:
    """Return the customers whose movements were derived from other lines, other switches, for a day before a grace
    began or was over, or, where a line pauses, for another day; three queries."""
    wanted = drawn_from(merged, switches, graces)
    known: dict[int, list[Any]] = {number: mark for number, *mark in LedgerMark.objects.values_list(
        "customer_id", "drawn_from", "on", "again_on")}  # fmt: skip
    paused = Line.objects.current().exclude(pauses=[]).values_list("customer_id", flat=True).distinct()
    pausing = {merged.of(customer_id) for customer_id in paused}
    return sorted(
        customer_id
        for customer_id, drawn in wanted.items()
        if (mark := known.get(customer_id)) is None
        or mark[0] != drawn
        or (mark[1] != on and customer_id in pausing)
        or (mark[2] is not None and mark[2] <= on)
    )


def drawn_from(
    merged: Aliases, switches: PolicySwitches, graces: Graces, customers: Collection[int] | None = None
) -> Mapping[int, str]:
    """Return from what the movements of these customers (None: all that have lines) would be derived now: digests of
    settings and rules, and of facts. One query."""
    rows = Line.objects.all() if customers is None else Line.objects.filter(customer_id__in=merged.family(customers))
    stood: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    counted = rows.order_by().values_list("customer_id").annotate(Count("id"), Max("id"), Count("superseded_at"))
    for number, *counts in sorted(counted):
        stood[merged.of(number)].append((number, *counts))
    found, settings = {}, dict[tuple[int, int], str]()
    for customer_id, lines in stood.items():
        grace = graces.of(customer_id)
        lengths = grace.days, grace.longest
        if lengths not in settings:
            settings[lengths] = _digest(f"{RULES} {switches} {lengths}")
        found[customer_id] = settings[lengths] + _digest(f"{lines} {grace.approvals}")
    return found


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()


def with_other_settings(before: Mapping[int, str], now: Mapping[int, str]) -> set[int]:
    """Return the customers of whom the same facts are counted in another way than before."""
    half = len(_digest(""))
    return {
        number for number, drawn in now.items()
        if number in before and before[number] != drawn and before[number][half:] == drawn[half:]
    }  # fmt: skip


def known(ids: Collection[int]) -> dict[int, tuple[str, date]]:
    """Return from what the movements of these customers were derived, and for which day. One query."""
    rows = LedgerMark.objects.filter(customer_id__in=ids).values_list("customer_id", "drawn_from", "on")
    return {number: (drawn, on) for number, drawn, on in rows}


def put(drawn: Mapping[int, str], ids: Sequence[int], on: date, again: Mapping[int, date]) -> None:
    """Mark customers as derived, until a day where time alone changes them (`again`); who of `ids` is not among them
    was merged away and has no mark any more."""
    LedgerMark.objects.filter(customer_id__in=[number for number in ids if number not in drawn]).delete()
    rows = [{"customer_id": customer_id, "drawn_from": one, "on": on, "again_on": again.get(customer_id)}
            for customer_id, one in drawn.items()]  # fmt: skip
    keep(LedgerMark, rows, key="customer_id")
