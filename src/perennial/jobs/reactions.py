"""What follows from each kind of journal entry: the one table. A reaction only enqueues; it is safe to run twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import connection, transaction

from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.queue import actions as queue
from perennial.usage.terms import BACKFILL

Reaction = Callable[[Sequence[int | None], datetime], None]
"""Takes the customers of all entries that it follows from, and starts one piece of work for them together."""
BATCH = 5000


def recompute(_customers: Sequence[int | None], at: datetime) -> None:
    """Compute everything anew; many entries make one job."""
    queue.enqueue_once("recompute", at=at)


def refresh(customers: Sequence[int | None], at: datetime) -> None:
    """Write the portfolio rows of the entries' customers anew; many entries make one job."""
    ids = sorted({customer for customer in customers if customer is not None})
    if ids:
        queue.enqueue_once("refresh", at=at, payload={"customers": ids})


def backfill(_customers: Sequence[int | None], at: datetime) -> None:
    """Make the history of own metrics; many changes make one job."""
    queue.enqueue_once(BACKFILL, at=at)


REACTIONS: dict[str, tuple[Reaction, ...]] = {
    "import.published": (recompute,),
    "customers.written": (recompute,),
    "rates.written": (recompute,),
    "configuration.changed": (recompute,),
    "metrics.changed": (backfill,),
    "metrics.made": (recompute,),
    "unconfirmed.linked": (recompute,),
    "unconfirmed.unlinked": (recompute,),
    "users.classified": (recompute,),
    "customer.merged": (recompute,),
    "customer.parted": (recompute,),
    "person.erased": (recompute,),
    "customer.erased": (recompute,),
    "customer.assigned": (refresh,),
    "customer.changed": (refresh,),
    "contract.amended": (refresh,),
    "contact.added": (refresh,),
    "contact.changed": (refresh,),
    "touchpoint.logged": (refresh,),
    "touchpoint.retracted": (refresh,),
    "touchpoint.restored": (refresh,),
    "payment.matched": (refresh,),
    "receivable.written_off": (refresh,),
    "settlement.taken_back": (refresh,),
    "contract.credit_days_set": (refresh,),
    "receivable.moved": (refresh,),
    "invoice.written": (refresh,),
    "payment.written": (refresh,),
    "money.undone": (refresh,),
    "checkpoint.called": (refresh,),
    "checkpoint.settled": (refresh,),
    "renewal.planned": (refresh,),
    "renewal.found": (refresh,),
    "renewal.called": (refresh,),
    "usage.alert_muted": (refresh,),
    "usage.alert_unmuted": (refresh,),
    "task.added": (refresh,),
    "task.completed": (refresh,),
    "task.dropped": (refresh,),
    "task.reopened": (refresh,),
    "task.changed": (refresh,),
    "task.moved": (refresh,),
    "task.retitled": (refresh,),
}


@transaction.atomic
def dispatch(*, at: datetime) -> int:
    """Start the reactions of entries that nobody handled yet; return how many entries. A few queries for 5,000.

    The mark and the reactions' jobs commit together: each entry is handled by exactly one worker, once.
    """
    waiting = JournalEntry.objects.filter(reacted_at=None).order_by("id")
    if not waiting.exists():
        return 0
    locked = waiting.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
    entries = list(locked.values_list("id", "kind", "customer_id")[:BATCH])
    following: dict[Reaction, list[int | None]] = defaultdict(list)
    for _id, kind, customer in entries:
        for react in REACTIONS.get(kind, ()):
            following[react].append(customer)
    for react, customers in following.items():
        react(customers, at)
    JournalEntry.objects.filter(id__in=[number for number, _kind, _customer in entries]).update(reacted_at=at)
    return len(entries)


@transaction.atomic
def settle(*, at: datetime) -> int:
    """Mark all entries as handled without starting anything; return how many. For who computed everything itself."""
    return JournalEntry.objects.filter(reacted_at=None).update(reacted_at=at)
