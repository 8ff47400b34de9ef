"""Whose a message is: groups become customers, users get their surrogates. Known ones cost no query."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from perennial.customers import queries as customers
from perennial.intake import records
from perennial.intake.models import LastGroup, Unconfirmed
from perennial.intake.protocol import CONTROL
from perennial.intake.terms import Accepted, Kind
from perennial.kernel import erasures
from perennial.usage import actions as usage
from perennial.usage import people

ALONE = "user:"
"""Starts the external id of an unconfirmed that is one user without a group."""
FRESH = timedelta(seconds=2)
"""How long a process trusts what it knows of users' last groups before it asks what others heard since."""
OVERLAP = timedelta(seconds=10)
"""How much further back it asks: the clocks of two hosts differ, and a commit takes its time."""
MOST_KEPT = 500_000
CHUNK = 500
TEACHING = frozenset({Kind.IDENTIFY, Kind.GROUP, Kind.ALIAS})
"""Calls that say something of users and groups."""


@dataclass
class _Known:
    """What this process knows of one source. Numbers are customers; below zero: unconfirmed."""

    customers: dict[str, int] = field(default_factory=dict)
    users: dict[tuple[int, str], int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    heard_at: datetime | None = None


class Identity:
    """Resolves the messages of one process; one thread at a time goes to the records."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}
        self._erased_at: object = None

    def resolve(self, source: str, messages: Sequence[Accepted], *, at: datetime) -> list[tuple[int, int]]:
        """Return (customer number, user id) of each message, in order. No query where everything is known."""
        with self._lock:
            if self._erased_at != (stamp := erasures.stamp()):  # nobody is known by a number that is hidden now
                self._known.clear()
                self._erased_at = stamp
            known = self._known.setdefault(source, _Known())
            if known.heard_at is None or abs(at - known.heard_at) > FRESH:  # a clock may be set back
                records.ask(partial(_hear, known, source, at))
            found = _all_known(known, messages)
            return records.ask(partial(self._learned, known, source, messages, at)) if found is None else found

    def _learned(self, known: _Known, source: str, messages: Sequence[Accepted], at: datetime) -> list[tuple[int, int]]:
        self._learn_customers(known, source, messages, at)
        numbers = self._numbers(known, source, messages, at)
        pairs = [(number, message.user) for number, message in zip(numbers, messages, strict=True)]
        self._learn_users(known, source, pairs, at)
        self._name(known, pairs, messages)
        return [(number, known.users[number, user]) for number, user in pairs]

    def _learn_customers(self, known: _Known, source: str, messages: Iterable[Accepted], at: datetime) -> None:
        fresh = {message.group for message in messages if message.group} - known.customers.keys()
        if fresh:
            known.customers |= customer_numbers(source, fresh, at=at)
        for message in messages:
            if message.kind == Kind.GROUP and message.group and known.customers[message.group] < 0 and message.traits:
                _describe(known.customers[message.group], message)

    def _numbers(self, known: _Known, source: str, messages: Sequence[Accepted], at: datetime) -> list[int]:
        """Walk the messages in order: a group counts for its user's later messages too."""
        unread = {message.user for message in messages} - known.last.keys()
        if unread:
            known.last |= _last_groups(source, unread)
        self._learn_the_alone(known, source, messages, at)
        moved: dict[str, int] = {}
        numbers = []
        for message in messages:
            before = moved.get(message.user) or known.last.get(message.user)
            if message.group:
                number = known.customers[message.group]
                if before is None or (message.kind == Kind.GROUP and before != number):
                    moved[message.user] = number
            else:
                number = before or known.customers[ALONE + message.user]
            numbers.append(number)
        if moved:
            _keep_last_groups(source, moved, at=at)
            known.last |= moved  # only what is on disk: a sender that is refused comes again
        return numbers

    def _learn_the_alone(self, known: _Known, source: str, messages: Sequence[Accepted], at: datetime) -> None:
        seen = set(known.last)
        alone = set()
        for message in messages:
            if message.group:
                seen.add(message.user)
            elif message.user not in seen:
                alone.add(ALONE + message.user)
        alone -= known.customers.keys()
        if alone:
            known.customers |= customer_numbers(source, alone, at=at)
            for message in messages:
                if message.kind == Kind.IDENTIFY and ALONE + message.user in alone:
                    _describe(known.customers[ALONE + message.user], message)

    def _learn_users(self, known: _Known, source: str, pairs: Iterable[tuple[int, str]], at: datetime) -> None:
        fresh = set(pairs) - known.users.keys()
        if not fresh:
            return
        known.users |= usage.user_ids(source, [pair for pair in fresh if pair[0] > 0], at=at)
        strangers = people.stranger_ids(source, [user for number, user in fresh if number < 0], at=at)
        known.users |= {(number, user): strangers[user] for number, user in fresh if number < 0}

    def _name(self, known: _Known, pairs: Sequence[tuple[int, str]], messages: Sequence[Accepted]) -> None:
        names = {
            known.users[pair]: name
            for pair, message in zip(pairs, messages, strict=True)
            if message.kind == Kind.IDENTIFY and (name := _text_of(message, "name", "email")[:100])
        }
        if names:
            people.name_users(names)


def _all_known(known: _Known, messages: Sequence[Accepted]) -> list[tuple[int, int]] | None:
    """Return what `resolve` does where nothing has to be read or written, else None: the way of nearly all events."""
    found = []
    for message in messages:
        if message.kind in TEACHING or message.user not in known.last:
            return None
        number = known.customers.get(message.group) if message.group else known.last[message.user]
        user = known.users.get((number, message.user)) if number else None
        if number is None or user is None:
            return None
        found.append((number, user))
    return found


@transaction.atomic
def customer_numbers(source: str, external_ids: Iterable[str], *, at: datetime) -> dict[str, int]:
    """Return the number of each group of a source: the customer known by that id there, or the only one known by it
    anywhere, else the negative number of an unconfirmed, made where it is new. Four queries for each 500."""
    wanted = sorted(set(external_ids))
    found: dict[str, int] = {}
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        found |= customers.ids_named(source, chunk)
        strange = [external_id for external_id in chunk if external_id not in found]
        Unconfirmed.objects.bulk_create(
            [Unconfirmed(source=source, external_id=external_id, first_seen_at=at) for external_id in strange],
            ignore_conflicts=True,
        )
        rows = Unconfirmed.objects.filter(source=source, external_id__in=strange)
        found |= {row.external_id: row.customer_id or -row.pk for row in rows}
    return found


def _hear(known: _Known, source: str, at: datetime) -> None:
    """Take over which users were tied to another group since this process asked last; one query."""
    if len(known.users) + len(known.customers) > MOST_KEPT:
        known.users.clear()
        known.customers.clear()
        known.last.clear()
    if known.heard_at is not None:
        since = min(known.heard_at, at) - OVERLAP
        rows = LastGroup.objects.filter(source=source, at__gte=since)
        known.last |= {
            user: number for user, number in rows.values_list("user", "customer_number") if user in known.last
        }
    known.heard_at = at


def _last_groups(source: str, users: Iterable[str]) -> dict[str, int]:
    wanted = sorted(set(users))
    found: dict[str, int] = {}
    for start in range(0, len(wanted), CHUNK):
        rows = LastGroup.objects.filter(source=source, user__in=wanted[start : start + CHUNK])
        found.update(rows.values_list("user", "customer_number"))
    return found


def _keep_last_groups(source: str, numbers: dict[str, int], *, at: datetime) -> None:
    LastGroup.objects.bulk_create(
        [LastGroup(source=source, user=user, customer_number=numbers[user], at=at) for user in sorted(numbers)],
        batch_size=CHUNK,
        update_conflicts=True,
        unique_fields=["source", "user"],
        update_fields=["customer_number", "at"],
    )


def _describe(number: int, message: Accepted) -> None:
    """Keep what the sender says of an unconfirmed: it makes the proposals."""
    domain = _text_of(message, "website", "domain", "email").rpartition("@")[2].lower()
    domain = domain.removeprefix("https://").removeprefix("http://").removeprefix("www.").partition("/")[0]
    said = {"name": _text_of(message, "name", "company")[:200], "domain": domain[:253] if "." in domain else ""}
    said = {key: value for key, value in said.items() if value}
    if said:
        Unconfirmed.objects.filter(id=-number).update(**said)


def _text_of(message: Accepted, *keys: str) -> str:
    """Return the first of some traits that is a text, on one line and without what no database takes (NUL)."""
    found = (CONTROL.sub(" ", value).strip() for key in keys if isinstance(value := message.traits.get(key), str))
    return next((text for text in found if text), "")
