"""Running the algebra: metrics of many customers as of one day, or for all days of a stretch."""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

import duckdb
import pyarrow as pa

from perennial.lake.algebra import Metric, attributes_of, plan_of
from perennial.lake.facts import FACT_DAY, FACT_EVENT, FACT_USER
from perennial.lake.merging import merged_sql, use_merged
from perennial.lake.plans import asof_sql, backfill_sql, reach
from perennial.lake.reading import Snapshot
from perennial.lake.terms import FactsMissing, Merged

FEW = 2000
"""Up to this many customers are looked up by number."""


def metrics_asof(
    connection: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    metrics: tuple[Metric, ...],
    periods: pa.Table,
    *,
    days: range,
    merged: Merged,
) -> pa.Table:
    """Return customer, day and each metric as of the one day, sorted by customer."""
    _lay_out(connection, snapshot, metrics, periods, days=days, merged=merged)
    return connection.sql(f"{asof_sql(metrics, days.start)} ORDER BY 1").to_arrow_table()


def metrics_backfill(
    connection: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    metrics: tuple[Metric, ...],
    periods: pa.Table,
    *,
    days: range,
    merged: Merged,
) -> pa.Table:
    """Return customer, day and each metric for every one of the days, in no order."""
    _lay_out(connection, snapshot, metrics, periods, days=days, merged=merged)
    return connection.sql(backfill_sql(metrics, days.start, days.stop)).to_arrow_table()


def _lay_out(
    connection: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    metrics: tuple[Metric, ...],
    periods: pa.Table,
    *,
    days: range,
    merged: Merged,
) -> None:
    """Make the relations that the plans read.

    :raises FactsMissing: the lake was compacted for other definitions.
    """
    plan = plan_of(metrics)
    missing = plan.items() - snapshot.live.plan.items()
    if missing and snapshot.live.files(FACT_DAY):
        raise FactsMissing(", ".join(sorted(where for _, where in missing)))
    theirs = use_periods(connection, metrics, periods, merged)
    low = reach(metrics, days.start)
    wanted = {"fact_day": (FACT_DAY, low), "fact_user": (FACT_USER, low), "fact_event": (FACT_EVENT, low)}
    for view, (table, since) in (wanted | {"history": (FACT_DAY, None)}).items():
        facts = snapshot.fact_sql(table, plan, from_day=since, until_day=days.stop)
        facts = merged_sql(f"SELECT * FROM ({facts}) WHERE {theirs}", table, plan, merged)
        connection.execute(f"CREATE TEMP VIEW {view} AS {facts}")


def use_periods(
    connection: duckdb.DuckDBPyConnection, metrics: tuple[Metric, ...], periods: pa.Table, merged: Merged
) -> str:
    """Make known whose values are wanted, when, and who counts for whom; return the predicate of their facts."""
    _check_periods(connection, periods, attributes_of(metrics))
    use_merged(connection, merged)
    return _of_few(periods["customer"].unique().to_pylist(), merged)


def _of_few(customers: list[int], merged: Merged) -> str:
    """Return the predicate of the facts that count for a few customers; of many, all are read."""
    if len(customers) > FEW:
        return "TRUE"
    wanted = set(customers)
    numbers = wanted | {number for number, customer in merged.customers.items() if customer in wanted}
    return f"customer IN ({', '.join(map(str, sorted(numbers))) or 'NULL'})"


def _check_periods(connection: duckdb.DuckDBPyConnection, periods: pa.Table, attributes: list[str]) -> None:
    columns = ", ".join(f'"{name}"' for name in ("customer", "from_day", "until_day", *attributes))
    connection.register("given_periods", periods)
    connection.execute(f"CREATE TEMP TABLE period AS SELECT {columns} FROM given_periods")
    overlaps = connection.execute(
        "SELECT customer FROM period QUALIFY LEAD(from_day) OVER (PARTITION BY customer ORDER BY from_day) < until_day"
    ).fetchall()
    if overlaps:
        raise ValueError(f"periods of customer {overlaps[0][0]} overlap")
