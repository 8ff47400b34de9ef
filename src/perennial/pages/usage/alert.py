"""One usage alert: its series with the baseline and the week of the alarm, and the word that lets it rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from perennial.alerts import actions
from perennial.alerts.actions import AlertError
from perennial.alerts.calculations.ewma import BASELINE
from perennial.alerts.terms import End, Kind
from perennial.members import access
from perennial.pages import tags
from perennial.pages.usage import alert_words as words
from perennial.pages.usage import drawing
from perennial.pages.usage.drawing import Dot, Lines
from perennial.pages.usage.frame import Asking
from perennial.reports import alerts
from perennial.reports.alerts import Alert

WEEKS = (4, 8, 13)
Week = tuple[date, float | None, float]  # its last day, users, what it was for everybody


@require_GET
def page(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Show an alert. Two queries besides the frame's."""
    return _shown(request, *_found(request, alert_id))


@require_POST
def mute(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Let it rest for some weeks, with a reason."""
    asking, found = _found(request, alert_id, "tasks.edit")
    weeks, reason = request.POST.get("weeks", ""), request.POST.get("reason", "")
    until = asking.today + timedelta(weeks=int(weeks) if weeks in map(str, WEEKS) else 0)
    try:
        actions.mute(alert_id=found.one.pk, until_on=until, reason=reason, on=asking.today, by=asking.member.pk,
                     at=timezone.now())  # fmt: skip
    except AlertError as wrong:
        return _shown(request, asking, found, error=str(wrong), sent={"weeks": weeks, "reason": reason})
    messages.success(request, _("The alert rests until %(day)s.") % {"day": tags.day(until)})
    return redirect("usage_alert", alert_id=alert_id)


@require_POST
def unmute(request: HttpRequest, alert_id: int) -> HttpResponse:
    """End its rest."""
    asking, found = _found(request, alert_id, "tasks.edit")
    try:
        actions.unmute(alert_id=found.one.pk, by=asking.member.pk, at=timezone.now())
    except AlertError as wrong:
        return _shown(request, asking, found, error=str(wrong))
    messages.success(request, _("The alert is awake again."))
    return redirect("usage_alert", alert_id=alert_id)


def _found(request: HttpRequest, alert_id: int, ability: str = "customers.read") -> tuple[Asking, Alert]:
    """Return who asks and the alert.

    :raises Http404: there is none, or none on whose customer he has the ability.
    """
    asking = Asking.of(request)
    found = alerts.alert(asking.member, alert_id, ability)
    if found is None:
        raise Http404
    return asking, found


def _shown(
    request: HttpRequest, asking: Asking, found: Alert, *, error: str = "", sent: dict[str, str] | None = None
) -> HttpResponse:
    one, weeks = found.one, _weeks(found, asking.today)
    return render(request, "usage/alert.html", {
        **asking.context("usage_alerts"),
        "found": found,
        "kind": words.kind_of(found),
        "listed": words.listed_of(found),
        "tone": words.TONES[one.listed],
        "said": words.said(found),
        "chance": words.chance(one.p),
        "rest": words.rest(found, asking.today),
        "end": str(End(one.end).label) if one.end else "",
        "statistic": None if one.statistic is None else tags.number(one.statistic, 2),
        "drawing": _drawing(found, weeks),
        "weeks_table": _table(found, weeks),
        "may_mute": one.closed_on is None and access.may(asking.member, "tasks.edit"),
        "weeks": [(str(count), ngettext("%(n)s week", "%(n)s weeks", count) % {"n": count}) for count in WEEKS],
        "error": error,
        "sent": sent or {"weeks": "4", "reason": ""},
    }, status=422 if error else 200)  # fmt: skip


def _weeks(found: Alert, on: date) -> list[Week]:
    """Return the weeks up to the alarm as its week found them, and those since then as they are known now."""
    count = len(found.one.series)
    told = [
        (found.one.week_on - timedelta(weeks=count - 1 - place), users, factor)
        for place, (users, factor) in enumerate(found.one.series)
    ]
    return [*told, *alerts.after(found, on)]


def _drawing(found: Alert, weeks: Sequence[Week]) -> SafeString:
    """Draw the weeks before and since the alarm: users after calendar adjustment, and of a fall the baseline that they
    left."""
    one, url = found.one, f"{reverse('customer', args=[found.key])}?tab=usage"
    values = [None if users is None else users / factor for _day, users, factor in weeks]
    if not any(value is not None for value in values):
        return SafeString("")
    ticks = drawing.ticks_up_to(max([value for value in values if value is not None] + [one.usual or 0]))
    line = [None if value is None else Dot(value, f"{tags.day(day)}: {tags.number(value, 1)}", url)
            for (day, _users, _factor), value in zip(weeks, values, strict=True)]  # fmt: skip
    label = _("Weekly users of %(name)s before and since the alarm") % {"name": found.name}
    return drawing.lines(Lines(
        [tags.day(day) for day, _users, _factor in weeks], [line], [(tick, tags.number(tick)) for tick in ticks], label,
        level=(0, len(weeks) - 1, one.usual) if one.kind == Kind.drop and one.usual is not None else None,
        marked=len(one.series) - 1 if one.series else None,
    ))  # fmt: skip


def _table(found: Alert, weeks: Sequence[Week]) -> list[tuple[str, str, str, str, str]]:
    """Return the same numbers as rows, the latest week first: day, users, what the week was for everybody, users after
    adjustment, and what the week is to the alarm."""
    alarm = len(found.one.series) - 1
    rows = []
    for place, (day, users, factor) in enumerate(weeks):
        adjusted = None if users is None else users / factor
        what = (
            _("Baseline") if place < BASELINE else _("Alarm") if place == alarm else _("since") if place > alarm else ""
        )
        rows.append((tags.day(day), tags.number(users), tags.percent(factor), tags.number(adjusted, 1), what))
    return rows[::-1]
