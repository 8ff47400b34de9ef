"""Reads of tickets, as of an instant: what was open then, as known then or now. Those of merged customers count for
the one that remains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Avg, Count, F, Q
from django.db.models.query import QuerySet

from perennial.customers.belonging import WHOSE, theirs
from perennial.kernel.recent import Mark
from perennial.kernel.recent import before as follows
from perennial.support.models import Ticket

URGENT = ("urgent", "critical", "p1", "1", "紧急")
PATIENCE = timedelta(days=7)
URGENT_PATIENCE = timedelta(days=2)
SATISFACTION_DAYS = 90


@dataclass(frozen=True)
class Support:
    """A customer's tickets on a day. `satisfaction` is the mean of the last 90 days' answers, 1..5; None: no answer."""

    open: int
    overdue: int
    satisfaction: float | None


def standing(at: datetime, customer_ids: Sequence[int] | None = None) -> dict[int, Support]:
    """Return each customer's tickets as of an instant; customers without a ticket are left out. One query.

    Overdue: past its promised time; where none was promised, open longer than 7 days (2 if urgent or escalated).
    """
    is_open = Q(opened_at__lte=at) & (Q(closed_at=None) | Q(closed_at__gt=at))
    urgent = Q(priority__in=URGENT) | Q(is_escalated=True)
    late = Q(due_at__lt=at) | Q(due_at=None, opened_at__lt=at - PATIENCE) | (
        Q(due_at=None, opened_at__lt=at - URGENT_PATIENCE) & urgent
    )  # fmt: skip
    answered = Q(closed_at__lte=at, closed_at__gt=at - timedelta(days=SATISFACTION_DAYS), satisfaction__isnull=False)
    rows = (
        _of(customer_ids)
        .filter(opened_at__lte=at)
        .annotate(whose=WHOSE)
        .values_list("whose")
        .annotate(
            open_count=Count("id", filter=is_open),
            overdue_count=Count("id", filter=is_open & late),
            mean=Avg("satisfaction", filter=answered),
        )
    )
    return {customer: Support(open=o, overdue=late_, satisfaction=mean) for customer, o, late_, mean in rows}


@dataclass(frozen=True, slots=True)
class TicketTimes:
    """A ticket with all that `standing` asks of it; `late_at`: from then on it is overdue while it is open."""

    customer: int
    opened_at: datetime
    closed_at: datetime | None
    late_at: datetime
    satisfaction: float | None


def times() -> list[TicketTimes]:
    """Return every ticket by its opening, for those who ask for many instants. One query."""
    rows = Ticket.objects.current().annotate(whose=WHOSE).order_by("opened_at", "id")
    found = []
    for whose_, opened, closed, due, priority, escalated, satisfaction in rows.values_list(
        "whose", "opened_at", "closed_at", "due_at", "priority", "is_escalated", "satisfaction"
    ):
        late_at = due or opened + (URGENT_PATIENCE if escalated or priority in URGENT else PATIENCE)
        found.append(TicketTimes(whose_, opened, closed, late_at, satisfaction))
    return found


def _of(customer_ids: Sequence[int] | None) -> QuerySet[Ticket]:
    return Ticket.objects.current().filter(theirs(customer_ids))


def tickets_of(customer_id: int, *, limit: int = 50) -> list[Ticket]:
    """Return a customer's tickets, open ones first, then the latest; one query."""
    rows = Ticket.objects.current().filter(theirs([customer_id]))
    return list(rows.order_by(F("closed_at").desc(nulls_first=True), "-opened_at")[:limit])


def is_overdue(ticket: Ticket, at: datetime) -> bool:
    """Return whether a ticket is open and late at an instant: the rule of `standing`, for one ticket at hand."""
    if ticket.opened_at > at or (ticket.closed_at is not None and ticket.closed_at <= at):
        return False
    if ticket.due_at is not None:
        return ticket.due_at < at
    patience = URGENT_PATIENCE if ticket.is_escalated or ticket.priority in URGENT else PATIENCE
    return ticket.opened_at < at - patience


def opened_of(customer_id: int, *, limit: int, before: Mark | None = None) -> list[Ticket]:
    """Return a customer's tickets by opening, newest first, from a mark on; one query."""
    rows = Ticket.objects.current().filter(follows("opened_at", before), theirs([customer_id]))
    return list(rows.order_by("-opened_at", "-id")[:limit])


def closed_of(customer_id: int, *, limit: int, before: Mark | None = None) -> list[Ticket]:
    """Return a customer's closed tickets by closing, newest first, from a mark on; one query."""
    rows = Ticket.objects.current().filter(follows("closed_at", before), theirs([customer_id]))
    return list(rows.exclude(closed_at=None).order_by("-closed_at", "-id")[:limit])
