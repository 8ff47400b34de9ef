"""Writes of the intake's pages: write keys, and what becomes of rejected messages.

A replay goes the way of every message (taking.py), which writes to the lake and asks the records from a thread of its
own: so it stands in no transaction. It is safe to repeat, since an event's id is made of its source and messageId.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.intake import mending, queries
from perennial.intake.keys import Sender
from perennial.intake.mending import Mended, Rule
from perennial.intake.models import RejectedMessage, Stream
from perennial.intake.queries import DISCARDED, REPLAYED, Chosen, Rejected
from perennial.intake.taking import taking
from perennial.intake.terms import Refusal, Refused
from perennial.kernel.journal import actions as journal
from perennial.kernel.journal import queries as past
from perennial.members import actions as members
from perennial.members.models import KeyScope

MOST_AT_ONCE = 5_000
"""Messages that one press of the button mends; the next press takes the next ones."""
AT_A_TIME = 250
SENDERS = 16
"""Messages that are on their way to the disk at the same time: one fsync serves them all."""
SAMPLES = 3
UNDO_WITHIN = timedelta(hours=24)
MOST_PER_SECOND = 1_000_000
DISCARDED_MANY = "rejected.discarded"


class IntakeError(ValueError):
    """What was asked cannot be done; the message says why and what to do."""


@transaction.atomic
def create_write_key(
    *, member_id: int, name: str, source: str, events_per_second: int | None, by: int | None, at: datetime
) -> tuple[int, str]:
    """Make a write key with its stream; return its number and the key, which is never shown again.

    :raises IntakeError: no name of a source, or a rate that is none.
    """
    source = source.strip()
    if not source or len(source) > 60 or not source.isprintable():
        raise IntakeError(_("A source is a name of 1 to 60 characters."))
    if events_per_second is not None and not 1 <= events_per_second <= MOST_PER_SECOND:
        raise IntakeError(_("A rate is at least 1 event a second."))
    key_id, key = members.create_key(member_id=member_id, name=name, scope=KeyScope.intake, by=by, at=at)
    Stream.objects.create(key_id=key_id, source=source, events_per_second=events_per_second)
    return key_id, key


@dataclass(frozen=True)
class Outcome:
    """What became of one replay: taken, or why not yet (`refused`)."""

    refused: Refused | None = None


@dataclass(frozen=True)
class Sample:
    """A message before and after the rule, as JSON text; `reason` None: it would be taken."""

    before: str
    after: str
    reason: str | None
    where: str


@dataclass
class Many:
    """What a rule does, or did, to many: `looked` of `total`; `taken`, `still` refused by reason, `failed` for want of
    room or of the records (they wait as before)."""

    total: int = 0
    looked: int = 0
    taken: int = 0
    failed: int = 0
    still: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)


def replay(*, rejected_id: int, text: str | None, by: int, at: datetime) -> Outcome:
    """Send one waiting message again, as it is (`text` None) or mended; it counts once, at the time of its first
    receipt. Refused again, it waits as before and nothing is written.

    :raises IntakeError: there is no such message, or it does not wait any more.
    :raises Refusal: the text is no JSON object, or there is no room just now.
    """
    row = queries.rejected_one(rejected_id)
    if row is None or row.settled_as:
        raise IntakeError(_("This message does not wait any more: somebody replayed it or set it aside."))
    mended = mending.judged(row.raw if text is None else text, row.kind, received_at=row.received_at)
    if mended.refused is not None:
        return Outcome(mended.refused)
    _send(queries.senders([row.key_id])[row.key_id], mended, row)
    settled = _settle([row.id], as_=REPLAYED, by=by, at=at)
    if settled:
        data = {"reason": row.reason, "mended": text is not None}
        journal.record("rejected.replayed", subject=f"rejected:{row.id}", by=by, at=at, data=data)
    return Outcome()


def _send(sender: Sender, mended: Mended, row: Rejected) -> None:
    assert mended.read is not None
    taking().take(sender, mended.read, row.kind, at=row.received_at)


def try_many(chosen: Chosen, rule: Rule) -> Many:
    """Say what the rule would do to the messages that wait, the oldest MOST_AT_ONCE of them; nothing is written. Three
    queries.

    :raises RuleError: the rule cannot be.
    """
    rule = rule.checked()
    found = Many(total=queries.chosen_rows(chosen).count())
    for row in islice(queries.rejected_stream(chosen), MOST_AT_ONCE):
        after, mended = _mended(row, rule)
        found.looked += 1
        if mended is not None and mended.refused is None:
            found.taken += 1
        else:
            found.still[mended.refused.reason.value if mended and mended.refused else row.reason] += 1
        if len(found.samples) < SAMPLES:
            found.samples.append(_sample(row, after, mended))
    return found


def _sample(row: Rejected, after: str, mended: Mended | None) -> Sample:
    message = mending.object_of(row.raw)
    before = row.raw if message is None else mending.written(message)
    refused = mended.refused if mended else None
    reason = refused.reason.value if refused else row.reason if mended is None else None
    return Sample(before, after, reason, refused.where if refused else "")


def _mended(row: Rejected, rule: Rule) -> tuple[str, Mended | None]:
    """Return the message after the rule, and the verdict; None for one that is no JSON object any more."""
    message = mending.object_of(row.raw)
    if message is None:
        return row.raw, None
    after = mending.written(rule.applied(message))
    try:
        return after, mending.judged(after, row.kind, received_at=row.received_at)
    except Refusal:
        return after, None


def replay_many(chosen: Chosen, rule: Rule, *, by: int, at: datetime) -> Many:
    """Send the oldest MOST_AT_ONCE of the waiting messages again, changed by the rule; what is refused again waits as
    before. Safe to repeat; stops where there is no room.

    :raises RuleError: the rule cannot be.
    """
    rule = rule.checked()
    done = Many(total=queries.chosen_rows(chosen).count())
    with ThreadPoolExecutor(SENDERS, thread_name_prefix="replay") as pool:
        for rows in _chunks(islice(queries.rejected_stream(chosen), MOST_AT_ONCE)):
            _replay_chunk(rows, rule, done, pool, by=by, at=at)
            if done.failed:
                break
    if done.taken:
        data = {"reason": chosen.reason, "key": chosen.key_id, "change": rule.change, "count": done.taken}
        rule_said = {"field": rule.field, "other": rule.other, "value": rule.value}
        journal.record("rejected.replayed_many", by=by, at=at, data=data, personal=rule_said)
    return done


def _replay_chunk(
    rows: Sequence[Rejected], rule: Rule, done: Many, pool: ThreadPoolExecutor, *, by: int, at: datetime
) -> None:
    senders = queries.senders({row.key_id for row in rows})
    judged = [(row, _mended(row, rule)[1]) for row in rows]
    good = [(row, mended) for row, mended in judged if mended is not None and mended.refused is None]
    sent = pool.map(lambda each: _is_sent(senders[each[0].key_id], each[1], each[0]), good)
    taken = [row.id for (row, _verdict), is_sent in zip(good, sent, strict=True) if is_sent]
    _settle(taken, as_=REPLAYED, by=by, at=at)
    done.looked += len(rows)
    done.taken += len(taken)
    done.failed += len(good) - len(taken)
    done.still.update(
        mended.refused.reason.value if mended and mended.refused else row.reason
        for row, mended in judged
        if mended is None or mended.refused is not None
    )


def _is_sent(sender: Sender, mended: Mended, row: Rejected) -> bool:
    try:
        _send(sender, mended, row)
    except Refusal:
        return False
    return True


def _chunks(rows: Iterator[Rejected]) -> Iterator[list[Rejected]]:
    while chunk := list(islice(rows, AT_A_TIME)):
        yield chunk


def _settle(ids: Sequence[int], *, as_: str, by: int, at: datetime) -> int:
    waiting = RejectedMessage.objects.filter(id__in=ids, settled_at=None)
    return waiting.update(settled_at=at, settled_as=as_, settled_by=by)


@transaction.atomic
def discard(chosen: Chosen, *, ids: Sequence[int] | None = None, by: int, at: datetime) -> tuple[int, int]:
    """Set waiting messages aside: they never count, and stay to be read. `ids`: of the chosen only these. Return
    (journal entry for undo, how many)."""
    rows = queries.chosen_rows(Chosen(chosen.reason, chosen.key_id, chosen.where))
    rows = rows if ids is None else rows.filter(id__in=list(ids))
    count = rows.update(settled_at=at, settled_as=DISCARDED, settled_by=by)
    data = {"reason": chosen.reason, "key": chosen.key_id, "count": count}
    return journal.record(DISCARDED_MANY, by=by, at=at, data=data), count


@transaction.atomic
def take_back_discard(*, entry_id: int, by: int, at: datetime) -> int | None:
    """Let messages wait again that the member himself set aside within 24 hours; return how many, None: no such
    change. Safe to run twice."""
    entry = past.entry(entry_id)
    if entry is None or entry.kind != DISCARDED_MANY or entry.by_id != by or at - entry.at > UNDO_WITHIN:
        return None
    rows = RejectedMessage.objects.filter(settled_as=DISCARDED, settled_by=by, settled_at=entry.at)
    count = rows.update(settled_at=None, settled_as="", settled_by=None)
    if count:
        journal.record("rejected.reopened", by=by, at=at, data={"count": count})
    return count


@transaction.atomic
def reopen(*, rejected_id: int, by: int, at: datetime) -> bool:
    """Let one message wait again that was set aside; return whether it did not wait."""
    rows = RejectedMessage.objects.filter(id=rejected_id, settled_as=DISCARDED)
    if not rows.update(settled_at=None, settled_as="", settled_by=None):
        return False
    journal.record("rejected.reopened", subject=f"rejected:{rejected_id}", by=by, at=at, data={"count": 1})
    return True
