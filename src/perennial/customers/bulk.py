"""Changes to many customers at once, each with one entry in the journal by which it can be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.customers import actions, queries
from perennial.customers.actions import CustomerError
from perennial.customers.merging import MERGED, part
from perennial.customers.models import Customer
from perennial.kernel.journal import actions as journal
from perennial.kernel.journal import queries as past
from perennial.kernel.organisation.queries import house

MOST = 5000
UNDO_WITHIN = timedelta(hours=24)
ASSIGNED, TAGGED = "customers.assigned", "customers.tagged"


@transaction.atomic
def assign(*, customer_ids: Sequence[int], member_id: int | None, by: int, at: datetime) -> tuple[int, int]:
    """Give customers to a member (None: nobody) from today on; return (journal entry for undo, how many changed).

    :raises CustomerError: the member is not active, or too many at once.
    """
    _refuse_too_many(customer_ids)
    before = actions.assign(customer_ids=customer_ids, member_id=member_id, from_on=house().today(at), by=by, at=at)
    data = {"to": member_id, "before": {str(key): old for key, old in before.items()}}
    return journal.record(ASSIGNED, by=by, at=at, data=data), len(before)


@transaction.atomic
def add_tag(*, customer_ids: Sequence[int], tag: str, by: int, at: datetime) -> tuple[int, int]:
    """Add a tag; return (journal entry for undo, how many customers got it that did not have it).

    :raises CustomerError: an empty tag, one with a line break, or too many customers at once.
    """
    _refuse_too_many(customer_ids)
    tag = tag.strip()
    if not tag or len(tag) > 50 or any(ord(letter) < 32 for letter in tag):
        raise CustomerError(_("A tag is one line of 1 to 50 characters."))
    gained = [c for c in _locked(customer_ids) if tag not in c.tags]
    for customer in gained:
        customer.tags = sorted({*customer.tags, tag})
    _write_tags(gained, at=at)
    ids = [customer.pk for customer in gained]
    return journal.record(TAGGED, by=by, at=at, data={"gained": ids}, personal={"tag": tag}), len(ids)


@transaction.atomic
def undo(*, entry_id: int, by: int, at: datetime) -> int | None:
    """Take back an own bulk change of the last 24 hours; return how many customers went back, None: no such change.

    What was changed again since stays as it is. Safe to run twice.
    """
    entry = past.entry(entry_id)
    if entry is None or entry.by_id != by or at - entry.at > UNDO_WITHIN:
        return None
    if entry.kind == ASSIGNED:
        return _give_back(entry.data["before"], entry.data["to"], by=by, at=at)
    if entry.kind == TAGGED:
        return _take_off(entry.data["gained"], str(entry.personal.get("tag")), by=by, at=at)
    if entry.kind == MERGED:
        return _part(entry.data["merged"], entry.data["into"], by=by, at=at)
    return None


def _give_back(before: Mapping[str, int | None], to: int | None, *, by: int, at: datetime) -> int:
    wanted = {int(key): old for key, old in before.items()}
    now = queries.owners(list(wanted))
    back = {key: old for key, old in wanted.items() if now.get(key, (None, None))[0] == to}
    return len(actions.hand_over(back, from_on=house().today(at), by=by, at=at))


def _take_off(gained: Sequence[int], tag: str, *, by: int, at: datetime) -> int:
    losing = [customer for customer in _locked(gained) if tag in customer.tags]
    for customer in losing:
        customer.tags = [kept for kept in customer.tags if kept != tag]
    _write_tags(losing, at=at)
    if losing:
        journal.record("customers.untagged", by=by, at=at, data={"lost": [customer.pk for customer in losing]})
    return len(losing)


def _part(gone: Sequence[int], into: int, *, by: int, at: datetime) -> int:
    still = Customer.objects.filter(id__in=list(gone), merged_into_id=into).order_by("id").values_list("id", flat=True)
    for customer_id in (parted := list(still)):
        part(customer_id=customer_id, by=by, at=at)
    return len(parted)


def _locked(customer_ids: Sequence[int]) -> list[Customer]:
    return list(Customer.objects.select_for_update().filter(id__in=list(customer_ids)).order_by("id"))


def _write_tags(customers: Sequence[Customer], *, at: datetime) -> None:
    Customer.objects.bulk_update(customers, ["tags"], batch_size=500)
    actions.mirror([customer.pk for customer in customers], at=at)


def _refuse_too_many(customer_ids: Sequence[int]) -> None:
    if len(customer_ids) > MOST:
        raise CustomerError(_("At most %(most)s customers at once. Narrow the list first.") % {"most": f"{MOST:,}"})
