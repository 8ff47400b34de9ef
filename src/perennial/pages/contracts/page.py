"""The page of one contract, and taking a change back."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from perennial.contracts import amending, by_hand, papers
from perennial.contracts.drafts import LineError
from perennial.contracts.models import Contract
from perennial.customers.access import may_on
from perennial.kernel.organisation.queries import House, house
from perennial.members import access
from perennial.members.models import Member
from perennial.pages import tags
from perennial.pages.contracts import drawing, file
from perennial.pages.contracts.paper_form import PAPER_KINDS
from perennial.pages.customer.words import AMENDMENTS
from perennial.pages.files import TYPES, download
from perennial.reports import contract_page, sheets

EDIT = "contracts.edit"


def member_of(request: HttpRequest) -> Member:
    """Return the signed-in member; the guard let nobody else in."""
    return cast(Member, access.member_of(request))


def today_of(request: HttpRequest) -> date:
    """Return the as-of day."""
    place: House = getattr(request, "house", None) or house()
    return place.today(timezone.now())


def found(request: HttpRequest, contract_id: int, *, edit: bool = False) -> Contract:
    """Return the contract for the member.

    :raises Http404: there is none, or the member may not see it (with `edit`: change it).
    """
    contract = contract_page.find(member_of(request), contract_id, edit=edit)
    if contract is None:
        raise Http404
    return contract


@require_GET
def page(request: HttpRequest, contract_id: int) -> HttpResponse:
    """Show a contract."""
    contract, today = found(request, contract_id), today_of(request)
    paper = contract_page.paper(member_of(request), contract, on=today, at=timezone.now())
    span = drawing.span_of([row.line for row in paper.lines], today)
    context: dict[str, Any] = {
        "paper": paper, "contract": contract, "customer": paper.own, "today": today,
        "bars": drawing.bars(paper.lines, span, today), "axis": drawing.axis(span, today),
        "may_edit": may_on(member_of(request), paper.own.portfolio, EDIT), "words": AMENDMENTS,
        "may": {"export": access.may(member_of(request), "exports.run")},
        "export": reverse("contract_export", args=[contract.pk]),
        "points": _points(contract), "seen": papers.mark(contract),
        "changes": [(one, _day(one.data.get("on"))) for one in paper.changes],
    }  # fmt: skip
    return render(request, "contracts/page.html", context)


@require_POST
def export(request: HttpRequest, contract_id: int) -> HttpResponse:
    """Answer the contract's lines as a file."""
    contract, today, member = found(request, contract_id), today_of(request), member_of(request)
    format = request.POST.get("format", sheets.CSV)
    if format not in TYPES:
        raise Http404
    paper = contract_page.paper(member, contract, on=today, at=timezone.now())
    return download(file.sheet_of(paper, today), format=format, name=f"contract-{contract.pk}",
                    kind="contract.exported", member=member, asked={"contract": contract.pk})  # fmt: skip


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


LABELS = {
    "number": gettext_lazy("Contract number"), "kind": gettext_lazy("Kind"),
    "framework_id": gettext_lazy("Stands under"), "signed_on": gettext_lazy("Signed on"),
    "accepted_on": gettext_lazy("Accepted on"),
    "reseller_id": gettext_lazy("Reseller"), "rebate_percent": gettext_lazy("Rebate of the reseller, %"),
    "credit_days": gettext_lazy("Credit days"),
}  # fmt: skip


def _points(contract: Contract) -> list[dict[str, Any]]:
    """Return what the source says otherwise since a member changed it, as the page shows it."""
    return [{"column": name, "label": LABELS.get(name, name), "own": _told(name, getattr(contract, name)),
             "says": _told(name, by_hand.value_of(name, contract.by_hand[name]["says"]))}
            for name in by_hand.open_points(contract)]  # fmt: skip


def _told(name: str, value: Any) -> str:
    if value in (None, ""):
        return "–"
    if isinstance(value, date):
        return tags.day(value)
    if name == "kind":
        return str(dict(PAPER_KINDS).get(value, value))
    return contract_page.name_of(name, value)


@require_POST
def point(request: HttpRequest, contract_id: int, column: str) -> HttpResponse:
    """Take what the source says of a column, or keep what a member wrote."""
    found(request, contract_id, edit=True)
    takes = request.POST.get("takes") == "1"
    try:
        entry = papers.decide(contract_id, column, takes=takes, seen=request.POST.get("seen", ""),
                              by=member_of(request).pk, at=timezone.now())  # fmt: skip
    except LineError as error:
        messages.error(request, str(error))
        return redirect("contract", contract_id)
    if entry is None:
        raise Http404
    text = gettext("The source's word is taken.") if takes else gettext("Your own stays.")
    messages.success(request, text, extra_tags=reverse("contract_undo", args=[contract_id, entry]))
    return redirect("contract", contract_id)


@require_POST
def undo(request: HttpRequest, contract_id: int, number: int) -> HttpResponse:
    """Take back an own change of the last day."""
    contract = found(request, contract_id, edit=True)
    paper = contract_page.paper(member_of(request), contract, on=today_of(request), at=timezone.now())
    if number not in {one.id for one in paper.changes}:
        raise Http404
    try:
        by, at = member_of(request).pk, timezone.now()
        done = papers.undo(entry_id=number, by=by, at=at) or amending.undo(entry_id=number, by=by, at=at)
    except LineError as error:
        messages.error(request, str(error))
        return redirect("contract", contract_id)
    text = gettext("The change was taken back.") if done else gettext("This change is not taken back any more.")
    (messages.success if done else messages.error)(request, text)
    return redirect("contract", contract_id)
