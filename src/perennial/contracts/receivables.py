"""Reads of money to come in: the steps of receivable plans with what was invoiced, received and given up of each.

Every page, figure and score reads steps here or, for the standing of all customers, by the same calculation
(calculations/receipts), so that none says another amount.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from perennial.contracts.calculations import receipts
from perennial.contracts.calculations.receipts import NOTHING, Part, Settled
from perennial.contracts.models import Invoice, InvoiceLine, Payment, Receivable, Settlement
from perennial.contracts.terms import InvoiceState
from perennial.customers.aliases import aliases
from perennial.kernel.periods import Period

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a receivable plan, whole minor units as the source states them. A red one is negative.

    It counts for `customer_id`, whoever pays: `payer` is the paying company's name where that is another one, else "".
    `came` is what was received of it and written off, `invoices` what its invoices say, the red ones below zero;
    `states_invoice_on` is the day of invoice that the plan's source states. `credit_days` are the contract's.
    `node_holder` is who holds it at the approval node, "" unknown; `version` the row that was read.
    """

    fact: UUID
    customer_id: int
    contract_id: int | None
    contract: str
    kind: str
    amount: int
    currency: str
    due_on: date
    credit_days: int
    states_invoice_on: date | None
    invoices: tuple[Part, ...]
    came: Settled
    node: str
    node_since_on: date | None
    node_holder: str
    payer: str
    version: int

    def owed(self, on: date) -> int:
        """Return what is still to come at the end of a day; 0 where more came than was asked for."""
        return receipts.owed(self.amount, self.came, on)

    def received(self, on: date) -> int:
        """Return what came in by the end of a day."""
        return receipts.until(self.came.received, on)

    def written_off(self, on: date) -> int:
        """Return what was given up by the end of a day."""
        return receipts.until(self.came.written_off, on)

    def invoiced(self, on: date) -> int:
        """Return what was invoiced by the end of a day: by its invoices, else all of it where the source says so."""
        if self.invoices:
            return receipts.until(self.invoices, on)
        return self.amount if self.states_invoice_on is not None and self.states_invoice_on <= on else 0

    @property
    def invoiced_on(self) -> date | None:
        """The day of its first invoice; where only the source knows, the day that it states."""
        return min((part.on for part in self.invoices), default=self.states_invoice_on)

    @property
    def received_on(self) -> date | None:
        """The day of its last receipt."""
        return max((part.on for part in self.came.received), default=None)

    @property
    def last_day(self) -> date:
        """The last day on which it is not yet late: the due day and the contract's credit days."""
        return self.due_on + timedelta(days=self.credit_days)

    def node_days(self, on: date) -> int | None:
        """Return how many days it has been at its approval node; None at no node, settled, or unknown."""
        if not self.node or self.node_since_on is None or self.node_since_on > on or not self.owed(on):
            return None
        return (on - self.node_since_on).days

    def late_days(self, on: date) -> int:
        """Return how many days it is late; 0 where it is not, or nothing is owed."""
        return max(0, (on - self.last_day).days) if self.owed(on) > 0 else 0


COLUMNS = (
    "fact", "customer_id", "contract_id", "kind", "amount", "currency", "due_on", "node", "node_since_on",
    "node_holder",
)  # fmt: skip
_OTHERS = (
    "contract__number", "contract__external_id", "contract__credit_days", "contract__paying_party_id",
    "contract__paying_party__name", "invoiced_on", "received_on", "received_amount", "id",
)  # fmt: skip


def steps(rows: Q, *, received_in: Sequence[Period], due_before: date, on: date) -> list[Step]:
    """Return the steps received in one of the periods and those due before a day and not fully received on `on`.

    As known now, by due day. Three queries.
    """
    wanted = Q(due_on__lt=due_before) & (~Q(received_amount=F("amount")) | Q(received_on=None) | Q(received_on__gt=on))
    for period in received_in:
        wanted |= Q(received_on__gte=period.since, received_on__lt=period.until)
    wanted |= Q(fact__in=Settlement.objects.current().values("step"))
    found = _read(Receivable.objects.current().filter(rows).filter(wanted))
    return [
        step
        for step in found
        if (step.due_on < due_before and step.owed(on))
        or any(part.on in period for part in step.came.received for period in received_in)
    ]


def open_steps(rows: Q, on: date) -> list[Step]:
    """Return every step of which something is still owed on a day, by due day, red ones too. Three queries."""
    unpaid = ~Q(received_amount=F("amount")) | Q(received_on=None) | Q(received_on__gt=on)
    settled = Q(fact__in=Settlement.objects.current().values("step"))
    return [step for step in _read(Receivable.objects.current().filter(rows).filter(unpaid | settled)) if step.owed(on)]


def of_customer(customer_id: int) -> list[Step]:
    """Return a customer's steps as known now, those of customers merged into it among them, by due day. Four
    queries."""
    return kept(Q(customer_id__in=aliases().family([customer_id])))


def kept(rows: Q) -> list[Step]:
    """Return the steps of a condition as known now, by due day. Three queries."""
    return _read(Receivable.objects.current().filter(rows))


def locked(rows: Q, facts: Iterable[UUID]) -> dict[UUID, Step]:
    """Return these steps as `of_facts`, held until the transaction ends: of two who settle or invoice one step at once,
    the second sees what the first left. One query more for 500."""
    asked = sorted(set(facts))
    for start in range(0, len(asked), CHUNK):
        some = Receivable.objects.current().filter(fact__in=asked[start : start + CHUNK]).order_by("fact")
        list(some.select_for_update().values_list("id"))
    return of_facts(rows, asked)


def of_facts(rows: Q, facts: Iterable[UUID]) -> dict[UUID, Step]:
    """Return these steps where they are among the rows; three queries for 500."""
    found: dict[UUID, Step] = {}
    asked = sorted(set(facts))
    for start in range(0, len(asked), CHUNK):
        some = Receivable.objects.current().filter(rows, fact__in=asked[start : start + CHUNK])
        found |= {step.fact: step for step in _read(some)}
    return found


def _read(found: QuerySet[Any]) -> list[Step]:
    """Return the steps of a query by due day, with what was settled and invoiced of each."""
    plain = list(found.order_by("due_on", "id").values(*COLUMNS, *_OTHERS))
    if not plain:
        return []
    these = Q(step__in=found.order_by().values("fact"))
    settled, invoiced = settled_of(these), _invoiced(these)
    return [_step(row, settled.get(row["fact"], NOTHING), tuple(invoiced.get(row["fact"], ()))) for row in plain]


def settled_of(rows: Q) -> dict[UUID, Settled]:
    """Return what was matched and written off by step, as known now. One query.

    A part of a payment that was taken back does not count.
    """
    paid_on = Payment.objects.current().filter(fact=OuterRef("payment")).values("received_on")[:1]
    found = Settlement.objects.current().filter(rows).annotate(paid_on=Subquery(paid_on)).order_by("paid_on", "id")
    came: dict[UUID, list[Part]] = defaultdict(list)
    lost: dict[UUID, list[Part]] = defaultdict(list)
    for step, amount, paid, off in found.values_list("step", "amount", "paid_on", "written_off_on"):
        if paid is not None:
            came[step].append(Part(paid, amount))
        elif off is not None:
            lost[step].append(Part(off, amount))
    return {step: Settled(tuple(came.get(step, ())), tuple(lost.get(step, ()))) for step in came.keys() | lost.keys()}


def _invoiced(rows: Q) -> dict[UUID, list[Part]]:
    issued = Invoice.objects.current().filter(fact=OuterRef("invoice"), state=InvoiceState.ISSUED.value)
    found = InvoiceLine.objects.current().filter(rows)
    found = found.annotate(on=Subquery(issued.values("issued_on")[:1])).exclude(on=None).order_by("on", "id")
    parts: dict[UUID, list[Part]] = defaultdict(list)
    for step, on, amount in found.values_list("step", "on", "amount"):
        parts[step].append(Part(on, amount))
    return parts


def _step(row: dict[str, Any], settled: Settled, invoices: tuple[Part, ...]) -> Step:
    payer_id, payer = row["contract__paying_party_id"], row["contract__paying_party__name"]
    return Step(
        **{column: row[column] for column in COLUMNS},
        contract=row["contract__number"] or row["contract__external_id"] or "",
        credit_days=row["contract__credit_days"] or 0,
        states_invoice_on=row["invoiced_on"],
        invoices=invoices,
        came=receipts.came(row["received_on"], row["received_amount"], settled),
        payer="" if payer_id in {None, row["customer_id"]} else payer,
        version=row["id"],
    )


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
