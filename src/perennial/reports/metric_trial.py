"""A metric's definition looked at before it is saved: a few customers' values, and how all of them are spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np

from perennial.blueprint.terms import MetricDefinition
from perennial.customers import queries as customers
from perennial.customers.access import portfolio_of
from perennial.members.models import Member
from perennial.usage import trial

SHOWN, BARS = 3, 12


@dataclass(frozen=True, slots=True)
class Bar:
    """How many customers have a value from `low` to `high`; `share` of the highest bar, 0 to 1."""

    low: float
    high: float
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Shown:
    """One customer's value; None is unknown."""

    key: str
    name: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Trial:
    """What a definition comes to for the customers that the member sees; the three values are None where none is
    known. `is_sample`: the customers shown are the least, the middle and the greatest value."""

    on: date
    known: int
    unknown: int
    least: float | None
    middle: float | None
    greatest: float | None
    bars: Sequence[Bar]
    shown: Sequence[Shown]
    is_sample: bool
    sql: str


def look(member: Member, definition: MetricDefinition, on: date, *, text: str = "") -> Trial:
    """Compute a definition as of a day, as the daily run would; `text` names the customers to show, by name or number.

    The same few queries for any number of customers.
    """
    values = trial.values_of(definition, on)
    everyone = portfolio_of(member)
    names = {row[0]: row for row in everyone.values_list("customer_id", "key", "name").order_by("name_sort", "key")}
    known = sorted((value, number) for number in names if (value := values.get(number)) is not None)
    if text.strip():
        rows = customers.chosen(everyone, tree=None, text=text, as_of=on).order_by("name_sort", "key")
        ids = list(rows.values_list("customer_id", flat=True)[:SHOWN])
    else:
        places = dict.fromkeys([0, (len(known) - 1) // 2, len(known) - 1] if known else [])
        ids = [known[place][1] for place in places] or list(names)[:SHOWN]
    numbers = [value for value, _number in known]
    return Trial(
        on=on,
        known=len(known),
        unknown=len(names) - len(known),
        least=numbers[0] if numbers else None,
        middle=float(np.median(numbers)) if numbers else None,
        greatest=numbers[-1] if numbers else None,
        bars=bars_of(numbers),
        shown=[Shown(names[number][1], names[number][2], values.get(number)) for number in ids],
        is_sample=not text.strip(),
        sql=trial.sql_of(definition, on),
    )


def bars_of(values: Sequence[float]) -> list[Bar]:
    """Return values in bars of equal width: one for each whole number where these are few, else up to twelve."""
    if not values:
        return []
    least, most = min(values), max(values)
    if all(float(value).is_integer() for value in values) and most - least < BARS:
        counts = [sum(value == least + step for value in values) for step in range(int(most - least) + 1)]
        edges = [(least + step, least + step) for step in range(len(counts))]
    else:
        found, places = np.histogram(values, bins=BARS, range=(least, most if most > least else least + 1))
        counts = [int(count) for count in found]
        edges = [(float(low), float(high)) for low, high in pairwise(places)]
    top = max(counts)
    return [Bar(low, high, count, count / top) for (low, high), count in zip(edges, counts, strict=True)]
