"""Reads of what was known of contract lines before: a line is never changed, the next version supersedes it."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from perennial.contracts.models import Line


def version(number: int, fact: UUID) -> Line | None:
    """Return a version of a line, superseded or not; None where there is none. One query."""
    return Line.objects.filter(pk=number, fact=fact).first()


def former_versions(customer_id: int) -> dict[UUID, list[Line]]:
    """Return the superseded versions of a customer's lines by fact, the latest first; one query."""
    found: dict[UUID, list[Line]] = defaultdict(list)
    rows = Line.objects.filter(customer_id=customer_id, superseded_at__isnull=False).select_related("product")
    for line in rows.order_by("-superseded_at", "-id"):
        found[line.fact].append(line)
    return dict(found)
