"""The usage of a customer with all below it in the tree: the whole group as one, and each of its customers by itself.

Only customers that the member may see are counted; how many are not is said. All of one day: the last up to the as-of
day that has daily values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from perennial.blueprint import queries as blueprint
from perennial.blueprint.terms import MetricUnit
from perennial.customers.access import customers_of
from perennial.customers.catalogue import FIELDS, Unit
from perennial.customers.groups import InGroup, below
from perennial.reports import customer_usage
from perennial.reports.customer_file import File
from perennial.reports.customer_usage import Lines, Series, Stack
from perennial.reports.explain import FORMULAS
from perennial.reports.usage_parts import sees_owners
from perennial.usage import analysis, groups, own
from perennial.usage.groups import ACTIVE_DAYS, CORE_EVENTS
from perennial.usage.queries import Values


@dataclass(frozen=True)
class Group:
    """A customer (the first) with all below it that the member sees; `hidden`: how many it does not. `on`: the day that
    is told, None where nobody was ever measured."""

    customers: Sequence[InGroup]
    hidden: int
    on: date | None

    @property
    def ids(self) -> list[int]:
        """Return the customers' numbers, the one on top first."""
        return [one.customer_id for one in self.customers]


@dataclass(frozen=True)
class Told:
    """A metric of a group: what it is called, what it counts, how it is made, and how its values are written."""

    key: str
    label: str | Promise
    definition: str | Promise
    formula: str | Promise
    unit: Unit | MetricUnit
    counts_users: bool


@dataclass(frozen=True)
class Opened:
    """A metric of a group on its day, with the value of each of its customers by itself (None: not known).

    `sum`: theirs together, where the metric counts users; what it is above `value` are users of several customers.
    """

    told: Told
    value: float | None
    of_each: Sequence[tuple[InGroup, float | None]]
    sum: float | None


def group_of(file: File, ability: str = "customers.read") -> Group | None:
    """Return the group of a file's customer as the member may see it; None where nobody lies below. Two queries."""
    tells_owners = sees_owners(file.member)
    found = below(file.customer.pk, customers_of(file.member, ability), tells_owners=tells_owners)
    if not found.customers and not found.hidden:
        return None
    owner = file.row.owner.name if file.row.owner and tells_owners else ""
    top = InGroup(file.customer.pk, file.customer.key, file.customer.name, owner)
    computed = analysis.last_computed_on()
    return Group([top, *found.customers], found.hidden, None if computed is None else min(computed, file.on))


def metrics_of(file: File) -> list[Told]:
    """Return what is told of a group to who sees the file's fields: numbers of users and events first, then own
    metrics."""
    shipped = [
        Told(one.key, FIELDS[one.key].label, one.definition.text(get_language() or "en"), FORMULAS.get(one.key, ""),
             FIELDS[one.key].unit, groups.users_counted(one.key))
        for one in blueprint.metrics() if one.key in file.fields
    ]  # fmt: skip
    besides = [
        Told(CORE_EVENTS, _("Core events (28 days)"), _("Number of core events in the last 28 days."),
             _("Sum of the core events of 28 days"), Unit.NUMBER, counts_users=False),
        Told(ACTIVE_DAYS, _("Active days (28 days)"), _("Days of the last 28 on which there was a core event."),
             _("Distinct days with a core event in 28 days"), Unit.NUMBER, counts_users=False),
    ]  # fmt: skip
    language = get_language() or "en"
    mine = [
        Told(one.key, one.label.text(language), one.definition.text(language), one.formula, one.unit,
             groups.users_counted(one.key))
        for one in own.served()
    ]  # fmt: skip
    return [*shipped[:2], *besides, *shipped[2:], *mine]


def day_of(group: Group, keys: Iterable[str] | None = None) -> Values:
    """Return the group's metrics (`keys`: some of them) of its day; nothing where it was never measured."""
    if group.on is None:
        return {}
    rows = groups.series_of(group.ids, from_on=group.on, until_on=group.on + timedelta(days=1), keys=keys)
    return rows[-1].values if rows else {}


def series_of(group: Group, keys: Iterable[str] | None = None) -> Series:
    """Return metrics of the 91 days up to the group's day, None where unknown; nothing where nobody was measured."""
    if group.on is None:
        return {}
    days = customer_usage.days_up_to(group.on)
    rows = groups.series_of(group.ids, from_on=days[0], until_on=group.on + timedelta(days=1), keys=keys)
    found = {row.on: row.values for row in rows}
    wanted = list(keys) if keys is not None else [key for row in rows[-1:] for key in row.values]
    return {key: [found[day].get(key) if day in found else None for day in days] for key in wanted}


def lines(group: Group, keys: Sequence[str], on: date) -> Lines:
    """Return some metrics of the 91 days up to the group's day (`on` where it has none)."""
    days = customer_usage.days_up_to(group.on or on)
    found = series_of(group, keys)
    return Lines(days, {key: found.get(key, [None] * len(days)) for key in keys})


def core_events(group: Group, on: date) -> Stack:
    """Return the core events of 91 days by feature, of all customers of the group together."""
    days = customer_usage.days_up_to(group.on or on)
    counts = groups.counts_of(group.ids, from_on=days[0], until_on=days[-1] + timedelta(days=1))
    return customer_usage.stacked(counts, days)


def of_each(group: Group, keys: Iterable[str] | None = None) -> Mapping[int, Values]:
    """Return the metrics (`keys`: some of them) of each customer by itself; who was never measured is left out."""
    return {} if group.on is None else groups.apart(group.ids, on=group.on, keys=keys)


def opened(group: Group, told: Told) -> Opened:
    """Open a metric: the group's value, and that of each of its customers."""
    apart = of_each(group, [told.key])
    each = [(one, apart.get(one.customer_id, {}).get(told.key)) for one in group.customers]
    known = [value for _one, value in each if value is not None]
    return Opened(
        told, day_of(group, [told.key]).get(told.key), each, sum(known) if told.counts_users and known else None
    )
