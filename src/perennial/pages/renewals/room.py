"""The renewal room: one term, what is known of whether it renews, and who does what until then."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from perennial.members import access
from perennial.members.models import Member
from perennial.pages.forecast import tables
from perennial.pages.renewals import checkpoints, plan, words
from perennial.pages.renewals.found import done, room_of
from perennial.pages.renewals.views import left_words, node_words, room_url
from perennial.pages.tags import percent
from perennial.renewals import findings
from perennial.renewals.findings import FindingError
from perennial.renewals.terms import CAUSES, MARKS, About, Said
from perennial.reports.forecast_figures import CATEGORIES, OUTCOMES
from perennial.reports.renewal_room import Room


@require_GET
def page(request: HttpRequest, key: str, due: str) -> HttpResponse:
    """Show the room. About forty queries besides the frame's."""
    room = room_of(request, key, due)
    term = room.term
    rate = term.probability.rate if term.probability else None
    return render(request, "renewals/room.html", {
        "room": room,
        "term": term,
        "left": left_words(room.days_left) if term.is_open else str(OUTCOMES[term.outcome]),
        "category": tables.word_of(term) if term.category or not term.is_open else _("Not known"),
        "tone": tables.TONES[term.category] if term.category else "",
        "p": percent(rate.p, 1) if rate else "",
        "interval": tables.interval_of(term.probability),
        "explain_p": tables.explain_p(term.probability) if term.probability else "",
        "model": str(CATEGORIES[term.model]) if term.model else "",
        "call": term.call,
        "call_word": str(CATEGORIES[term.call.category]) if term.call else "",
        "call_url": tables.call_url(room.row.key, term.due_on) if term.is_open and term.model else "",
        "causes": [_stand(room, about) for about in CAUSES],
        "marks": [_stand(room, about) for about in MARKS],
        "rests_on": [str(words.ABOUTS[one]) for one in room.rests_on],
        "decided_cause": str(words.ABOUTS[room.decided.cause]) if room.decided else "",
        "outcome": str(OUTCOMES[term.outcome]),
        "node": node_words(room.node, room.on) if room.node else "",
        "late": percent(room.late.share) if room.late else "",
        "said": _history(room),
        "stops": checkpoints.shown(room),
        **plan.shown(room, cast(Member, access.member_of(request))),
        "here": room_url(room.row.key, term.due_on),
    })  # fmt: skip


def _stand(room: Room, about: About) -> dict[str, Any]:
    found = room.found.get(about)
    signs = words.SIGNS if about in CAUSES else words.MARK_SIGNS
    return {"key": about.value, "label": words.ABOUTS[about], "asks": words.ASKS[about], "found": found,
            "rating": words.rating_text(found), "sign": signs[found.rating if found else None],
            "tone": words.tone_of(found)}  # fmt: skip


def _history(room: Room) -> list[dict[str, Any]]:
    """Return what was said of the term, findings and calls together, the latest first."""
    rows: list[dict[str, Any]] = [
        {"at": one.at, "by": one.by, "what": f"{words.ABOUTS[one.about]}: {words.rating_text(one)}",
         "why": one.evidence, "link": one.link}
        for one in room.history
    ]  # fmt: skip
    rows += [{"at": ruling.at, "by": ruling.by, "why": ruling.word, "link": "",
              "what": _("Settled: %(category)s") % {"category": CATEGORIES[ruling.category]}}
             for stop in room.stops if stop.taken and (ruling := stop.taken.ruling)]  # fmt: skip
    rows += [{"at": one.at, "by": one.by, "why": one.reason, "link": "",
              "what": _("Call: %(category)s (model: %(model)s)") % {"category": CATEGORIES[one.category],
                                                                     "model": CATEGORIES[one.model]}}
             for one in room.calls]  # fmt: skip
    return sorted(rows, key=lambda row: row["at"], reverse=True)


@require_http_methods(["GET", "POST"])
def find(request: HttpRequest, key: str, due: str, about: str) -> HttpResponse:
    """Open a cause or a mark, and record what the member found of it."""
    room = room_of(request, key, due)
    if about not in set(About) or (request.method == "POST" and not room.may_edit):
        raise Http404
    one, error = About(about), ""
    found, sent = room.found.get(one), request.POST
    if request.method == "POST":
        try:
            findings.find(_said(one, request), customer_id=room.row.pk, due_on=room.term.due_on,
                          by=cast(Member, access.member_of(request)).pk, at=timezone.now())  # fmt: skip
            return done(request, _("%(what)s is recorded.") % {"what": words.ABOUTS[one]})
        except FindingError as refused:
            error = str(refused)
    chosen = sent.get("rating", "") if sent else "" if found is None or found.rating is None else str(found.rating)
    ratings = [("" if value is None else str(value), word) for value, word in words.ratings_of(one).items()]
    return render(request, "renewals/find.html", {
        "url": reverse("renewal_find", args=[key, due, about]), "stand": _stand(room, one), "room": room,
        "error": error, "sent": sent, "ratings": [(value, word, value == chosen) for value, word in ratings],
        "asks_percent": one is About.DISCOUNT,
        "history": [(old, words.rating_text(old)) for old in room.history if old.about is one],
    }, status=422 if error else 200)  # fmt: skip


def _said(about: About, request: HttpRequest) -> Said:
    sent = request.POST
    rating, share = sent.get("rating", ""), sent.get("percent", "").strip().removesuffix("%").strip()
    if rating not in {"", "-1", "0", "1"}:
        raise FindingError(_("Choose one of the ratings."))
    try:
        amount = round(Decimal(share), 2) if share else None
    except InvalidOperation as unreadable:
        raise FindingError(_("Write the discount as a number, such as 12.5.")) from unreadable
    return Said(about, int(rating) if rating else None, sent.get("evidence", ""), sent.get("link", ""), amount)


@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, key: str, due: str) -> HttpResponse:
    """Say which cause decided a term that has ended."""
    room = room_of(request, key, due)
    if room.term.is_open or (request.method == "POST" and not room.may_edit):
        raise Http404
    error, sent = "", request.POST
    if request.method == "POST":
        cause = sent.get("cause", "")
        try:
            if cause not in set(CAUSES):
                raise FindingError(_("Choose one of the four causes."))
            findings.decide(customer_id=room.row.pk, due_on=room.term.due_on, outcome=room.term.outcome,
                            cause=About(cause), text=sent.get("text", ""),
                            by=cast(Member, access.member_of(request)).pk, at=timezone.now())  # fmt: skip
            return done(request, _("The cause is recorded."))
        except FindingError as refused:
            error = str(refused)
    chosen = sent.get("cause") or (room.decided.cause.value if room.decided else "")
    return render(request, "renewals/decide.html", {
        "url": reverse("renewal_decide", args=[key, due]), "room": room, "error": error, "sent": sent,
        "outcome": OUTCOMES[room.term.outcome],
        "causes": [(one.value, words.ABOUTS[one], one.value == chosen) for one in CAUSES],
    }, status=422 if error else 200)  # fmt: skip
