"""Two entries of one company become one, and two again: no fact is changed, only who it counts for.

Read through `aliases` by contracts (the ledger) and usage (the lake). What support, engagement and voice keep stays
with the entry that it was learned for.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.customers import actions
from perennial.customers.actions import CustomerError
from perennial.customers.aliases import aliases
from perennial.customers.models import Customer, CustomerAlias, PortfolioRow
from perennial.kernel.journal import actions as journal


@transaction.atomic
def merge(*, customer_id: int, into: int, by: int | None, at: datetime) -> None:
    """Let a customer's facts count for another one; it leaves the lists. Again changes nothing.

    :raises CustomerError: one of the two is merged into another already, both are the same, or customers lie below it.
    """
    found = {c.pk: c for c in Customer.objects.select_for_update().filter(id__in=[customer_id, into]).order_by("id")}
    gone, kept = found[customer_id], found[into]
    if gone.merged_into_id == into:
        return
    if gone is kept or gone.merged_into_id is not None or kept.merged_into_id is not None:
        raise CustomerError(_("Both must be entries of their own, and two different ones."))
    if Customer.objects.filter(parent_id=customer_id, merged_into=None).exists():
        raise CustomerError(_("Customers lie below this one. Give them another parent first."))
    CustomerAlias.objects.create(old_id=customer_id, customer_id=into, at=at)
    Customer.objects.filter(merged_into_id=customer_id).update(merged_into_id=into)
    Customer.objects.filter(id=customer_id).update(merged_into_id=into)
    PortfolioRow.objects.filter(customer_id=customer_id).delete()
    journal.record("customer.merged", customer_id=into, by=by, at=at, data={"merged": customer_id})


@transaction.atomic
def part(*, customer_id: int, by: int | None, at: datetime) -> None:
    """Take a merge back: the customer's facts count for itself again, with those of the ones merged into it before.
    One that is not merged stays as it is."""
    gone = Customer.objects.select_for_update().get(id=customer_id)
    step = CustomerAlias.objects.filter(old_id=customer_id).first()
    if gone.merged_into_id is None or step is None:
        return
    kept = gone.merged_into_id
    step.delete()
    again = aliases()
    members = list(Customer.objects.filter(merged_into_id=kept).values_list("id", flat=True))
    for number in members:
        ends_at = again.of(number)
        Customer.objects.filter(id=number).update(merged_into_id=None if ends_at == number else ends_at)
    actions.mirror([customer_id], at=at)
    journal.record("customer.parted", customer_id=kept, by=by, at=at, data={"parted": customer_id})
