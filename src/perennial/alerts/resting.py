"""What lets an alert rest: an action since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from django.db import transaction

from perennial.alerts.models import UsageAlert
from perennial.alerts.terms import MUTE_DAYS, Muted
from perennial.customers.belonging import theirs
from perennial.engagement import queries as engagement
from perennial.kernel.organisation.queries import House, house
from perennial.playbooks import done


@transaction.atomic
def follow(on: date, *, at: datetime, customer_ids: Sequence[int] | None = None) -> int:
    """Let the open alerts of some customers (None: of all) rest for 28 days from the last contact or done task since
    the alarm, and end a rest whose action was taken back; return how many changed. Four queries. Safe to run twice.

    A contact counts from the day after the alarm's week on, a task from the moment of the alarm. What a member muted
    rests as he said; what he unmuted rests again only after a later action.
    """
    open_ = list(UsageAlert.objects.filter(theirs(customer_ids), closed_on=None).order_by("id"))
    if not open_:
        return 0
    place = house()
    ids = None if customer_ids is None else sorted({one.customer_id for one in open_})
    contacts = engagement.last_contact(datetime.combine(on, time.max, place.timezone), ids)
    tasks = done.last_done(ids)
    changed = []
    for one in open_:
        if one.muted_why == Muted.hand and one.muted_until_on is not None and one.muted_until_on > on:
            continue
        why, until = _rest(one, contacts.get(one.customer_id), tasks.get(one.customer_id), place)
        if (why, until) != (one.muted_why, one.muted_until_on):
            one.muted_why, one.muted_until_on, one.muted_by_id, one.reason = why, until, None, ""
            changed.append(one)
    UsageAlert.objects.bulk_update(changed, ["muted_why", "muted_until_on", "muted_by", "reason"], batch_size=500)
    return len(changed)


def _rest(one: UsageAlert, contact: datetime | None, task: datetime | None, place: House) -> tuple[str, date | None]:
    found: list[tuple[date, str]] = []
    if contact is not None and _counts(one, contact) and place.day_of(contact) > one.week_on:
        found.append((place.day_of(contact), Muted.contact))
    if task is not None and _counts(one, task) and task >= one.raised_at:
        found.append((max(place.day_of(task), one.raised_on), Muted.task))
    if not found:
        return "", None
    day, why = max(found)
    return str(why), day + timedelta(days=MUTE_DAYS)


def _counts(one: UsageAlert, when: datetime) -> bool:
    return one.decided_at is None or when > one.decided_at
