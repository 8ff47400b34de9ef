"""What comes in now: the newest events and what became of each. The only page besides a user's own that reads raw
events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q, QuerySet

from perennial.customers import search
from perennial.customers.models import Customer
from perennial.intake import queries
from perennial.intake.identity import ALONE
from perennial.intake.models import Unconfirmed
from perennial.intake.queries import Rejected, WriteKey
from perennial.lake.latest import Arrival, Tally, Wanted
from perennial.usage import people
from perennial.usage.lake import lake

SHOWN = 50
MOST_WHO = 200
"""Customers and unconfirmed that a typed text may mean at once."""


class Fate(StrEnum):
    """What became of a message that came in."""

    TAKEN = "taken"
    UNCONFIRMED = "unconfirmed"
    IGNORED = "ignored"
    REPEATED = "repeated"
    REJECTED = "rejected"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


@dataclass(frozen=True)
class Whose:
    """Whose an event is: a customer (with its key), or an unconfirmed (with its id)."""

    name: str
    key: str = ""
    unconfirmed_id: int | None = None


@dataclass(frozen=True)
class Came:
    """One message that came in. `rejected` is there where it was not taken, `event` where it was."""

    received_at: datetime
    fate: Fate
    event: Arrival | None = None
    rejected: Rejected | None = None
    whose: Whose | None = None
    user: str = ""


@dataclass(frozen=True)
class Asked:
    """Which messages are asked for: of a source, with a text in the event's name, of whom (a part of a name or id)."""

    source: str = ""
    event: str = ""
    who: str = ""


@dataclass(frozen=True)
class Balance:
    """What became of everything that was ever sent: sent = stored + waiting + repeated + conflicts + erased +
    expired + rejected.

    `waiting` lies in the inbox and is told apart into stored and repeated at the next fold.
    """

    stored: int
    waiting: int
    repeated: int
    conflicts: int
    erased: int
    expired: int
    rejected: int
    replayed: int
    discarded: int

    @property
    def sent(self) -> int:
        """Return how many messages were sent; one that was replayed stands among the taken."""
        return (
            self.stored
            + self.waiting
            + self.repeated
            + self.conflicts
            + self.erased
            + self.expired
            + self.rejected
            + self.discarded
        )


def newest(asked: Asked, *, among: QuerySet[Customer], limit: int = SHOWN) -> list[Came]:
    """Return what came in last, the last first; six queries and one read of the lake. `among`: the customers that the
    reader may see; others have no name here."""
    numbers = _numbers(asked.who, among=among)
    wanted = Wanted(sources=[asked.source] if asked.source else [], customers=numbers, event=asked.event)
    with lake().arrivals() as arrivals:
        events = arrivals.newest(wanted, limit=limit)
    since = events[-1].received_at if len(events) == limit else None
    rejected = _rejected(asked, since=since, limit=limit)
    came = _named(events, among=among) + [Came(one.received_at, _fate_of(one), rejected=one) for one in rejected]
    return sorted(came, key=lambda one: one.received_at, reverse=True)[:limit]


def _rejected(asked: Asked, *, since: datetime | None, limit: int) -> list[Rejected]:
    keys = None
    if asked.source:
        keys = [key.id for key in queries.write_keys() if key.source == asked.source]
    found = queries.newest_rejected(key_ids=keys, text=asked.event or asked.who, limit=limit, since=since)
    return [one for one in found if not asked.who or asked.who.lower() in one.raw.lower()]


def _fate_of(one: Rejected) -> Fate:
    return {queries.REPLAYED: Fate.REPLAYED, queries.DISCARDED: Fate.DISCARDED}.get(one.settled_as, Fate.REJECTED)


def _numbers(who: str, *, among: QuerySet[Customer]) -> set[int] | None:
    """Return the numbers that a typed text may mean, those of unconfirmed below zero; None where none was typed."""
    if not who:
        return None
    found = search.matching(who)
    ids = set() if found is None else set(among.filter(id__in=found).values_list("id", flat=True)[:MOST_WHO])
    named = Q(external_id__icontains=who) | Q(name__icontains=who) | Q(customer_id__in=ids)
    rows = Unconfirmed.objects.filter(named).order_by("-id").values_list("id", flat=True)[:MOST_WHO]
    return ids | {-number for number in rows}


def _named(events: Sequence[Arrival], *, among: QuerySet[Customer]) -> list[Came]:
    numbers = {event.customer for event in events}
    strangers = {row.pk: row for row in Unconfirmed.objects.filter(id__in=[-one for one in numbers if one < 0])}
    ids = {one for one in numbers if one > 0} | {row.customer_id for row in strangers.values() if row.customer_id}
    named = {pk: Whose(name, key) for pk, key, name in among.filter(id__in=ids).values_list("id", "key", "name")}
    users = people.names_of({event.user for event in events if event.user is not None})
    return [_came(event, strangers, named, users) for event in events]


def _came(
    event: Arrival, strangers: Mapping[int, Unconfirmed], named: Mapping[int, Whose], users: Mapping[int, str]
) -> Came:
    row = strangers.get(-event.customer)
    customer_id = event.customer if row is None else row.customer_id
    whose = named.get(customer_id) if customer_id is not None else None
    fate = Fate.TAKEN
    if row is not None and row.customer_id is None:
        whose = Whose(row.name or row.external_id.removeprefix(ALONE), unconfirmed_id=row.pk)
        fate = Fate.IGNORED if row.ignored_at else Fate.UNCONFIRMED
    if event.is_repeat:
        fate = Fate.REPEATED
    return Came(event.received_at, fate, event=event, whose=whose, user=users.get(event.user or 0, ""))


def balance() -> Balance:
    """Return what became of everything that was ever sent; one query and one read of the lake."""
    with lake().arrivals() as arrivals:
        tally: Tally = arrivals.tally()
    settled = queries.settled_counts()
    return Balance(
        stored=tally.folded.stored, waiting=tally.waiting, repeated=tally.folded.duplicates,
        conflicts=tally.folded.conflicts, erased=tally.folded.erased, expired=tally.folded.expired,
        rejected=settled.get(queries.OPEN, 0),
        replayed=settled.get(queries.REPLAYED, 0), discarded=settled.get(queries.DISCARDED, 0),
    )  # fmt: skip


def conflicts(*, limit: int = SHOWN) -> list[Arrival]:
    """Return the newest events that were kept aside since their id was taken by another content; one read."""
    with lake().arrivals() as arrivals:
        return arrivals.conflicts(limit=limit)


def keys_with_last() -> list[WriteKey]:
    """Return the write keys, each with when an event of its source last came in; two queries and one read."""
    with lake().arrivals() as arrivals:
        return queries.write_keys(last=arrivals.last_received())
