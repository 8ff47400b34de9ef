"""A proposal in shadow: begun from a backtest, told while it runs, adopted or not with a reason."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from perennial.blueprint.actions import ConfigRefused
from perennial.evidence import queries, shadows
from perennial.evidence.terms import ShadowWord
from perennial.kernel.organisation.queries import house
from perennial.members import access
from perennial.members.models import Member
from perennial.pages.tags import day, number


def told(one: Any) -> dict[str, Any] | None:
    """Return what the page says of a shadow: a sentence, figures, and whether it waits for a word."""
    if one is None:
        return None
    if one.decided_at is not None:
        said = _("%(word)s on %(day)s: %(reason)s") % {
            "word": ShadowWord(one.word).label,
            "day": day(house().day_of(one.decided_at)),
            "reason": one.reason,
        }
    elif one.found is None:
        said = _("In shadow since %(since)s. It is compared once the decisions up to %(until)s are known.") % {
            "since": day(one.began_on), "until": day(one.until_on)}  # fmt: skip
    else:
        said = _sentence(one.found)
    return {"one": one, "said": said, "is_open": one.decided_at is None, "is_compared": one.found is not None}


def _sentence(found: dict[str, Any]) -> str:
    counts = {"count": number(found["count"]), "events": number(found["events"])}
    if "gain" not in found:
        return _("%(count)s decisions of the quarter with %(events)s losses: too few to compare.") % counts
    gain, low, high = found["gain"]
    figures = {
        "proposed": number(found["proposed"][0], 2), "published": number(found["published"][0], 2),
        "gain": number(gain, 3), "low": number(low, 3), "high": number(high, 3), **counts,
    }  # fmt: skip
    said = _("%(count)s decisions with %(events)s losses, 90 days before: AUC %(proposed)s of the proposal, "
             "%(published)s of what is published; the difference %(gain)s (%(low)s to %(high)s).")  # fmt: skip
    finding = _("The proposal did better.") if low > 0 else _("It was not better than chance would have it: keep.")
    return f"{said % figures} {finding}"


@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Let the weights of the last backtest run in shadow."""
    member, newest = cast(Member, access.member_of(request)), queries.latest()
    if newest is None or str(newest.id) != request.POST.get("backtest"):
        raise Http404
    at = timezone.now()
    try:
        shadows.begin(backtest_id=newest.id, on=house().today(at), by=member.pk, at=at)
    except shadows.ShadowRefused as refused:
        messages.error(request, str(refused))
    return redirect("evidence")


@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Adopt the proposal, or keep what is."""
    member, one, at = cast(Member, access.member_of(request)), queries.shadow(), timezone.now()
    if one is None or str(one.pk) != request.POST.get("shadow") or request.POST.get("word") not in ShadowWord.values:
        raise Http404
    try:
        shadows.decide(shadow_id=one.pk, word=ShadowWord(request.POST["word"]), reason=request.POST.get("reason", ""),
                       on=house().today(at), by=member.pk, at=at)  # fmt: skip
    except (shadows.ShadowRefused, ConfigRefused) as refused:
        messages.error(request, str(refused))
    return redirect("evidence")
