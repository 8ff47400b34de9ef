"""Two entries of one company become one, and two again: no fact is changed, only who it counts for.

Read through `aliases` by contracts (the ledger) and usage (the lake), and through `belonging` by the rooms that keep
tickets, touchpoints, answers, contacts and tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.customers import actions
from perennial.customers.actions import CustomerError
from perennial.customers.aliases import aliases
from perennial.customers.models import Customer, CustomerAlias, PortfolioRow
from perennial.kernel.journal import actions as journal

MERGED = "customers.merged"
MOST = 100


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
def merge_all(*, customer_ids: Sequence[int], into: int, by: int, at: datetime) -> tuple[int, int]:
    """Let the facts of several customers count for one of them; return (journal entry for undo, how many went).

    :raises CustomerError: as for `merge`, fewer than two customers, or more than MOST; nothing is merged then.
    """
    gone = [customer_id for customer_id in customer_ids if customer_id != into]
    if not gone or into not in customer_ids:
        raise CustomerError(_("Select at least two customers, and say which one remains."))
    if len(gone) >= MOST:
        raise CustomerError(_("At most %(most)s customers become one at a time.") % {"most": MOST})
    for customer_id in gone:
        merge(customer_id=customer_id, into=into, by=by, at=at)
    return journal.record(MERGED, by=by, at=at, data={"into": into, "merged": gone}), len(gone)


@dataclass(frozen=True, slots=True)
class Absorbed:
    """An entry that counts for another: its key and name, and since when."""

    key: str
    name: str
    since: datetime


def absorbed_by(customer_id: int) -> list[Absorbed]:
    """Return the entries that were merged into a customer, by name; two queries."""
    found = Customer.objects.filter(merged_into_id=customer_id).order_by("name_sort", "id")
    rows = list(found.values_list("id", "key", "name"))
    since = dict(CustomerAlias.objects.filter(old_id__in=[number for number, *_ in rows]).values_list("old_id", "at"))
    return [Absorbed(key, name, since[number]) for number, key, name in rows]


@transaction.atomic
def part_of(*, customer_id: int, key: str, by: int, at: datetime) -> int:
    """Take the entry of a key out of a customer again; return the entry's number.

    :raises CustomerError: it is not merged into this customer.
    """
    gone = Customer.objects.filter(merged_into_id=customer_id, key=key).values_list("id", flat=True).first()
    if gone is None:
        raise CustomerError(_("This entry stands by itself again already."))
    part(customer_id=gone, by=by, at=at)
    return gone


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
