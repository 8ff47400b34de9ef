"""Reads of customers: the list with keyset paging, one customer, contacts, identity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet, prefetch_related_objects
from django.utils.translation import gettext as _

from perennial.customers import keyset, search
from perennial.customers.belonging import WHOSE, theirs
from perennial.customers.catalogue import COLUMNS, FIELDS
from perennial.customers.models import Contact, Customer, ExternalId, Ownership, PortfolioRow, SavedView
from perennial.customers.terms import ListError
from perennial.kernel.conditions.sql import to_q
from perennial.kernel.conditions.terms import Tree, conditions

PAGE = 50
_STORED_SORT = {"name": "name_sort"}


@dataclass(frozen=True)
class Page:
    """One page of the list. `after` is the mark of the next page, None on the last; `before` leads back."""

    rows: list[PortfolioRow]
    after: str | None
    before: str | None


def chosen(rows: QuerySet[PortfolioRow], *, tree: Tree | None, text: str, as_of: date) -> QuerySet[PortfolioRow]:
    """Narrow the rows to a condition tree and a search text. No query of its own.

    :raises ListError: a condition on the owner or the group that names no number.
    """
    if tree is not None:
        _refuse_words_for_numbers(tree)
        rows = rows.filter(to_q(tree, COLUMNS, as_of))
    if text.strip():
        found = search.matching(text)
        rows = rows.none() if found is None else rows.filter(customer_id__in=found)
    return rows


def _refuse_words_for_numbers(tree: Tree) -> None:
    for asked in conditions(tree):
        if COLUMNS[asked.field].endswith("_id") and asked.value is not None:
            values = asked.value if isinstance(asked.value, tuple) else (asked.value,)
            if not all(str(value).isdecimal() and len(str(value)) < 19 for value in values):
                raise ListError(_("%(key)s is compared with a number.") % {"key": asked.field})


def in_step(on: date, customer_ids: Sequence[int]) -> set[int]:
    """Return those of the customers whose portfolio row is of a day; one query."""
    rows = PortfolioRow.objects.filter(customer_id__in=customer_ids, as_of_on=on)
    return set(rows.values_list("customer_id", flat=True))


def page(rows: QuerySet[PortfolioRow], *, sort: str, mark: str | None = None, size: int = PAGE) -> Page:
    """Return one page in the order of `sort` ("mrr" up, "-mrr" down), unknown values last; at most six queries.

    Keyset paging: the mark holds the last row's place, so page 1,000 costs what page 1 costs.

    :raises ListError: an unknown sort or a damaged mark.
    """
    column, down = sort_of(sort)
    place = keyset.place_of(mark, column)
    found = keyset.take(rows, keyset.Order(column, down), place, size + 1)
    more = len(found) > size
    found = found[:size]
    backwards = place is not None and place.backwards
    if backwards:
        found.reverse()
    prefetch_related_objects(found, "owner", "parent")  # joined, they would keep SQLite from stopping at a full page
    has_after, has_before = (True, more) if backwards else (more, place is not None)
    return Page(
        rows=found,
        after=keyset.mark_of(found[-1], column, backwards=False) if found and has_after else None,
        before=keyset.mark_of(found[0], column, backwards=True) if found and has_before else None,
    )


def page_of(rows: Sequence[PortfolioRow], *, sort: str, mark: str | None = None, size: int = PAGE) -> Page:
    """Return one page of rows in memory in the same order and with the same marks as `page`; forward only.

    :raises ListError: an unknown sort or a damaged mark.
    """
    column, down = sort_of(sort)
    known = sorted((r for r in rows if getattr(r, column) is not None),
                   key=lambda r: (getattr(r, column), r.customer_id), reverse=down)  # fmt: skip
    unknown = sorted((r for r in rows if getattr(r, column) is None), key=lambda r: r.customer_id, reverse=down)
    place = keyset.place_of(mark, column)
    rest = [r for r in [*known, *unknown] if place is None or keyset.lies_beyond(r, keyset.Order(column, down), place)]
    found = rest[:size]
    more = len(rest) > size
    return Page(rows=found, after=keyset.mark_of(found[-1], column, backwards=False) if more else None, before=None)


def sort_of(sort: str) -> tuple[str, bool]:
    """Return (stored column, falling?) of a sort.

    :raises ListError: there is no such field, or the list cannot be sorted by it.
    """
    key = sort.removeprefix("-")
    field = FIELDS.get(key)
    if field is None or not field.sortable:
        raise ListError(_("The list cannot be sorted by %(key)s.") % {"key": key})
    return _STORED_SORT.get(key, field.column), sort.startswith("-")


def by_key(customers: QuerySet[Customer], key: str) -> Customer | None:
    """Return the customer of a public key among `customers` (what the member may see), else None; one query."""
    return customers.select_related("portfolio", "portfolio__owner", "parent", "reseller").filter(key=key).first()


def remaining(customers: QuerySet[Customer], key: str) -> str | None:
    """Return the key of the customer, among `customers`, that the customer of a key was merged into; one query."""
    return customers.filter(absorbed__key=key).values_list("key", flat=True).first()


def ids_of(source: str, external_ids: Sequence[str]) -> dict[str, int]:
    """Return customer ids by external id of one source, merged ones resolved; one query for 500."""
    found: dict[str, int] = {}
    for start in range(0, len(external_ids), 500):
        chunk = external_ids[start : start + 500]
        rows = ExternalId.objects.filter(source=source, external_id__in=chunk)
        for external_id, customer_id, into in rows.values_list(
            "external_id", "customer_id", "customer__merged_into_id"
        ):
            found[external_id] = into or customer_id
    return found


def ids_named(source: str, external_ids: Sequence[str]) -> dict[str, int]:
    """Return customer ids by external id: of this source, else of the only customer called so by any source; two
    queries for 500."""
    found = ids_of(source, external_ids)
    elsewhere: dict[str, set[int]] = {}
    missing = [external_id for external_id in external_ids if external_id not in found]
    for start in range(0, len(missing), 500):
        rows = ExternalId.objects.filter(external_id__in=missing[start : start + 500])
        for external_id, customer_id, into in rows.values_list(
            "external_id", "customer_id", "customer__merged_into_id"
        ):
            elsewhere.setdefault(external_id, set()).add(into or customer_id)
    return found | {external_id: next(iter(ids)) for external_id, ids in elsewhere.items() if len(ids) == 1}


def ids_of_keys(keys: Sequence[str]) -> dict[str, int]:
    """Return customer ids by public key; one query."""
    return dict(Customer.objects.filter(key__in=keys).values_list("key", "id"))


def ids_of_credit_codes(codes: Sequence[str]) -> dict[str, int]:
    """Return customer ids by unified social credit code; one query for 500."""
    found: dict[str, int] = {}
    for start in range(0, len(codes), 500):
        rows = Customer.objects.filter(credit_code__in=codes[start : start + 500])
        found |= {str(code): customer_id for code, customer_id in rows.values_list("credit_code", "id")}
    return found


def contacts_of(customer_id: int) -> list[Contact]:
    """Return a customer's contacts as known now, deciders first, those who left last; one query."""
    rows = Contact.objects.current().filter(theirs([customer_id]))
    return sorted(rows, key=lambda c: (c.left_on is not None, c.level or 9, -(c.rung or 0), c.name))


def children_of(customer_id: int) -> list[Customer]:
    """Return the customers directly below one, by name; one query."""
    return list(Customer.objects.filter(parent_id=customer_id, merged_into=None).order_by("name_sort"))


def saved_views(*, member_id: int) -> list[SavedView]:
    """Return the member's saved views and those shared by others, by name; one query."""
    return list(
        SavedView.objects.filter(Q(member_id=member_id) | Q(shared=True))
        .select_related("member")
        .order_by("name", "id")
    )


def all_ids() -> list[int]:
    """Return the ids of all customers that were not merged into another; one query."""
    return list(Customer.objects.filter(merged_into=None).order_by("id").values_list("id", flat=True))


@dataclass(frozen=True)
class Relationship:
    """What is known of a customer's people on a day. `level_1_rung` 0..4, None: contacts are kept but none is level 1.

    `champion_left_on`: the last champion's leaving, None where one is there or none was ever named.
    """

    has_level_1: bool
    level_1_rung: int | None
    champion_left_on: date | None
    learned_on: date


def relationships(on: date, customer_ids: Sequence[int] | None = None) -> dict[int, Relationship]:
    """Return the relationship of each customer that has contacts, as of a day; others are left out. One query."""
    people: dict[int, list[Any]] = {}
    for contact in people_of(customer_ids):
        people.setdefault(contact.whose, []).append(contact)
    return {customer_id: relationship(contacts, on) for customer_id, contacts in people.items()}


def people_of(customer_ids: Sequence[int] | None = None) -> list[Any]:
    """Return what `relationships` asks of each contact, for those who ask for many days: whose, level, rung,
    is_champion, left_on, learned_at. One query."""
    rows = Contact.objects.current().filter(theirs(customer_ids)).annotate(whose=WHOSE)
    return list(rows.values_list("whose", "level", "rung", "is_champion", "left_on", "learned_at", named=True))


def relationship(contacts: Sequence[Any], on: date) -> Relationship:
    """Return what the contacts of one customer (`people_of`) say as of a day. No query."""
    present = [c for c in contacts if c.left_on is None or c.left_on > on]
    deciders = [c for c in present if c.level == 1]
    rungs = [c.rung for c in deciders if c.rung is not None]
    left = [c.left_on for c in contacts if c.is_champion and c.left_on is not None and c.left_on <= on]
    return Relationship(
        has_level_1=bool(deciders),
        level_1_rung=max(rungs, default=None),
        champion_left_on=None if any(c.is_champion for c in present) else max(left, default=None),
        learned_on=max(c.learned_at.date() for c in contacts),
    )


def facts_of(customer_ids: Sequence[int] | None = None) -> dict[int, Customer]:
    """Return the customers that were not merged away, by id; one query."""
    rows = Customer.objects.filter(merged_into=None)
    return {c.pk: c for c in (rows if customer_ids is None else rows.filter(id__in=customer_ids))}


def segments(customer_ids: Sequence[int]) -> dict[int, str | None]:
    """Return each customer's declared segment, None where none is; one query for 500."""
    found: dict[int, str | None] = {}
    for start in range(0, len(customer_ids), 500):
        rows = Customer.objects.filter(id__in=customer_ids[start : start + 500])
        found |= dict(rows.values_list("id", "segment"))
    return found


def regions() -> dict[int, str]:
    """Return the region of each customer that was not merged away and has one; one query."""
    rows = Customer.objects.filter(merged_into=None, region__gt="").values_list("id", "region")
    return {customer: region for customer, region in rows if region}


def owners(customer_ids: Sequence[int] | None = None) -> dict[int, tuple[int | None, int | None]]:
    """Return each owned customer's (owner's id, owner's team id) as known now; one query."""
    rows = Ownership.objects.current()
    if customer_ids is not None:
        rows = rows.filter(customer_id__in=customer_ids)
    return {c: (member, team) for c, member, team in rows.values_list("customer_id", "member_id", "member__team_id")}


def external_ids(customer_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return what each source calls the customers: id → source → external id; one query."""
    found: dict[int, dict[str, str]] = {}
    rows = ExternalId.objects.filter(customer_id__in=customer_ids).order_by("id")
    for customer_id, source, external_id in rows.values_list("customer_id", "source", "external_id"):
        found.setdefault(customer_id, {})[source] = external_id
    return found


def by_external_id(customers: QuerySet[Customer], external_id: str, *, source: str | None = None) -> Customer | None:
    """Return the customer of an external id (of `source`, or any) or of a public key, among `customers`; one query."""
    named = Q(external_ids__external_id=external_id)
    if source is not None:
        named &= Q(external_ids__source=source)
    rows = customers.select_related("portfolio", "portfolio__owner", "portfolio__parent")
    return rows.filter(named | Q(key=external_id)).order_by("id").first()


def ids_by_unique_name(names: Sequence[str]) -> dict[str, int]:
    """Return the customer of each name that exactly one customer has; a name that two have is left out. One query for
    500. Never identity by name alone where an id is there: only for files that carry no ids."""
    found: dict[str, list[int]] = {}
    for start in range(0, len(names), 500):
        rows = Customer.objects.filter(merged_into=None, name__in=names[start : start + 500])
        for name, customer_id in rows.values_list("name", "id"):
            found.setdefault(name, []).append(customer_id)
    return {name: ids[0] for name, ids in found.items() if len(ids) == 1}


def all_external_ids(source: str) -> dict[str, int]:
    """Return every customer of a source by external id, merged ones resolved; one query."""
    rows = ExternalId.objects.filter(source=source).values_list(
        "external_id", "customer_id", "customer__merged_into_id"
    )
    return {external_id: into or customer_id for external_id, customer_id, into in rows}


def sources() -> list[str]:
    """Return the names of the systems that call customers by an id of theirs; one query."""
    return list(ExternalId.objects.order_by("source").values_list("source", flat=True).distinct())


def names_of(customer_ids: Sequence[int]) -> dict[int, str]:
    """Return the names of customers by id; one query for 500."""
    found: dict[int, str] = {}
    for start in range(0, len(customer_ids), 500):
        found |= dict(Customer.objects.filter(id__in=customer_ids[start : start + 500]).values_list("id", "name"))
    return found
