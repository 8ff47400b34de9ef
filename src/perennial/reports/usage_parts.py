"""Of whom the analysis pages speak: the customers that a member sees, and the part that each is in.

A customer counts by what it is today, as retention told apart does: whose book, which tier. By product it counts under
each product that it pays for today.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from django.db.models import F, QuerySet, Value
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from perennial.blueprint import queries as blueprint
from perennial.contracts import ledger
from perennial.contracts.rates import Exchange
from perennial.customers.access import portfolio_of, rows_of, visible_fields
from perennial.customers.catalogue import FIELDS
from perennial.customers.models import PortfolioRow
from perennial.members import access
from perennial.members.models import Member
from perennial.reports.labels import choice_words


class Breakdown(StrEnum):
    """What customers, or by feature their use, are told apart by."""

    NONE = "none"
    SEGMENT = "segment"
    TIER = "tier"
    OWNER = "owner"
    PRODUCT = "product"
    FEATURE = "feature"

    @property
    def label(self) -> str | Promise:
        """Return what it is called."""
        named = {Breakdown.NONE: _("All together"), Breakdown.PRODUCT: _("Product"), Breakdown.FEATURE: _("Feature")}
        return named.get(self) or FIELDS[self.value].label


@dataclass(frozen=True, slots=True)
class Part:
    """Customers of one value. `value` is what an address carries, "" where the value is unknown; `label` "" then. By
    feature `customer_ids` is None: it is use that is told apart, and whose it is changes from day to day."""

    value: str
    label: str
    customer_ids: Sequence[int] | None

    @property
    def customers(self) -> int | None:
        """Return how many customers it has; None by feature."""
        return None if self.customer_ids is None else len(self.customer_ids)


@dataclass(frozen=True, slots=True)
class Parts:
    """The customers that are seen, and their parts, the one with most customers first; who is unknown comes last."""

    breakdown: Breakdown
    customer_ids: Sequence[int]
    parts: Sequence[Part]

    def pairs(self) -> list[tuple[int, int]]:
        """Return (customer, place of its part); without a breakdown everybody is in part 0."""
        if not self.parts:
            return [(one, 0) for one in self.customer_ids]
        return [(one, place) for place, part in enumerate(self.parts) for one in part.customer_ids or ()]


def rows_seen(member: Member, *, leaving: bool = False) -> QuerySet[PortfolioRow]:
    """Return the portfolio rows that a member sees; `leaving`: of these the ones that it may export."""
    rows = portfolio_of(member)
    if not leaving:
        return rows
    may = rows_of(member, "exports.run")
    return rows.none() if may is None else rows.filter(may)


def sees_owners(member: Member) -> bool:
    """Return whether a member may see whose book a customer is in."""
    return "owner" in visible_fields(member)


def named(member: Member, rows: QuerySet[PortfolioRow]) -> dict[int, tuple[str, str, str]]:
    """Return key, name and CSM of customers by number; the CSM is "" for nobody, and for whom they are hidden from. One
    query."""
    told = rows.values_list("customer_id", "key", "name", F("owner__name") if sees_owners(member) else Value(""))
    return {number: (key, name, owner or "") for number, key, name, owner in told}


def breakdowns_of(member: Member) -> list[Breakdown]:
    """Return what a member may tell use apart by: neither hidden fields nor, without revenue, products."""
    fields = visible_fields(member)
    seen = {one.value for one in Breakdown if one.value in fields} | {"none", "feature"}
    if access.may(member, "revenue.read"):
        seen.add(Breakdown.PRODUCT.value)
    return [one for one in Breakdown if one.value in seen]


def parts_of(member: Member, breakdown: Breakdown, *, on: date, currency: str, leaving: bool = False) -> Parts:
    """Return the customers that a member sees in parts; by feature in none: it is their use that is told apart. One
    query, three by product, however many customers."""
    rows = rows_seen(member, leaving=leaving)
    if breakdown in (Breakdown.NONE, Breakdown.FEATURE):
        return Parts(breakdown, list(rows.values_list("customer_id", flat=True)), [])
    found: list[tuple[int, Any]]
    labels: Mapping[Any, str]
    if breakdown is Breakdown.OWNER:
        owned = list(rows.values_list("customer_id", "owner_id", "owner__name"))
        found = [(customer, owner) for customer, owner, _name in owned]
        labels = {owner: name for _customer, owner, name in owned}
    elif breakdown is Breakdown.PRODUCT:
        found, labels = (
            _by_product(member, list(rows.values_list("customer_id", flat=True)), on),
            ledger.product_names(),
        )
    else:
        found = [(one, value or None) for one, value in rows.values_list("customer_id", FIELDS[breakdown.value].column)]
        labels = _words(breakdown, currency)
    return Parts(breakdown, list(dict.fromkeys(one for one, _value in found)), _grouped(found, labels))


def _by_product(member: Member, customer_ids: list[int], on: date) -> list[tuple[int, Any]]:
    revenue = rows_of(member, "revenue.read", path="customer__portfolio__")
    held: dict[int, list[Any]] = {one: [] for one in customer_ids}
    if revenue is not None:
        for (customer, product), amount in ledger.balances_by_product(on, revenue, Exchange.of_house()).items():
            if amount > 0 and customer in held:
                held[customer].append(product)
    return [(customer, product) for customer, products in held.items() for product in products or [None]]


def _words(breakdown: Breakdown, currency: str) -> Mapping[Any, str]:
    if breakdown is Breakdown.SEGMENT:
        language = get_language() or "en"
        return {rule.key: rule.label.text(language) for rule in blueprint.stage_rules()}
    return choice_words(currency).get(breakdown.value, {})


def _grouped(found: Sequence[tuple[int, Any]], labels: Mapping[Any, str]) -> list[Part]:
    members: dict[Any, list[int]] = {}
    for customer, value in found:
        members.setdefault(value, []).append(customer)
    sizes = Counter({value: len(ids) for value, ids in members.items()})
    order = sorted(members, key=lambda value: (value is None, -sizes[value], str(labels.get(value, value))))
    return [
        Part(
            "" if value is None else str(value), "" if value is None else str(labels.get(value, value)), members[value]
        )
        for value in order
    ]
