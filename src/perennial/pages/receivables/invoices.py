"""Invoices by hand: one asked for or recorded over a customer's steps; issued, taken back or made void on its page."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from perennial.contracts import invoicing, receivables
from perennial.contracts.access import facts_of
from perennial.contracts.invoicing import Bill, InvoiceRefused
from perennial.contracts.models import Invoice
from perennial.contracts.terms import InvoiceState
from perennial.contracts.undoing import Overtaken
from perennial.kernel.money import MoneyError, decimal_string
from perennial.members import access
from perennial.pages.receivables import parts, words
from perennial.pages.receivables.asked import Request
from perennial.reports import receivables as report
from perennial.reports.receivables import EDIT, Row


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, fact: UUID) -> HttpResponse:
    """Ask for an invoice over a step and others of its customer, or record one that was issued."""
    asked = Request(request)
    rows = _rows(asked, fact)
    typed, problem = parts.typed_in(request.POST), ""
    if request.method == "POST":
        try:
            bill, currency = _bill(request, is_issued=request.POST.get("what") == "issued"), rows[0].step.currency
            made, entry = invoicing.write(bill, parts.shares_of(typed, currency), on=asked.today,
                                          rows=facts_of(asked.member, EDIT), by=asked.member.pk,
                                          at=timezone.now())  # fmt: skip
            text = _("The invoice is recorded.") if bill.issued_on else _("The invoice is asked for.")
            messages.success(request, text, extra_tags=reverse("receivables_undo", args=[entry]))
            return redirect("receivables_invoice", fact=made)
        except MoneyError:
            problem = str(words.NO_AMOUNT)
        except InvoiceRefused as refused:
            problem = str(refused)
    left = invoicing.left_of(row.step for row in rows)
    offered = [{"row": row, "left": left[row.step.fact], "name": f"{parts.PART}{row.step.fact}",
                "value": _value(row, fact, left[row.step.fact], typed, is_typed=bool(request.POST))}
               for row in rows if left[row.step.fact]]  # fmt: skip
    shown = {"row": rows[0], "fact": fact, "offered": offered, "problem": problem, "typed": request.POST,
             "kinds": words.INVOICE_KINDS, "step_kinds": words.STEP_KINDS, "today": asked.today,
             "today_iso": asked.today.isoformat()}  # fmt: skip
    return render(request, "receivables/invoice_new.html", shown, status=422 if problem else 200)


def _rows(asked: Request, fact: UUID) -> list[Row]:
    """Return the step of the address and the others of its customer in its currency, that one first."""
    rows = facts_of(asked.member, EDIT)
    one = receivables.of_facts(rows, [fact]).get(fact)
    if one is None or not access.may(asked.member, EDIT):
        raise Http404
    others = [step for step in receivables.of_customer(one.customer_id)
              if step.fact != fact and step.currency == one.currency]  # fmt: skip
    found = report.rows_on(asked.member, [one, *others], place=asked.place, on=asked.today)
    if not found:
        raise Http404
    return sorted(found, key=lambda row: row.step.fact != fact)


def _value(row: Row, fact: UUID, left: int, typed: dict[str, str], *, is_typed: bool) -> str:
    if is_typed:
        return typed.get(str(row.step.fact), "")
    return decimal_string(left, row.step.currency) if row.step.fact == fact else ""


def _bill(request: HttpRequest, *, is_issued: bool, of: Invoice | None = None) -> Bill:
    sent = request.POST
    share = sent.get("tax", "").strip().removesuffix("%").strip()
    try:
        rate = str((Decimal(share) / 100).normalize()) if share else (of.tax_rate if of else None)
    except InvalidOperation as unreadable:
        raise InvoiceRefused(_("A tax rate is a percentage from 0 to less than 100, such as 6.")) from unreadable
    try:
        issued_on = date.fromisoformat(sent.get("issued_on", "")) if is_issued else None
    except ValueError as unreadable:
        raise InvoiceRefused(_("Say on which day it was issued, such as 2026-10-01.")) from unreadable
    return Bill(kind=sent.get("kind", "") or (of.kind if of else ""), tax_rate=rate,
                number=sent.get("number", "") if is_issued else "", issued_on=issued_on)  # fmt: skip


@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, fact: UUID) -> HttpResponse:
    """Show an invoice with its steps; issue it, take it back by a red-letter one, or make it void."""
    asked = Request(request)
    invoice = _found(asked, fact)
    may_edit, problem = access.may(asked.member, EDIT), ""
    if request.method == "POST":
        if not may_edit:
            raise Http404
        try:
            return redirect("receivables_invoice", fact=_changed(request, asked, invoice))
        except MoneyError:
            problem = str(words.NO_AMOUNT)
        except (InvoiceRefused, Overtaken) as refused:
            problem, invoice = str(refused), _found(asked, fact)
    shown = _shown(asked, invoice) | {"problem": problem, "may_edit": may_edit, "typed": request.POST}
    return render(request, "receivables/invoice.html", shown, status=422 if problem else 200)


def _found(asked: Request, fact: UUID) -> Invoice:
    invoice = invoicing.found(fact, facts_of(asked.member))
    if invoice is None:
        raise Http404
    return invoice


def _shown(asked: Request, invoice: Invoice) -> dict[str, Any]:
    is_issued = invoice.state == InvoiceState.ISSUED.value and invoice.red_of is None
    left = invoicing.red_left(invoice) if is_issued else {}
    lines = report.lines_of_invoice(invoice.fact)
    steps = receivables.of_facts(facts_of(asked.member), lines)
    rows = report.rows_on(asked.member, steps.values(), place=asked.place, on=asked.today)
    return {
        "invoice": invoice, "today_iso": asked.today.isoformat(), "kinds": words.INVOICE_KINDS,
        "states": words.INVOICE_STATES, "step_kinds": words.STEP_KINDS, "tax": words.percent_of(invoice.tax_rate),
        "net": words.net_of(invoice.amount, invoice.tax_rate),
        "lines": [{"row": row, "amount": lines[row.step.fact], "left": left.get(row.step.fact, 0),
                   "name": f"{parts.PART}{row.step.fact}",
                   "value": decimal_string(left.get(row.step.fact, 0), invoice.currency)} for row in rows],
        "customer": rows[0].customer if rows else None, "can_red": any(left.values()),
        "reds": invoicing.taken_back_by(invoice, facts_of(asked.member)),
        "of": invoicing.found(invoice.red_of, facts_of(asked.member)) if invoice.red_of else None,
    }  # fmt: skip


def _changed(request: HttpRequest, asked: Request, invoice: Invoice) -> UUID:
    """Do what the form asks; return the invoice to be shown."""
    seen, fact, shown = request.POST.get("seen", ""), invoice.fact, invoice.fact
    who: dict[str, Any] = {"seen": int(seen) if seen.isdecimal() else 0, "by": asked.member.pk, "at": timezone.now(),
                           "rows": facts_of(asked.member, EDIT)}  # fmt: skip
    match request.POST.get("what"):
        case "issue":
            bill = _bill(request, is_issued=True, of=invoice)
            entry, text = invoicing.issue(fact, bill, on=asked.today, **who), _("The invoice is recorded.")
        case "red":
            bill = _bill(request, is_issued=True, of=invoice)
            shares = parts.shares_of(parts.typed_in(request.POST), invoice.currency)
            shown, entry = invoicing.red(fact, bill, shares, on=asked.today, **who)
            text = _("The red-letter invoice is recorded.")
        case "void":
            entry, text = invoicing.void(fact, **who), _("The invoice is void.")
        case _:
            raise Http404
    messages.success(request, text, extra_tags=reverse("receivables_undo", args=[entry]))
    return shown
