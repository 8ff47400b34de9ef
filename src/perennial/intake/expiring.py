"""Refused messages whose time is over leave the records, settled or not."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from perennial.intake.models import RejectedMessage
from perennial.kernel.journal import actions as journal

AT_A_TIME = 1_000


def older(before: datetime) -> int:
    """Return how many refused messages were received before an instant; one query."""
    return RejectedMessage.objects.filter(received_at__lt=before).count()


def remove_older(before: datetime, *, at: datetime) -> int:
    """Remove them, a thousand in a transaction of its own, so that nobody waits for long and a kill loses nothing;
    return how many. Safe to run twice."""
    ids = list(RejectedMessage.objects.filter(received_at__lt=before).values_list("id", flat=True))
    for start in range(0, len(ids), AT_A_TIME):
        with transaction.atomic():
            count, _each = RejectedMessage.objects.filter(id__in=ids[start : start + AT_A_TIME]).delete()
            if count:
                journal.record("rejected.expired", at=at, data={"count": count})
    return len(ids)
