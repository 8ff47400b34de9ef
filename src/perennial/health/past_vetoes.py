"""Which vetoes of a scorecard customers met on past days: what a backtest holds against what happened.

Made of facts by their own dates, on days that a night froze too: corrections made since are in it. Private to the
rooms that judge a scorecard.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, TypeVar

from perennial.blueprint.terms import Scorecard
from perennial.customers import queries as customers
from perennial.engagement import queries as engagement
from perennial.health.facts import Facts, Known
from perennial.kernel.conditions.matching import evaluate
from perennial.kernel.conditions.terms import fields_of
from perennial.lake.terms import day_number
from perennial.support import queries as support
from perennial.usage import queries as usage

Asked = tuple[int, date]  # a customer on a day
_One = TypeVar("_One")


def met_on(card: Scorecard, asked: Sequence[Asked], facts: Facts) -> dict[str, list[bool]]:
    """Return for each veto of a scorecard whether it was met by each customer on the day asked for. Four queries and a
    pass over the daily values, however many are asked; none where the scorecard has no veto."""
    found: dict[str, list[bool]] = {veto.key: [] for veto in card.vetoes}
    if not found:
        return {}
    past = _Past(facts, asked, frozenset[str]().union(*(fields_of(veto.when) for veto in card.vetoes)))
    for customer, on in asked:
        row = facts.row(past.known(customer, on), customer)
        for veto in card.vetoes:
            found[veto.key].append(evaluate(veto.when, row, on))
    return found


class _Past:
    """What a veto's row asks, read once and told of one customer on one day."""

    def __init__(self, facts: Facts, asked: Sequence[Asked], fields: frozenset[str]) -> None:
        self.facts = facts
        self.usage = _used(sorted({on for _customer, on in asked}), sorted(fields & set(usage.all_keys())))
        self.tickets = _by(support.times(), lambda one: one.customer)
        self.contacts = _by(engagement.contacts(), lambda one: one[0])
        self.people = _by(customers.people_of(), lambda one: one.whose)

    def known(self, customer: int, on: date) -> Known:
        at = datetime.combine(on, time.max, self.facts.place.timezone)
        standing = self.facts.terms.book.standing_of(customer, on)
        opened = [one for one in self.tickets.get(customer, ()) if one.opened_at <= at]
        still = [one for one in opened if one.closed_at is None or one.closed_at > at]
        called = self.contacts.get(customer, ())
        place = bisect_right(called, at, key=lambda one: one[1])
        people = self.people.get(customer)
        return Known(
            on=on,
            standing={} if standing is None else {customer: standing},
            usage={customer: self.usage.get((customer, on), {})},
            support={customer: support.Support(len(still), sum(one.late_at < at for one in still), None)}
            if opened else {},
            contact={customer: self.facts.place.day_of(called[place - 1][1])} if place else {},
            people={customer: customers.relationship(people, on)} if people else {},
            nps={},
            csat={},
            pulse={},
            inspected={},
        )  # fmt: skip


def _used(days: Sequence[date], keys: Sequence[str]) -> Mapping[Asked, usage.Values]:
    if not keys or not days:
        return {}
    rows, numbers = usage.columns_on(days, keys), [day_number(day) for day in days]
    found: dict[Asked, usage.Values] = {}
    told = [(key, rows.values[key].tolist()) for key in keys]
    for place, (customer, day) in enumerate(zip(rows.customers.tolist(), rows.days.tolist(), strict=True)):
        values = {key: None if of[place] != of[place] else of[place] for key, of in told}
        found[customer, days[bisect_left(numbers, day)]] = values
    return found


def _by(rows: Iterable[_One], whose: Callable[[_One], Any]) -> Mapping[int, Sequence[_One]]:
    found: dict[int, list[_One]] = defaultdict(list)
    for one in rows:
        found[whose(one)].append(one)
    return found
