"""Whose rows are after a merge: a ticket, a contact or a task keeps the customer for whom it was learned, and is read
as one of the customer that remains. What was merged is parted by a word, since no row was changed."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from perennial.customers.models import Customer

WHOSE = Coalesce("customer__merged_into_id", "customer_id")
"""The customer that a row counts for, in a query over rows that have one."""
FEW = 500


def numbers(customer_ids: Collection[int]) -> QuerySet[Customer, int]:
    """Return the query of all numbers that count for these customers, their own among them; for a subquery."""
    those = Q(id__in=customer_ids) | Q(merged_into_id__in=customer_ids)
    return Customer.objects.filter(those).values_list("id", flat=True)


def theirs(customer_ids: Collection[int] | None) -> Q:
    """Return the condition on rows with a customer that they count for one of these; None: for anybody. No query."""
    if customer_ids is None:
        return Q()
    if len(customer_ids) > FEW:  # naming each of very many twice would be too long a statement
        own = Q(customer_id__in=customer_ids, customer__merged_into=None)
        return own | Q(customer__merged_into_id__in=customer_ids)
    return Q(customer_id__in=numbers(customer_ids))


def whose(customer: Customer) -> int:
    """Return the customer that the facts of one count for: itself, or the one that it was merged into. No query."""
    return customer.merged_into_id or customer.pk
