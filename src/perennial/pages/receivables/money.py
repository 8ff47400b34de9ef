"""One payment and what it settles; each match is asked for, done and taken back here."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from perennial.contracts import collecting, doubles, paying, receivables
from perennial.contracts.access import facts_of
from perennial.contracts.collecting import MatchRefused
from perennial.contracts.doubles import DoubtError
from perennial.contracts.paying import PaymentRefused, Receipt
from perennial.customers.access import portfolio_of
from perennial.kernel.money import MoneyError, decimal_string, decimals_of, parse_minor
from perennial.members import access
from perennial.pages.receivables import parts, words
from perennial.pages.receivables.asked import Request
from perennial.reports import receivables as report
from perennial.reports.receivables import EDIT, Row, Unmatched

MOST_OFFERED = 60


@require_http_methods(["GET", "POST"])
def payment(request: HttpRequest, fact: UUID) -> HttpResponse:
    """Show a payment with what it may be for; match the parts that were entered."""
    asked = Request(request)
    paid = report.payment_at(asked.member, fact)
    if paid is None:
        raise Http404
    may_edit = access.may(asked.member, EDIT)
    problem, typed = "", dict[str, str]()
    if request.method == "POST":
        if not may_edit:
            raise Http404
        typed = parts.typed_in(request.POST)
        problem = _matched(request, asked, paid, typed)
        if not problem:
            return redirect("receivables_payment", fact=fact)
    shown = _shown(request, asked, paid, typed) | {"problem": problem, "may_edit": may_edit}
    return render(request, "receivables/payment.html", shown, status=422 if problem else 200)


def _matched(request: HttpRequest, asked: Request, paid: Unmatched, typed: dict[str, str]) -> str:
    """Match the parts; return what is wrong with them, "" where all is well."""
    rows = facts_of(asked.member, EDIT)
    try:
        shares = parts.shares_of(typed, paid.payment.currency)
        made = collecting.match(paid.payment.fact, shares, payments=rows, rows=rows, by=asked.member.pk,
                                at=timezone.now())  # fmt: skip
    except MoneyError:
        return str(words.NO_AMOUNT)
    except MatchRefused as refused:
        return str(refused)
    messages.success(request, ngettext("Matched to %(count)s step. Take it back below if that was wrong.",
                                       "Matched to %(count)s steps. Take it back below if that was wrong.",
                                       len(made)) % {"count": len(made)})  # fmt: skip
    return ""


def _shown(request: HttpRequest, asked: Request, paid: Unmatched, typed: dict[str, str]) -> dict[str, Any]:
    said, place, on = request.GET.get("q", "").strip()[:100], asked.place, asked.today
    one = paid.payment
    steps = receivables.open_steps(facts_of(asked.member), on)
    if paid.customer is not None:
        steps += [step for step in receivables.of_customer(paid.customer.id) if step.came.is_stated]
    each = {step.fact: step for step in steps}.values()
    rows = [row for row in report.rows_on(asked.member, each, place=place, on=on)
            if row.step.currency == one.currency and collecting.room_of(row.step)]  # fmt: skip
    proposed = report.proposals(paid, rows) if paid.rest and not paid.is_held else []
    why = {row.step.fact: proposal for row, proposal in proposed}
    others = [row for row in rows if row.step.fact not in why and _says(row, said)] if said or not proposed else []
    offered = [
        {"row": row, "room": collecting.room_of(row.step), "name": f"{parts.PART}{row.step.fact}",
         "why": [words.WHYS[each] for each in why[row.step.fact].why] if row.step.fact in why else [],
         "value": typed.get(str(row.step.fact)) or _proposed(why, row, one.currency, is_typed=bool(typed))}
        for row in [*(row for row, _proposal in proposed), *others][:MOST_OFFERED]
    ]  # fmt: skip
    return {
        "paid": paid, "offered": offered, "q": said, "today": on, "kinds": words.STEP_KINDS,
        "matches": report.matches_of(asked.member, payment=one.fact, place=place, on=on),
        "rest": decimal_string(paid.rest, one.currency), "decimals": decimals_of(one.currency),
        "left": max(0, len(proposed) + len(others) - MOST_OFFERED),
    }  # fmt: skip


def _says(row: Row, said: str) -> bool:
    text = f"{row.customer.name} {row.step.contract} {row.step.payer}".casefold()
    return all(word in text for word in said.casefold().split())


def _proposed(why: dict[UUID, Any], row: Row, currency: str, *, is_typed: bool) -> str:
    found = why.get(row.step.fact)
    return decimal_string(found.amount, currency) if found is not None and found.amount and not is_typed else ""


@require_http_methods(["GET", "POST"])
def record(request: HttpRequest, key: str) -> HttpResponse:
    """Record a payment of a customer; what it is for is said on its page."""
    asked = Request(request)
    row = portfolio_of(asked.member, EDIT).filter(key=key).first()
    if row is None:
        raise Http404
    problem, sent = "", request.POST
    if request.method == "POST":
        try:
            made, entry = paying.record(_receipt(request, row.customer_id), on=asked.today, by=asked.member.pk,
                                        at=timezone.now())  # fmt: skip
            text = _("The payment is recorded. Say which steps it is for; the rest is a prepayment.")
            if doubles.held_among([made]):
                text = _("The payment is recorded. It is probably known already: say whether it is the same one.")
            messages.success(request, text, extra_tags=reverse("receivables_undo", args=[entry]))
            return redirect("receivables_payment", fact=made)
        except PaymentRefused as refused:
            problem = str(refused)
    shown = {"customer": row, "problem": problem, "typed": sent, "today_iso": asked.today.isoformat(),
             "currency": asked.place.currency}  # fmt: skip
    return render(request, "receivables/payment_new.html", shown, status=422 if problem else 200)


def _receipt(request: HttpRequest, customer_id: int) -> Receipt:
    sent = request.POST
    currency = sent.get("currency", "").strip().upper()
    try:
        amount = parse_minor(sent.get("amount", "").replace(",", ""), currency)
        received_on = date.fromisoformat(sent.get("received_on", ""))
    except MoneyError as unreadable:
        raise PaymentRefused(str(words.NO_AMOUNT)) from unreadable
    except ValueError as unreadable:
        raise PaymentRefused(_("Say on which day it came in, such as 2026-10-01.")) from unreadable
    return Receipt(customer_id=customer_id, amount=amount, currency=currency, received_on=received_on,
                   payer=sent.get("payer", "").strip(), reference=sent.get("reference", "").strip())  # fmt: skip


SAID: dict[str, bool | None] = {"one": True, "two": False, "open": None}


@require_POST
def same(request: HttpRequest, fact: UUID, said: str) -> HttpResponse:
    """Say that a payment is one with the known one, or another; or leave it open again."""
    asked, rows = Request(request), facts_of(Request(request).member, EDIT)
    if said not in SAID or report.payment_at(asked.member, fact, EDIT) is None:
        raise Http404
    try:
        done = doubles.decide(fact, is_same=SAID[said], rows=rows, by=asked.member.pk, at=timezone.now())
    except DoubtError as refused:
        messages.error(request, str(refused))
        return redirect("receivables_payment", fact=fact)
    if done:
        text = {"one": _("One payment: it counts once."), "two": _("Two payments: this one counts as well."),
                "open": _("Open again: it counts nowhere until somebody decides.")}[said]  # fmt: skip
        undo = "" if said == "open" else reverse("receivables_payment_same", args=[fact, "open"])
        messages.success(request, text, extra_tags=undo)
    return redirect("receivables_payment", fact=fact)


@require_POST
def take_back(request: HttpRequest) -> HttpResponse:
    """Take a match or a writing off back, and go where one came from."""
    asked = Request(request)
    if not access.may(asked.member, EDIT):
        raise Http404
    try:
        facts = [UUID(text) for text in request.POST.getlist("settlement")]
    except ValueError as error:
        raise Http404 from error
    count = collecting.take_back(facts, rows=facts_of(asked.member, EDIT), by=asked.member.pk, at=timezone.now())
    if count:
        messages.success(request, _("Taken back: the step is owed as before."))
    payment_fact, step = request.POST.get("payment", ""), request.POST.get("step", "")
    try:
        if payment_fact:
            return redirect("receivables_payment", fact=UUID(payment_fact))
        return redirect("receivables_step", fact=UUID(step)) if step else redirect("receivables")
    except ValueError as error:
        raise Http404 from error
