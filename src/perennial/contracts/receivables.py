"""Reads of money to come in: the steps of receivable plans that were received in a period or are still owed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, Q

from perennial.contracts.models import Receivable
from perennial.customers.aliases import aliases
from perennial.kernel.periods import Period


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a receivable plan, whole minor units as the source states them. A red one is negative.

    It counts for `customer_id`, whoever pays: `payer` is the paying company's name where that is another one, else "".
    """

    customer_id: int
    amount: int
    currency: str
    due_on: date
    invoiced_on: date | None
    received_on: date | None
    received_amount: int
    node: str
    node_since_on: date | None
    payer: str

    def owed(self, on: date) -> int:
        """Return what is still to come at the end of a day; 0 where more came than was asked for."""
        came = self.received_amount if self.received_on is not None and self.received_on <= on else 0
        left = self.amount - came
        return left if (left > 0) == (self.amount > 0) else 0


COLUMNS = (
    "customer_id", "amount", "currency", "due_on", "invoiced_on", "received_on", "received_amount", "node",
    "node_since_on",
)  # fmt: skip


def steps(rows: Q, *, received_in: Sequence[Period], due_before: date, on: date) -> list[Step]:
    """Return the steps received in one of the periods and those due before a day and not fully received on `on`.

    As known now, by due day. One query.
    """
    wanted = Q(due_on__lt=due_before) & (~Q(received_amount=F("amount")) | Q(received_on=None) | Q(received_on__gt=on))
    for period in received_in:
        wanted |= Q(received_on__gte=period.since, received_on__lt=period.until)
    found = Receivable.objects.current().filter(rows).filter(wanted).order_by("due_on", "id")
    return [_step(row) for row in found.values(*COLUMNS, "contract__paying_party_id", "contract__paying_party__name")]


def _step(row: dict[str, Any]) -> Step:
    payer_id, payer = row["contract__paying_party_id"], row["contract__paying_party__name"]
    plain = {column: row[column] for column in COLUMNS}
    return Step(**plain, payer="" if payer_id in {None, row["customer_id"]} else payer)


def any_kept(rows: Q) -> bool:
    """Return whether any receivable is kept at all: without one, nothing is known of money that came. One query."""
    return Receivable.objects.current().filter(rows).exists()


def nodes_of(customer_ids: Sequence[int], *, on: date) -> dict[int, tuple[str, date | None]]:
    """Return the approval node at which money of each customer hangs on a day, and since when: of several the one that
    hangs longest. Two queries for 500 customers."""
    merged, found = aliases(), dict[int, tuple[str, date | None]]()
    family = merged.family(customer_ids)
    for start in range(0, len(family), 500):
        waits = (
            Q(customer_id__in=family[start : start + 500]) & ~Q(node="") & (Q(received_on=None) | Q(received_on__gt=on))
        )
        for row in Receivable.objects.current().filter(waits).order_by(F("node_since_on").asc(nulls_last=True), "id"):
            if row.node_since_on is None or row.node_since_on <= on:
                found.setdefault(merged.of(row.customer_id), (row.node, row.node_since_on))
    return found
