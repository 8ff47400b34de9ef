"""Whose contracts and revenue a member sees: applied where rows are fetched, nowhere else."""

from __future__ import annotations

from django.db.models import Q

from perennial.customers import access as customers
from perennial.members.models import Member

ABILITY = "revenue.read"
EDIT = "contracts.edit"
NO_ROW = Q(pk__in=())


def revenue_of(member: Member) -> Q:
    """Return the condition of the rows with a `customer` (lines, movements, receivables) that the member may see.

    Every total that the member reads is the sum over exactly these.
    """
    rows = customers.rows_of(member, ABILITY, path="customer__portfolio__")
    return NO_ROW if rows is None else rows


def editable_by(member: Member) -> Q:
    """Return the condition of the contracts and lines that the member may change, merged customers' too."""
    rows = customers.rows_of(member, EDIT, path="customer__portfolio__")
    merged = customers.rows_of(member, EDIT, path="customer__merged_into__portfolio__")
    if rows is None or merged is None:
        return NO_ROW
    return rows | merged if rows and merged else Q()


def facts_of(member: Member) -> Q:
    """Return the condition of the facts (lines, receivables) that the member may see: `revenue_of`, and what was
    learned for entries that were merged into such a customer. Movements are the customer's own already.
    """
    rows = revenue_of(member)
    merged = customers.rows_of(member, ABILITY, path="customer__merged_into__portfolio__")
    return rows | merged if rows and merged else rows
