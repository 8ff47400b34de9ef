"""A rejected message opened: looked at, mended, checked, replayed; and many of them mended by one rule."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from perennial.intake import actions, mending, queries
from perennial.intake.actions import IntakeError, Many
from perennial.intake.mending import Change, Rule, RuleError
from perennial.intake.queries import Chosen, Rejected
from perennial.intake.terms import Refusal, Refused
from perennial.pages.events import frame, words
from perennial.pages.events.rejected import address_of, chosen_of
from perennial.pages.settings import tabs
from perennial.pages.tags import number as written


@dataclass(frozen=True)
class Verdict:
    """What a check says: good, or the reason and its place; or that the text cannot be read, with its line."""

    is_good: bool
    label: str
    wrong: str = ""
    where: str = ""


@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, number: int) -> HttpResponse:
    """Show one message; check, replay, set aside or reopen it."""
    row = queries.rejected_one(number)
    if row is None:
        raise Http404
    if request.method == "GET":
        return _shown(request, row, _text_of(row))
    text = request.POST.get("text", "")
    match request.POST.get("do"):
        case "check":
            return _shown(request, row, text, verdict=_checked(row, text), status=200)
        case "replay":
            return _replayed(request, row, text)
        case "discard":
            return _discarded(request, row)
        case "reopen":
            actions.reopen(rejected_id=row.id, by=tabs.member_of(request).pk, at=timezone.now())
            return redirect("settings_events_rejected_one", number=row.id)
        case _:
            raise Http404


def _shown(
    request: HttpRequest, row: Rejected, text: str, *, verdict: Verdict | None = None, status: int = 200
) -> HttpResponse:
    alike = Chosen(row.reason, row.key_id, row.where)
    context: dict[str, Any] = {
        "row": row,
        "text": text,
        "lines": min(28, max(8, text.count("\n") + 2)),
        "said": words.reason(row.reason),
        "state": words.STATES[row.settled_as or queries.OPEN],
        "is_open": not row.settled_as,
        "is_cut": mending.object_of(row.raw) is None,
        "verdict": verdict,
        "alike": f"{reverse('settings_events_rejected_list')}?{address_of(alike)}",
    }
    if frame.is_partial(request):
        return frame.part(request, "message", context, status=status)
    return frame.shown(request, "rejected_one", context, here="settings_events_rejected", status=status)


def _text_of(row: Rejected) -> str:
    message = mending.object_of(row.raw)
    return row.raw if message is None else mending.written(message)


def _checked(row: Rejected, text: str) -> Verdict:
    try:
        mended = mending.judged(text, row.kind, received_at=row.received_at)
    except Refusal:
        return _unreadable(text)
    return _refused(mended.refused) if mended.refused else Verdict(True, _("This would be taken."))


def _refused(refused: Refused) -> Verdict:
    said = words.reason(refused.reason.value)
    return Verdict(False, str(said.label), str(said.wrong), refused.where)


def _unreadable(text: str) -> Verdict:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        wrong = _("Line %(line)s, column %(column)s.") % {"line": error.lineno, "column": error.colno}
        return Verdict(False, _("This is no JSON"), wrong)
    except RecursionError:
        return Verdict(False, _("This is no JSON"), _("It is nested too deeply."))
    return Verdict(False, _("This is no JSON object"), _("A message begins with { and ends with }."))


def _replayed(request: HttpRequest, row: Rejected, text: str) -> HttpResponse:
    same = mending.object_of(text) == mending.object_of(row.raw)
    try:
        outcome = actions.replay(
            rejected_id=row.id, text=None if same else text, by=tabs.member_of(request).pk, at=timezone.now()
        )
    except IntakeError as error:
        return frame.toast(_shown(request, queries.rejected_one(row.id) or row, text), str(error), kind="bad")
    except Refusal as refusal:
        if refusal.status == 400:
            return _shown(request, row, text, verdict=_unreadable(text), status=422)
        said = _("There is no room for events just now. The message waits as before; try again in a moment.")
        return frame.toast(_shown(request, row, text), said, kind="bad")
    if outcome.refused is not None:
        return _shown(request, row, text, verdict=_refused(outcome.refused), status=422)
    now = queries.rejected_one(row.id) or row
    return frame.toast(_shown(request, now, text), _("Replayed: it counts once, at the time of its first receipt."))


def _discarded(request: HttpRequest, row: Rejected) -> HttpResponse:
    entry, count = actions.discard(Chosen(), ids=[row.id], by=tabs.member_of(request).pk, at=timezone.now())
    answer = _shown(request, queries.rejected_one(row.id) or row, _text_of(row))
    text = ngettext("%(count)s message is set aside.", "%(count)s messages are set aside.", count)
    undo = reverse("settings_events_rejected_undo", args=[entry]) if count else ""
    return frame.toast(answer, text % {"count": written(count)}, undo=undo)


@require_POST
def many(request: HttpRequest) -> HttpResponse:
    """Try a rule on all that the address names, and say what it would do; asked so, do it."""
    chosen = chosen_of(request.GET)
    given = request.POST
    change = given.get("change", "")
    rule = Rule(
        Change(change) if change in list(Change) else Change.NOTHING,
        *(frame.typed(given.get(name)) for name in ("field", "other", "value")),
    )
    context: dict[str, Any] = {"rule": rule, "query": address_of(chosen), "most": actions.MOST_AT_ONCE}
    try:
        if given.get("do") != "replay":
            return frame.part(request, "tried", {**context, "found": _told(actions.try_many(chosen, rule))})
        done = actions.replay_many(chosen, rule, by=tabs.member_of(request).pk, at=timezone.now())
    except RuleError as error:
        return frame.part(request, "tried", {**context, "fault": _fault(error.part)}, status=422)
    answer = frame.part(request, "tried", {**context, "found": _told(done), "is_done": True})
    text = ngettext(
        "%(count)s message is replayed and counts.", "%(count)s messages are replayed and count.", done.taken
    )
    return frame.toast(answer, text % {"count": written(done.taken)}, kind="good" if done.taken else "watch")


def _fault(part: str) -> str:
    return {
        "field": _("Name the field, such as userId or context.groupId."),
        "other": _("Say from which field it is copied, or which value is replaced."),
        "value": _("Say what it becomes."),
    }[part]


def _told(found: Many) -> dict[str, Any]:
    return {
        "many": found,
        "left": found.total - found.taken,
        "still": [(words.reason(key).label, count) for key, count in found.still.most_common()],
        "samples": [(sample, words.reason(sample.reason).label if sample.reason else "") for sample in found.samples],
        "is_part": found.looked < found.total,
    }
