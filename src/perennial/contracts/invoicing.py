"""Invoices by hand: asked for, issued, taken back by a red-letter one, made void. Each is an entry of the journal, by
which it is undone (undoing.py)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from perennial.contracts import receivables, undoing
from perennial.contracts.collecting import BY_HAND, Share
from perennial.contracts.models import Invoice, InvoiceLine, Receivable
from perennial.contracts.receivables import Step
from perennial.contracts.terms import InvoiceKind, InvoiceState
from perennial.contracts.undoing import Overtaken
from perennial.customers.aliases import aliases
from perennial.kernel import versions
from perennial.kernel.journal import actions as journal

WRITTEN = "invoice.written"
AT_INVOICE, AT_PAYMENT = "invoice", "payment"


class InvoiceRefused(ValueError):
    """An invoice that cannot be; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What is said of an invoice: `number` "" and `issued_on` None while it is only asked for; `tax_rate` a decimal
    text ("0.06"), None unknown."""

    kind: str
    tax_rate: str | None = None
    number: str = ""
    issued_on: date | None = None


def found(invoice: uuid.UUID, rows: Q) -> Invoice | None:
    """Return an invoice among `rows` (access.facts_of) as it is now; None where there is none. One query."""
    return Invoice.objects.current().filter(rows, fact=invoice).first()


def taken_back_by(invoice: Invoice, rows: Q) -> list[Invoice]:
    """Return the red-letter invoices that take one back, the first one first. One query."""
    return list(Invoice.objects.current().filter(rows, red_of=invoice.fact).order_by("id"))


def left_of(steps: Iterable[Step]) -> dict[uuid.UUID, int]:
    """Return what of each step is on no invoice yet, those asked for counted; 0 of one whose source states an invoice
    that nobody has seen. One query."""
    found = list(steps)
    lines = _lines(Q(step__in=[step.fact for step in found])).exclude(state=InvoiceState.VOID.value)
    on_paper: dict[uuid.UUID, int] = {}
    for step, amount in lines.values_list("step", "amount"):
        on_paper[step] = on_paper.get(step, 0) + amount
    return {
        step.fact: 0
        if step.states_invoice_on and step.fact not in on_paper
        else step.amount - on_paper.get(step.fact, 0)
        for step in found
    }


def _lines(rows: Q) -> Any:
    state = Invoice.objects.current().filter(fact=OuterRef("invoice")).values("state")[:1]
    return InvoiceLine.objects.current().filter(rows).annotate(state=Subquery(state)).exclude(state=None)


@transaction.atomic
def write(bill: Bill, shares: Sequence[Share], *, on: date, rows: Q, by: int, at: datetime) -> tuple[uuid.UUID, int]:
    """Ask for an invoice over parts of steps, or record one that was issued; return it and the journal entry. About
    fifteen queries.

    :raises InvoiceRefused: no steps, of several customers or currencies, more than is left of one, or a bill that
        cannot be.
    """
    steps = _steps(shares, rows)
    left = left_of(steps.values())
    for share in shares:
        if not _fits(share.amount, left[share.step]):
            raise InvoiceRefused(_("A part is more than what is not yet invoiced of the step due on %(day)s.")
                                 % {"day": steps[share.step].due_on})  # fmt: skip
    _check(bill, on, since=None)
    one = steps[shares[0].step]
    papers = {step.contract_id for step in steps.values()}
    made = Invoice(customer_id=one.customer_id, contract_id=one.contract_id if len(papers) == 1 else None,
                   amount=sum(share.amount for share in shares), currency=one.currency, source=BY_HAND, learned_at=at,
                   requested_on=on if bill.issued_on is None else None, **_said(bill))  # fmt: skip
    written = [undoing.write(None, made, at=at), *_write_lines(made, shares, at)]
    written += _move_on(steps.values(), bill.issued_on, at)
    return made.fact, _record("asked" if bill.issued_on is None else "issued", made, written, by=by, at=at)


@transaction.atomic
def issue(invoice: uuid.UUID, bill: Bill, *, seen: int, on: date, rows: Q, by: int, at: datetime) -> int:
    """Say that an invoice which was asked for is issued; return the journal entry. About twelve queries.

    :raises InvoiceRefused: it is not only asked for, or the bill cannot be.
    :raises Overtaken: somebody else changed it meanwhile.
    """
    old = _locked(invoice, rows, seen)
    if old.state != InvoiceState.REQUESTED.value or bill.issued_on is None:
        raise InvoiceRefused(_("Only an invoice that was asked for can be issued."))
    _check(bill, on, since=old.requested_on)
    new = _next(old, at, **_said(bill))
    written = [undoing.write(old, new, at=at)]
    steps = receivables.of_facts(
        Q(), InvoiceLine.objects.current().filter(invoice=invoice).values_list("step", flat=True)
    )
    written += _move_on(steps.values(), bill.issued_on, at)
    return _record("issued", new, written, by=by, at=at)


@transaction.atomic
def red(
    invoice: uuid.UUID, bill: Bill, shares: Sequence[Share], *, seen: int, on: date, rows: Q, by: int, at: datetime
) -> tuple[uuid.UUID, int]:
    """Take parts of an issued invoice back by a red-letter one (amounts above zero); return it and the entry.

    :raises InvoiceRefused: nothing that could be taken back, or more than is left of it.
    :raises Overtaken: somebody else changed it meanwhile.
    """
    old = _locked(invoice, rows, seen)
    if old.state != InvoiceState.ISSUED.value or old.red_of is not None or bill.issued_on is None:
        raise InvoiceRefused(_("Only an issued invoice can be taken back."))
    left = red_left(old)
    if not shares or not all(_fits(share.amount, left.get(share.step, 0)) for share in shares):
        raise InvoiceRefused(_("A part is more than what is left of the invoice."))
    _check(bill, on, since=old.issued_on)
    taken = [Share(share.step, -share.amount) for share in shares]
    made = Invoice(customer_id=old.customer_id, contract_id=old.contract_id, red_of=old.fact, currency=old.currency,
                   amount=sum(share.amount for share in taken), source=BY_HAND, learned_at=at,
                   **_said(bill))  # fmt: skip
    written = [undoing.write(None, made, at=at), *_write_lines(made, taken, at)]
    return made.fact, _record("red", made, written, by=by, at=at)


def red_left(invoice: Invoice) -> dict[uuid.UUID, int]:
    """Return what of each step of an invoice no red-letter one took back. Two queries."""
    reds = Invoice.objects.current().filter(red_of=invoice.fact).exclude(state=InvoiceState.VOID.value)
    left: dict[uuid.UUID, int] = {}
    lines = InvoiceLine.objects.current().filter(Q(invoice=invoice.fact) | Q(invoice__in=reds.values("fact")))
    for step, amount in lines.order_by("id").values_list("step", "amount"):
        left[step] = left.get(step, 0) + amount
    return left


@transaction.atomic
def void(invoice: uuid.UUID, *, seen: int, rows: Q, by: int, at: datetime) -> int:
    """Make an invoice void, asked for or issued; return the journal entry.

    :raises InvoiceRefused: it is void already, or a red-letter one stands on it.
    :raises Overtaken: somebody else changed it meanwhile.
    """
    old = _locked(invoice, rows, seen)
    if old.state == InvoiceState.VOID.value:
        raise InvoiceRefused(_("This invoice is void already."))
    if Invoice.objects.current().filter(red_of=invoice).exclude(state=InvoiceState.VOID.value).exists():
        raise InvoiceRefused(_("A red-letter invoice takes this one back by now, so it stays."))
    new = _next(old, at, state=InvoiceState.VOID.value)
    return _record("void", new, [undoing.write(old, new, at=at)], by=by, at=at)


def _steps(shares: Sequence[Share], rows: Q) -> Mapping[uuid.UUID, Step]:
    if not shares or len({share.step for share in shares}) != len(shares):
        raise InvoiceRefused(_("Enter an amount for one step or more."))
    steps = receivables.locked(rows, [share.step for share in shares])
    if len(steps) != len(shares):
        raise InvoiceRefused(_("One of the steps is not there any more."))
    merged = aliases()
    if len({(merged.of(step.customer_id), step.currency) for step in steps.values()}) > 1:
        raise InvoiceRefused(_("An invoice is for one customer, in one currency."))
    return steps


def _check(bill: Bill, on: date, *, since: date | None) -> None:
    if bill.kind not in set(InvoiceKind):
        raise InvoiceRefused(_("Choose which kind of invoice it is."))
    if bill.tax_rate is not None and not 0 <= Fraction(bill.tax_rate) < 1:
        raise InvoiceRefused(_("A tax rate is a percentage from 0 to less than 100, such as 6."))
    if bill.issued_on is None:
        return
    if not bill.number.strip():
        raise InvoiceRefused(_("An issued invoice has a number."))
    if bill.issued_on > on or (since is not None and bill.issued_on < since):
        raise InvoiceRefused(_("An invoice is issued on a day up to today, and not before it was asked for."))
    taken = Invoice.objects.current().filter(number=bill.number.strip()).exclude(state=InvoiceState.VOID.value)
    if taken.exists():
        raise InvoiceRefused(_("There is an invoice %(number)s already.") % {"number": bill.number.strip()})


def _said(bill: Bill) -> dict[str, Any]:
    state = InvoiceState.REQUESTED if bill.issued_on is None else InvoiceState.ISSUED
    return {"kind": bill.kind, "tax_rate": bill.tax_rate, "number": bill.number.strip()[:100], "state": state.value,
            "issued_on": bill.issued_on}  # fmt: skip


def _locked(invoice: uuid.UUID, rows: Q, seen: int) -> Invoice:
    found = Invoice.objects.current().filter(rows, fact=invoice).select_for_update(of=("self",)).first()
    if found is None:
        raise InvoiceRefused(_("This invoice is not there any more."))
    if found.pk != seen:
        raise Overtaken(_("Somebody else changed this invoice meanwhile. Look at it as it is now, then decide."))
    return found  # type: ignore[no-any-return]


def _next(old: Invoice, at: datetime, **changes: Any) -> Invoice:
    new = versions.next_of(old, at=at)
    assert isinstance(new, Invoice)
    for name, value in changes.items():
        setattr(new, name, value)
    return new


def _write_lines(made: Invoice, shares: Sequence[Share], at: datetime) -> list[list[Any]]:
    lines = [InvoiceLine(customer_id=made.customer_id, invoice=made.fact, step=share.step, amount=share.amount,
                         source=BY_HAND, learned_at=at) for share in shares]  # fmt: skip
    return [undoing.write(None, line, at=at) for line in lines]


def _move_on(steps: Iterable[Step], issued_on: date | None, at: datetime) -> list[list[Any]]:
    """Let steps that wait for their invoice wait for the payment from its day on."""
    written = []
    for step in steps:
        if issued_on is None or step.node != AT_INVOICE or (step.node_since_on or issued_on) > issued_on:
            continue
        old = Receivable.objects.current().get(fact=step.fact)
        new = versions.next_of(old, at=at)
        assert isinstance(new, Receivable)
        new.node, new.node_since_on, new.node_holder, new.is_typed = AT_PAYMENT, issued_on, "", True
        written.append(undoing.write(old, new, at=at))
    return written


def _record(change: str, invoice: Invoice, written: list[list[Any]], *, by: int, at: datetime) -> int:
    data = {"change": change, "amount": invoice.amount, "currency": invoice.currency, "written": written}
    return journal.record(WRITTEN, customer_id=invoice.customer_id, subject=f"invoice:{invoice.fact}", by=by, at=at,
                          data=data)  # fmt: skip


def _fits(amount: int, most: int) -> bool:
    return amount != 0 and (amount > 0) == (most > 0) and abs(amount) <= abs(most)
