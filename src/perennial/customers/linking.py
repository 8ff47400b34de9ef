"""What another system's unknown group is linked to: its id names the customer from then on, and what came before under
a number of its own leads to the customer by an alias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from perennial.customers.actions import CustomerError
from perennial.customers.models import Customer, CustomerAlias, ExternalId


@dataclass(frozen=True)
class Link:
    """A number below zero that old events carry, the customer that it leads to, and what its source calls it (None:
    nothing that names a customer)."""

    old_id: int
    customer_id: int
    source: str
    external_id: str | None


@transaction.atomic
def link(links: Sequence[Link], *, at: datetime) -> set[int]:
    """Lead old numbers to customers; return the old numbers whose external id was written by this. Five queries for
    500. The caller writes the journal, since he knows what was linked.

    :raises CustomerError: a customer that is gone, an id that names another customer, or a number linked elsewhere.
    """
    wanted = {one.customer_id for one in links}
    if len(wanted) != Customer.objects.filter(id__in=wanted, merged_into=None).count():
        raise CustomerError(_("This customer is gone. Choose another one."))
    aliases = dict(
        CustomerAlias.objects.filter(old_id__in=[one.old_id for one in links]).values_list("old_id", "customer_id")
    )
    if any(aliases.get(one.old_id, one.customer_id) != one.customer_id for one in links):
        raise CustomerError(_("This is linked to another customer already. Take that back first."))
    CustomerAlias.objects.bulk_create(
        [
            CustomerAlias(old_id=one.old_id, customer_id=one.customer_id, at=at)
            for one in links
            if one.old_id not in aliases
        ],
        batch_size=500,
    )
    return _name(links)


def _name(links: Sequence[Link]) -> set[int]:
    named = {(one.source, one.external_id): one for one in links if one.external_id is not None}
    known = {
        (source, external_id): into or customer_id
        for source, external_id, customer_id, into in ExternalId.objects.filter(
            source__in={source for source, _id in named},
            external_id__in={external_id for _source, external_id in named},
        ).values_list("source", "external_id", "customer_id", "customer__merged_into_id")
    }
    for (source, external_id), one in named.items():
        if known.get((source, external_id), one.customer_id) != one.customer_id:
            text = _("%(source)s calls another customer %(id)s since. Look at that customer first.")
            raise CustomerError(text % {"source": source, "id": external_id})
    fresh = {key: one for key, one in named.items() if key not in known}
    ExternalId.objects.bulk_create(
        [
            ExternalId(customer_id=one.customer_id, source=source, external_id=external_id)
            for (source, external_id), one in fresh.items()
        ],
        batch_size=500,
    )
    return {one.old_id for one in fresh.values()}


@transaction.atomic
def unlink(links: Sequence[Link]) -> None:
    """Take links back: the aliases, and the external ids of those that have one here. Two queries. Safe twice."""
    aliases, names = Q(), Q()
    for one in links:
        aliases |= Q(old_id=one.old_id, customer_id=one.customer_id)
        if one.external_id is not None:
            names |= Q(customer_id=one.customer_id, source=one.source, external_id=one.external_id)
    if aliases:
        CustomerAlias.objects.filter(aliases).delete()
    if names:
        ExternalId.objects.filter(names).delete()
