"""One step of a plan: where it stands at the customer's approval nodes, its invoices, what settled it; each change is
asked for, done and undone here."""

from __future__ import annotations

from datetime import date
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from perennial.contracts import collecting, moving, nodes, receivables, undoing
from perennial.contracts.access import facts_of
from perennial.contracts.collecting import MatchRefused
from perennial.contracts.moving import MoveRefused, Place
from perennial.contracts.receivables import Step
from perennial.contracts.terms import NODE_LABELS, node_name
from perennial.contracts.undoing import Overtaken, UndoRefused
from perennial.customers import queries as customers
from perennial.kernel.journal import queries as past
from perennial.kernel.money import MoneyError, decimal_string, parse_minor
from perennial.members import access
from perennial.members.models import Member
from perennial.pages.receivables import words
from perennial.pages.receivables.asked import Request
from perennial.reports import receivables as report
from perennial.reports.receivables import EDIT, Row


@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, fact: UUID) -> HttpResponse:
    """Show a step; move it to another node, write a part of it off, or set its contract's credit days."""
    asked = Request(request)
    row = _row(asked, fact)
    problem, status, may_edit = "", 200, access.may(asked.member, EDIT)
    if request.method == "POST":
        if not may_edit:
            raise Http404
        problem = _changed(request, asked, row)
        if not problem:
            return redirect("receivables_step", fact=fact)
        row, status = _row(asked, fact), 422
    shown = _shown(asked, row) | {"problem": problem, "may_edit": may_edit, "typed": request.POST}
    return render(request, "receivables/step.html", shown, status=status)


def _row(asked: Request, fact: UUID) -> Row:
    found = receivables.of_facts(facts_of(asked.member), [fact])
    rows = report.rows_on(asked.member, found.values(), place=asked.place, on=asked.today)
    if not rows:
        raise Http404
    return rows[0]


def _shown(asked: Request, row: Row) -> dict[str, Any]:
    step, behind = row.step, report.payments_behind(row.step.fact)
    settled = report.matches_of(asked.member, step=step.fact, place=asked.place, on=asked.today)
    usual, changes = nodes.usuals(), past.of_subject(moving.MOVED, f"step:{step.fact}", limit=1)
    return {
        "row": row, "today": asked.today, "today_iso": asked.today.isoformat(), "nodes": NODE_LABELS,
        "kinds": words.STEP_KINDS,
        "settled": [(one, behind.get(one.settlement.payment) if one.settlement.payment else None) for one in settled],
        "invoices": report.invoices_of_step(step.fact), "invoice_kinds": words.INVOICE_KINDS,
        "states": words.INVOICE_STATES, "owed": decimal_string(row.owed, step.currency),
        "way": [(stay, stay.days(asked.today), usual.of(stay.node, row.customer.segment))
                for stay in nodes.way_of(step, asked.place)],
        "choices": _choices(step.node), "people": [one.name for one in customers.contacts_of(row.customer.id)],
        "last": _last_move(changes, step, asked.member),
    }  # fmt: skip


def _last_move(changes: list[past.Happening], step: Step, member: Member) -> int | None:
    """Return the entry of the last move where the member may take it back and nothing was said since."""
    mine = undoing.undoable(changes[:1], by=member.pk, at=timezone.now())
    return mine[0] if mine and changes[0].data["written"][0][-1] == step.version else None


def _choices(node: str) -> list[tuple[str, str, bool]]:
    """Return the nodes in their order, the one after the present one chosen; then none, where all is approved."""
    codes = [*NODE_LABELS, *([node] if node and node not in NODE_LABELS else [])]
    following = codes[min(codes.index(node) + 1, len(NODE_LABELS) - 1)] if node in NODE_LABELS else codes[0]
    told = [(code, node_name(code), code == following) for code in codes]
    return [*told, ("", _("At no node any more"), False)]


def _changed(request: HttpRequest, asked: Request, row: Row) -> str:
    """Do what the form asks; return what is wrong with it, "" where it is done."""
    rows, by, at = facts_of(asked.member, EDIT), asked.member.pk, timezone.now()
    try:
        match request.POST.get("what"):
            case "move":
                _move(request, asked, row)
            case "credit":
                _set_credit(request, asked, row)
            case _:
                amount = parse_minor(request.POST.get("amount", "").replace(",", ""), row.step.currency)
                collecting.write_off(row.step.fact, amount, request.POST.get("reason", ""), on=asked.today, rows=rows,
                                     by=by, at=at)  # fmt: skip
                messages.success(request, _("Written off. Take it back below if that was wrong."))
    except MoneyError:
        return str(words.NO_AMOUNT)
    except (MatchRefused, MoveRefused, Overtaken) as refused:
        return str(refused)
    return ""


def _set_credit(request: HttpRequest, asked: Request, row: Row) -> None:
    text = request.POST.get("days", "").strip()
    if text and not text.isdecimal():
        raise MatchRefused(_("Credit days are a whole number, 0 or more."))
    if row.step.contract_id is not None:
        days, rows = int(text[:6]) if text else None, facts_of(asked.member, EDIT)
        collecting.set_credit_days(row.step.contract_id, days, rows=rows, by=asked.member.pk, at=timezone.now())
        messages.success(request, _("The contract's credit days are kept."))


def _move(request: HttpRequest, asked: Request, row: Row) -> None:
    sent = request.POST
    try:
        since_on, seen = date.fromisoformat(sent.get("since", "")), int(sent.get("seen", ""))
    except ValueError as unreadable:
        raise MoveRefused(_("Say on which day it came to the node, such as 2026-10-01.")) from unreadable
    place = Place(sent.get("node", ""), since_on, sent.get("holder", ""))
    entry = moving.move(row.step.fact, place, seen=seen, on=asked.today, rows=facts_of(asked.member, EDIT),
                        by=asked.member.pk, at=timezone.now())  # fmt: skip
    if entry is None:
        messages.info(request, _("It is there already; nothing was changed."))
        return
    text = _("Moved to %(node)s.") % {"node": node_name(place.node)} if place.node else _("At no node any more.")
    messages.success(request, text, extra_tags=reverse("receivables_undo", args=[entry]))


@require_POST
def undo(request: HttpRequest, number: int) -> HttpResponse:
    """Take back an own change of the last day, and go where one came from."""
    member = cast(Member, access.member_of(request))
    try:
        done = undoing.undo(number, rows=facts_of(member, EDIT), by=member.pk, at=timezone.now())
    except UndoRefused as refused:
        messages.error(request, str(refused))
    else:
        if done is None:
            raise Http404
        messages.success(request, _("Undone: everything is as it was before."))
        if any(old is None for _name, _fact, old, _new in done.data["written"]):  # its page is gone
            return _gone(request)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    back = request.POST.get("step", "")
    try:
        return redirect("receivables_step", fact=UUID(back)) if back else redirect("receivables")
    except ValueError as error:
        raise Http404 from error


def _gone(request: HttpRequest) -> HttpResponse:
    """Go to the list: what was shown is there no more."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": reverse("receivables")})
    return redirect("receivables")
