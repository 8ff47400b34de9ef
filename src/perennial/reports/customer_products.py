"""The usage of one customer by product, beside what it bought: the method says which features a product has."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from perennial.blueprint import queries as blueprint
from perennial.contracts import queries as contracts
from perennial.reports.customer_file import File
from perennial.usage import analysis
from perennial.usage import queries as usage
from perennial.usage.calculations.breadth import Breadth, FeatureUses, breadth, in_none, uses_of
from perennial.usage.lake import WINDOW


@dataclass(frozen=True)
class ProductUse:
    """A product and the core events of 28 days of its features. `is_bought`: a running line of a contract names it
    (None: not for the member to see); `adopted`: how many of its features are used often enough."""

    name: str
    is_bought: bool | None
    events: int
    features: Sequence[FeatureUses]
    adopted: int


@dataclass(frozen=True)
class ByProduct:
    """Products in the order of the method's list, of the 28 days up to `on` (None: nobody was ever measured).

    `others`: core events of features that no product names. `breadth` None: not for the member to see, or nothing was
    ever measured of the customer.
    """

    on: date | None
    products: Sequence[ProductUse]
    others: int
    breadth: Breadth | None


def is_told(on: date) -> bool:
    """Return whether the method says for a day which features any product has."""
    return bool(blueprint.products(on))


def by_product(file: File) -> ByProduct:
    """Return a customer's usage by product. Seven queries at most."""
    computed = analysis.last_computed_on()
    on = file.on if computed is None else min(computed, file.on)
    listed = blueprint.products(on)
    used, users = _used(file, on), _users(file, on)
    names = contracts.product_names_by_code([one.product for one in listed])
    running = _running(file) if file.sees_revenue else None
    found = []
    for one in listed:
        features = uses_of(one.features, used, users)
        # What two features mean is used once: the events are those of the product, not the sum of its lines.
        events = sum(used.values()) - in_none([one.features], used)
        is_bought = None if running is None else one.product in running
        adopted = sum(feature.is_adopted for feature in features)
        found.append(ProductUse(names.get(one.product, one.product), is_bought, events, features, adopted))
    whole = None
    if running is not None and usage.values_on(on, [file.customer.pk]):
        whole = breadth([one.features for one in listed if one.product in running], used, users)
    return ByProduct(None if computed is None else on, found, in_none([one.features for one in listed], used), whole)


def _used(file: File, on: date) -> Counter[str]:
    """Return the customer's core events of 28 days by feature."""
    first = on - timedelta(days=WINDOW - 1)
    used: Counter[str] = Counter()
    for one in usage.counts_of(file.customer.pk, from_on=first, until_on=on + timedelta(days=1)):
        if blueprint.is_core(one.event):
            used[one.feature or one.event] += one.n
    return used


def _users(file: File, on: date) -> dict[str, set[int]]:
    """Return who used each feature, nobody where it is not known any more: uses alone say what is adopted then."""
    users: dict[str, set[int]] = defaultdict(set)
    for one in analysis.users_of_features(file.customer.pk, on=on) or ():
        if one.user_id is not None:
            users[one.feature].add(one.user_id)
    return users


def _running(file: File) -> set[str]:
    """Return the codes of the products of the lines that run on the as-of day."""
    return {one.line.product.code for one in file.lines if one.runs and one.line.product is not None}
