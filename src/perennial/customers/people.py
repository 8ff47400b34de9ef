"""Contacts that a text finds, within the member's scope: by name, mail or phone, whatever the phone is parted with; and
those who are called champion."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F, Q, Value
from django.db.models.functions import Replace

from perennial.customers.access import rows_of
from perennial.customers.belonging import WHOSE, theirs
from perennial.customers.models import Contact, Customer
from perennial.members.models import Member

FROM_LETTERS, FROM_DIGITS = 2, 4
_PARTED_BY = (" ", "-", "(", ")", ".", "+")
_NUMBER = re.compile(r"[\d\s()+.\-]+")


@dataclass(frozen=True, slots=True)
class Found:
    """A person at a customer of the member; `key` is the customer's."""

    name: str
    title: str
    customer_name: str
    key: str


def found(member: Member, text: str, *, limit: int = 6) -> list[Found]:
    """Return the present contacts that a text finds, who left last; one query, none for less than two letters or four
    digits."""
    asked = _asked(text.strip())
    own, merged = (rows_of(member, path=f"{path}portfolio__") for path in ("customer__", "customer__merged_into__"))
    if asked is None or own is None or merged is None:
        return []
    theirs = (own & Q(customer__merged_into=None)) | (merged & Q(customer__merged_into__isnull=False))
    people = Contact.objects.current().alias(digits=_digits()).filter(asked, theirs)
    people = people.order_by(F("left_on").asc(nulls_first=True), "name", "id")
    return [_found(one, one.customer.merged_into or one.customer)
            for one in people.select_related("customer__merged_into")[:limit]]  # fmt: skip


def _found(person: Contact, customer: Customer) -> Found:
    return Found(person.name, person.title, customer.name, customer.key)


def _asked(text: str) -> Q | None:
    if _NUMBER.fullmatch(text):
        digits = re.sub(r"\D", "", text)
        return Q(digits__contains=digits) if len(digits) >= FROM_DIGITS else None
    return Q(name__icontains=text) | Q(email__icontains=text) if len(text) >= FROM_LETTERS else None


def _digits() -> Replace | F:
    """Return the phone without what parts its digits."""
    value: Replace | F = F("phone")
    for sign in _PARTED_BY:
        value = Replace(value, Value(sign), Value(""))
    return value


@dataclass(frozen=True, slots=True)
class Champion:
    """A contact as he was called champion from when to when; `customer_id`: whom he counts for. `addresses`: his mail
    address and his id, folded."""

    customer_id: int
    name: str
    addresses: tuple[str, ...]
    left_on: date | None
    learned_at: datetime
    superseded_at: datetime | None


def champions(customer_ids: Collection[int] | None = None) -> list[Champion]:
    """Return every version of a contact that calls him champion, of some customers (None: all); one query."""
    rows = Contact.objects.filter(theirs(customer_ids), is_champion=True).annotate(whose=WHOSE).order_by("id")
    told = rows.values_list("whose", "name", "email", "external_id", "left_on", "learned_at", "superseded_at")
    return [
        Champion(whose, name, tuple(text for text in (folded(email), folded(number or "")) if text), *since)
        for whose, name, email, number, *since in told
    ]


def folded(text: str) -> str:
    """Return an address or id as it is compared: two that differ in capitals are one."""
    return text.strip().casefold()
