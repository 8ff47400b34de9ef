"""The plan of a renewal: worked back from the expiry by the way in which the customer buys, and taken back."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from perennial.blueprint import queries as blueprint
from perennial.blueprint.renewal_terms import Purchase
from perennial.contracts.terms import node_name
from perennial.members import access
from perennial.members.models import Member
from perennial.pages.customer import log_entry
from perennial.pages.renewals.found import done, room_of
from perennial.pages.renewals.views import room_url
from perennial.pages.tags import number, wording
from perennial.playbooks import renewal_plans
from perennial.playbooks.actions import PlaybookError
from perennial.reports.renewal_room import Room


def shown(room: Room, member: Member) -> dict[str, Any]:
    """Return what the room says of its plan: the way of buying, the approvals, and whether it may be taken back."""
    plan = room.plan
    purchase = blueprint.renewals(room.on).purchase(plan.purchase) if plan else None
    undoable = plan is not None and room.may_task and renewal_plans.may_undo(plan, by=member.pk, at=timezone.now())
    return {
        "purchase": wording(purchase.label) if purchase else plan.purchase if plan else "",
        "nodes": [{"one": one, "name": node_name(one.node), "late": number(one.late_days),
                   "days": number(one.days(room.on))}
                  for one in room.nodes],
        "undo": reverse("renewal_plan_undo", args=[room.row.key, room.term.due_on.isoformat(), plan.entry_id])
        if undoable and plan else "",
    }  # fmt: skip


@require_http_methods(["GET", "POST"])
def make(request: HttpRequest, key: str, due: str) -> HttpResponse:
    """Show the steps of a way of buying with their days, and make them tasks."""
    room = room_of(request, key, due)
    if not room.may_task or not room.term.is_open:
        raise Http404
    member = cast(Member, access.member_of(request))
    rules, sent = blueprint.renewals(room.on), request.POST or request.GET
    purchase = rules.purchase(sent.get("purchase") or room.usual_purchase)
    if purchase is None:
        raise Http404
    people, error = log_entry.people(member), ""
    chosen = sent.get("owner", "") or str(room.row.owner_id or member.pk)
    if request.method == "POST":
        try:
            if chosen not in {str(number) for number, _name in people}:
                raise PlaybookError(_("Choose who does it."))
            _make(room, purchase, int(chosen), member)
            return done(request, _("The plan is made. Each step is a task."))
        except PlaybookError as refused:
            error = str(refused)
    steps = renewal_plans.worked_back(purchase, room.term.due_on, get_language() or "en")
    return render(request, "renewals/plan.html", {
        "url": reverse("renewal_plan", args=[key, due]), "room": room, "error": error,
        "purchases": [(one.key, wording(one.label), one is purchase) for one in rules.purchases],
        "people": [(number, name, str(number) == chosen) for number, name in people],
        "steps": [(one, node_name(one.node) if one.node else "", number((room.on - one.due_on).days)
                   if one.due_on < room.on else "") for one in steps],
        "late": sum(one.due_on < room.on for one in steps),
    }, status=422 if error else 200)  # fmt: skip


def _make(room: Room, purchase: Purchase, owner_id: int, member: Member) -> None:
    renewal_plans.make(customer_id=room.row.pk, due_on=room.term.due_on, purchase=purchase, owner_id=owner_id,
                       language=get_language() or "en", by=member.pk, at=timezone.now())  # fmt: skip


@require_POST
def undo(request: HttpRequest, key: str, due: str, number: int) -> HttpResponse:
    """Take an own plan of the last day back."""
    room = room_of(request, key, due)
    if not room.may_task:
        raise Http404
    back = renewal_plans.undo(entry_id=number, customer_id=room.row.pk, due_on=room.term.due_on,
                              by=cast(Member, access.member_of(request)).pk, at=timezone.now())  # fmt: skip
    text = _("The plan was taken back.") if back else _("This plan is not taken back any more.")
    (messages.success if back else messages.error)(request, text)
    return redirect(room_url(room.row.key, room.term.due_on))
