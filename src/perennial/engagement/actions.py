"""Writes of touchpoints."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.engagement.models import Touchpoint
from perennial.engagement.queries import latest
from perennial.engagement.terms import RATINGS, Channel, LogEntry
from perennial.kernel import versions
from perennial.kernel.journal import actions as journal
from perennial.kernel.versions import Counted, Incoming


class TouchpointError(ValueError):
    """A touchpoint that cannot be; the message says why and what to do."""


def write_touchpoints(rows: Sequence[Incoming], *, source: str, at: datetime, import_id: int | None = None) -> Counted:
    """Write touchpoints of one source set-wise by external id; the values are Touchpoint's columns. Return counts."""
    return versions.write(Touchpoint, rows, source=source, at=at, import_id=import_id)


@transaction.atomic
def log(entry: LogEntry, *, by: int, at: datetime) -> uuid.UUID:
    """Record what a person did or saw; return the fact. An entry whose fact is known already changes nothing, also
    after it was taken back: a form that is sent twice logs once.

    :raises TouchpointError: an unknown channel, an empty text, a pulse without a rating from 1 to 5, a time in the
        future, or another customer's fact.
    """
    _check(entry, at)
    known = None if entry.fact is None else latest(entry.fact)
    if known is not None:
        if (known.customer_id, known.member_id) != (entry.customer_id, by):
            raise TouchpointError(_("This entry belongs elsewhere. Close the form and open it again."))
        return known.fact
    row = Touchpoint(
        customer_id=entry.customer_id,
        channel=entry.channel,
        summary=entry.summary.strip(),
        happened_at=entry.happened_at,
        member_id=by,
        contact_fact=entry.contact_fact,
        next_step=entry.next_step.strip(),
        sentiment=entry.rating,
        is_proactive=True,
        learned_at=at,
        **({"fact": entry.fact} if entry.fact else {}),
    )
    row.save()
    _tell("touchpoint.logged", row, by=by, at=at)
    return row.fact


@transaction.atomic
def retract(*, fact: uuid.UUID, by: int, at: datetime) -> bool:
    """Take a log entry back; return whether it stood until now. What was known until now stays readable as of its time.

    :raises TouchpointError: it came from an import, which would only bring it again.
    """
    row = Touchpoint.objects.current().select_for_update().filter(fact=fact).first()
    if row is None:
        return False
    if row.source:
        raise TouchpointError(_("This came with an import. Correct it where it came from and import again."))
    Touchpoint.objects.supersede([fact], at=at)
    _tell("touchpoint.retracted", row, by=by, at=at)
    return True


@transaction.atomic
def restore(*, fact: uuid.UUID, by: int, at: datetime) -> bool:
    """Let an entry that was taken back stand again, as it last read; return whether it was away until now."""
    last = Touchpoint.objects.select_for_update().filter(fact=fact).order_by("-id").first()
    if last is None or last.superseded_at is None:
        return False
    row = versions.next_of(last, at=at)
    row.save()
    _tell("touchpoint.restored", last, by=by, at=at)
    return True


def _check(entry: LogEntry, at: datetime) -> None:
    if entry.channel not in Channel.values:
        raise TouchpointError(_("%(channel)s is not a channel.") % {"channel": entry.channel})
    if not entry.summary.strip():
        raise TouchpointError(_("Write a line on what happened."))
    if entry.rating is None and entry.channel == Channel.pulse:
        raise TouchpointError(_("Say how you judge the customer, from 1 to 5."))
    if entry.rating is not None and entry.rating not in RATINGS:
        raise TouchpointError(_("A pulse is a whole number from 1 to 5."))
    if entry.happened_at > at:
        raise TouchpointError(_("A touchpoint cannot lie in the future. Plan it as a task."))


def _tell(kind: str, row: Touchpoint, *, by: int, at: datetime) -> None:
    journal.record(kind, customer_id=row.customer_id, subject=f"touchpoint:{row.fact}", by=by, at=at,
                   data={"channel": row.channel})  # fmt: skip
