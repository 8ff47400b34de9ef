"""What one value of an own metric is made of: each measure of its definition, and the seats where it reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from perennial.contracts import queries as contracts
from perennial.customers.aliases import aliases
from perennial.lake.algebra import Measure, Metric
from perennial.lake.bought import BOUGHT
from perennial.lake.calendars import NO_CALENDAR
from perennial.lake.champions import HAS_LEFT
from perennial.lake.terms import FactsMissing, day_number
from perennial.usage import calendar, champions, counted, own
from perennial.usage.lake import lake
from perennial.usage.periods import Bought, bought_of, crossed, table
from perennial.usage.queries import values_on

FEATURES = "features_bought"
Made = tuple[str, Measure | None, float | None]
"""A name in the expression, its measure (None: what the customer's contracts say), and its value."""


def of_customer(customer_id: int, key: str, on: date, *, seats: int | None) -> Sequence[Made]:
    """Return what a customer's value of an own metric is made of, as of a day; nothing where nothing was measured."""
    one = next((one for one in own.served() if one.key == key), None)
    if one is None or customer_id not in values_on(on, [customer_id]):
        return []
    metric, day = own.as_metric(key, one.algebra), day_number(on)
    apart = tuple(Metric(f"part_{n}", {name: each}) for n, (name, each) in enumerate(metric.measures.items()))
    names = metric.attributes() | {measure.of for measure in metric.measures.values()}
    bought: Bought = ()
    if names & {BOUGHT, FEATURES}:
        bought = bought_of(contracts.Book.read([customer_id]).product_lines(), until=day + 1).get(customer_id, ())
    merged = counted.merged(aliases())
    period = champions.beside(table({customer_id: crossed((), bought, day, day + 1)}), (metric,), merged)
    try:
        weeks = calendar.up_to(day) if calendar.is_wanted(apart) else NO_CALENDAR
        rows = lake().metrics_asof(apart, period, day, merged=merged, calendar=weeks).to_pylist()
    except FactsMissing:
        return []
    row = rows[0] if rows else {}
    found: list[Made] = [
        (name, each, _number(row.get(f"part_{n}"))) for n, (name, each) in enumerate(metric.measures.items())
    ]
    if "seats" in metric.attributes():
        found.append(("seats", None, None if seats is None else float(seats)))
    if HAS_LEFT in metric.attributes():
        found.append((HAS_LEFT, None, float(period[HAS_LEFT][0].as_py())))
    if FEATURES in names:
        found.append((FEATURES, None, _number(period[FEATURES][0].as_py())))
    return found


def _number(value: Decimal | float | None) -> float | None:
    return float(value) if isinstance(value, Decimal) else value
