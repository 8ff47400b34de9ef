"""Which feature is used by how many customers, and who uses one and who does not.

The base are the live customers that the member sees; where none is live (no contract is known), all that it sees.
How many users a feature has is not known: the facts count events by customer and feature, and users by customer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from perennial.blueprint import queries as blueprint
from perennial.contracts import queries as contracts
from perennial.lake.answers import FeatureUse
from perennial.members.models import Member
from perennial.reports.usage_parts import named, rows_seen
from perennial.usage import analysis
from perennial.usage.calculations.breadth import is_meant


@dataclass(frozen=True)
class Base:
    """Of whom shares are taken. `named`: customer → its key, name and CSM ("": none, or hidden)."""

    named: Mapping[int, tuple[str, str, str]]
    is_live: bool

    @property
    def ids(self) -> list[int]:
        """Return the customers' numbers."""
        return list(self.named)


def base_of(member: Member, *, leaving: bool = False) -> Base:
    """Return the customers that features are told of. One query, two where none is live."""
    rows = rows_seen(member, leaving=leaving)
    live = named(member, rows.filter(is_live=True))
    return Base(live, is_live=True) if live else Base(named(member, rows), is_live=False)


@dataclass(frozen=True, slots=True)
class Adoption:
    """A feature of the 28 days up to a day: its customers as a share of the base, its events, and both as they were in
    the 28 days before. `change` of events is None where there were none before."""

    feature: str
    customers: int
    customers_before: int
    share: Fraction
    events: int
    events_before: int

    @property
    def change(self) -> Fraction | None:
        """Return the growth of events."""
        return Fraction(self.events - self.events_before, self.events_before) if self.events_before else None


def adoption(base: Base, on: date) -> list[Adoption]:
    """Return every feature used in the 56 days up to a day, that of most customers first. One query."""
    found = analysis.features(base.ids, on=on) if base.named else []
    return sorted((_of(one, len(base.named)) for one in found), key=lambda one: (-one.customers, -one.events))


def _of(one: FeatureUse, count: int) -> Adoption:
    return Adoption(
        one.feature, one.customers, one.customers_before, Fraction(one.customers, count), one.events, one.events_before
    )


def products_of(found: Sequence[Adoption], on: date) -> dict[str, str]:
    """Return the products of each feature, by name, as the method lists them for a day; a feature of none is left out.
    No query where it lists none, else one."""
    listed = blueprint.products(on)
    names = contracts.product_names_by_code([one.product for one in listed])
    told = {
        one.feature: [
            names.get(product.product, product.product)
            for product in listed
            if any(is_meant(feature, one.feature) for feature in product.features)
        ]
        for one in found
    }
    return {feature: ", ".join(products) for feature, products in told.items() if products}


@dataclass(frozen=True, slots=True)
class CustomerUse:
    """A customer and what it does with a feature: events of 28 days, of the 28 before, and of all features."""

    key: str
    name: str
    owner: str
    events: int
    events_before: int
    all_events: int


@dataclass(frozen=True)
class Users:
    """The customers with a feature, the most events of it first, and without, the most other use first."""

    using: Sequence[CustomerUse]
    without: Sequence[CustomerUse]


def customers_of(base: Base, feature: str, on: date) -> Users:
    """Return who of the base used a feature in the 28 days up to a day, and who did not. One query."""
    found = {one.customer: one for one in analysis.customers_of(feature, base.ids, on=on)} if base.named else {}
    everybody = [
        CustomerUse(*named, one.events, one.events_before, one.all_events) if one else CustomerUse(*named, 0, 0, 0)
        for number, named in base.named.items()
        for one in [found.get(number)]
    ]
    using = sorted((one for one in everybody if one.events), key=lambda one: (-one.events, one.name))
    without = sorted((one for one in everybody if not one.events), key=lambda one: (-one.all_events, one.name))
    return Users(using, without)
