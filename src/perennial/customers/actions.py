"""Writes of customers: set-wise upsert by (source, external id), owners, contacts."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.customers import queries, search
from perennial.customers.models import Contact, Customer, ExternalId, Ownership, PortfolioRow, Reseller
from perennial.customers.terms import CustomerFacts
from perennial.kernel import versions
from perennial.kernel.journal import actions as journal
from perennial.kernel.keeping import keep
from perennial.kernel.organisation.queries import house
from perennial.kernel.versions import Counted, Incoming
from perennial.members import queries as members
from perennial.members.access import OWNS_CUSTOMERS
from perennial.members.models import Member

CHUNK = 500
PLAIN = (
    "legal_name", "credit_code", "industry", "country", "region", "segment", "deployment", "signed_up_on",
    "first_value_on",
)  # fmt: skip


class CustomerError(ValueError):
    """What was asked cannot be done; the message says why and what to do."""


def name_sort(name: str) -> str:
    """Return the stored key by which names sort: Chinese by pinyin, all in lower case."""
    if name.isascii():
        return name.lower()[:400]
    from pypinyin import Style, lazy_pinyin  # half a second to load, so only where a name needs it

    return "".join(lazy_pinyin(name, style=Style.NORMAL)).lower()[:400]


@transaction.atomic
def upsert(
    facts: Sequence[CustomerFacts], *, by: int | None, at: datetime, import_id: int | None = None
) -> tuple[dict[str, int], Counted]:
    """Write customers of one source set-wise; return (ids by external id, counts). About ten queries for 500 rows.

    Owners and parents are given by mail address and external id; unknown owners are left out (the import reports
    them before it comes here). Idempotent: the same facts again change nothing.
    """
    counted, ids = Counted(), dict[str, int]()
    for start in range(0, len(facts), CHUNK):
        ids |= _upsert_chunk(facts[start : start + CHUNK], at=at, import_id=import_id, counted=counted)
    moved = _set_parents(facts, ids) | _set_owners(facts, ids, at=at)
    for external_id, customer_id in ids.items():
        if customer_id in moved and counted.outcomes[external_id] == "same":
            counted.same -= 1
            counted.add(external_id, "changed")
    mirror(sorted(set(ids.values())), at=at)
    if counted.new or counted.changed:
        journal.record(
            "customers.written",
            by=by,
            at=at,
            data={"new": counted.new, "changed": counted.changed, "import": import_id},
        )
    return ids, counted


def _upsert_chunk(
    facts: Sequence[CustomerFacts], *, at: datetime, import_id: int | None, counted: Counted
) -> dict[str, int]:
    source = facts[0].source
    known = {
        row.external_id: row.customer
        for row in ExternalId.objects.filter(source=source, external_id__in=[f.external_id for f in facts])
        .select_related("customer")
    }  # fmt: skip
    resellers = _resellers(facts)
    fresh: dict[str, Customer] = {}
    changed: list[Customer] = []
    for fact in facts:
        customer = known.get(fact.external_id) or fresh.get(fact.external_id)
        if customer is None:
            customer = Customer(name=fact.name or fact.external_id, learned_at=at, import_id=import_id)
            customer.name_sort = name_sort(customer.name)
            _apply(customer, fact, resellers)
            fresh[fact.external_id] = customer
        elif _apply(customer, fact, resellers):
            changed.append(customer)
    Customer.objects.bulk_create(fresh.values(), batch_size=CHUNK)
    ExternalId.objects.bulk_create(
        [ExternalId(customer=c, source=source, external_id=key) for key, c in fresh.items()], batch_size=CHUNK
    )
    if changed:
        Customer.objects.bulk_update(
            changed, ["name", "name_sort", "reseller", "tags", "custom", *PLAIN], batch_size=200
        )
    touched = {customer.pk for customer in changed}
    for fact in facts:
        old = known.get(fact.external_id)
        counted.add(fact.external_id, "new" if old is None else "changed" if old.pk in touched else "same")
    written = [*((key, c) for key, c in fresh.items()), *((f.external_id, known[f.external_id]) for f in facts
               if f.external_id in known)]  # fmt: skip
    search.index({c.pk: (c.name, c.legal_name, key, c.credit_code or "", c.name_sort) for key, c in written})
    return {key: customer.pk for key, customer in written}


def write_resellers(names: Iterable[str]) -> dict[str, int]:
    """Make the resellers not known yet; return the ids by name. Two queries."""
    wanted = sorted(set(names))
    Reseller.objects.bulk_create([Reseller(name=name) for name in wanted], ignore_conflicts=True)
    return dict(Reseller.objects.filter(name__in=wanted).values_list("name", "id"))


def _resellers(facts: Sequence[CustomerFacts]) -> dict[str, Reseller]:
    names = {fact.reseller for fact in facts if fact.reseller}
    if not names:
        return {}
    Reseller.objects.bulk_create([Reseller(name=name) for name in sorted(names)], ignore_conflicts=True)
    return {reseller.name: reseller for reseller in Reseller.objects.filter(name__in=names)}


def _apply(customer: Customer, fact: CustomerFacts, resellers: Mapping[str, Reseller]) -> bool:
    """Set what the source says; return whether anything changed."""
    wanted: dict[str, Any] = {key: getattr(fact, key) for key in PLAIN if getattr(fact, key) is not None}
    if fact.name:
        wanted["name"], wanted["name_sort"] = fact.name, name_sort(fact.name)
    if fact.tags is not None:
        wanted["tags"] = sorted(set(fact.tags))
    if fact.custom:
        wanted["custom"] = {**customer.custom, **fact.custom}
    if fact.reseller:
        wanted["reseller_id"] = resellers[fact.reseller].pk
    differs = {key: value for key, value in wanted.items() if getattr(customer, key) != value}
    for key, value in differs.items():
        setattr(customer, key, value)
    return bool(differs)


def _set_parents(facts: Sequence[CustomerFacts], ids: Mapping[str, int]) -> set[int]:
    """Hang customers below their parents; return those that moved."""
    wanted = {fact.external_id: fact.parent_external_id for fact in facts if fact.parent_external_id}
    if not wanted:
        return set()
    above = dict(
        ExternalId.objects.filter(source=facts[0].source, external_id__in=set(wanted.values())).values_list(
            "external_id", "customer_id"
        )
    )
    parents = dict(Customer.objects.exclude(parent=None).values_list("id", "parent_id"))
    moved = []
    for child, parent in wanted.items():
        child_id, parent_id = ids[child], above.get(parent or "")
        if parent_id is None or parents.get(child_id) == parent_id or _is_below(parent_id, child_id, parents):
            continue  # an unknown parent or a circle is the import's finding, not a reason to lose the row
        parents[child_id] = parent_id
        moved.append(Customer(id=child_id, parent_id=parent_id))
    Customer.objects.bulk_update(moved, ["parent"], batch_size=CHUNK)
    return {customer.pk for customer in moved}


def _is_below(node: int, top: int, parents: Mapping[int, int | None]) -> bool:
    """Return whether `node` is `top` or lies below it in the tree."""
    step: int | None = node
    while step is not None:
        if step == top:
            return True
        step = parents.get(step)
    return False


def _set_owners(facts: Sequence[CustomerFacts], ids: Mapping[str, int], *, at: datetime) -> set[int]:
    """Give customers the owners that the source names; return those that got another."""
    wanted = {ids[fact.external_id]: fact.owner_email.lower() for fact in facts if fact.owner_email}
    if not wanted:
        return set()
    owners = {m.email.lower(): m.pk for m in members.who_may(OWNS_CUSTOMERS)}
    known = {c: owners[mail] for c, mail in wanted.items() if mail in owners}
    return set(_write_owners(known, from_on=at.date(), at=at))


@transaction.atomic
def assign(
    *, customer_ids: Sequence[int], member_id: int | None, from_on: date, by: int, at: datetime
) -> dict[int, int | None]:
    """Give customers to a member (None: nobody) from a day on; return who owned each before, for undo.

    :raises CustomerError: the member is not active, or has a role that edits no customers.
    """
    if member_id is not None and not Member.objects.filter(id=member_id, is_active=True).exists():
        raise CustomerError(_("This member is not active. Choose another one."))
    if member_id is not None and not members.who_may(OWNS_CUSTOMERS, ids=[member_id]):
        raise CustomerError(_("This member cannot own customers: the role edits none. Choose another one."))
    return hand_over(dict.fromkeys(customer_ids, member_id), from_on=from_on, by=by, at=at)


@transaction.atomic
def hand_over(owners: Mapping[int, int | None], *, from_on: date, by: int, at: datetime) -> dict[int, int | None]:
    """Set each customer's owner from a day on; return who owned those that changed before.

    One journal entry for each customer that changed; a constant number of queries for 500.
    """
    before = _write_owners(owners, from_on=from_on, at=at)
    mirror(list(before), at=at)
    journal.record_each(
        "customer.assigned", {key: {"from": old, "to": owners[key]} for key, old in before.items()}, by=by, at=at
    )
    return before


def _write_owners(owners: Mapping[int, int | None], *, from_on: date, at: datetime) -> dict[int, int | None]:
    current = {
        row.customer_id: row
        for row in Ownership.objects.current().filter(customer_id__in=list(owners)).order_by("from_on")
    }
    before = {c: (current[c].member_id if c in current else None) for c in owners}
    moved = {c: m for c, m in owners.items() if c not in current or current[c].member_id != m}
    Ownership.objects.supersede([current[c].fact for c in moved if c in current], at=at)
    Ownership.objects.bulk_create(
        [
            Ownership(customer_id=c, member_id=m, from_on=from_on, learned_at=at,
                      fact=current[c].fact if c in current else uuid.uuid4())
            for c, m in moved.items()
        ],
        batch_size=CHUNK,
    )  # fmt: skip
    return {c: before[c] for c in moved}


def write_contacts(contacts: Sequence[Incoming], *, source: str, at: datetime, import_id: int | None = None) -> Counted:
    """Write contacts of one source set-wise by external id; the values are Contact's columns. Return counts."""
    return versions.write(Contact, contacts, source=source, at=at, import_id=import_id)


@transaction.atomic
def change_contact(*, fact: uuid.UUID, changes: Mapping[str, Any], by: int, at: datetime) -> None:
    """Write the next version of a contact with `changes`; the former one stays readable as of its time."""
    contact = versions.change(Contact, fact, changes, at=at)
    assert isinstance(contact, Contact)
    journal.record(
        "contact.changed",
        customer_id=contact.customer_id,
        subject=f"contact:{fact}",
        by=by,
        at=at,
        data={"fields": sorted(changes)},
    )


def mirror(customer_ids: Sequence[int], *, at: datetime) -> None:
    """Bring the portfolio rows in step with what this room knows: identity, owner, tags; the rest stays. Four queries
    for 500 customers. Lists show a new customer or owner at once; figures follow with the recompute."""
    place = house()
    owners = queries.owners(customer_ids)
    rows = []
    for customer in queries.facts_of(customer_ids).values():
        owner, team = owners.get(customer.pk, (None, None))
        rows.append(identity(customer, owner, team) | {"currency": place.currency})
    write_portfolio(rows, on=place.today(at), at=at)


def identity(customer: Customer, owner: int | None, team: int | None) -> dict[str, Any]:
    """Return the columns of a portfolio row that this room knows."""
    return {
        "customer_id": customer.pk,
        "key": customer.key,
        "name": customer.name,
        "name_sort": customer.name_sort,
        "parent_id": customer.parent_id,
        "owner_id": owner,
        "team_id": team,
        "industry": customer.industry,
        "country": customer.country,
        "region": customer.region,
        "segment": customer.segment,
        "tags": "".join(f"\n{tag}\n" for tag in customer.tags),
        "custom": customer.custom,
    }


def write_portfolio(rows: Sequence[Mapping[str, Any]], *, on: date, at: datetime) -> None:
    """Write the given columns of portfolio rows set-wise, by `customer_id`; rows are made where there are none, and
    what stands there already is not written again."""
    keep(PortfolioRow, [{**row, "as_of_on": on} for row in rows], key="customer_id", stamp={"updated_at": at})
