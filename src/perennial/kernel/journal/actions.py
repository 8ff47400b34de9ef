"""Writes of the journal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from perennial.kernel.journal.models import JournalEntry, JournalPersonal

SEAL_BATCH = 1000


def record(
    kind: str,
    *,
    at: datetime,
    customer_id: int | None = None,
    subject: str = "",
    by: int | None = None,
    data: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
) -> int:
    """Write one entry in the caller's transaction; return its id. Two queries at most.

    `kind` is "<noun>.<past verb>". `data` must hold nothing personal; `personal` goes to the erasable side table.
    """
    entry = JournalEntry.objects.create(
        kind=kind, customer_id=customer_id, subject=subject, by_id=by, at=at, data=dict(data or {})
    )
    if personal:
        JournalPersonal.objects.create(entry=entry, payload=dict(personal))
    return entry.pk


def record_each(
    kind: str,
    data: Mapping[int, Mapping[str, Any]],
    *,
    at: datetime,
    by: int | None = None,
    subjects: Mapping[int, str] | None = None,
    personal: Mapping[int, Mapping[str, Any]] | None = None,
) -> None:
    """Write one entry per customer in the caller's transaction, from its data by customer id (as are the subjects and
    the personal parts, which may be left out); one query for 500, two with personal parts."""
    named = subjects or {}
    entries = JournalEntry.objects.bulk_create(
        [
            JournalEntry(kind=kind, customer_id=key, subject=named.get(key, ""), by_id=by, at=at, data=dict(one))
            for key, one in data.items()
        ],
        batch_size=500,
    )
    kept = [(entry, personal[entry.customer_id or 0]) for entry in entries] if personal else []
    JournalPersonal.objects.bulk_create(
        [JournalPersonal(entry=entry, payload=dict(payload)) for entry, payload in kept], batch_size=500
    )


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry to be written: of what kind, on which customer and subject, and what it says."""

    kind: str
    customer_id: int
    subject: str
    data: dict[str, Any]


def record_all(noted: Sequence[Noted], *, at: datetime) -> None:
    """Write entries that nobody made but a computation; one query for 500."""
    JournalEntry.objects.bulk_create(
        [JournalEntry(kind=one.kind, customer_id=one.customer_id, subject=one.subject, at=at, data=one.data)
         for one in noted], batch_size=500,
    )  # fmt: skip


@transaction.atomic
def seal() -> int:
    """Chain the digests of entries not yet sealed, oldest first; return how many. Safe to run twice.

    digest(n) = SHA-256(digest(n-1) + the entry's canonical JSON); the personal part stays outside so that erasure
    leaves the chain whole (promise P4).
    """
    last = JournalEntry.objects.select_for_update().exclude(digest=None).order_by("-id").first()
    chain = bytes(last.digest) if last is not None and last.digest is not None else b""
    entries = list(JournalEntry.objects.select_for_update().filter(digest=None).order_by("id")[:SEAL_BATCH])
    for entry in entries:
        entry.digest = chain = digest(chain, entry)
    JournalEntry.objects.bulk_update(entries, ["digest"], batch_size=200)
    return len(entries)


def digest(before: bytes, entry: JournalEntry) -> bytes:
    """Return the digest of an entry that follows `before`."""
    body = json.dumps(
        [
            entry.pk,
            entry.kind,
            entry.customer_id,
            entry.subject,
            entry.data,
            entry.by_id,
            entry.at.astimezone(UTC).isoformat(),
        ],
        sort_keys=True,
        ensure_ascii=False,
    )
    return hashlib.sha256(before + body.encode()).digest()
