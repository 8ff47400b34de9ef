"""Facts and owners of many customers set in one step from an edited list, with one entry by which it is undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.customers import actions, queries
from perennial.customers.actions import CustomerError
from perennial.customers.bulk import UNDO_WITHIN
from perennial.customers.editing import CHANGED
from perennial.customers.models import Customer
from perennial.kernel.journal import actions as journal
from perennial.kernel.journal import queries as past
from perennial.kernel.organisation.queries import house

MOST = 20_000
EDITED = "customers.edited"
FACTS = ("industry", "country", "region", "segment", "tags")
OWNER = "owner"
Values = Mapping[int, Mapping[str, Any]]


@transaction.atomic
def change_fields(*, changes: Values, by: int, at: datetime) -> tuple[int, set[int]]:
    """Set keys of FACTS, and OWNER to a member's id or None, by customer; return (journal entry for undo, who changed).

    An entry "customer.changed" or "customer.assigned" stands on each customer's timeline. A constant number of queries
    for 500 customers.

    :raises CustomerError: too many customers at once.
    """
    if len(changes) > MOST:
        raise CustomerError(_("At most %(most)s customers at once. Take fewer rows.") % {"most": f"{MOST:,}"})
    before = _set(changes, by=by, at=at)
    after = {key: {name: changes[key][name] for name in old} for key, old in before.items()}
    entry = journal.record(EDITED, by=by, at=at, data={"customers": len(before)},
                           personal={"before": _texted(before), "after": _texted(after)})  # fmt: skip
    return entry, set(before)


@transaction.atomic
def undo(*, entry_id: int, by: int, at: datetime) -> set[int] | None:
    """Take back an own edit of the last 24 hours; return the customers that went back, None: no such edit.

    What was changed again since stays as it is. Safe to run twice.
    """
    entry = past.entry(entry_id)
    if entry is None or entry.kind != EDITED or entry.by_id != by or at - entry.at > UNDO_WITHIN:
        return None
    before = {int(key): values for key, values in entry.personal.get("before", {}).items()}
    after = {int(key): values for key, values in entry.personal.get("after", {}).items()}
    now = _present(sorted(before))
    back = {
        key: {name: old for name, old in values.items() if now[key][name] == after[key][name]}
        for key, values in before.items()
        if key in now
    }
    return set(_set({key: values for key, values in back.items() if values}, by=by, at=at))


def _set(changes: Values, *, by: int, at: datetime) -> dict[int, dict[str, Any]]:
    """Set what differs; return what stood there before, by customer and field."""
    customers = {c.pk: c for c in Customer.objects.select_for_update().filter(id__in=sorted(changes)).order_by("id")}
    before: dict[int, dict[str, Any]] = {}
    for key, customer in customers.items():
        for name in FACTS:
            if name in changes[key] and getattr(customer, name) != changes[key][name]:
                before.setdefault(key, {})[name] = getattr(customer, name)
                setattr(customer, name, changes[key][name])
    Customer.objects.bulk_update([customers[key] for key in before], FACTS, batch_size=200)
    actions.mirror(sorted(before), at=at)
    journal.record_each(CHANGED, {key: {"fields": sorted(old)} for key, old in before.items()}, by=by, at=at)
    owners = {key: values[OWNER] for key, values in changes.items() if OWNER in values and key in customers}
    for key, owner in actions.hand_over(owners, from_on=house().today(at), by=by, at=at).items():
        before.setdefault(key, {})[OWNER] = owner
    return before


def _present(customer_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    owners = queries.owners(customer_ids)
    return {
        key: {**{name: getattr(customer, name) for name in FACTS}, OWNER: owners.get(key, (None, None))[0]}
        for key, customer in queries.facts_of(customer_ids).items()
    }


def _texted(values: Values) -> dict[str, Mapping[str, Any]]:
    return {str(key): dict(one) for key, one in values.items()}
