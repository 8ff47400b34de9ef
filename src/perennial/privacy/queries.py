"""Reads of privacy: what an erasure would do, what was erased, as the pages and the command line show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from perennial.members.models import Member
from perennial.privacy import erasing, files
from perennial.privacy.models import Erasure
from perennial.privacy.terms import Subject, Whom
from perennial.privacy.whom import visible
from perennial.privacy.work import facts_of
from perennial.usage.lake import lake


@dataclass(frozen=True)
class Forecast:
    """What an erasure would do: counts by table as `erasing.counted`, events, imports that would be cancelled."""

    counts: erasing.Counts
    events: int
    open_imports: int


@dataclass(frozen=True)
class Certificate:
    """An erasure as it is shown. `facts` is what the digest covers; `rewritten_at` None: old bytes are still there."""

    key: str
    subject: str
    customer_name: str
    customer_key: str
    by_name: str
    at: datetime
    again_at: datetime | None
    rewritten_at: datetime | None
    reason: str
    is_kept_out: bool
    counts: dict[str, dict[str, int]]
    waiting: int
    digest: str
    facts: dict[str, Any]


def forecast(whom: Whom) -> Forecast:
    """Return what an erasure would do now; reads every table that may mention them."""
    customers = whom.family if whom.subject is Subject.CUSTOMER else ()
    return Forecast(
        erasing.counted(whom),
        lake().trail_size(customers=customers, users=() if customers else whom.users),
        len(files.open_imports()),
    )


def certificates(member: Member, *, limit: int = 50) -> list[Certificate]:
    """Return the latest erasures within the member's scope, the last first; one query."""
    return [_shown(row) for row in _rows(member).order_by("-id")[:limit]]


def certificate(member: Member, key: str) -> Certificate | None:
    """Return one, None where it is not there or out of the member's scope; one query."""
    row = _rows(member).filter(key=key).first()
    return None if row is None else _shown(row)


def _rows(member: Member) -> QuerySet[Erasure]:
    rows = visible(member, path="customer__portfolio__")
    found = Erasure.objects.none() if rows is None else Erasure.objects.filter(rows)
    return found.select_related("customer", "by")


def _shown(row: Erasure) -> Certificate:
    return Certificate(
        key=row.key, subject=row.subject, customer_name=row.customer.name if row.customer else "",
        customer_key=row.customer.key if row.customer else "", by_name=row.by.name if row.by else "", at=row.at,
        again_at=row.again_at, rewritten_at=row.rewritten_at, reason=row.reason, is_kept_out=row.is_kept_out,
        counts=row.counts, waiting=len(row.waiting), digest=row.digest, facts=facts_of(row),
    )  # fmt: skip
