"""What was done of tasks, by customer. Tasks of merged customers count for the one that remains."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Max

from perennial.customers.belonging import WHOSE, theirs
from perennial.playbooks.models import Task


def last_done(customer_ids: Sequence[int] | None = None) -> dict[int, datetime]:
    """Return when the last task of each customer (None: of all) was done; who has none is left out. One query."""
    rows = Task.objects.filter(theirs(customer_ids), customer__isnull=False, done_at__isnull=False)
    return dict(rows.annotate(whose=WHOSE).values_list("whose").annotate(last=Max("done_at")))
