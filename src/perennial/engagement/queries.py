"""Reads of touchpoints."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Max, Min

from perennial.engagement.models import Touchpoint
from perennial.engagement.terms import CONTACTS
from perennial.kernel.recent import Mark
from perennial.kernel.recent import before as follows


def last_contact(at: datetime, customer_ids: Sequence[int] | None = None) -> dict[int, datetime]:
    """Return when each customer was last in contact as of an instant; who never was is left out. One query."""
    rows = Touchpoint.objects.current().filter(happened_at__lte=at, channel__in=CONTACTS)
    if customer_ids is not None:
        rows = rows.filter(customer_id__in=customer_ids)
    return dict(rows.values_list("customer_id").annotate(last=Max("happened_at")))


def touchpoints_of(customer_id: int, *, limit: int = 50, before: Mark | None = None) -> list[Touchpoint]:
    """Return a customer's touchpoints with who logged them, newest first, from a mark on; one query."""
    rows = Touchpoint.objects.current().filter(follows("happened_at", before), customer_id=customer_id)
    return list(rows.select_related("member").order_by("-happened_at", "-id")[:limit])


def latest(fact: uuid.UUID) -> Touchpoint | None:
    """Return the last version of a touchpoint, also of one that was taken back; one query."""
    return Touchpoint.objects.filter(fact=fact).order_by("-id").first()


def logged_at(fact: uuid.UUID) -> datetime | None:
    """Return when a touchpoint was first learned, None for one that was never; one query."""
    first: datetime | None = Touchpoint.objects.filter(fact=fact).aggregate(first=Min("learned_at"))["first"]
    return first
