"""A target opened in the meeting, and set there where the member may."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from perennial.integrations.imports.values.numbers import amount as read_amount
from perennial.integrations.imports.values.terms import Unreadable
from perennial.kernel import money
from perennial.members import access
from perennial.pages.tags import exact_money
from perennial.pages.weekly import address, words
from perennial.pages.weekly.asked import Asked
from perennial.team import queries as targets
from perennial.team.access import holders_of
from perennial.team.actions import TargetError, set_target
from perennial.team.terms import Holder

SETTING = "targets.edit"


@require_http_methods(["GET", "POST"])
def target(request: HttpRequest) -> HttpResponse:
    """Open a target, and set it where the member may."""
    asked = Asked(request)
    holder = address.holder_at(request.GET.get("holder", ""))
    if holder is None:
        raise BadRequest("holder is m and a member's number, or t and a team's")
    ability = SETTING if request.method == "POST" else "revenue.read"
    if holder not in holders_of(asked.member, ability):
        raise Http404
    if request.method == "POST":
        return _set(request, asked, holder)
    may_set = access.may(asked.member, SETTING) and holder in holders_of(asked.member, SETTING)
    return render(request, "weekly/target.html", _target_context(asked, holder, may_set=may_set))


def _target_context(asked: Asked, holder: Holder, *, may_set: bool, error: str = "", text: str = "") -> dict[str, Any]:
    chosen, currency = asked.chosen, asked.place.currency
    names = holders_of(asked.member, "revenue.read")
    people = {Holder(member_id=one.pk): one.name for one in names.members}
    people |= {Holder(team_id=one.pk): one.name for one in names.teams}
    own = {
        "members": [holder.member_id] if holder.member_id else [],
        "teams": [holder.team_id] if holder.team_id else [],
    }
    aim = targets.targets_in(chosen.period, **own, currency=currency).get((chosen.kind, holder))
    shown = None if aim is None else aim.amount
    return {
        "title": f"{words.KINDS[chosen.kind]} · {people.get(holder, '')} · {asked.label}",
        "aim": aim,
        "amount": exact_money(shown, currency),
        "wider": address.days_of(aim.wider) if aim and aim.wider else "",
        "wider_amount": exact_money(aim.wider_amount, currency) if aim else "",
        "currency": currency,
        "basis": _("including tax") if asked.place.amounts_include_tax else _("without tax"),
        "may_set": may_set,
        "url": f"{reverse('weekly_target')}?{chosen.query(open='')}&holder={address.written(holder)}",
        "text": text or ("" if shown is None else _plain(shown, currency)),
        "error": error,
    }


def _plain(cents: int, currency: str) -> str:
    written = money.decimal_string(cents, currency)
    return written.rstrip("0").rstrip(".") if "." in written else written


def _set(request: HttpRequest, asked: Asked, holder: Holder) -> HttpResponse:
    chosen, text = asked.chosen, request.POST.get("amount", request.GET.get("amount", "")).strip()
    try:
        cents = _cents(text, asked.place.currency)
        before = set_target(kind=chosen.kind, holder=holder, period=chosen.period, amount=cents, by=asked.member.pk,
                            at=timezone.now())  # fmt: skip
    except TargetError as error:
        context = _target_context(asked, holder, may_set=True, error=str(error), text=text)
        return render(request, "weekly/target.html", context, status=422)
    if "undo" in request.GET:
        messages.success(request, _("Undone: the target is as before."))
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    back = {"holder": address.written(holder), "undo": "1",
            "amount": "" if before is None else money.decimal_string(before, asked.place.currency)}  # fmt: skip
    said = {
        "text": _("Target set to %(amount)s.") % {"amount": exact_money(cents, asked.place.currency)}
        if cents is not None
        else _("Target taken back."),
        "kind": "good",
        "undo": f"{reverse('weekly_target')}?{chosen.query(open='')}&{urlencode(back)}",
    }
    return HttpResponse(status=204, headers={"HX-Trigger": json.dumps({"toast": said, "anew": {"target": "#weekly"}})})


def _cents(text: str, currency: str) -> int | None:
    """Read an amount as people write it (1,200,000 or 120万); nothing written takes the target back.

    :raises TargetError: it cannot be read, or has more decimals than the currency.
    """
    if not text:
        return None
    try:
        value: Decimal = read_amount(text, comma=False, factor=1).value
        return money.parse_minor(f"{value:f}", currency)
    except (Unreadable, money.MoneyError) as error:
        raise TargetError(_("%(text)s is no amount. Example: 1,200,000.") % {"text": text[:40]}) from error
