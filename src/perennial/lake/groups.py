"""Metrics of a few customers at the moment of asking, by any grouping of the numbers that facts carry.

The same plans as the daily values', over facts alone; nothing is written. `merged` says what counts together.
"""
# ruff: noqa: S608 (names and numbers only)

import pyarrow as pa

from perennial.lake import metrics
from perennial.lake.algebra import USERS, Metric, plan_of
from perennial.lake.calendars import Calendar
from perennial.lake.engines.terms import Session
from perennial.lake.facts import FACT_DAY
from perennial.lake.merging import merged_sql, use_merged
from perennial.lake.reading import Snapshot
from perennial.lake.terms import Merged


def metrics_of(
    session: Session,
    snapshot: Snapshot,
    definitions: tuple[Metric, ...],
    periods: pa.Table,
    calendar: Calendar,
    *,
    days: range,
    merged: Merged,
) -> pa.Table:
    """Return customer, day and each metric for the days from a customer's first event on, in no order.

    `periods` as for the daily values, from any day on. A metric whose facts were not made yet is left out.
    """
    known = tuple(one for one in definitions if plan_of((one,)).items() <= snapshot.live.plan.items())
    begun = _begun(session, snapshot, periods, merged)
    stretches = [
        {**row, "from_day": max(row["from_day"], begun[row["customer"]])}
        for row in periods.to_pylist()
        if begun.get(row["customer"], row["until_day"]) < row["until_day"]
    ]
    if not stretches or not known:
        return pa.table({"customer": pa.array([], pa.int64()), "day": pa.array([], pa.int32())})
    clipped = pa.Table.from_pylist(stretches, schema=periods.schema)
    make = metrics.metrics_asof if len(days) == 1 else metrics.metrics_backfill
    return make(session, snapshot, known, clipped, calendar, days=days, merged=merged)


def _begun(session: Session, snapshot: Snapshot, periods: pa.Table, merged: Merged) -> dict[int, int]:
    """Return the day of the first event of each customer that has any."""
    wanted = set(periods["customer"].to_pylist())
    numbers = sorted(wanted | {number for number, customer in merged.customers.items() if customer in wanted})
    theirs = f"customer IN ({', '.join(map(str, numbers)) or 'NULL'})"
    use_merged(session, merged)
    facts = f"SELECT * FROM ({snapshot.fact_sql(FACT_DAY, [USERS.column])}) WHERE {theirs}"
    rows = session.rows(
        f"SELECT customer, MIN(day) AS day FROM ({merged_sql(facts, FACT_DAY, [USERS.column], merged)}) "
        "GROUP BY customer"
    )
    return dict(zip(rows["customer"].to_pylist(), rows["day"].to_pylist(), strict=True))
