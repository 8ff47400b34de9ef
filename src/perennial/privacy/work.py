"""The background of an erasure: usage and files rewritten, old bytes gone, then the certificate."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from perennial.kernel.journal import actions as journal
from perennial.kernel.queue import actions as queue
from perennial.kernel.queue.actions import Claim, Report
from perennial.privacy import files
from perennial.privacy.actions import REWRITE, announce
from perennial.privacy.models import Erasure
from perennial.privacy.table import TABLE, model_of
from perennial.usage import counted
from perennial.usage.actions import folded
from perennial.usage.lake import lake

SETTLE = "privacy.settle"
READERS = timedelta(minutes=10, seconds=5)
"""How long readers may hold files of the lake that are no longer live, and a moment more."""
AGAIN = timedelta(minutes=1)


def rewrite(claim: Claim, report: Report, at: datetime) -> Mapping[str, Any]:
    """Job `privacy.rewrite`: everything but the records. Safe to run twice and to kill at any point."""
    key = str(claim.payload["erasure"])
    start(key, at=at, report=report)
    return {"settled": settle_now(key, at=at)}


def settle(claim: Claim, report: Report, at: datetime) -> Mapping[str, Any]:
    """Job `privacy.settle`: look whether the last old byte is gone. Safe to run twice."""
    report(0, None, "")
    return {"settled": settle_now(str(claim.payload["erasure"]), at=at)}


def start(key: str, *, at: datetime, report: Report) -> None:
    """Hide, clear files, fold the lake; keep which of its files still hold old rows."""
    row = Erasure.objects.get(key=key)
    report(0, 3, "files")
    announce(row.entry)
    cleared = files.clear(by=row.by_id, at=at)
    report(1, 3, "usage")
    lake().compact(folded(), at=at, left_out=counted.left_out())
    with transaction.atomic():
        row = Erasure.objects.select_for_update().get(key=key)
        former = row.counts.get("files", {})
        row.counts["files"] = {name: former.get(name, 0) + number for name, number in cleared.items()}
        row.waiting = sorted({*row.waiting, *lake().retired()})
        row.save(update_fields=["counts", "waiting"])
    report(2, 3, "records")


def settle_now(key: str, *, at: datetime) -> bool:
    """Complete the certificate once no old byte is left; ask again later until then. Return whether it is complete."""
    row = Erasure.objects.get(key=key)
    if row.rewritten_at is not None:
        return True
    lake().compact(folded(), at=at, left_out=counted.left_out())  # sweeps what readers have let go of
    still = set(lake().retired())
    left = [name for name in row.waiting if name in still]
    if not files.is_clear():
        files.clear(by=row.by_id, at=at)
    if left or not files.is_clear() or not _records_are_clean():
        Erasure.objects.filter(key=key).update(waiting=left)
        queue.enqueue(SETTLE, at=at + (READERS if left == row.waiting and left else AGAIN), payload={"erasure": key})
        return False
    with transaction.atomic():
        row = Erasure.objects.select_for_update().get(key=key)
        row.waiting, row.rewritten_at = [], at
        row.digest = digest_of(row)
        row.save(update_fields=["waiting", "rewritten_at", "digest"])
        journal.record("erasure.completed", customer_id=row.customer_id, subject=f"erasure:{key}", at=at,
                       data={"digest": row.digest})  # fmt: skip
    return True


def facts_of(row: Erasure) -> dict[str, Any]:
    """Return what the certificate says and its digest covers; nothing of what was erased."""
    return {
        "key": row.key, "subject": row.subject, "asked_at": _instant(row.at), "asked_by": row.by_id,
        "reason": row.reason, "counts": row.counts, "kept_out": row.is_kept_out,
        "applied_again_at": _instant(row.again_at), "rewritten_at": _instant(row.rewritten_at),
    }  # fmt: skip


def digest_of(row: Erasure) -> str:
    """Return the SHA-256 of the certificate; the journal's chain of seals holds it too."""
    return hashlib.sha256(json.dumps(facts_of(row), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()


def _records_are_clean() -> bool:
    """Bring what was deleted off the disk: SQLite zeroes it (secure_delete) and the log of writes is folded in;
    PostgreSQL makes the room of old rows free, to be overwritten. Return False while a reader holds the log."""
    if connection.in_atomic_block:
        raise RuntimeError("the records cannot be cleaned inside a transaction")
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            tables = ", ".join(f'"{model_of(name)._meta.db_table}"' for name, held in TABLE.items() if held.personal)
            cursor.execute(f"VACUUM {tables}, customer_search")
            return True
        cursor.execute("INSERT INTO customer_search (customer_search) VALUES ('optimize')")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(cursor.fetchone()[0]) == 0


__all__ = ["REWRITE", "SETTLE", "digest_of", "facts_of", "rewrite", "settle", "settle_now", "start"]
