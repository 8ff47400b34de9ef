"""Whose contracts and revenue a member sees: applied where rows are fetched, nowhere else."""

from __future__ import annotations

from django.db.models import Q

from perennial.customers import access as customers
from perennial.members.models import Member

ABILITY = "revenue.read"
EDIT = "contracts.edit"
NO_ROW = Q(pk__in=())


def revenue_of(member: Member, ability: str = ABILITY) -> Q:
    """Return the condition of the rows with a `customer` (lines, movements, receivables) on which the member has the
    ability: to see them, where no other is named.

    Every total that the member reads is the sum over exactly these.
    """
    rows = customers.rows_of(member, ability, path="customer__portfolio__")
    return NO_ROW if rows is None else rows


def editable_by(member: Member) -> Q:
    """Return the condition of the contracts and lines that the member may change, merged customers' too."""
    rows = customers.rows_of(member, EDIT, path="customer__portfolio__")
    merged = customers.rows_of(member, EDIT, path="customer__merged_into__portfolio__")
    if rows is None or merged is None:
        return NO_ROW
    return rows | merged if rows and merged else Q()


def facts_of(member: Member, ability: str = ABILITY) -> Q:
    """Return the condition of the facts (lines, receivables, payments) of the member: `revenue_of`, and what was
    learned for entries that were merged into such a customer. Movements are the customer's own already. Payments of
    nobody known are of those who have the ability on all.
    """
    rows = revenue_of(member, ability)
    merged = customers.rows_of(member, ability, path="customer__merged_into__portfolio__")
    return rows | merged if rows and merged else rows
