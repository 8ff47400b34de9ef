"""The checkpoints of a term in its room: our own call beside the model's, and the word that settles a difference."""

from __future__ import annotations

from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from perennial.insights.checkpoints import modelled
from perennial.members import access
from perennial.members.models import Member
from perennial.pages.renewals import words
from perennial.pages.renewals.found import done, room_of
from perennial.pages.tags import percent
from perennial.renewals import checkpoints
from perennial.renewals.calculations.categories import one_step_from
from perennial.renewals.checkpoints import CheckpointError, Spot
from perennial.renewals.terms import Category, Modelled, Which
from perennial.reports.checkpoints import Dispute, Stop
from perennial.reports.forecast_figures import CATEGORIES
from perennial.reports.renewal_room import Room

WAIT = "wait"


def said_words(said: Modelled) -> str:
    """Write what the model said: category, probability, interval."""
    words = {"category": CATEGORIES[said.category], "p": percent(said.p), "low": percent(said.low),
             "high": percent(said.high)}  # fmt: skip
    return _("%(category)s, %(p)s (%(low)s to %(high)s)") % words


def shown(room: Room) -> list[dict[str, Any]]:
    """Return the checkpoints as the room draws them."""
    return [_stop(one, room) for one in room.stops]


def _stop(one: Stop, room: Room) -> dict[str, Any]:
    taken = one.taken
    is_now = room.stop is not None and room.stop.which is one.which
    return {
        "one": one,
        "label": words.CHECKPOINTS[one.which],
        "model": said_words(one.said) if one.said else "",
        "own": words.own_word(taken),
        "said_then": said_words(taken.said) if taken else "",
        "ruling": CATEGORIES[taken.ruling.category] if taken and taken.ruling else "",
        "differs": taken is not None and taken.category not in {None, taken.model},
        "is_now": is_now,
        "is_missing": is_now and taken is None,
        "may_call": is_now and room.may_edit and room.term.model is not None,
        "may_settle": room.may_settle and room.disputed is not None and room.disputed.which is one.which,
    }


def _spot(room: Room, which: Which) -> Spot:
    return Spot(room.row.pk, room.term.due_on, which)


@require_http_methods(["GET", "POST"])
def call(request: HttpRequest, key: str, due: str) -> HttpResponse:
    """Record our own call at the checkpoint that the term has reached."""
    room = room_of(request, key, due)
    stop, said = room.stop, modelled(room.term)
    if stop is None or said is None or not room.may_edit:
        raise Http404
    error, sent = "", request.POST
    if request.method == "POST":
        try:
            checkpoints.take(_spot(room, stop.which), category=_category(sent.get("category", ""), wait=True),
                             reason=sent.get("reason", ""), said=said, counted=room.term.category,
                             by=cast(Member, access.member_of(request)).pk, at=timezone.now())  # fmt: skip
            return done(request, _("The call is recorded."))
        except CheckpointError as refused:
            error = str(refused)
    offered = sorted({said.category, *one_step_from(said.category)}, key=list(Category).index)
    chosen = sent.get("category", "")
    return render(request, "renewals/checkpoint.html", {
        "url": reverse("renewal_checkpoint", args=[key, due]), "room": room, "error": error, "sent": sent,
        "label": words.CHECKPOINTS[stop.which], "day": stop.on, "said": said_words(said),
        "is_last": stop.which is Which.LAST, "wait": WAIT, "waits": chosen == WAIT,
        "offered": [(one.value, CATEGORIES[one], one.value == chosen, one is said.category) for one in offered],
    }, status=422 if error else 200)  # fmt: skip


def _category(text: str, *, wait: bool = False) -> Category | None:
    if wait and text == WAIT:
        return None
    if text not in set(Category):
        raise CheckpointError(_("Choose a category."))
    return Category(text)


@require_http_methods(["GET", "POST"])
def settle(request: HttpRequest, key: str, due: str) -> HttpResponse:
    """Settle a call that differs from the model's: both views with their reasons, and which of them counts."""
    room = room_of(request, key, due)
    stop, said = room.disputed, modelled(room.term)
    if stop is None or stop.taken is None or said is None or not room.may_settle:
        raise Http404
    error, sent, taken = "", request.POST, stop.taken
    if request.method == "POST":
        try:
            category = _category(sent.get("category", ""))
            assert category is not None
            checkpoints.settle(_spot(room, stop.which), category=category, word=sent.get("word", ""), said=said,
                               counted=room.term.category, by=cast(Member, access.member_of(request)).pk,
                               at=timezone.now())  # fmt: skip
            return done(request, _("The call is settled."))
        except CheckpointError as refused:
            error = str(refused)
    assert taken.category is not None
    views = [(taken.category, _("%(name)s says") % {"name": taken.by}, taken.reason),
             (taken.model, _("The model says"), said_words(taken.said))]  # fmt: skip
    return render(request, "renewals/settle.html", {
        "url": reverse("renewal_settle", args=[key, due]), "room": room, "error": error, "sent": sent,
        "label": words.CHECKPOINTS[stop.which], "taken": taken,
        "is_own": taken.by_id == getattr(access.member_of(request), "pk", None),
        "views": [(one.value, CATEGORIES[one], who, why, one.value == sent.get("category")) for one, who, why in views],
    }, status=422 if error else 200)  # fmt: skip


def disputes_shown(found: list[Dispute]) -> list[dict[str, Any]]:
    """Return the calls to settle as lists draw them."""
    return [
        {"one": one, "own": words.own_word(one.taken), "model": said_words(one.taken.said),
         "label": words.CHECKPOINTS[one.spot.which],
         "url": reverse("renewal", args=[one.key, one.spot.due_on.isoformat()]),
         "settle": reverse("renewal_settle", args=[one.key, one.spot.due_on.isoformat()])}
        for one in found
    ]  # fmt: skip
