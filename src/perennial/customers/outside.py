"""Customers asked for and written from outside (the API), within the rights of the member who asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.blueprint.terms import Scope
from perennial.customers import actions, queries
from perennial.customers.access import customers_of
from perennial.customers.terms import CustomerFacts
from perennial.kernel.conditions.terms import AllOf, AnyOf, Condition, Not, Tree, conditions
from perennial.members import access
from perennial.members import queries as members
from perennial.members.models import Member

ABILITY, ASSIGN = "customers.edit", "customers.assign"
NOBODY = "0"
Item = Mapping[str, Any]


def with_numbers(tree: Tree) -> Tree:
    """Return a tree that names owners by mail address and groups by key with the rows' numbers in their place; who is
    unknown is nobody. One query for each of the two that is asked about."""
    fields = {asked.field for asked in conditions(tree)}
    numbers: dict[str, Mapping[str, int]] = {}
    if "owner" in fields:
        numbers["owner"] = {member.email.lower(): member.pk for member in members.members()}
    if "parent" in fields:
        keys = [key for asked in conditions(tree) if asked.field == "parent" for key in _texts(asked)]
        numbers["parent"] = {key.lower(): pk for key, pk in queries.ids_of_keys(keys).items()}
    return _numbered(tree, numbers) if numbers else tree


def _texts(asked: Condition) -> list[str]:
    return [str(one) for one in (asked.value if isinstance(asked.value, tuple) else (asked.value,))]


def _numbered(tree: Tree, numbers: Mapping[str, Mapping[str, int]]) -> Tree:
    match tree:
        case Condition(field=field, value=value) if field in numbers and value is not None:
            found = tuple(str(numbers[field].get(text.lower(), NOBODY)) for text in _texts(tree))
            return replace(tree, value=found if isinstance(value, tuple) else found[0])
        case Condition():
            return tree
        case Not(part):
            return Not(_numbered(part, numbers))
        case AllOf(parts):
            return AllOf(tuple(_numbered(part, numbers) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(_numbered(part, numbers) for part in parts))


@transaction.atomic
def upsert(member: Member, *, source: str, items: Sequence[Item], at: datetime) -> list[dict[str, str]]:
    """Write what the member may write; return `{external_id, result, reason}` per item, in their order.

    result: new, changed, same or rejected. Who may edit only a book may not add customers, and a customer of another
    book looks like one that may not be added. Giving an owner needs the ability to assign. The same item twice is
    written once; an id that stands twice with different content is rejected where it stands again. Set-wise.
    """
    known = _Known.of(member, source, items)
    reasons: dict[int, str] = {}
    first: dict[str, int] = {}
    for number, item in enumerate(items):
        before = first.setdefault(item["external_id"], number)
        if items[before] != item:
            reasons[number] = _("This external id stands twice with different content.")
        elif reason := reasons.get(before) or known.refusal(item):
            reasons[number] = reason
    facts = [_facts(source, items[number]) for number in first.values() if number not in reasons]
    outcomes = actions.upsert(facts, by=member.pk, at=at)[1].outcomes if facts else {}
    return [
        _verdict(item, "rejected", reasons[number]) if number in reasons
        else _verdict(item, outcomes[item["external_id"]] if first[item["external_id"]] == number else "same")
        for number, item in enumerate(items)
    ]  # fmt: skip


def _verdict(item: Item, result: str, reason: str = "") -> dict[str, str]:
    return {"external_id": item["external_id"], "result": result, "reason": reason}


def _facts(source: str, item: Item) -> CustomerFacts:
    tags = item.get("tags")
    return CustomerFacts(source=source, **{**item, "tags": None if tags is None else tuple(tags)})


@dataclass(frozen=True)
class _Known:
    """What the refusals are judged by, read at once: seven queries for 500 items."""

    ids: Mapping[str, int]
    parents: Mapping[str, int]
    editable: set[int]
    assignable: set[int]
    visible: set[int]
    may_add: bool
    mails: set[str]
    codes: Mapping[str, int]
    wanted_codes: Mapping[str, int]
    coming: set[str]

    @classmethod
    def of(cls, member: Member, source: str, items: Sequence[Item]) -> _Known:
        ids = queries.ids_of(source, [item["external_id"] for item in items])
        parents = queries.ids_of(source, sorted({item["parent_external_id"] for item in items
                                                 if item.get("parent_external_id")}))  # fmt: skip
        codes = {(item["external_id"], item["credit_code"]) for item in items if item.get("credit_code")}
        return cls(
            ids=ids,
            parents=parents,
            editable=_those(member, ABILITY, ids),
            assignable=_those(member, ASSIGN, ids),
            visible=_those(member, "customers.read", parents),
            may_add=access.scope_of(member, ABILITY) == Scope.ALL,
            mails={one.email.lower() for one in members.who_may(access.OWNS_CUSTOMERS)},
            codes=queries.ids_of_credit_codes([code for _id, code in codes]),
            wanted_codes=Counter(code for _id, code in codes),
            coming={item["external_id"] for item in items},
        )

    def refusal(self, item: Item) -> str:
        """Return why an item is refused, "" where it is not."""
        known = self.ids.get(item["external_id"])
        if (known is None and not self.may_add) or (known is not None and known not in self.editable):
            return _("You may not add customers.")
        if known is None and not item.get("name"):
            return _("A new customer needs a name.")
        return self._owner(item, known) or self._parent(item) or self._code(item, known)

    def _owner(self, item: Item, known: int | None) -> str:
        mail = item.get("owner_email")
        if not mail:
            return ""
        if known is not None and known not in self.assignable:
            return _("You may not give this customer an owner.")
        return "" if mail.lower() in self.mails else _("No active member with this mail address may own customers.")

    def _parent(self, item: Item) -> str:
        """A parent may come in the same call; one of another book looks like none."""
        above = item.get("parent_external_id")
        if not above or (above in self.coming and self.may_add):
            return ""
        return "" if self.parents.get(above) in self.visible else _("There is no customer with the id of the parent.")

    def _code(self, item: Item, known: int | None) -> str:
        code = item.get("credit_code")
        if code and (self.codes.get(code, known) != known or self.wanted_codes[code] > 1):
            return _("Another customer has this unified social credit code.")
        return ""


def _those(member: Member, ability: str, ids: Mapping[str, int]) -> set[int]:
    return set(customers_of(member, ability).filter(id__in=set(ids.values())).values_list("id", flat=True))
