"""Writes of money: invoices and payments as sources state them, and which payment settles which steps of a plan."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from perennial.contracts import by_hand, doubles, numbers, receivables
from perennial.contracts.models import Contract, Invoice, InvoiceLine, Payment, Receivable, Settlement
from perennial.contracts.receivables import Step
from perennial.contracts.terms import InvoiceState
from perennial.kernel import versions
from perennial.kernel.journal import actions as journal
from perennial.kernel.versions import Counted, Incoming

CHUNK = 500
BY_HAND = "by hand"
ALL = Q()
STEP, RED = "step_external_id", "red_of_external_id"
MOST_DAYS = 3650


class MatchRefused(ValueError):
    """A match that cannot be; the message says why."""


@transaction.atomic
def write_invoices(rows: Sequence[Incoming], *, source: str, at: datetime, import_id: int | None = None) -> Counted:
    """Write invoices of one source by external id; return counts. Eleven queries for 500.

    The values are Invoice's columns. `step_external_id` names the step of the same source that the whole invoice is
    for, `red_of_external_id` the invoice that it takes back; its step is that one's, where it names none itself.
    """
    asked = sorted({row.values[RED] for row in rows if row.values.get(RED)})
    known = _facts(Invoice, source, [row.external_id for row in rows if row.external_id] + asked)
    steps = {row.external_id: row.values[STEP] for row in rows if row.values.get(STEP)}
    known |= _adopted([row for row in rows if row.external_id not in known], at)
    typed = InvoiceLine.objects.current().filter(
        source=BY_HAND, invoice__in=[known[key] for key in steps if key in known]
    )
    InvoiceLine.objects.supersede(list(typed.values_list("fact", flat=True)), at=at)  # the source says it now
    for row in rows:
        if row.external_id is not None:
            known.setdefault(row.external_id, uuid.uuid4())
    ready = [_invoice(row, known) for row in numbers.as_known(Invoice, rows, source)]
    counted = versions.write(Invoice, ready, source=source, at=at, import_id=import_id)
    _write_lines(ready, steps, source=source, at=at, import_id=import_id)
    return counted


def _adopted(rows: Sequence[Incoming], at: datetime) -> dict[str, uuid.UUID]:
    """Return which of a source's new invoices a member recorded by hand already, by number and amount: the source's
    word goes on from there, so that nothing is invoiced twice."""
    found: dict[str, uuid.UUID] = {}
    for start in range(0, len(rows), CHUNK):
        asked = {row.external_id: row for row in rows[start : start + CHUNK] if row.external_id}
        typed = Invoice.objects.current().filter(source=BY_HAND, number__in=list(asked))
        for one in typed.exclude(state=InvoiceState.VOID.value):
            if asked[one.number].values["amount"] == one.amount:
                found[one.number] = one.fact
    Invoice.objects.supersede(list(found.values()), at=at)
    return found


def _invoice(row: Incoming, known: Mapping[str, uuid.UUID]) -> Incoming:
    values = {"state": InvoiceState.ISSUED.value, **row.values}
    values.pop(STEP, None)
    if RED in values:
        values["red_of"] = known.get(values.pop(RED) or "")
    return replace(row, values=values, fact=known[row.external_id] if row.external_id is not None else None)


def _write_lines(
    rows: Sequence[Incoming], named: Mapping[str | None, str], *, source: str, at: datetime, import_id: int | None
) -> None:
    steps = _facts(Receivable, source, sorted(set(named.values())))
    reds = {row.values["red_of"] for row in rows if row.values.get("red_of") and row.external_id not in named}
    of_taken_back: dict[Any, uuid.UUID] = dict(
        InvoiceLine.objects.current().filter(invoice__in=reds).values_list("invoice", "step")
    )
    of_taken_back |= {row.fact: steps[named[row.external_id]] for row in rows
                      if row.fact and named.get(row.external_id, "") in steps}  # fmt: skip
    lines = []
    for row in rows:
        step = steps.get(named.get(row.external_id, "")) or of_taken_back.get(row.values.get("red_of"))
        if step is not None:
            values = {"customer_id": row.values["customer_id"], "invoice": row.fact, "step": step,
                      "amount": row.values["amount"]}  # fmt: skip
            lines.append(replace(row, values=values, fact=None))
    versions.write(InvoiceLine, lines, source=source, at=at, import_id=import_id)


@transaction.atomic
def write_payments(rows: Sequence[Incoming], *, source: str, at: datetime, import_id: int | None = None) -> Counted:
    """Write payments of one source by external id; return counts. Eight queries for 500.

    The values are Payment's columns; `step_external_id` names the step of the same source that it pays: a payment that
    was not known before is matched to it, up to what the step has left. What a member undid is not matched again. One
    that is probably known already, by hand or from another source, waits (`doubles`) and is matched to nothing.
    """
    steps = {row.external_id: row.values[STEP] for row in rows if row.values.get(STEP)}
    plain = [replace(row, values={k: v for k, v in row.values.items() if k != STEP}) for row in rows]
    placed = [row for row in plain if row.values.get("customer_id") is not None]
    ready = [*numbers.as_known(Payment, placed, source),
             *(row for row in plain if row.values.get("customer_id") is None)]  # fmt: skip
    counted = versions.write(Payment, ready, source=source, at=at, import_id=import_id)
    new = [row for row in ready if counted.outcomes.get(row.external_id or "") == "new"]
    waits = _doubled(new, source=source, at=at)
    fresh = [row for row in new if row.external_id in steps and row.external_id not in waits]
    _match_named(fresh, steps, source=source, at=at, import_id=import_id)
    return counted


def _doubled(new: Sequence[Incoming], *, source: str, at: datetime) -> set[str | None]:
    """Return the external ids of the new payments that are probably known already, and keep that they are."""
    facts = _facts(Payment, source, [row.external_id for row in new if row.external_id])
    written: list[Payment] = []
    numbers_of = sorted(facts.values())
    for start in range(0, len(numbers_of), CHUNK):
        written += Payment.objects.current().filter(fact__in=numbers_of[start : start + CHUNK])
    waits = set(doubles.look(written, at=at))
    return {external_id for external_id, fact in facts.items() if fact in waits}


def _match_named(
    rows: Sequence[Incoming], named: Mapping[str | None, str], *, source: str, at: datetime, import_id: int | None
) -> None:
    payments = _facts(Payment, source, [row.external_id for row in rows if row.external_id])
    facts = _facts(Receivable, source, sorted({named[row.external_id] for row in rows}))
    steps, room = receivables.of_facts(ALL, facts.values()), dict[uuid.UUID, int]()
    matched = []
    for row in sorted(rows, key=lambda row: (row.values["received_on"], row.external_id or "")):
        step = steps.get(facts.get(named[row.external_id], uuid.UUID(int=0)))
        if step is None or step.currency != row.values["currency"]:
            continue
        left = room.setdefault(step.fact, room_of(step))
        amount = _least(left, row.values["amount"])
        if amount:
            room[step.fact] = left - amount
            values = {"customer_id": step.customer_id, "step": step.fact, "amount": amount,
                      "payment": payments[row.external_id or ""]}  # fmt: skip
            matched.append(replace(row, values=values))
    versions.write(Settlement, matched, source=source, at=at, import_id=import_id)


def _least(left: int, amount: int) -> int:
    """Return the smaller of two amounts of one sign, 0 where their signs differ."""
    return min(left, amount, key=abs) if (left > 0) == (amount > 0) else 0


def _facts(model: Any, source: str, external_ids: Sequence[str]) -> dict[str, uuid.UUID]:
    found: dict[str, uuid.UUID] = {}
    for start in range(0, len(external_ids), CHUNK):
        rows = model.objects.current().filter(source=source, external_id__in=external_ids[start : start + CHUNK])
        found |= dict(rows.values_list("external_id", "fact"))
    return found


def known_steps(source: str, external_ids: Sequence[str]) -> set[str]:
    """Return which of these ids a source's steps have; one query for 500."""
    return set(_facts(Receivable, source, external_ids))


def room_of(step: Step) -> int:
    """Return what of a step no payment and no writing off stands for: what its source states as received leaves room,
    since the payment behind it takes its place."""
    parts = (*step.came.matched, *step.came.written_off)
    left = step.amount - sum(part.amount for part in parts)
    return left if (left > 0) == (step.amount > 0) else 0


@dataclass(frozen=True)
class Share:
    """What of a payment is for a step, in minor units of both."""

    step: uuid.UUID
    amount: int


@transaction.atomic
def match(
    payment: uuid.UUID, shares: Sequence[Share], *, payments: Q, rows: Q, by: int, at: datetime
) -> list[uuid.UUID]:
    """Match a payment to steps, in parts; return the matches for `take_back`. The rest stays a prepayment.

    `payments` and `rows` are the conditions of the payments and the steps that the member may match. About eleven
    queries.

    :raises MatchRefused: no such payment or step, another currency, or more than the payment or a step has left.
    """
    paid = Payment.objects.current().filter(payments).select_for_update().filter(fact=payment).first()
    if paid is None:
        raise MatchRefused(_("This payment is not there any more."))
    if doubles.held_among([payment]):
        raise MatchRefused(_("This payment is probably known already. Say first whether it is the same one."))
    if not shares or len({share.step for share in shares}) != len(shares) or not all(one.amount for one in shares):
        raise MatchRefused(_("Enter an amount for one step or more."))
    steps = receivables.locked(rows, [share.step for share in shares])
    if len(steps) != len(shares):
        raise MatchRefused(_("One of the steps is not there any more."))
    total = sum(share.amount for share in shares)
    if not _fits(total, rest_of(paid)):
        raise MatchRefused(_("The parts are more than what is left of the payment."))
    for share in shares:
        step = steps[share.step]
        if step.currency != paid.currency:
            raise MatchRefused(_("A step in another currency cannot be settled by this payment."))
        if not _fits(share.amount, room_of(step)):
            raise MatchRefused(_("A part is more than what is left of the step due on %(day)s.") % {"day": step.due_on})
    kept = []
    for share in shares:
        one = Settlement(customer_id=steps[share.step].customer_id, step=share.step, payment=payment,
                         amount=share.amount, source=BY_HAND, learned_at=at)  # fmt: skip
        one.save()
        kept.append(one)
    _record("payment.matched", kept, by=by, at=at)
    return [one.fact for one in kept]


@transaction.atomic
def write_off(step: uuid.UUID, amount: int, reason: str, *, on: date, rows: Q, by: int, at: datetime) -> uuid.UUID:
    """Write a part of a step off as a bad debt, with its reason; return what `take_back` takes.

    :raises MatchRefused: no such step, no reason, or more than is still owed.
    """
    found = receivables.locked(rows, [step]).get(step)
    if found is None:
        raise MatchRefused(_("One of the steps is not there any more."))
    if not reason.strip():
        raise MatchRefused(_("Writing off needs a reason."))
    if not amount or not _fits(amount, found.owed(on)):
        raise MatchRefused(_("No more can be written off than is still owed."))
    one = Settlement(customer_id=found.customer_id, step=step, amount=amount, written_off_on=on, source=BY_HAND,
                     reason=reason.strip()[:200], learned_at=at)  # fmt: skip
    one.save()
    _record("receivable.written_off", [one], by=by, at=at)
    return one.fact


def _record(kind: str, kept: Sequence[Settlement], *, by: int, at: datetime) -> None:
    """Write one entry for each customer of these."""
    facts: dict[int, list[str]] = defaultdict(list)
    for one in kept:
        facts[one.customer_id].append(str(one.fact))
    data = {customer_id: {"settlements": some} for customer_id, some in facts.items()}
    journal.record_each(kind, data, by=by, at=at)


@transaction.atomic
def take_back(settlements: Sequence[uuid.UUID], *, rows: Q, by: int, at: datetime) -> int:
    """Take matches or writings off back, those among the rows that the member may touch; return how many there were."""
    found = list(Settlement.objects.current().select_for_update(of=("self",)).filter(rows, fact__in=settlements))
    if not found:
        return 0
    Settlement.objects.supersede([one.fact for one in found], at=at)
    _record("settlement.taken_back", found, by=by, at=at)
    return len(found)


def rest_of(paid: Payment) -> int:
    """Return what of a payment is matched to nothing. One query."""
    matched = Settlement.objects.current().filter(payment=paid.fact).aggregate(all=Sum("amount"))["all"] or 0
    return paid.amount - matched


def _fits(amount: int, most: int) -> bool:
    return amount != 0 and (amount > 0) == (most > 0) and abs(amount) <= abs(most)


@transaction.atomic
def set_credit_days(contract_id: int, days: int | None, *, rows: Q, by: int, at: datetime) -> bool:
    """Set the credit days of a contract; return whether that changed anything. Four queries."""
    if days is not None and not 0 <= days <= MOST_DAYS:
        raise MatchRefused(_("Credit days are a whole number, 0 or more."))
    paper = Contract.objects.select_for_update(of=("self",)).filter(rows, pk=contract_id).first()
    if paper is None or paper.credit_days == days:
        return False
    before, kept = paper.credit_days, by_hand.changed(paper, {"credit_days": days})
    paper.credit_days, paper.by_hand = days, kept
    paper.save(update_fields=["credit_days", "by_hand"])
    data = {"contract": contract_id, "from": before, "to": days}
    journal.record("contract.credit_days_set", by=by, at=at, customer_id=paper.customer_id, data=data)
    return True
