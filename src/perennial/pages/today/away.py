"""Reasons that are not useful: put away from Today for a while, listed, counted, and brought back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from perennial.members import access
from perennial.pages.customer.words import reason
from perennial.pages.tags import day as written_day
from perennial.pages.today.actions import answer, dialog, item_of
from perennial.pages.today.forms import PutAwayForm
from perennial.pages.today.page import Place, choices_of, place_of
from perennial.pages.today.words import name_of
from perennial.playbooks import away, putting_away
from perennial.playbooks.actions import PlaybookError
from perennial.playbooks.terms import RuleCount, Why


@dataclass(frozen=True)
class Line:
    """A rule's counts as the page writes them: by why, with its name."""

    count: RuleCount
    name: str
    by_why: list[tuple[Any, int]]
    address: str
    is_chosen: bool


@require_http_methods(["GET", "POST"])
def put_away(request: HttpRequest, item_id: int) -> HttpResponse:
    """Ask which reason is not useful, why, and for how long; then put it away."""
    place = place_of(request)
    item = item_of(place, item_id)
    reasons = [(one.rule, reason(one, item.row.currency)[0]) for one in item.reasons]
    form = PutAwayForm(request.POST or None, reasons=reasons)
    if request.method == "GET" or not form.is_valid():
        return dialog(request, item, form, "today_put_away", _("Not useful"), _("Put it away"))
    verdict = form.verdict()
    try:
        ids = putting_away.put_away(customer_id=item.row.customer_id, verdict=verdict, on=place.on,
                                    by=place.member.pk, at=timezone.now())  # fmt: skip
    except PlaybookError as error:
        form.add_error(None, str(error))
        return dialog(request, item, form, "today_put_away", _("Not useful"), _("Put it away"))
    until = place.on + timedelta(days=verdict.days)
    words = {"name": item.row.name, "count": len(ids), "day": written_day(until)}
    text = ngettext("%(name)s: %(count)d reason is put away until %(day)s.",
                    "%(name)s: %(count)d reasons are put away until %(day)s.", len(ids)) % words  # fmt: skip
    return answer(request, place, text, undo=f"{reverse('today_bring_back')}?{urlencode({'id': ids}, doseq=True)}")


@require_POST
def bring_back(request: HttpRequest) -> HttpResponse:
    """Let reasons (`?id=`) speak again. Answers with Today's list, or with the page of what is put away."""
    place = place_of(request)
    asked = [int(one) for one in request.GET.getlist("id") if one.isascii() and one.isdigit() and len(one) < 18]
    found = away.may_bring_back(place.member, asked, on=place.on)
    if not found:
        raise Http404
    putting_away.bring_back(ids=[one.id for one in found], on=place.on, by=place.member.pk, at=timezone.now())
    words = {"name": found[0].row.name, "count": len(found)}
    text = ngettext("%(name)s: %(count)d reason is back.", "%(name)s: %(count)d reasons are back.", len(found)) % words
    if not request.headers.get("HX-Target", "").endswith("#put-away"):
        return answer(request, place, text)
    shown = render(request, "today/away_list.html", _context(request, place))
    shown["HX-Trigger"] = json.dumps({"toast": {"text": text, "kind": "good", "undo": ""}})
    return shown


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Answer with what is put away, by whom and until when, and how often each rule was, for its tuning."""
    return render(request, "today/away.html", _context(request, place_of(request)))


def _context(request: HttpRequest, place: Place) -> dict[str, Any]:
    asked = request.GET if request.method == "GET" else place.asked
    rule, why = asked.get("rule"), asked.get("why")
    counts = away.counts(place.member, on=place.on, whose=place.whose)
    rows = away.put_away(place.member, on=place.on, whose=place.whose, rule=rule, why=why)
    return {
        "place": place,
        "rows": [(row, name_of(row.rule), Why(row.why).label) for row in rows],
        "lines": [_line(one, place, rule) for one in counts],
        "whys": [(one.value, one.label) for one in Why],
        "why": why,
        "rule": rule,
        "rule_name": None if rule is None else name_of(rule),
        "days": away.COUNTED_DAYS,
        "choices": choices_of(place),
        "may_decide": access.may(place.member, "tasks.edit"),
    }


def _line(count: RuleCount, place: Place, rule: str | None) -> Line:
    is_chosen = rule == count.rule
    query = {"whose": place.whose.value} | ({} if is_chosen else {"rule": count.rule})
    return Line(
        count=count,
        name=name_of(count.rule),
        by_why=[(one.label, count.by_why.get(one.value, 0)) for one in Why],
        address=f"{reverse('today_away')}?{urlencode(query)}",
        is_chosen=is_chosen,
    )
