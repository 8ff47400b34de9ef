"""Reads of the intake: write keys with their streams, what was rejected and why. Who may ask is the front's rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, CharField, Count, F, Max, Q, QuerySet, Value, When

from perennial.customers import queries as customers
from perennial.intake.keys import DEFAULT_SOURCE, Sender
from perennial.intake.models import RejectedMessage, Stream, Unconfirmed
from perennial.intake.terms import Kind, Reason
from perennial.members import queries as members
from perennial.members.models import KeyScope

PAGE = 50
MOST_GROUPS = 200
MANY = 1_000
"""Beyond this, a tab says "more than" instead of counting on."""
OPEN, REPLAYED, DISCARDED, EVERY = "open", "replayed", "discarded", "all"
STATES = (OPEN, REPLAYED, DISCARDED, EVERY)
_SIZES_VARY = (Reason.TOO_LARGE,)
"""Reasons whose place names a size: no two are alike, so that they are not told apart by it."""


@dataclass(frozen=True)
class WriteKey:
    """A write key with its stream. `last_at`: when an event of its source came in lately, None where none did; keys
    that share a source share it. `events_per_second` None: as many as there is room for."""

    id: int
    name: str
    prefix: str
    member_name: str
    source: str
    events_per_second: int | None
    created_at: datetime
    revoked_at: datetime | None
    last_at: datetime | None = None


@dataclass(frozen=True)
class Chosen:
    """Which rejected messages are meant: those of a reason, a key, a place in the message (None: any), a state."""

    reason: str | None = None
    key_id: int | None = None
    where: str | None = None
    state: str = OPEN


@dataclass(frozen=True)
class Group:
    """Open rejected messages that are alike. `newest` is the last of them."""

    reason: str
    where: str | None
    key_id: int
    key_name: str
    key_prefix: str
    count: int
    newest: Rejected


@dataclass(frozen=True)
class Rejected:
    """A message that was not taken, as it came. `settled_as` "" while it waits; `raw` is JSON text, cut where the
    message was far too long."""

    id: int
    key_id: int
    key_name: str
    key_prefix: str
    source: str
    kind: Kind | None
    message_id: str
    reason: str
    where: str
    raw: str
    received_at: datetime
    settled_at: datetime | None
    settled_as: str
    settled_by: str


def write_keys(*, last: Mapping[str, datetime] | None = None) -> list[WriteKey]:
    """Return the write keys, those in force first, the newest first; two queries. `last`: each source's last event."""
    streams = {row.pk: row for row in Stream.objects.all()}
    found = []
    for key in members.keys():  # noqa: SIM118 - a query, no mapping
        if key.scope != KeyScope.intake:
            continue
        stream = streams.get(key.id)
        source = stream.source if stream else DEFAULT_SOURCE
        found.append(
            WriteKey(
                id=key.id, name=key.name, prefix=key.prefix, member_name=key.member_name, source=source,
                events_per_second=stream.events_per_second if stream else None, created_at=key.created_at,
                revoked_at=key.revoked_at, last_at=(last or {}).get(source),
            )
        )  # fmt: skip
    return sorted(found, key=lambda key: key.revoked_at is not None)


def sources() -> list[str]:
    """Return the sources whose ids are known, by name: those of customers and of write keys; two queries."""
    named = set(Stream.objects.values_list("source", flat=True).distinct())
    return sorted(named | set(customers.sources()) | {DEFAULT_SOURCE})


def senders(key_ids: Iterable[int]) -> dict[int, Sender]:
    """Return each key as a sender, without a rate of its own: what it sent once is not counted again. One query."""
    named = dict(Stream.objects.filter(key_id__in=set(key_ids)).values_list("key_id", "source"))
    return {key_id: Sender(key_id, named.get(key_id, DEFAULT_SOURCE), None) for key_id in key_ids}


def open_counts() -> tuple[int, int]:
    """Return how many rejected messages and how many unconfirmed wait for somebody, each at most MANY + 1; two
    queries."""
    rejected = RejectedMessage.objects.filter(settled_at=None).order_by()[: MANY + 1].count()
    unconfirmed = Unconfirmed.objects.filter(decided_at=None).order_by()[: MANY + 1].count()
    return rejected, unconfirmed


def chosen_rows(chosen: Chosen) -> QuerySet[RejectedMessage]:
    """Return the rows that are meant, in no order. No query of its own."""
    rows = RejectedMessage.objects.filter(_state(chosen.state))
    if chosen.reason is not None:
        rows = rows.filter(reason=chosen.reason)
    if chosen.key_id is not None:
        rows = rows.filter(key_id=chosen.key_id)
    if chosen.where is not None and chosen.reason not in _SIZES_VARY:
        rows = rows.filter(where=chosen.where)
    return rows


def _state(state: str) -> Q:
    match state:
        case "open":
            return Q(settled_at=None)
        case "all":
            return Q()
        case _:
            return Q(settled_as=state)


def rejected_groups() -> list[Group]:
    """Return the open rejected messages by reason, place and key, the most frequent first; three queries."""
    place = Case(
        When(reason__in=[reason.value for reason in _SIZES_VARY], then=Value("")),
        default=F("where"),
        output_field=CharField(),
    )
    rows = list(
        RejectedMessage.objects.filter(settled_at=None)
        .values("reason", "key_id", place=place)
        .annotate(count=Count("id"), newest=Max("id"))
        .order_by("-count", "-newest")[:MOST_GROUPS]
    )
    newest = {one.id: one for one in _views(RejectedMessage.objects.filter(id__in=[row["newest"] for row in rows]))}
    return [
        Group(
            reason=row["reason"], where=row["place"], key_id=row["key_id"],
            key_name=newest[row["newest"]].key_name, key_prefix=newest[row["newest"]].key_prefix,
            count=row["count"], newest=newest[row["newest"]],
        )
        for row in rows
    ]  # fmt: skip


def rejected_page(chosen: Chosen, *, before: int | None, size: int = PAGE) -> tuple[list[Rejected], int | None]:
    """Return rejected messages, the newest first, and the mark of the next page (None on the last); two queries."""
    rows = chosen_rows(chosen)
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = _views(rows.order_by("-id")[: size + 1])
    return found[:size], found[size - 1].id if len(found) > size else None


def rejected_one(rejected_id: int) -> Rejected | None:
    """Return one rejected message, None where there is none; two queries."""
    return next(iter(_views(RejectedMessage.objects.filter(id=rejected_id))), None)


def rejected_stream(chosen: Chosen) -> Iterator[Rejected]:
    """Yield all that are meant, the oldest first; one query, read in chunks."""
    named: dict[int, str] = {}
    for row in chosen_rows(chosen).select_related("key").order_by("id").iterator(chunk_size=500):
        if row.key_id not in named:
            named[row.key_id] = senders([row.key_id])[row.key_id].source
        yield _view(row, named[row.key_id])


def newest_rejected(
    *, key_ids: Sequence[int] | None, text: str, limit: int, since: datetime | None = None
) -> list[Rejected]:
    """Return the messages rejected last, whatever became of them since: of these keys, with a text in them. Two
    queries."""
    rows = RejectedMessage.objects.all() if key_ids is None else RejectedMessage.objects.filter(key_id__in=key_ids)
    if text:
        rows = rows.filter(raw__icontains=text)
    if since is not None:
        rows = rows.filter(received_at__gte=since)
    return _views(rows.order_by("-received_at", "-id")[:limit])


def settled_counts() -> dict[str, int]:
    """Return how many messages were ever rejected, by what became of them: open, replayed, discarded. One query."""
    rows = RejectedMessage.objects.order_by().values_list("settled_as").annotate(count=Count("id"))
    return {settled_as or OPEN: count for settled_as, count in rows}


def _views(rows: QuerySet[RejectedMessage]) -> list[Rejected]:
    found = list(rows.select_related("key", "settled_by"))
    named = senders({row.key_id for row in found})
    return [_view(row, named[row.key_id].source) for row in found]


def _view(row: RejectedMessage, source: str) -> Rejected:
    return Rejected(
        id=row.pk, key_id=row.key_id, key_name=row.key.name, key_prefix=row.key.prefix, source=source,
        kind=Kind(row.kind) if row.kind else None, message_id=row.message_id, reason=row.reason, where=row.where,
        raw=row.raw, received_at=row.received_at, settled_at=row.settled_at, settled_as=row.settled_as,
        settled_by=row.settled_by.name if row.settled_by else "",
    )  # fmt: skip
