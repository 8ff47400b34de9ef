"""Who the champion of a customer is: a contact called so whom a user's address or id names; the rest the lake finds.

A contact and a user are the same person where they share a mail address or an id (as in an erasure); a name is none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import pyarrow as pa

from perennial.blueprint import queries as blueprint
from perennial.customers import people
from perennial.customers.aliases import aliases
from perennial.kernel.organisation.queries import house
from perennial.lake.algebra import Aggregate, Measure, Metric, attributes_of
from perennial.lake.champions import ATTRIBUTE, HAS_LEFT, WEEKS, rate, silence
from perennial.lake.terms import Merged, day_date, day_number
from perennial.usage import counted
from perennial.usage.calculations.champions import Tag, stretches
from perennial.usage.lake import lake
from perennial.usage.models import ProductUser
from perennial.usage.people import names_of
from perennial.usage.terms import UserKind

MANY = 500
CHANCE, LEAST_GAP = 0.01, 3


def beside(periods: pa.Table, known: Iterable[Metric], merged: Merged) -> pa.Table:
    """Return periods of days with the champion whom contacts name beside the seats, where a metric asks for one.

    As of each day: as the contacts were known then. No query where no metric asks, else two, and one for 500 customers.
    """
    if {ATTRIBUTE, HAS_LEFT}.isdisjoint(attributes_of(known)):
        return periods
    of = tags(merged)
    rows = [
        {**row, "from_day": start, "until_day": end, ATTRIBUTE: user, HAS_LEFT: left}
        for row in periods.to_pylist()
        for start, end, user, left in stretches(
            of.get(row["customer"], ()), from_day=row["from_day"], until_day=row["until_day"]
        )
    ]
    schema = periods.schema
    for name in (ATTRIBUTE, HAS_LEFT):
        schema = schema.append(pa.field(name, pa.int64()))
    return pa.Table.from_pylist(rows, schema=schema)


def tags(merged: Merged, customer_ids: Collection[int] | None = None) -> Mapping[int, list[Tag]]:
    """Return who is or was called champion, by the customer that it counts for; of some customers (None: of all)."""
    zone, called = house(), people.champions(customer_ids)
    users = _users({one.customer_id for one in called}, merged)
    found: dict[int, list[Tag]] = defaultdict(list)
    for one in called:
        known = [users[one.customer_id, text] for text in one.addresses if (one.customer_id, text) in users]
        found[one.customer_id].append(Tag(
            from_day=day_number(zone.day_of(one.learned_at)),
            until_day=None if one.superseded_at is None else day_number(zone.day_of(one.superseded_at)),
            left_day=None if one.left_on is None else day_number(one.left_on),
            user=min(known, default=None),
            name=one.name,
        ))  # fmt: skip
    return found


def _users(customer_ids: Collection[int], merged: Merged) -> dict[tuple[int, str], int]:
    """Return the user of each customer and address or id, as whom it counts."""
    into: dict[int, list[int]] = defaultdict(list)
    for number, customer in merged.customers.items():
        into[customer].append(number)
    numbers = sorted(number for one in customer_ids for number in (one, *into[one]))
    found: dict[tuple[int, str], int] = {}
    for start in range(0, len(numbers), MANY):
        rows = ProductUser.objects.filter(customer_id__in=numbers[start : start + MANY], kind=UserKind.CUSTOMER.value)
        for user, number, external_id, name in rows.values_list("id", "customer_id", "external_id", "name"):
            customer = merged.customers.get(number or 0, number or 0)
            counted = merged.users.get((customer, user), user)
            for text in (external_id, name if "@" in name else ""):
                if folded := people.folded(text):
                    found[customer, folded] = min(counted, found.get((customer, folded), counted))
    return found


CORE = Measure(Aggregate.GAP, of="champion", where=blueprint.core_predicate(), admin=blueprint.admin_predicate())


@dataclass(frozen=True, slots=True)
class Shown:
    """A customer's champion on a day. `user` None: there is none. `is_called`: a contact is called so whom the user's
    address or id names; else the user with the largest shares, both of 90 days, None where nobody did any;
    `tells_admin`: the facts tell acts of administration apart, since a metric asks for them.

    `called`: contacts called champion who are there and whom no user is known to be. `left_on`: when the one called so
    left, None while somebody is. `gap` in weeks, 26 for all longer.
    """

    user: int | None
    name: str
    is_called: bool
    of_core: Fraction | None
    of_admin: Fraction | None
    tells_admin: bool
    weeks: int
    gap: int
    called: tuple[str, ...]
    left_on: date | None

    @property
    def rate(self) -> float:
        """In what share of weeks he is active, r."""
        return rate(self.weeks)

    @property
    def silence(self) -> float:
        """How likely so long a gap is while nothing changed."""
        return silence(self.weeks, self.gap)

    @property
    def is_silent(self) -> bool:
        """Whether his silence is an alarm (analytics 2.1)."""
        return self.user is not None and self.gap >= LEAST_GAP and self.silence < CHANCE

    @property
    def is_alarm(self) -> bool:
        """Whether he is silent, or left."""
        return self.is_silent or self.left_on is not None


def of_customer(customer_id: int, on: date) -> Shown:
    """Return a customer's champion as of a day, by the same rule as the metrics. At most six queries."""
    by, day = aliases(), day_number(on)
    merged = counted.merged(by)
    mine = tags(merged, [customer_id]).get(customer_id, [])
    ((_start, _end, named, left),) = stretches(mine, from_day=day, until_day=day + 1)
    with lake().analysis() as asked:
        users, tells_admin = asked.weeks(CORE.champion_columns, by.family([customer_id]), merged, day=day)
    core, admin = sum(one.core for one in users), sum(one.admin for one in users)
    shares = {one.user: (_share(one.core, core), _share(one.admin, admin)) for one in users}
    user = named
    if user is None:
        leading = [one for one in shares if sum(shares[one]) > 0]
        user = min(leading, key=lambda one: (-sum(shares[one]), one), default=None)
    found = next((one for one in users if one.user == user), None)
    there = [one for one in mine if one.is_called_on(day)]
    of_core, of_admin = shares.get(user or 0, (Fraction(0), Fraction(0)))
    return Shown(
        user=user,
        name=next((one.name for one in there if one.user == user), "") or names_of([user])[user] if user else "",
        is_called=named is not None,
        of_core=of_core if core else None,
        of_admin=of_admin if admin else None,
        tells_admin=tells_admin,
        weeks=found.weeks if found else 0,
        gap=WEEKS if found is None or found.gap is None else found.gap,
        called=tuple(one.name for one in there if one.user is None and not one.has_left(day)),
        left_on=day_date(max(one.left_day for one in there if one.left_day is not None)) if left else None,
    )


def _share(part: int, whole: int) -> Fraction:
    return Fraction(part, whole) if whole else Fraction(0)
