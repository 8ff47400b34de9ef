"""One payment told twice, by hand and by a bank's file: the one that comes later waits, and counts nowhere, until
somebody says whether it is the same one or another. Nothing is dropped: the row stays, and so does the word."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from perennial.contracts.calculations.doubles import SAME_REFERENCE_DAYS, Seen, pairs
from perennial.contracts.calculations.proposals import plain
from perennial.contracts.models import Payment, PaymentDoubt, Settlement
from perennial.customers.aliases import Aliases, aliases
from perennial.customers.models import Customer
from perennial.kernel.journal import actions as journal

CHUNK = 500
COMPARED = "payment.compared"


class DoubtError(ValueError):
    """What cannot be said of two payments; the message says why."""


def look(fresh: Sequence[Payment], *, at: datetime) -> list[uuid.UUID]:
    """Keep which of the payments that were just written is probably a known one of another source (or, by hand, any
    known one); return those. Four queries for 500 payments."""
    found: dict[uuid.UUID, uuid.UUID] = {}
    for start in range(0, len(fresh), CHUNK):
        found |= _pairs(fresh[start : start + CHUNK])
    PaymentDoubt.objects.bulk_create(
        [PaymentDoubt(payment=one, other=other, found_at=at) for one, other in found.items()], ignore_conflicts=True
    )
    return list(found)


def _pairs(fresh: Sequence[Payment]) -> dict[uuid.UUID, uuid.UUID]:
    days = [one.received_on for one in fresh]
    reach = timedelta(days=SAME_REFERENCE_DAYS)
    facts = [one.fact for one in fresh]
    others = Payment.objects.current().filter(
        amount__in={one.amount for one in fresh}, received_on__gte=min(days) - reach, received_on__lte=max(days) + reach
    )
    known = [one for one in others.exclude(fact__in=facts).exclude(held()) if _may_be_told_by(fresh, one)]
    if not known:
        return {}
    told = PaymentDoubt.objects.filter(other__in=[one.fact for one in known]).exclude(is_same=False)
    by_fact = {one.other: one.payment for one in told}
    sources = dict(Payment.objects.current().filter(fact__in=by_fact.values()).values_list("fact", "source"))
    taken = [(other, sources.get(payment, "")) for other, payment in by_fact.items()]
    merged = aliases()
    ids = {one.customer_id for one in (*fresh, *known) if one.customer_id is not None}
    names = dict(Customer.objects.filter(id__in=ids).values_list("id", "name"))
    return pairs([_seen(one, merged, names) for one in fresh], [_seen(one, merged, names) for one in known], taken)


def _may_be_told_by(fresh: Sequence[Payment], known: Payment) -> bool:
    """Say whether the known one may be one of the fresh: a file tells its own payments apart, a member may not."""
    return fresh[0].source != known.source or known.external_id is None


def _seen(one: Payment, merged: Aliases, names: dict[int, str]) -> Seen:
    number = one.customer_id
    told = (one.payer, names.get(number, "") if number is not None else "")
    return Seen(one.fact, one.source, None if number is None else merged.of(number),
                frozenset(text for name in told if (text := plain(name))), one.amount, one.currency, one.received_on,
                plain(one.reference))  # fmt: skip


def held() -> Q:
    """Return the condition of the payments that count nowhere: those that are, or may be, another one that is known.
    Where that other one is gone, they count."""
    there = Payment.objects.current().values("fact")
    return Q(fact__in=PaymentDoubt.objects.exclude(is_same=False).filter(other__in=there).values("payment"))


def held_among(facts: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Return which of the payments count nowhere. One query for 500."""
    asked, found = sorted(set(facts)), set[uuid.UUID]()
    for start in range(0, len(asked), CHUNK):
        rows = Payment.objects.current().filter(held(), fact__in=asked[start : start + CHUNK])
        found.update(rows.values_list("fact", flat=True))
    return found


def doubts_of(facts: Iterable[uuid.UUID]) -> dict[uuid.UUID, PaymentDoubt]:
    """Return what is doubted of the payments whose other one is there. One query."""
    there = Payment.objects.current().values("fact")
    rows = PaymentDoubt.objects.filter(payment__in=list(facts), other__in=there).select_related("by")
    return {one.payment: one for one in rows}


@transaction.atomic
def decide(payment: uuid.UUID, *, is_same: bool | None, rows: Q, by: int, at: datetime) -> bool:
    """Say that a payment is the same as the known one, another one (False), or take that word back (None). Return False
    where there is nothing to say of it, or it is said already. Five queries.

    :raises DoubtError: something is matched to it by now, so that it cannot count nowhere.
    """
    paid = Payment.objects.current().filter(rows).select_for_update(of=("self",)).filter(fact=payment).first()
    doubt = PaymentDoubt.objects.select_for_update().filter(payment=payment).first()
    if paid is None or doubt is None or doubt.is_same is is_same:
        return False
    if is_same is not False and Settlement.objects.current().filter(payment=payment).exists():
        raise DoubtError(_("The payment is matched by now. Take its matches back first."))
    before, doubt.is_same = doubt.is_same, is_same
    doubt.by_id, doubt.decided_at = (None, None) if is_same is None else (by, at)
    doubt.save(update_fields=["is_same", "by", "decided_at"])
    data = {"payment": str(payment), "other": str(doubt.other), "same": is_same, "before": before,
            "amount": paid.amount, "currency": paid.currency}  # fmt: skip
    journal.record(COMPARED, customer_id=paid.customer_id, subject=f"payment:{payment}", by=by, at=at, data=data)
    return True
