"""Reads of the journal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from perennial.kernel.journal.actions import digest
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.recent import Mark
from perennial.kernel.recent import before as follows

CHUNK = 500


@dataclass(frozen=True)
class Happening:
    """An entry as timelines show it."""

    id: int
    kind: str
    subject: str
    customer_id: int | None
    at: datetime
    by_id: int | None
    by_name: str | None
    data: dict[str, Any]
    personal: dict[str, Any]


def of_customer(
    numbers: Collection[int] | QuerySet[Any, int], *, kinds: Sequence[str] | None = None, limit: int = 50,
    before: Mark | None = None,
) -> list[Happening]:  # fmt: skip
    """Return the latest entries of a customer (of all its numbers, or of the query of them), newest first, from a mark
    on; one query."""
    entries = JournalEntry.objects.filter(follows("at", before), customer_id__in=numbers)
    entries = entries.select_related("personal", "by").order_by("-at", "-id")
    if kinds is not None:
        entries = entries.filter(kind__in=kinds)
    return [_happening(entry) for entry in entries[:limit]]


def entry(entry_id: int) -> Happening | None:
    """Return one entry; one query."""
    found = JournalEntry.objects.filter(id=entry_id).select_related("personal", "by").first()
    return None if found is None else _happening(found)


def of_subject(kind: str, subject: str, *, limit: int = 50) -> list[Happening]:
    """Return the latest entries of a kind on a subject, newest first; one query."""
    entries = JournalEntry.objects.filter(kind=kind, subject=subject).select_related("personal", "by")
    return [_happening(entry) for entry in entries.order_by("-id")[:limit]]


def of_kinds(kinds: Sequence[str], customer_ids: Sequence[int]) -> list[Happening]:
    """Return all entries of some kinds on these customers, oldest first; one query for 500 customers."""
    found: list[Happening] = []
    for start in range(0, len(customer_ids), CHUNK):
        rows = JournalEntry.objects.filter(customer_id__in=customer_ids[start : start + CHUNK], kind__in=kinds)
        found += [_happening(row) for row in rows.select_related("personal", "by").order_by("id")]
    return found


def is_undone(happening: Happening) -> bool:
    """Say whether a later entry of the kind names this one as undone; one query."""
    later = JournalEntry.objects.filter(id__gt=happening.id, kind=happening.kind, subject=happening.subject)
    return later.filter(data__undone=happening.id).exists()


def _happening(entry: JournalEntry) -> Happening:
    return Happening(
        id=entry.pk,
        kind=entry.kind,
        subject=entry.subject,
        customer_id=entry.customer_id,
        at=entry.at,
        by_id=entry.by_id,
        by_name=entry.by.name if entry.by else None,
        data=entry.data,
        personal=entry.personal.payload if hasattr(entry, "personal") else {},
    )


def latest(kind: str) -> Mapping[str, Any] | None:
    """Return the data of the latest entry of a kind, None where there is none; one query."""
    return JournalEntry.objects.filter(kind=kind).order_by("-id").values_list("data", flat=True).first()


def latest_of(kind: str, subjects: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return the data of the latest entry of a kind on each subject, who has none is left out; one query."""
    rows = JournalEntry.objects.filter(kind=kind, subject__in=list(subjects)).order_by("id")
    return dict(rows.values_list("subject", "data"))


def first_broken_seal() -> int | None:
    """Return the id of the first sealed entry whose digest does not follow from the one before; None when all do."""
    chain = b""
    for entry in JournalEntry.objects.exclude(digest=None).order_by("id").iterator(chunk_size=1000):
        chain = digest(chain, entry)
        if entry.digest is None or bytes(entry.digest) != chain:
            return entry.pk
    return None
