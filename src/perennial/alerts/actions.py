"""Writes of alerts: a week's judgement, what follows from actions, and a member's word to let one rest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from perennial.alerts import judging, resting
from perennial.alerts.calculations.following import end_of
from perennial.alerts.judging import Week
from perennial.alerts.models import AlertWeek, UsageAlert
from perennial.alerts.terms import MOST_REASON, MUTE_DAYS, End, Found, Kind, Listed, Muted
from perennial.kernel.journal import actions as journal
from perennial.kernel.journal.actions import Noted

ALERTED, ENDED, MUTED, UNMUTED = "usage.alerted", "usage.alert_ended", "usage.alert_muted", "usage.alert_unmuted"


class AlertError(ValueError):
    """What was asked cannot be done; the message says why."""


def judge(on: date, *, at: datetime, paying: Collection[int]) -> int:
    """Judge the last whole week before a day over the customers that pay, keep what it found, close what is over and
    let rest what was acted on; return how many alerts are new. About twenty queries. Safe to run twice.

    An alert is kept once, as its week found it; the watch list's may come to the act list. Another of its kind comes
    four weeks later at the earliest. Where a feed stopped nothing is raised and nothing is closed.
    """
    week = judging.look(on, paying)
    found = judging.found_in(week)
    with transaction.atomic():
        _keep_week(week, len(paying), at)
        _close(week, found, paying, on=on, at=at)
        new = _raise(week, found, on=on, at=at)
    resting.follow(on, at=at)
    return new


def _keep_week(week: Week, paying: int, at: datetime) -> None:
    """One query, whether the week was judged before or not."""
    told = (
        {"trouble": week.trouble.value, "judged": 0, "expected": 0.0, "customers": []}
        if week.trouble
        else {
            "trouble": "",
            "judged": week.judged.judged,
            "expected": week.judged.expected,
            "customers": week.judged_ids,
        }
    )
    told = {"paying": paying, **told}
    if AlertWeek.objects.filter(week_on=week.week_on).values(*told).first() == told:
        return  # a night that comes again changes nothing
    row = AlertWeek(week_on=week.week_on, made_at=at, **told)
    AlertWeek.objects.bulk_create([row], update_conflicts=True, unique_fields=["week_on"],
                                  update_fields=["made_at", *told])  # fmt: skip


def _raise(week: Week, found: Sequence[Found], *, on: date, at: datetime) -> int:
    since = week.week_on - timedelta(days=MUTE_DAYS)
    here = Q(closed_on=None) | Q(week_on=week.week_on, end=End.withdrawn)
    known = {(one.customer_id, one.kind): one for one in UsageAlert.objects.filter(here)}
    rests = set(
        UsageAlert.objects.filter(closed_on__isnull=False, week_on__gt=since).values_list("customer_id", "kind")
    )
    new, raised = [], []
    for one in found:
        present = known.get((one.customer_id, one.kind))
        if present is None and (one.customer_id, one.kind) not in rests:
            new.append(_row(one, week.week_on, on, at))
        elif present is not None and (present.closed_on or (present.listed, one.listed) == (Listed.watch, Listed.act)):
            present.listed, present.closed_on, present.end = one.listed.value, None, ""
            raised.append(present)
    made = UsageAlert.objects.bulk_create(new, batch_size=200)
    UsageAlert.objects.bulk_update(raised, ["listed", "closed_on", "end"], batch_size=500)
    journal.record_all([_noted(ALERTED, one) for one in (*made, *raised)], at=at)
    return len(made)


def _row(one: Found, week_on: date, on: date, at: datetime) -> UsageAlert:
    return UsageAlert(
        customer_id=one.customer_id, kind=one.kind.value, listed=one.listed.value, week_on=week_on, raised_on=on,
        raised_at=at, statistic=one.statistic, p=one.p, against=one.against, users=one.users, usual=one.usual,
        spread=one.spread, series=[list(pair) for pair in one.series], told=one.told,
    )  # fmt: skip


def _close(week: Week, found: Sequence[Found], paying: Collection[int], *, on: date, at: datetime) -> None:
    listed, pays, places = {(one.customer_id, one.kind) for one in found}, set(paying), week.places
    over = []
    for one in UsageAlert.objects.filter(closed_on=None, raised_on__lte=on):
        if one.customer_id not in pays:
            one.end = End.ended
        elif not week.is_fed or (one.customer_id, one.kind) in listed:
            continue
        elif one.week_on == week.week_on:
            one.end = End.withdrawn
        elif one.kind == Kind.drop:
            one.end = "" if week.trouble else _end(one, week, places[one.customer_id])
        else:
            one.end = End.recovered
        if one.end:
            one.closed_on = on
            over.append(one)
    UsageAlert.objects.bulk_update(over, ["closed_on", "end"], batch_size=500)
    journal.record_all([_noted(ENDED, one) for one in over], at=at)


def _end(one: UsageAlert, week: Week, place: int) -> str:
    p, usual = judging.known(week.judged.p[place]), judging.known(week.judged.usual[place])
    return end_of(judging.recent(week, place), one.usual or 0.0, p, usual)


def _noted(kind: str, one: UsageAlert) -> Noted:
    return Noted(kind, one.customer_id, f"alert:{one.pk}", {
        "kind": one.kind, "listed": one.listed, "week": one.week_on.isoformat(), "p": one.p, "users": one.users,
        "usual": one.usual, "end": one.end})  # fmt: skip


@transaction.atomic
def mute(*, alert_id: int, until_on: date, reason: str, on: date, by: int, at: datetime) -> None:
    """Let an open alert rest until a day, with a reason. The same again changes nothing.

    :raises AlertError: no reason, a day that does not lie ahead or more than a year ahead, or an alert that is over.
    """
    said = " ".join(reason.split())[:MOST_REASON]
    if not said:
        raise AlertError(_("Write why it may rest."))
    if not on < until_on <= on + timedelta(days=366):
        raise AlertError(_("Choose a later day, within a year."))
    one = _open(alert_id)
    if (one.muted_why, one.muted_until_on, one.reason) == (Muted.hand, until_on, said):
        return
    one.muted_why, one.muted_until_on, one.muted_by_id, one.reason = Muted.hand, until_on, by, said
    _decided(one, MUTED, by=by, at=at, data={"until": until_on.isoformat()}, personal={"reason": said})


@transaction.atomic
def unmute(*, alert_id: int, by: int, at: datetime) -> None:
    """End an alert's rest, also one that followed from an action; only a later action lets it rest again."""
    one = _open(alert_id)
    if one.muted_until_on is None:
        return
    one.muted_why, one.muted_until_on, one.muted_by_id, one.reason = "", None, None, ""
    _decided(one, UNMUTED, by=by, at=at)


def _open(alert_id: int) -> UsageAlert:
    one: UsageAlert = UsageAlert.objects.select_for_update(of=("self",)).get(id=alert_id)
    if one.closed_on is not None:
        raise AlertError(_("This alert is over."))
    return one


def _decided(
    one: UsageAlert, kind: str, *, by: int, at: datetime, data: dict[str, str] | None = None,
    personal: dict[str, str] | None = None,
) -> None:  # fmt: skip
    one.decided_at = at
    one.save(update_fields=["muted_why", "muted_until_on", "muted_by", "reason", "decided_at"])
    journal.record(kind, customer_id=one.customer_id, subject=f"alert:{one.pk}", by=by, at=at,
                   data={"kind": one.kind, **(data or {})}, personal=personal)  # fmt: skip
