"""A definition on trial: its values as of a day, before anything is kept of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from perennial.blueprint.terms import MetricDefinition
from perennial.contracts import queries as contracts
from perennial.customers.aliases import aliases
from perennial.lake.plans import readable_sql
from perennial.lake.terms import day_number
from perennial.usage import calendar, champions, counted, own
from perennial.usage.actions import together
from perennial.usage.lake import lake
from perennial.usage.periods import periods


def values_of(definition: MetricDefinition, on: date) -> dict[int, float | None]:
    """Return what the daily run would write of a definition on a day, by customer; one of whom nothing was ever
    measured is left out. The same few queries for any number of customers."""
    store, by, day = lake(), aliases(), day_number(on)
    everyone = together(store.event_days(), by)
    given = periods(contracts.Book.read(), everyone, until=day + 1)
    metric = own.as_metric(definition.key, definition.algebra)
    merged = counted.merged(by)
    named = champions.beside(given, (metric,), merged)
    weeks = calendar.of_days((metric,), named, day, day + 1, merged)
    rows = store.metrics_trial((metric,), named, day, merged=merged, calendar=weeks)
    found = zip(rows["customer"].to_pylist(), rows[definition.key].to_pylist(), strict=True)
    return {customer: float(value) if isinstance(value, Decimal) else value for customer, value in found}


def sql_of(definition: MetricDefinition, on: date) -> str:
    """Return the SQL by which a definition is computed as of a day."""
    return readable_sql((own.as_metric(definition.key, definition.algebra),), day_number(on))
