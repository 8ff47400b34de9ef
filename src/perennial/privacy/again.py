"""After a restore: the home's list of erasures against records that may be older, before anything serves."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction

from perennial.customers.models import Contact, Customer
from perennial.kernel import erasures
from perennial.privacy.actions import announce, record
from perennial.privacy.models import Erasure
from perennial.privacy.terms import Subject, Whom
from perennial.privacy.whom import of_customer, of_person
from perennial.usage.models import ProductUser


def apply_again(*, at: datetime) -> int:
    """Bring list and records in step, both ways; return how many erasures were applied once more. Safe to run twice.

    A number alone is no proof: records restored from before somebody came give his number to another later. So a
    customer or user is erased only where its mark on the list is that of the row.
    """
    known = set(Erasure.objects.values_list("key", flat=True))
    listed = erasures.entries()
    applied = 0
    for entry in listed:
        if entry["key"] not in known:
            whom = _found(entry)
            with transaction.atomic():
                record(whom, _narrowed(entry, whom), reason="", by=None, at=at, again=True)
            announce(Erasure.objects.get(key=entry["key"]).entry)
            applied += 1
    for missing in Erasure.objects.exclude(key__in=[entry["key"] for entry in listed]).order_by("id"):
        erasures.append(missing.entry)  # the list was lost, the records were not
    return applied


def _found(entry: erasures.Entry) -> Whom:
    """Return who the entry names in these records: nobody where he is not there, or not there any more."""
    salt = entry["salt"]
    if entry["subject"] == Subject.CUSTOMER:
        row = Customer.objects.filter(id=entry["customer"]).first()
        if row is not None and entry["customers"].get(str(row.pk)) == erasures.mark(salt, "customer", row.key):
            return of_customer(row.pk)
        return _nobody(Subject.CUSTOMER)
    facts = [uuid.UUID(fact) for fact in entry["contacts"]]
    contacts = list(Contact.objects.filter(fact__in=facts))
    users = [row for row in ProductUser.objects.filter(id__in=[int(number) for number in entry["users"]])
             if entry["users"][str(row.pk)] == erasures.mark(salt, "user", row.source, row.external_id)]  # fmt: skip
    if not contacts and not users:
        return _nobody(Subject.PERSON)
    owners = [row.customer_id for row in (*contacts, *users) if row.customer_id is not None]
    number = owners[0] if owners else None
    return of_person(number, contacts={row.fact for row in contacts}, users={row.pk for row in users})


def _narrowed(entry: erasures.Entry, whom: Whom) -> erasures.Entry:
    """Return the entry with the numbers that are still theirs: another's usage is not to be hidden."""
    family = {str(number) for number in whom.family}
    users = {str(number) for number in whom.users}
    return {
        **entry,
        "customers": {number: mark for number, mark in entry["customers"].items() if number in family},
        "users": {number: mark for number, mark in entry["users"].items() if number in users},
    }


def _nobody(subject: Subject) -> Whom:
    return Whom(subject, "", "", None, "", ())
