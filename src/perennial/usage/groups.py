"""Metrics of a group of customers as if it were one: over the union of its facts, with the definitions of everybody's.

A group is a merge for the time of one read: all numbers of its customers count for one, and a user whom a source knows
by the same id at two of them is one, as with customers that were merged (`counted.py`). Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from perennial.blueprint import queries as blueprint
from perennial.contracts import queries as contracts
from perennial.customers.aliases import Aliases, aliases
from perennial.lake.algebra import Aggregate, Measure, Metric, measures_of
from perennial.lake.bought import BOUGHT
from perennial.lake.calendars import NO_CALENDAR
from perennial.lake.terms import EventCount, Merged, day_date, day_number
from perennial.usage import calendar, counted, own
from perennial.usage.calculations import seats as seats_of
from perennial.usage.calculations.seats import Stretch
from perennial.usage.lake import WINDOW, definitions, lake
from perennial.usage.periods import Bought, Seats, bought_of, crossed, seat_stretches, table
from perennial.usage.queries import DayValues, Values, number

Keyed = tuple[str, Metric]
"""A metric with the key that it is read by."""
CORE_EVENTS, ACTIVE_DAYS = "core_events_28d", "active_days_28d"
"""What a group's table has besides the metrics; the facts hold what they are made of."""


def more() -> tuple[Metric, ...]:
    """Return what is told of a group besides the metrics: its core events, and the days with any."""
    core = blueprint.core_predicate()
    return (
        Metric(CORE_EVENTS, {"events": Measure(Aggregate.COUNT, where=core, window=WINDOW)}),
        Metric(ACTIVE_DAYS, {"days": Measure(Aggregate.DISTINCT, of="day", where=core, window=WINDOW)}),
    )


def users_counted(key: str) -> bool:
    """Return whether a metric is a number of different users: the one kind whose sum over customers may say more than
    the group has."""
    found = next((one for one in _known() if one[0] == key), None)
    if found is None or found[1].expression:
        return False
    (measure,) = found[1].measures.values()
    return measure.aggregate is Aggregate.DISTINCT and measure.of == "user"


def series_of(
    customer_ids: Sequence[int], *, from_on: date, until_on: date, keys: Iterable[str] | None = None
) -> list[DayValues]:
    """Return the metrics of a group (`keys`: some of them) for each day of [from_on, until_on) since its first event,
    oldest first. At most nine queries, and one for 500 users."""
    root = customer_ids[0]
    by = aliases()
    group = Aliases({one: root for one in by.family(customer_ids) if one != root})
    span = (day_number(from_on), day_number(until_on))
    wanted = _wanted(keys)
    seats, bought = _contracted(customer_ids, wanted, until=span[1])
    stretches = seats_of.together(seats.values(), from_day=span[0], until_day=span[1])
    all_bought = [one for theirs in bought.values() for one in theirs]
    rows = _computed({root: (stretches, all_bought)}, span, counted.merged(group), wanted)
    return [DayValues(on=day_date(day), values=values) for (_root, day), values in sorted(rows.items())]


def apart(customer_ids: Sequence[int], *, on: date, keys: Iterable[str] | None = None) -> dict[int, Values]:
    """Return the same metrics of each customer by itself on one day; who was never measured is left out. As many
    queries."""
    by = aliases()
    mine = Aliases({one: customer for one, customer in by.into.items() if customer in set(customer_ids)})
    day = day_number(on)
    wanted = _wanted(keys)
    seats, bought = _contracted(customer_ids, wanted, until=day + 1)
    stretches = {
        one: (seats_of.together([seats.get(one, ())], from_day=day, until_day=day + 1), bought.get(one, ()))
        for one in customer_ids
    }
    rows = _computed(stretches, (day, day + 1), counted.merged(mine), wanted)
    return {customer: values for (customer, _day), values in rows.items()}


def counts_of(customer_ids: Sequence[int], *, from_on: date, until_on: date) -> list[EventCount]:
    """Return the event counts of a group by day, event and feature; days without events are absent. One query."""
    numbers = aliases().family(customer_ids)
    return lake().event_counts(*numbers, from_day=day_number(from_on), until_day=day_number(until_on))


def _known() -> list[Keyed]:
    """Return what is told of a group: the metrics that ship, what a group has besides, own ones."""
    return [
        *((one.key, one) for one in (*definitions(), *more())),
        *((one.key, own.as_metric(one.column, one.algebra)) for one in own.served()),
    ]


def _wanted(keys: Iterable[str] | None) -> list[Keyed]:
    asked = None if keys is None else set(keys)
    return [(key, one) for key, one in _known() if asked is None or key in asked]


def _contracted(
    customer_ids: Sequence[int], wanted: Sequence[Keyed], *, until: int
) -> tuple[Mapping[int, Seats], Mapping[int, Bought]]:
    """Return the seats of each customer by day, and the features that it bought; contracts are read only where a metric
    asks for them."""
    of_bought = any(measure.of == BOUGHT for measure in measures_of(one for _key, one in wanted))
    if not of_bought and not any(one.attributes() for _key, one in wanted):
        return {}, {}
    book = contracts.Book.read(customer_ids)
    seats = {customer: seat_stretches(found) for customer, found in book.seat_periods().items()}
    return seats, bought_of(book.product_lines(), until=until)


def _computed(
    contracted: Mapping[int, tuple[Sequence[Stretch], Bought]],
    span: tuple[int, int],
    merged: Merged,
    wanted: Sequence[Keyed],
) -> dict[tuple[int, int], Values]:
    """Return the values by customer and day of the days from the first of `span` to before the last."""
    periods = table({customer: crossed(seats, bought, *span) for customer, (seats, bought) in contracted.items()})
    known = tuple(one for _key, one in wanted)
    weeks = calendar.between(*span) if calendar.is_wanted(known) else NO_CALENDAR
    with lake().analysis() as asked:
        made = asked.metrics(known, periods, weeks, days=range(*span), merged=merged)
    return {
        (row["customer"], row["day"]): {key: number(row.get(one.key)) for key, one in wanted}
        for row in made.to_pylist()
    }
