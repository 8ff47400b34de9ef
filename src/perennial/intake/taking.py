"""A request's messages, from verdict to disk: the one way in for HTTP, for replays and for tests."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from hashlib import blake2b
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from perennial.intake import records
from perennial.intake.committer import Committer
from perennial.intake.identity import Identity
from perennial.intake.keys import Sender
from perennial.intake.models import RejectedMessage
from perennial.intake.protocol import Envelope, verdicts
from perennial.intake.queries import DISCARDED
from perennial.intake.terms import Accepted, Kind, Reason, Refused
from perennial.kernel import erasures
from perennial.kernel.organisation.queries import house
from perennial.lake.terms import day_number
from perennial.usage.lake import lake

ZONE_SECONDS = 5.0
SCOPE = "intake"
"""Starts the scope of event ids: an import's row and an event never share one."""


@dataclass(frozen=True)
class Verdict:
    """What became of a request: how many messages were taken, and which were not. All of it is on disk."""

    accepted: int
    refused: Sequence[Refused]


class Taking:
    """One process's way into the lake."""

    def __init__(self) -> None:
        writer = f"intake_{uuid4().hex[:8]}"
        self._identity = Identity()
        self._committer = Committer(lambda batch: lake().accept(batch, writer=writer))
        self._zone: tuple[float, ZoneInfo] | None = None
        self._erased = erasures.Refused()

    def take(self, sender: Sender, read: Envelope, kind: Kind | None, *, at: datetime) -> Verdict:
        """Judge the messages, store what is good in the lake and what is not among the rejected; return the verdict.

        Safe to repeat: an event's id is made of its source and messageId.

        :raises Refusal: nothing of the request was promised; it may come again.
        """
        judged, refused = verdicts(read, kind, received_at=at)
        taken, kept_out = self._without_erased(sender.source, judged)
        refused = [*refused, *kept_out]
        if taken:
            self._store(sender, [message for _index, message in taken], at=at)
        if refused:
            records.ask(partial(reject, sender.key_id, kind, refused, at=at))
        return Verdict(len(taken), refused)

    def _without_erased(
        self, source: str, taken: Sequence[tuple[int, Accepted]]
    ) -> tuple[Sequence[tuple[int, Accepted]], list[Refused]]:
        """Part what names somebody who was erased and is kept out; of that nothing is kept but the verdict."""
        users = {each for _index, one in taken for each in (one.user, one.previous) if each}
        out = self._erased.among("user", source, users)
        groups = self._erased.among("group", source, {one.group for _index, one in taken if one.group})
        if not out and not groups:
            return taken, []
        gone = {index for index, one in taken if one.user in out or one.previous in out or one.group in groups}
        refused = [Refused(index, "", Reason.ERASED, "", "") for index in sorted(gone)]
        return [each for each in taken if each[0] not in gone], refused

    def _store(self, sender: Sender, messages: Sequence[Accepted], *, at: datetime) -> None:
        people = self._identity.resolve(sender.source, messages, at=at)
        zone, size = self._zone_now(), len(messages)
        self._committer.commit(
            sender.key_id,
            (
                _event_ids(sender.source, messages),
                [customer for customer, _user in people],
                [user for _customer, user in people],
                [message.event for message in messages],
                [message.feature for message in messages],
                [message.at for message in messages],
                [day_number(message.at.astimezone(zone).date()) for message in messages],
                [1] * size,
                [message.value for message in messages],
                [message.props for message in messages],
                [at] * size,
                [sender.source] * size,
                [None] * size,
            ),
        )

    def _zone_now(self) -> ZoneInfo:
        if self._zone is None or time.monotonic() - self._zone[0] > ZONE_SECONDS:
            self._zone = (time.monotonic(), records.ask(house).timezone)
        return self._zone[1]


def reject(key_id: int, kind: Kind | None, refused: Sequence[Refused], *, at: datetime) -> None:
    """Keep messages that were not taken, as they came; one query for 500."""
    RejectedMessage.objects.bulk_create(
        [
            RejectedMessage(
                key_id=key_id, kind=kind or "", message_id=each.message_id, reason=each.reason,
                where=each.where[:60], raw=each.raw, received_at=at,
                # Of one that is kept out there is nothing to mend: it does not wait.
                **({"settled_at": at, "settled_as": DISCARDED} if each.reason is Reason.ERASED else {}),
            )
            for each in refused
        ],
        batch_size=500,
    )  # fmt: skip


@cache
def taking() -> Taking:
    """Return this process's way in."""
    return Taking()


def _event_ids(source: str, messages: Sequence[Accepted]) -> list[bytes]:
    """Return the same 128-bit ids as the lake makes for this scope."""
    scope = f"{SCOPE}:{source}"
    start = blake2b(f"{len(scope)}:{scope}:".encode(), digest_size=16)
    ids: list[Any] = []
    for message in messages:
        digest = start.copy()
        digest.update(message.message_id.encode("utf-8", "surrogatepass"))
        ids.append(digest.digest())
    return ids
