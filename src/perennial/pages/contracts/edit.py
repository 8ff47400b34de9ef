"""The forms that change a contract: shown with what they would change, then saved. A look and a save take one draft."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from perennial.contracts import adding, amending, history, papers
from perennial.contracts.amending import Overtaken
from perennial.contracts.drafts import Draft, LineError
from perennial.contracts.models import Contract, Line
from perennial.contracts.papers import Paper
from perennial.kernel.organisation.queries import house
from perennial.pages.contracts import forms, paper_form, preview
from perennial.pages.contracts.page import EDIT, found, member_of, today_of
from perennial.pages.customer.page import find
from perennial.reports import contract_page

MOST_DIGITS = 18
FORMS: Mapping[str, tuple[Promise, Any]] = {
    "terms": (_("Quantity or price"), forms.TermsForm),
    "ramp": (_("Ramp"), forms.RampForm),
    "end": (_("End"), forms.EndForm),
    "pause": (_("Pause"), forms.PauseForm),
    "resume": (_("Resume"), forms.ResumeForm),
    "cancel": (_("Cancel"), forms.CancelForm),
    "correct": (_("Correct a mistake"), forms.LineForm),
}
ABOUT: Mapping[str, Promise] = {
    "terms": _("From a day on. The line ends there and goes on with the new terms; only the difference moves MRR."),
    "ramp": _("Agreed in advance, such as a price for each year: what they bring is nobody's expansion."),
    "end": _("Longer, shorter or open-ended, at the same fee a month."),
    "pause": _("No service and no MRR for a while; a long pause counts as churn."),
    "resume": _("The pause ends on a day."),
    "cancel": _("Notice was given: revenue ends on the day that it takes effect."),
    "correct": _("The line was always so. Past months of Revenue may change; what was known before stays readable."),
}
COLUMN_WORDS: Mapping[str, Promise] = {
    "quantity": _("Quantity"), "amount": _("Amount"), "amount_months": _("Period"), "ends_on": _("End"),
    "starts_on": _("First day"), "pauses": _("Pauses"), "cancelled_on": _("Notice"), "currency": _("Currency"),
    "tax_rate": _("Tax rate, %"), "product_id": _("Product"), "discount_percent": _("Discount, %"),
    "notice_on": _("Notice possible until"), "auto_renews": _("Renews by itself"),
}  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """What a form's page shows around the form."""

    title: str
    back: tuple[str, Any]
    context: dict[str, Any]


@require_http_methods(["GET", "POST"])
def line(request: HttpRequest, contract_id: int, fact: uuid.UUID) -> HttpResponse:
    """Change a line: `what` names the form; `step` look shows what it would do, save does it."""
    contract = found(request, contract_id, edit=True)
    now = contract_page.line_of(member_of(request), contract_id, fact)
    what = request.POST.get("what") or request.GET.get("what") or "terms"
    if what not in FORMS or (now is None and request.method == "GET"):
        raise Http404
    if now is None:
        return _gone(request, contract)
    form = _form(request.POST or None, what, now, request)
    sheet = _sheet(contract, now, what)
    if request.method == "GET" or not form.is_valid():
        return _shown(request, sheet, form)
    seen = _seen(request, fact)
    if seen.pk != now.pk:
        return _overtaken(request, contract, form, Overtaken(seen, now))
    try:
        draft = amending.planned(now, form.change(), as_of=today_of(request))
        if _only_looks(request):
            return _shown(request, sheet, form, draft)
        amending.amend(fact, form.change(), seen=seen.pk, by=member_of(request).pk, at=timezone.now())
    except LineError as error:
        _blame(form, error)
        return _shown(request, sheet, form)
    except Overtaken as error:
        return _overtaken(request, contract, form, error)
    messages.success(request, gettext("Saved. Revenue counts it already."))
    return redirect("contract", contract_id)


def _only_looks(request: HttpRequest) -> bool:
    return "HX-Request" in request.headers or request.POST.get("step") == "look"


def _seen(request: HttpRequest, fact: uuid.UUID) -> Line:
    text = request.POST.get("seen", "")
    seen = history.version(int(text), fact) if text.isdecimal() and len(text) <= MOST_DIGITS else None
    if seen is None:
        raise Http404
    return seen


def _gone(request: HttpRequest, contract: Contract) -> HttpResponse:
    messages.error(request, gettext("Somebody took this line back meanwhile. Nothing was saved."))
    return redirect("contract", contract.pk)


def _form(data: Any, what: str, now: Line, request: HttpRequest) -> Any:
    if what == "correct":
        return forms.LineForm(data, line=now, products=contract_page.products(), initial=forms.line_values(now))
    return FORMS[what][1](data, line=now, today=today_of(request))


def _sheet(contract: Contract, now: Line, what: str) -> Sheet:
    name = now.product.name if now.product else gettext("Without a product")
    kinds = [(key, label) for key, (label, _form_class) in FORMS.items() if key != "resume" or now.pauses]
    return Sheet(name, ("contract", contract.pk), {
        "contract": contract, "line": now, "what": what, "kinds": kinds, "about": ABOUT[what], "seen": now.pk,
    })  # fmt: skip


def _overtaken(request: HttpRequest, contract: Contract, form: Any, error: Overtaken) -> HttpResponse:
    """Show the form again as it was typed, over the version that stands now, and what is other in it."""
    if error.now is None:
        return _gone(request, contract)
    sheet = _sheet(contract, error.now, request.POST["what"])
    form.add_error(
        None, gettext("Somebody changed this line meanwhile. What you typed stands here; look at it, then save again.")
    )
    sheet.context["changed"] = [
        (label, getattr(error.seen, name), getattr(error.now, name), name)
        for name, label in COLUMN_WORDS.items() if name in error.columns
    ]  # fmt: skip
    return _shown(request, sheet, form, status=409)


def _blame(form: django_forms.Form, error: LineError) -> None:
    place = {"amount": "price", "amount_months": "months"}.get(error.field, error.field)
    form.add_error(place if place in form.fields else None, str(error))


def _shown(
    request: HttpRequest, sheet: Sheet, form: django_forms.Form, draft: Draft | None = None, *, status: int = 0
) -> HttpResponse:
    told = preview.told(draft, today=today_of(request)) if draft is not None else None
    context = {**sheet.context, "title": sheet.title, "back": sheet.back, "form": form, "told": told,
               "today": today_of(request)}  # fmt: skip
    if "HX-Request" in request.headers:
        return render(request, "contracts/looked.html", context)
    return render(request, "contracts/edit.html", context, status=status or (422 if form.errors else 200))


@require_http_methods(["GET", "POST"])
def line_new(request: HttpRequest, contract_id: int) -> HttpResponse:
    """Add a line to a contract."""
    contract = found(request, contract_id, edit=True)
    form = _new_form(request, contract.customer_id)
    sheet = Sheet(gettext("Add a line"), ("contract", contract.pk), {"contract": contract, "about": ""})
    return _added(request, sheet, form, customer_id=contract.customer_id, contract=contract.pk)


@require_http_methods(["GET", "POST"])
def contract_new(request: HttpRequest, key: str) -> HttpResponse:
    """Add a contract of a customer with its first line."""
    file = find(request, key, EDIT)
    if not file.sees_revenue:
        raise Http404
    paper = paper_form.PaperForm(request.POST or None, frameworks=contract_page.frameworks(file.customer.pk))
    form = _new_form(request, file.customer.pk)
    sheet = Sheet(gettext("Add a contract"), ("customer", key), {
        "customer": file.customer, "paper": paper, "about": gettext("A contract with its first line.")})  # fmt: skip
    if request.method == "POST" and not paper.is_valid():
        return _shown(request, sheet, form)
    new = paper.paper if request.method == "POST" else 0
    return _added(request, sheet, form, customer_id=file.customer.pk, contract=new)


@require_http_methods(["GET", "POST"])
def paper(request: HttpRequest, contract_id: int) -> HttpResponse:
    """Change what a contract says as a paper: number, kind, framework, reseller, days."""
    contract = found(request, contract_id, edit=True)
    others = [one for one in contract_page.frameworks(contract.customer_id) if one[0] != contract.pk]
    form = paper_form.PaperForm(request.POST or None, frameworks=others, initial=paper_form.values_of(contract))
    seen = request.POST.get("seen") or papers.mark(contract)
    sheet = Sheet(gettext("Change the paper"), ("contract", contract.pk), {
        "contract": contract, "seen": seen, "plain": True,
        "about": gettext("Number, framework, reseller and days. The lines and Revenue stay as they are.")})  # fmt: skip
    if request.method == "GET" or not form.is_valid():
        return _shown(request, sheet, form)
    try:
        if _only_looks(request):
            papers.check(form.paper, customer_id=contract.customer_id, contract_id=contract.pk)
            return _shown(request, sheet, form)
        papers.change(contract_id, form.paper, seen=seen, by=member_of(request).pk, at=timezone.now())
    except LineError as error:
        _blame(form, error)
        return _shown(request, sheet, form)
    messages.success(request, gettext("Saved."))
    return redirect("contract", contract_id)


def _new_form(request: HttpRequest, customer_id: int) -> forms.LineForm:
    initial = {"fact": uuid.uuid4(), "currency": house().currency, "kind": "recurring", "months": forms.TERM}
    return forms.LineForm(request.POST or None, products=contract_page.products(),
                          others=contract_page.lines_of(customer_id), initial=initial)  # fmt: skip


def _is_of_paper(sheet: Sheet, error: LineError) -> bool:
    return "paper" in sheet.context and error.field in sheet.context["paper"].fields


def _added(
    request: HttpRequest, sheet: Sheet, form: forms.LineForm, *, customer_id: int, contract: int | Paper
) -> HttpResponse:
    if request.method == "GET" or not form.is_valid():
        return _shown(request, sheet, form)
    fact, today = form.cleaned_data["fact"] or uuid.uuid4(), today_of(request)
    number = contract if isinstance(contract, int) else None
    try:
        if _only_looks(request):
            if isinstance(contract, Paper):
                papers.check(contract, customer_id=customer_id)
            draft = adding.planned(form.values, customer_id=customer_id, contract_id=number, fact=fact, as_of=today)
            return _shown(request, sheet, form, draft)
        number = adding.add_line(form.values, customer_id=customer_id, contract=contract, fact=fact, as_of=today,
                                 by=member_of(request).pk, at=timezone.now())  # fmt: skip
    except LineError as error:
        _blame(sheet.context["paper"] if _is_of_paper(sheet, error) else form, error)
        return _shown(request, sheet, form)
    messages.success(request, gettext("Saved. Revenue counts it already."))
    return redirect("contract", number)
