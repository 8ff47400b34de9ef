"""The frozen rows of health in the lake: inputs and scores of past days, as they were known then. Private to the room.

`inputs`: a DOUBLE column for each measure and its age, and the tier of the day; `news` is the last import that the row
knew of, NULL in the row that a day wrote of itself: those are never computed again, while rows made for days before the
first one are made anew once more was imported. `scores`: what was printed on a day,
with the vetoes that were met as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import Max

from perennial.health.facts import MEASURES, DayFacts
from perennial.health.terms import CustomerScore, Floats, MetVeto
from perennial.kernel.journal.models import JournalEntry
from perennial.lake.terms import day_date, day_number
from perennial.usage.lake import lake

INPUTS, SCORES = "inputs", "scores"
LOOK_BACK_DAYS = 28
NEAR_DAYS = (0, -1, 1, -2, 2, -3, 3)


@dataclass(frozen=True, slots=True)
class FrozenScore:
    """A customer's score as a day printed it; `fell_on` is the last day of a fall that no rise has made good, `card`
    the key of the scorecard, None where that was not kept yet."""

    customer: int
    on: date
    score: float | None
    band: str
    scored_band: str | None
    coverage: float
    confidence: str
    error: float | None
    trend: float | None
    change_28d: float | None
    fell_on: date | None
    weekly: Sequence[float | None]
    vetoes: str | None = None
    card: str | None = None

    def met(self, caps: Mapping[str, int]) -> list[MetVeto] | None:
        """Return the vetoes that were met, with the best band that each leaves; None where that was not kept, or one
        is no veto any more."""
        found = None if self.vetoes is None else json.loads(self.vetoes)
        if found is None or any(key not in caps for key, _values in found):
            return None
        return [MetVeto(key, caps[key], values) for key, values in found]


def write_inputs(weeks: Sequence[DayFacts], *, news: int | None, at: datetime) -> None:
    """Freeze the inputs of some days: in one commit where no other day between them is frozen, else each in its own."""
    if not weeks:
        return
    days = [day_number(facts.on) for facts in weeks]
    between = lake().read_days(INPUTS, from_day=min(days), until_day=max(days) + 1)["day"].unique().to_pylist()
    if set(between) <= set(days):
        table = pa.concat_tables([_table_of(facts, news) for facts in weeks])
        lake().write_days(INPUTS, table, from_day=min(days), until_day=max(days) + 1, at=at)
        return
    for day, facts in zip(days, weeks, strict=True):
        lake().write_days(INPUTS, _table_of(facts, news), from_day=day, until_day=day + 1, at=at)


def _table_of(facts: DayFacts, news: int | None) -> pa.Table:
    columns: dict[str, Any] = {
        "customer": pa.array(facts.customers, pa.int64()),
        "day": pa.array([day_number(facts.on)] * len(facts.customers), pa.int32()),
        "news": pa.array([news] * len(facts.customers), pa.int64()),
    }
    if facts.tiers is not None:
        columns["tier"] = pa.array(facts.tiers, pa.string())
    for place, key in enumerate(MEASURES):
        columns[key] = pa.array(facts.values[:, place], pa.float64(), from_pandas=True)
        columns[f"{key}_age"] = pa.array(facts.ages[:, place], pa.float64(), from_pandas=True)
    return pa.table(columns)


def read_inputs(on: date, *, news: int | None) -> DayFacts | None:
    """Return the frozen inputs of a day, None where there are none, or where they were made under other news."""
    day = day_number(on)
    rows = lake().read_days(INPUTS, from_day=day, until_day=day + 1)
    if not rows.num_rows or rows["news"].unique().to_pylist() not in ([None], [news]):
        return None
    return _facts(on, rows)


def days_frozen(days: Sequence[date]) -> list[date]:
    """Return those of some days whose inputs a night froze of itself. One read of the lake."""
    with lake().analysis() as asked:
        rows = asked.on_days(INPUTS, ("news",), [day_number(day) for day in days])
    whole = rows.group_by("day").aggregate([("news", "count"), ("news", "max")]).to_pylist()
    return sorted(day_date(row["day"]) for row in whole if not row["news_count"])


def inputs_near(on: date, *, news: int | None) -> DayFacts | None:
    """Return the frozen inputs of a day, or of the nearest one up to three days off, the earlier of equals.

    So the weeks before a home's first day, made once, serve every day of its first quarter.
    """
    for days in NEAR_DAYS:
        found = read_inputs(on + timedelta(days=days), news=news)
        if found is not None:
            return found
    return None


def _facts(on: date, rows: pa.Table) -> DayFacts:
    values, ages = np.full((2, rows.num_rows, len(MEASURES)), np.nan)
    for place, key in enumerate(MEASURES):
        if key in rows.column_names:
            values[:, place] = _floats(rows, key)
            ages[:, place] = _floats(rows, f"{key}_age")
    tiers = rows["tier"].to_pylist() if "tier" in rows.column_names else None
    customers = rows["customer"].to_pylist()
    return DayFacts(on, customers, values, ages, tiers=None if tiers is None or None in tiers else tiers)


def _floats(rows: pa.Table, key: str) -> Floats:
    return np.asarray(rows[key].combine_chunks().to_numpy(zero_copy_only=False), dtype=np.float64)


def news() -> int:
    """Return the last import that was published: rows made for a past day are made anew after the next one."""
    return JournalEntry.objects.filter(kind="import.published").aggregate(last=Max("id"))["last"] or 0


def write_scores(
    on: date,
    scores: Mapping[int, CustomerScore],
    fell: Mapping[int, date | None],
    cards: Mapping[int, str],
    *,
    at: datetime,
    customer_ids: Sequence[int] | None = None,
) -> None:
    """Freeze what a day printed, of some customers (None: all); `cards`: the key of the scorecard of each."""
    day = day_number(on)
    printed = list(scores.values())
    table = pa.table(
        {
            "customer": pa.array(scores, pa.int64()),
            "day": pa.array([day] * len(scores), pa.int32()),
            "score": pa.array([_float(one.score) for one in printed], pa.float64()),
            "band": pa.array([one.band.value for one in printed], pa.string()),
            "scored_band": pa.array([one.scored_band and one.scored_band.value for one in printed], pa.string()),
            "coverage": pa.array([one.coverage for one in printed], pa.float64()),
            "confidence": pa.array([one.confidence.value for one in printed], pa.string()),
            "error": pa.array([_float(one.error) for one in printed], pa.float64()),
            "trend": pa.array([_float(one.trend) if one.trend_shown else None for one in printed], pa.float64()),
            "change_28d": pa.array([_float(one.change_28d) for one in printed], pa.float64()),
            "fell_day": pa.array([day_number(d) if (d := fell.get(c)) else None for c in scores], pa.int32()),
            "vetoes": pa.array(
                [json.dumps([[v.key, dict(v.values)] for v in one.vetoes]) for one in printed], pa.string()
            ),
            "card": pa.array([cards[c] for c in scores], pa.string()),
            "weekly": pa.array([[_float(w) for w in one.weekly] for one in printed], pa.list_(pa.float64())),
        }
    )
    lake().write_days(SCORES, table, from_day=day, until_day=day + 1, at=at, customers=customer_ids)


def read_scores(from_on: date, until_on: date, customer_ids: Sequence[int] | None = None) -> list[FrozenScore]:
    """Return the frozen scores of [from_on, until_on), by customer and day."""
    return _rows(_table(from_on, until_on, customer_ids))


def cards_on(on: date) -> dict[int, str | None]:
    """Return by which scorecard each customer was scored on a day, None where that was not kept; empty where the day
    was not scored."""
    table = _table(on, on + timedelta(days=1), None)
    keys = table["card"].to_pylist() if "card" in table.column_names else [None] * table.num_rows
    return dict(zip(table["customer"].to_pylist(), keys, strict=True))


def last_scores(until_on: date, customer_ids: Sequence[int] | None = None) -> dict[int, FrozenScore]:
    """Return the scores of the last frozen day before `until_on`, not further back than 28 days, by customer."""
    return {one.customer: one for one in _rows(_last_table(until_on, customer_ids))}


def last_bands(until_on: date) -> dict[int, tuple[str | None, str | None]]:
    """Return of the last frozen day before `until_on`, as `last_scores`, each customer's band by the score alone and
    the key of the scorecard."""
    table = _last_table(until_on, None)
    told = [table[name].to_pylist() if name in table.column_names else [None] * table.num_rows
            for name in ("scored_band", "card")]  # fmt: skip
    return dict(zip(table["customer"].to_pylist(), zip(*told, strict=True), strict=True))


def _last_table(until_on: date, customer_ids: Sequence[int] | None) -> pa.Table:
    end = until_on
    for days in (1, 7, LOOK_BACK_DAYS):
        table = _table(start := until_on - timedelta(days=days), end, customer_ids)
        if table.num_rows:
            return table.filter(pc.equal(table["day"], pc.max(table["day"])))
        end = start
    return table


def _table(from_on: date, until_on: date, customer_ids: Sequence[int] | None) -> pa.Table:
    ids = None if customer_ids is None else list(customer_ids)
    return lake().read_days(SCORES, customers=ids, from_day=day_number(from_on), until_day=day_number(until_on))


def _rows(table: pa.Table) -> list[FrozenScore]:
    found = []
    for row in table.to_pylist():
        on, fell = day_date(row.pop("day")), row.pop("fell_day")
        found.append(FrozenScore(on=on, fell_on=None if fell is None else day_date(fell), **row))
    return found


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
