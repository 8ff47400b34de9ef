"""Who somebody is: a person's contacts and product users that are the same, a customer with all that counts for it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable

from django.db.models import Q

from perennial.customers import access as customer_access
from perennial.customers.aliases import aliases
from perennial.customers.models import Contact, Customer, ExternalId
from perennial.customers.people import folded as _folded
from perennial.engagement.models import Touchpoint
from perennial.intake.models import Unconfirmed
from perennial.members import access
from perennial.members.models import Member
from perennial.privacy.terms import ABILITY, Match, Subject, Whom
from perennial.usage.models import ProductUser

CONTACT, USER = "contact-", "user-"


def visible(member: Member, *, path: str = "") -> Q | None:
    """Return the condition of the rows of customers on which the member has the ability; None: no row."""
    return customer_access.rows_of(member, ABILITY, path=path)


def search(member: Member, text: str, *, limit: int = 20) -> list[Match]:
    """Return the customers and people that a text finds by name, mail address or a source's id, within the member's
    scope; nothing for less than two characters. Four queries."""
    text = text.strip()
    rows = visible(member, path="customer__portfolio__")
    own = visible(member, path="portfolio__")
    if len(text) < 2 or rows is None or own is None:
        return []
    named = Customer.objects.filter(Q(name__icontains=text) | Q(legal_name__icontains=text) |
                                    Q(external_ids__external_id=text))  # fmt: skip
    found = [
        Match(Subject.CUSTOMER, one.key, one.name, "", one.name)
        for one in named.filter(own, merged_into=None).distinct().order_by("name_sort", "id")[:limit]
    ]
    asked = Q(name__icontains=text) | Q(email__icontains=text) | Q(phone__icontains=text) | Q(external_id=text)
    people = Contact.objects.current().filter(asked, rows).select_related("customer").order_by("name", "id")[:limit]
    found += [
        Match(Subject.PERSON, f"{CONTACT}{one.fact}", one.name, one.email or one.phone or one.title, one.customer.name)
        for one in people
    ]
    known = {_folded(one.email) for one in people if one.email}
    users = ProductUser.objects.filter(Q(name__icontains=text) | Q(external_id__icontains=text))
    users = users.filter(rows if access.scope_of(member, ABILITY) != "all" else rows | Q(customer=None))
    for user in users.select_related("customer").order_by("name", "id")[:limit]:
        if not {_folded(user.external_id), _folded(user.name)} & known:
            label, place = user.name or user.external_id, user.customer.name if user.customer else ""
            found.append(Match(Subject.PERSON, f"{USER}{user.pk}", label, f"{user.source}: {user.external_id}", place))
    return found


def customer(member: Member, key: str) -> Whom | None:
    """Return a customer within the member's scope, None for any other."""
    own = visible(member, path="portfolio__")
    row = None if own is None else Customer.objects.filter(own, key=key, merged_into=None).first()
    return None if row is None else of_customer(row.pk)


def of_customer(customer_id: int) -> Whom:
    """Return a customer with all that counts for it; six queries."""
    family = tuple(aliases().family([customer_id]))
    rows = list(Customer.objects.filter(id__in=family).order_by("id"))
    head = next(row for row in rows if row.pk == customer_id)
    logins = {*ExternalId.objects.filter(customer_id__in=family).values_list("source", "external_id"),
              *Unconfirmed.objects.filter(customer_id__in=family).values_list("source", "external_id")}  # fmt: skip
    contacts = list(Contact.objects.filter(customer_id__in=family))
    users = list(ProductUser.objects.filter(customer_id__in=family))
    return Whom(
        Subject.CUSTOMER, head.key, head.name, customer_id, head.name, family,
        contacts=tuple(sorted({one.fact for one in contacts})), users=tuple(sorted(one.pk for one in users)),
        logins=frozenset(logins),
        names=_said(name for row in rows for name in (row.name, row.legal_name, row.credit_code or "")),
        addresses=_addresses(contacts, users), people=_said(one.name for one in (*contacts, *users)),
    )  # fmt: skip


def person(member: Member, ref: str) -> Whom | None:
    """Return the person to whom a contact or a product user belongs, within the member's scope; None for any other."""
    rows = visible(member, path="customer__portfolio__")
    if rows is None:
        return None
    if ref.startswith(CONTACT) and (fact := _uuid(ref.removeprefix(CONTACT))):
        one = Contact.objects.current().filter(rows, fact=fact).first()
        return None if one is None else of_person(one.customer_id, contacts=[fact])
    number = ref.removeprefix(USER)
    if not ref.startswith(USER) or not number.isdecimal() or len(number) > 18:
        return None
    scope = rows if access.scope_of(member, ABILITY) != "all" else rows | Q(customer=None)
    user = ProductUser.objects.filter(scope, id=int(number)).first()
    return None if user is None else of_person(user.customer_id, users=[user.pk])


def of_person(customer_id: int | None, *, contacts: Iterable[uuid.UUID] = (), users: Iterable[int] = ()) -> Whom:
    """Return all contacts and product users of one customer that are the same person.

    The same: one mail address, or one id. A shared name alone is none: two people of a company may have it.
    Users of nobody's customer belong to him where source and id are his.
    """
    number = customer_id if customer_id is None else aliases().of(customer_id)
    family = () if number is None else tuple(aliases().family([number]))
    all_contacts = list(Contact.objects.filter(customer_id__in=family))
    all_users = list(ProductUser.objects.filter(customer_id__in=family))
    facts, ids = set(contacts), set(users)
    all_users += list(ProductUser.objects.filter(customer=None, id__in=ids))
    while True:
        mine = [one for one in all_contacts if one.fact in facts]
        own = [one for one in all_users if one.pk in ids]
        called = {_folded(text) for one in mine for text in (one.email, one.external_id or "")}
        called |= {_folded(text) for one in own for text in (one.external_id, one.name if "@" in one.name else "")}
        called.discard("")
        more = {one.fact for one in all_contacts if {_folded(one.email), _folded(one.external_id or "")} & called}
        others = {one.pk for one in all_users if {_folded(one.external_id), _folded(one.name)} & called}
        if more <= facts and others <= ids:
            break
        facts, ids = facts | more, ids | others
    logins = frozenset((one.source, one.external_id) for one in own)
    strangers = [one for one in ProductUser.objects.filter(customer=None, external_id__in={c for _s, c in logins})
                 if (one.source, one.external_id) in logins]  # fmt: skip
    ids |= {one.pk for one in strangers}
    return _person(number, family, mine, own, [*all_contacts], [*all_users], ids)


def _person(
    number: int | None, family: tuple[int, ...], mine: list[Contact], own: list[ProductUser],
    contacts: list[Contact], users: list[ProductUser], ids: set[int],
) -> Whom:  # fmt: skip
    facts = {one.fact for one in mine}
    names = _said([*(one.name for one in mine), *(one.name for one in own)])
    addresses = _addresses(mine, own)
    other_contacts = [one for one in contacts if one.fact not in facts]
    other_users = [one for one in users if one.pk not in ids]
    others = _said([*(one.name for one in other_contacts), *(one.name for one in other_users)])
    others |= _addresses(other_contacts, other_users)
    row = Customer.objects.filter(id=number).first() if number is not None else None
    current = next((one for one in mine if one.superseded_at is None), None)
    first = current or (own[0] if own else None)
    ref = f"{CONTACT}{current.fact}" if current else f"{USER}{own[0].pk}" if own else ""
    return Whom(
        Subject.PERSON, ref, (first.name or getattr(first, "external_id", "") or ref) if first else "", number,
        row.name if row else "", family, contacts=tuple(sorted(facts)), users=tuple(sorted(ids)),
        touchpoints=tuple(sorted({one.fact for one in Touchpoint.objects.filter(contact_fact__in=facts)})),
        logins=frozenset((one.source, one.external_id) for one in own)
        | frozenset((one.source, one.external_id) for one in mine if one.external_id),
        names=names - addresses, addresses=addresses, others=frozenset(others - names - addresses),
    )  # fmt: skip


def _addresses(contacts: Iterable[Contact], users: Iterable[ProductUser]) -> frozenset[str]:
    """Return what is nobody else's: mail addresses, and phones of six digits and more."""
    said = [text for one in contacts for text in (one.email, one.phone)]
    said += [text for one in users for text in (one.name, one.external_id) if "@" in text]
    return frozenset(text for text in _said(said) if "@" in text or len(re.sub(r"\D", "", text)) >= 6)


def _said(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(text.strip() for text in texts if text.strip())


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
