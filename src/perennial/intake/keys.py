"""Which write key sends, and whether it may now: known keys are trusted for half a second, then asked for again."""

from __future__ import annotations

import base64
import binascii
import threading
import time
from dataclasses import dataclass
from functools import partial

from perennial.intake import records
from perennial.intake.models import Stream
from perennial.intake.terms import Refusal
from perennial.members import queries as members
from perennial.members.models import KeyScope

TRUSTED_SECONDS = 0.5
LONGEST_SECONDS = 0.9
"""Revocation reaches every process within this (promise A6: below one second): so long the others of a process go on
with what was known, while one of them asks again."""
MOST_KEPT = 10_000
DEFAULT_SOURCE = "events"


@dataclass(frozen=True)
class Sender:
    """A write key at work: its number, the source whose ids it sends, and its rate (None: no limit of its own)."""

    key_id: int
    source: str
    events_per_second: int | None


class Keys:
    """The keys that this process met lately, and how much of its rate each has used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._met: dict[str, tuple[float, Sender | Refusal]] = {}
        self._asking: set[str] = set()
        self._used: dict[int, tuple[float, float]] = {}

    def sender(self, key: str | None) -> Sender:
        """Return who sends.

        :raises Refusal: no key, an unknown or revoked one (401), or one that is not for events (403).
        """
        if not key:
            raise Refusal(401, "Name a write key: as the user name of Basic authentication, or as writeKey.")
        found = self._met.get(key)
        if found is None or self._has_to_ask(key, time.monotonic() - found[0]):
            found = self._learned(key)
        if isinstance(found[1], Refusal):
            raise Refusal(found[1].status, found[1].text)
        return found[1]

    def _has_to_ask(self, key: str, age: float) -> bool:
        """Say whether what is known of a key is too old for whoever calls: one asks for all that wait meanwhile."""
        if age <= TRUSTED_SECONDS:
            return False
        with self._lock:
            if key in self._asking and age <= LONGEST_SECONDS:
                return False
            self._asking.add(key)
            return True

    def _learned(self, key: str) -> tuple[float, Sender | Refusal]:
        if len(self._met) > MOST_KEPT:
            self._met.clear()
        try:
            found = self._met[key] = (time.monotonic(), records.ask(partial(_asked, key)))
        finally:
            with self._lock:
                self._asking.discard(key)
        return found

    def spend(self, sender: Sender, events: int) -> None:
        """Take events from the key's rate; one second's worth may come at once.

        :raises Refusal: the rate is used up (429, with the seconds to wait).
        """
        rate = sender.events_per_second
        if rate is None:
            return
        with self._lock:
            now = time.monotonic()
            then, left = self._used.get(sender.key_id, (now, float(rate)))
            left = min(float(rate), left + (now - then) * rate)
            if left < min(events, rate):
                self._used[sender.key_id] = (now, left)
                wait = max(1, round((min(events, rate) - left) / rate + 0.5))
                raise Refusal(429, f"This key may send {rate} events a second.", retry_after=wait)
            self._used[sender.key_id] = (now, left - events)


def _asked(key: str) -> Sender | Refusal:
    row = members.key_holder(key)
    if row is None:
        return Refusal(401, "This write key is not known here, or it was revoked.")
    if row.scope != KeyScope.intake:
        return Refusal(403, f"This key's scope is {row.scope}; events need a key of scope intake.")
    stream = Stream.objects.filter(key_id=row.pk).first()
    if stream is None:
        return Sender(row.pk, DEFAULT_SOURCE, None)
    return Sender(row.pk, stream.source, stream.events_per_second)


def key_of(authorization: str) -> str | None:
    """Return the key of an Authorization header: Basic with the key as user name, or Bearer; None for neither."""
    scheme, _space, rest = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[0] or None
    except (binascii.Error, UnicodeDecodeError):
        return None
