"""Reads of touchpoints. Those of merged customers count for the one that remains."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Max, Min

from perennial.customers.belonging import WHOSE, theirs
from perennial.engagement.models import Touchpoint
from perennial.engagement.terms import CONTACTS, Channel, Pulse
from perennial.kernel.recent import Mark
from perennial.kernel.recent import before as follows


def last_contact(at: datetime, customer_ids: Sequence[int] | None = None) -> dict[int, datetime]:
    """Return when each customer was last in contact as of an instant; who never was is left out. One query."""
    return _last(CONTACTS, at, customer_ids)


def last_inspection(at: datetime, customer_ids: Sequence[int] | None = None) -> dict[int, datetime]:
    """Return when the product was last inspected at each customer as of an instant; who never was is left out. One
    query."""
    return _last([Channel.inspection], at, customer_ids)


def _last(channels: Sequence[str], at: datetime, customer_ids: Sequence[int] | None) -> dict[int, datetime]:
    rows = Touchpoint.objects.current().filter(theirs(customer_ids), happened_at__lte=at, channel__in=channels)
    return dict(rows.annotate(whose=WHOSE).values_list("whose").annotate(last=Max("happened_at")))


def pulses(at: datetime, customer_ids: Sequence[int] | None = None) -> dict[int, Pulse]:
    """Return how each customer was judged last as of an instant; who never was is left out. One query."""
    rows = Touchpoint.objects.current().filter(theirs(customer_ids), happened_at__lte=at, sentiment__isnull=False)
    told = rows.annotate(whose=WHOSE).order_by("happened_at", "id").values_list("whose", "sentiment", "happened_at")
    return {customer: Pulse(rating, when) for customer, rating, when in told if rating is not None}


def pulses_of(customer_id: int, *, limit: int = 20) -> list[Touchpoint]:
    """Return how a customer was judged, with who did, newest first. One query."""
    rows = Touchpoint.objects.current().filter(theirs([customer_id]), sentiment__isnull=False)
    return list(rows.select_related("member").order_by("-happened_at", "-id")[:limit])


def contacts(channels: Sequence[str] = CONTACTS) -> list[tuple[int, datetime]]:
    """Return who was in contact when, by time: all that `last_contact` asks, for those who ask for many instants. One
    query."""
    rows = Touchpoint.objects.current().filter(channel__in=channels).annotate(whose=WHOSE)
    return list(rows.order_by("happened_at", "id").values_list("whose", "happened_at"))


def inspections() -> list[tuple[int, datetime]]:
    """Return who was inspected when, by time: all that `last_inspection` asks. One query."""
    return contacts([Channel.inspection])


def judged() -> list[tuple[int, int, datetime]]:
    """Return who was judged how and when, by time: all that `pulses` asks. One query."""
    rows = Touchpoint.objects.current().filter(sentiment__isnull=False).annotate(whose=WHOSE)
    told = rows.order_by("happened_at", "id").values_list("whose", "sentiment", "happened_at")
    return [(customer, rating, when) for customer, rating, when in told if rating is not None]


def proactive(customer_ids: Sequence[int], *, since: datetime, until: datetime) -> dict[int, list[datetime]]:
    """Return when we contacted each customer of our own accord within [since, until), in order; notes and what is not
    said to be proactive are left out. One query for 500 customers."""
    found: dict[int, list[datetime]] = defaultdict(list)
    for start in range(0, len(customer_ids), 500):
        rows = Touchpoint.objects.current().filter(
            theirs(customer_ids[start : start + 500]), is_proactive=True, channel__in=CONTACTS,
            happened_at__gte=since, happened_at__lt=until,
        )  # fmt: skip
        for customer, at in rows.annotate(whose=WHOSE).order_by("happened_at").values_list("whose", "happened_at"):
            found[customer].append(at)
    return dict(found)


def touchpoints_of(customer_id: int, *, limit: int = 50, before: Mark | None = None) -> list[Touchpoint]:
    """Return a customer's touchpoints with who logged them, newest first, from a mark on; one query."""
    rows = Touchpoint.objects.current().filter(follows("happened_at", before), theirs([customer_id]))
    return list(rows.select_related("member", "customer").order_by("-happened_at", "-id")[:limit])


def latest(fact: uuid.UUID) -> Touchpoint | None:
    """Return the last version of a touchpoint with its customer, also of one that was taken back; one query."""
    return Touchpoint.objects.filter(fact=fact).select_related("customer").order_by("-id").first()


def logged_at(fact: uuid.UUID) -> datetime | None:
    """Return when a touchpoint was first learned, None for one that was never; one query."""
    first: datetime | None = Touchpoint.objects.filter(fact=fact).aggregate(first=Min("learned_at"))["first"]
    return first
