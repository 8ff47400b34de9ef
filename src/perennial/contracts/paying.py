"""A payment recorded by hand: money that came in, matched to steps afterwards (collecting.match)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.contracts import doubles, undoing
from perennial.contracts.collecting import BY_HAND
from perennial.contracts.models import Payment
from perennial.kernel.journal import actions as journal

WRITTEN = "payment.written"


class PaymentRefused(ValueError):
    """A payment that cannot be; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Money that came in, minor units, below zero where it was paid back. `payer` is who paid, where that is another
    than the customer."""

    customer_id: int
    amount: int
    currency: str
    received_on: date
    payer: str = ""
    reference: str = ""


@transaction.atomic
def record(receipt: Receipt, *, on: date, by: int, at: datetime) -> tuple[uuid.UUID, int]:
    """Record a payment of a customer; return it and the journal entry, by which it is undone. Where it is
    probably known already it waits (`doubles`). About nine queries.

    :raises PaymentRefused: nothing came, it came after today, or the same payment is known already.
    """
    if not receipt.amount:
        raise PaymentRefused(_("Enter how much came in."))
    if receipt.received_on > on:
        raise PaymentRefused(_("Money cannot have come in after today."))
    same = Payment.objects.current().filter(
        amount=receipt.amount, currency=receipt.currency, received_on=receipt.received_on, reference=receipt.reference
    )
    if receipt.reference and same.exists():
        raise PaymentRefused(_("A payment of this amount, day and reference is known already."))
    made = Payment(customer_id=receipt.customer_id, payer=receipt.payer[:200], amount=receipt.amount, source=BY_HAND,
                   currency=receipt.currency, received_on=receipt.received_on, reference=receipt.reference[:200],
                   learned_at=at)  # fmt: skip
    written = [undoing.write(None, made, at=at)]
    doubles.look([made], at=at)
    entry = journal.record(WRITTEN, customer_id=receipt.customer_id, subject=f"payment:{made.fact}", by=by, at=at,
                           data={"amount": made.amount, "currency": made.currency, "written": written})  # fmt: skip
    return made.fact, entry
