"""The raw values that the measures of a scorecard had on a day, from the frozen inputs; nothing is scored here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from perennial.blueprint.terms import Scorecard
from perennial.health.calculations.curves import trust_of
from perennial.health.calculations.weights import customer_weights
from perennial.health.facts import MEASURES, Facts
from perennial.health.frozen import INPUTS, NEAR_DAYS
from perennial.health.terms import MILLION, Floats, Ints
from perennial.kernel.organisation.queries import house
from perennial.lake.terms import day_date, day_number
from perennial.usage import queries as usage
from perennial.usage.lake import lake


@dataclass(frozen=True)
class Measured:
    """A day's values and ages of some customers (customers × measures; NaN: unknown), in the order of `keys`."""

    on: date
    customers: Sequence[int]
    keys: Sequence[str]
    values: Floats
    ages: Floats


def near(on: date, keys: Sequence[str], customer_ids: Collection[int]) -> Measured | None:
    """Return what was frozen of some customers on a day, or on the nearest one up to three days off; None where nothing
    was. Metrics of one's own are the daily values, which have the definition of now. No query on the records."""
    for days in NEAR_DAYS:
        day = day_number(on + timedelta(days=days))
        rows = lake().read_days(INPUTS, customers=sorted(customer_ids), from_day=day, until_day=day + 1)
        if rows.num_rows:
            break
    else:
        return None
    customers = rows["customer"].to_pylist()
    values, ages = np.full((2, len(customers), len(keys)), np.nan)
    for place, key in enumerate(keys):
        if key in rows.column_names:
            values[:, place] = rows[key].to_numpy().astype(np.float64)
            ages[:, place] = rows[f"{key}_age"].to_numpy().astype(np.float64)
    own = [key for key in keys if key not in MEASURES]
    if own:
        told, age = usage.values_on(day_date(day), customers), _usage_age(day_date(day))
        for place, key in enumerate(keys):
            if key in own:
                mine = [told.get(customer, {}).get(key) for customer in customers]
                values[:, place] = [np.nan if one is None else one for one in mine]
                ages[:, place] = np.where(np.isnan(values[:, place]), np.nan, age)
    return Measured(day_date(day), customers, keys, values, ages)


def _usage_age(on: date) -> float:
    last = Facts(house()).last_event_on
    return np.nan if last is None else float(max((on - last).days, 0))


def trust(day: Measured, card: Scorecard) -> Ints:
    """Return how far each value counts, in millionths (customers × measures; analytics 1.1)."""
    columns = [trust_of(day.values[:, place], day.ages[:, place], one) for place, one in enumerate(card.measures)]
    return np.column_stack(columns)


def turned_grey(trusted: Ints, card: Scorecard, place: int) -> int:
    """Return how many customers have no colour that would have one if one measure were wholly known of everybody."""
    whole = trusted.copy()
    whole[:, place] = MILLION
    least = card.least_coverage
    return int(((_coverage(trusted, card) < least) & (_coverage(whole, card) >= least)).sum())


def _coverage(trusted: Ints, card: Scorecard) -> Floats:
    shares = customer_weights(card, trusted)[1]
    return np.asarray((shares * (trusted / MILLION)).sum(axis=1) / MILLION, dtype=np.float64)
