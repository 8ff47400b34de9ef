"""A group of customers: one, and all that lie below it in the tree, however deep; merged ones followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, QuerySet, Value
from django.db.models.expressions import RawSQL

from perennial.customers.models import Customer


@dataclass(frozen=True, slots=True)
class InGroup:
    """A customer of a group. `owner` is its CSM's name, "" where nobody has it, or where it was not asked for."""

    customer_id: int
    key: str
    name: str
    owner: str


@dataclass(frozen=True, slots=True)
class Below:
    """The customers below one, by name, as far as they are among those asked of; `hidden`: how many are not."""

    customers: Sequence[InGroup]
    hidden: int


def below(customer_id: int, among: QuerySet[Customer], *, tells_owners: bool = True) -> Below:
    """Return the customers below one that are `among` (what a member may see); two queries, however deep the tree.

    What lies below a merged entry lies below the customer that remains. An entry merged into a customer elsewhere is
    not here: its facts count there.
    """
    count = Customer.objects.filter(merged_into=None, id__in=_numbers(customer_id)).exclude(id=customer_id).count()
    if not count:
        return Below((), 0)
    seen = among.filter(merged_into=None, id__in=_numbers(customer_id)).exclude(id=customer_id)
    owner = F("portfolio__owner__name") if tells_owners else Value("")
    rows = seen.order_by("name_sort", "id").values_list("id", "key", "name", owner)
    found = [InGroup(number, key, name, owner or "") for number, key, name, owner in rows]
    return Below(found, count - len(found))


def _numbers(customer_id: int) -> RawSQL:
    """Return the subquery of the customer's number, of all below it, and of those merged into any of them.

    UNION leaves out what was found already, so that it ends even where the tree bites its tail.
    """
    table = f'"{Customer._meta.db_table}"'
    found = (
        f"WITH RECURSIVE lies(id) AS (SELECT id FROM {table} WHERE id = %s UNION "  # noqa: S608 - our own table's name
        f"SELECT c.id FROM {table} AS c JOIN lies ON (c.parent_id = lies.id AND c.merged_into_id IS NULL) "
        "OR c.merged_into_id = lies.id) SELECT id FROM lies"
    )
    return RawSQL(found, [customer_id])  # noqa: S611 - fixed text; the number goes as a parameter
