"""Edits of one customer by hand: its facts and its people, each with an entry in the journal."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.customers.actions import CustomerError, mirror
from perennial.customers.models import Contact, Customer
from perennial.kernel.journal import actions as journal
from perennial.kernel.journal import queries as past

EDITABLE = ("industry", "country", "region", "segment", "tags", "custom")
CHANGED = "customer.changed"
UNDO_WITHIN = timedelta(hours=24)
MOST_TAG = 50


@transaction.atomic
def change(*, customer_id: int, values: Mapping[str, Any], by: int, at: datetime) -> int | None:
    """Set facts of a customer (keys of EDITABLE); return the journal entry for undo, None where nothing changed.

    :raises CustomerError: a tag that is none.
    """
    customer = Customer.objects.select_for_update().get(id=customer_id)
    wanted = {key: _tags(value) if key == "tags" else value for key, value in values.items() if key in EDITABLE}
    before = {key: getattr(customer, key) for key in wanted if getattr(customer, key) != wanted[key]}
    if not before:
        return None
    after = {key: wanted[key] for key in before}
    _set(customer, after, at=at)
    return journal.record(CHANGED, customer_id=customer_id, by=by, at=at, data={"fields": sorted(before)},
                          personal={"before": before, "after": after})  # fmt: skip


@transaction.atomic
def undo(*, entry_id: int, by: int, at: datetime) -> bool:
    """Take back an own change of facts of the last 24 hours; what was changed again since stays. Safe to run twice."""
    entry = past.entry(entry_id)
    if entry is None or entry.customer_id is None or entry.kind != CHANGED:
        return False
    if entry.by_id != by or at - entry.at > UNDO_WITHIN:
        return False
    before, after = entry.personal.get("before", {}), entry.personal.get("after", {})
    customer = Customer.objects.select_for_update().get(id=entry.customer_id)
    back = {key: old for key, old in before.items() if getattr(customer, key) == after[key]}
    if back:
        _set(customer, back, at=at)
        journal.record(CHANGED, customer_id=customer.pk, by=by, at=at,
                       data={"fields": sorted(back), "undone": entry_id},
                       personal={"before": {key: after[key] for key in back}, "after": back})  # fmt: skip
    return True


def _set(customer: Customer, values: Mapping[str, Any], *, at: datetime) -> None:
    for key, value in values.items():
        setattr(customer, key, value)
    customer.save(update_fields=list(values))
    mirror([customer.pk], at=at)


def _tags(tags: list[str]) -> list[str]:
    found = sorted({tag.strip() for tag in tags if tag.strip()})
    if any(len(tag) > MOST_TAG or any(ord(letter) < 32 for letter in tag) for tag in found):
        raise CustomerError(_("A tag is one line of 1 to 50 characters."))
    return found


@transaction.atomic
def add_contact(*, customer_id: int, values: Mapping[str, Any], by: int, at: datetime) -> uuid.UUID:
    """Add a person at a customer; the values are Contact's columns. Return the fact."""
    contact = Contact(customer_id=customer_id, learned_at=at, **values)
    contact.save()
    journal.record("contact.added", customer_id=customer_id, subject=f"contact:{contact.fact}", by=by, at=at,
                   personal={"name": contact.name})  # fmt: skip
    return contact.fact
