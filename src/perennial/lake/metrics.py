"""Running the algebra: metrics of many customers as of one day, or for all days of a stretch."""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

import pyarrow as pa
import pyarrow.compute as pc

from perennial.lake import champions
from perennial.lake.algebra import TRENDS, Metric, attributes_of, measures_of, plan_of
from perennial.lake.bought import BOUGHT, sets_of
from perennial.lake.calendars import NO_CALENDAR, Calendar, use
from perennial.lake.engines.terms import Session
from perennial.lake.facts import FACT_DAY, FACT_EVENT, FACT_USE, FACT_USER
from perennial.lake.merging import merged_sql, use_merged
from perennial.lake.plans import asof_sql, backfill_sql, reach
from perennial.lake.reading import Snapshot
from perennial.lake.terms import FactsMissing, Merged
from perennial.lake.trends import PAIRS

FEW = 2000
"""Up to this many customers are looked up by number."""
MOST_PAIRS, LEAST_DAYS = 8_000_000, 31
"""How many pairs of weeks are held at a time (about 30 bytes each), and how many days are made at once all the same."""
OPTIONAL = frozenset({champions.ATTRIBUTE, champions.HAS_LEFT})
"""Attributes that periods need not have: unknown then."""


def metrics_asof(
    session: Session,
    snapshot: Snapshot,
    metrics: tuple[Metric, ...],
    periods: pa.Table,
    calendar: Calendar = NO_CALENDAR,
    *,
    days: range,
    merged: Merged,
) -> pa.Table:
    """Return customer, day and each metric as of the one day, sorted by customer."""
    _lay_out(session, snapshot, metrics, periods, days=days, merged=merged)
    use(session, calendar)
    return session.rows(f"{asof_sql(metrics, days.start)} ORDER BY 1")


def metrics_backfill(
    session: Session,
    snapshot: Snapshot,
    metrics: tuple[Metric, ...],
    periods: pa.Table,
    calendar: Calendar = NO_CALENDAR,
    *,
    days: range,
    merged: Merged,
) -> pa.Table:
    """Return customer, day and each metric for every one of the days, in no order; few days at a time where trends hold
    every pair of weeks of every day in memory."""
    _lay_out(session, snapshot, metrics, periods, days=days, merged=merged)
    use(session, calendar)
    step = max(LEAST_DAYS, MOST_PAIRS // max(PAIRS * _trends(metrics) * _customers(periods), 1))
    starts = range(days.start, days.stop, step) or [days.start]
    return pa.concat_tables(
        [session.rows(backfill_sql(metrics, start, min(start + step, days.stop))) for start in starts]
    )


def size(snapshot: Snapshot, metrics: tuple[Metric, ...], periods: pa.Table, *, days: range) -> int:
    """Return about how many rows the plans of these days go through: facts within reach, and customers × days."""
    customers = _customers(periods)
    low = reach(metrics, days.start) if customers > FEW else days.stop
    facts = sum(file.rows for table in _read(metrics).values() for file in snapshot.live.files(table, low, days.stop))
    return int(facts + customers * len(days))


def _trends(metrics: tuple[Metric, ...]) -> int:
    return sum(measure.aggregate in TRENDS for measure in measures_of(metrics))


def _customers(periods: pa.Table) -> int:
    return int(pc.count_distinct(periods["customer"]).as_py())


def _lay_out(
    session: Session,
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
    theirs = use_periods(session, metrics, periods, merged)
    low = reach(metrics, days.start)
    wanted = {view: (table, low) for view, table in _read(metrics).items()}
    for view, (table, since) in (wanted | {"history": (FACT_DAY, None)}).items():
        facts = snapshot.fact_sql(table, plan, from_day=since, until_day=days.stop, files=session.files_sql)
        facts = merged_sql(f"SELECT * FROM ({facts}) WHERE {theirs}", table, plan, merged)
        session.view(view, facts)


def _read(metrics: tuple[Metric, ...]) -> dict[str, str]:
    """Return the relations of facts that the plans of some metrics read, each with its table."""
    of_use = any(measure.of == BOUGHT for measure in measures_of(metrics))
    return {"fact_day": FACT_DAY, "fact_user": FACT_USER, "fact_event": FACT_EVENT} | (
        {"fact_use": FACT_USE} if of_use else {}
    )


def use_periods(session: Session, metrics: tuple[Metric, ...], periods: pa.Table, merged: Merged) -> str:
    """Make known whose values are wanted, when, and who counts for whom; return the predicate of their facts."""
    of_bought = any(measure.of == BOUGHT for measure in measures_of(metrics))
    _check_periods(session, periods, [*attributes_of(metrics), *([BOUGHT] if of_bought else [])])
    if of_bought:
        session.register("entitled", sets_of(periods))
    use_merged(session, merged)
    return _of_few(periods["customer"].unique().to_pylist(), merged)


def _of_few(customers: list[int], merged: Merged) -> str:
    """Return the predicate of the facts that count for a few customers; of many, all are read."""
    if len(customers) > FEW:
        return "TRUE"
    wanted = set(customers)
    numbers = wanted | {number for number, customer in merged.customers.items() if customer in wanted}
    return f"customer IN ({', '.join(map(str, sorted(numbers))) or 'NULL'})"


def _check_periods(session: Session, periods: pa.Table, attributes: list[str]) -> None:
    given = set(periods.column_names)
    optional = [name if name in given else f"CAST(NULL AS BIGINT) AS {name}" for name in attributes if name in OPTIONAL]
    wanted = ("customer", "from_day", "until_day", *(name for name in attributes if name not in OPTIONAL))
    columns = ", ".join([*(f'"{name}"' for name in wanted), *optional])
    session.register("given_periods", periods)
    session.keep("period", f"SELECT {columns} FROM given_periods")
    overlaps = session.rows(
        "SELECT customer FROM period QUALIFY LEAD(from_day) OVER (PARTITION BY customer ORDER BY from_day) < until_day"
    )
    if overlaps.num_rows:
        raise ValueError(f"periods of customer {overlaps['customer'][0]} overlap")
