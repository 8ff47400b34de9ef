"""Metrics on trial: as of one day, of definitions for which no facts were made yet. Nothing is written.

What the facts lack is made by the same rollup as the compaction's, of the raw events of the window; what a measure
without a window lacks, of the facts by event and feature where its predicate speaks of these alone.
"""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

import pyarrow as pa

from perennial.lake.algebra import USERS, Aggregate, Metric, measures_of, plan_of
from perennial.lake.calendars import NO_CALENDAR, Calendar, use
from perennial.lake.engine import excluding_sql, files_sql
from perennial.lake.engines.terms import Session
from perennial.lake.facts import (
    FACT_DAY,
    FACT_EVENT,
    FACT_TABLES,
    FACT_USE,
    FACT_USER,
    columns_of,
    fact_sql,
    lay_out,
    unknown,
)
from perennial.lake.known import masked
from perennial.lake.merging import merged_sql
from perennial.lake.metrics import use_periods
from perennial.lake.plans import asof_sql, reach
from perennial.lake.reading import Snapshot
from perennial.lake.terms import EVENT_SCHEMA, Merged, Subject
from perennial.lake.work import EVENTS


def metrics_trial(
    session: Session,
    snapshot: Snapshot,
    metrics: tuple[Metric, ...],
    periods: pa.Table,
    calendar: Calendar = NO_CALENDAR,
    *,
    day: int,
    merged: Merged,
) -> pa.Table:
    """Return customer, day and each metric as of the day, sorted by customer."""
    theirs = use_periods(session, metrics, periods, merged)
    plan, low = plan_of(metrics), reach(metrics, day)
    missing = dict(plan.items() - snapshot.live.plan.items())
    past = {USERS.column: USERS.where} | {
        one.column: one.where for one in measures_of(metrics) if one.aggregate == Aggregate.SINCE
    }
    past_missing = {column: where for column, where in past.items() if column in missing}
    of_users = any('"user"' in where for where in past_missing.values())
    if missing:
        lay_out(session, _events_sql(snapshot, None if of_users else low, day), plan)
    until = day + 1
    days = [
        (table, _made_sql(snapshot, table, plan, low) if missing
         else snapshot.fact_sql(table, plan, from_day=low, until_day=until))
        for table in (FACT_DAY, FACT_USER, FACT_USE)
    ]  # fmt: skip
    if of_users:
        history = _made_sql(snapshot, FACT_DAY, plan, None)
    elif past_missing:
        history = _history_sql(snapshot, past, past_missing, day)
    else:
        history = snapshot.fact_sql(FACT_DAY, past, until_day=day + 1)
    by_event = snapshot.fact_sql(FACT_EVENT, from_day=low, until_day=day + 1)
    views = [("fact_day", *days[0], plan), ("fact_user", *days[1], plan), ("fact_use", *days[2], plan),
             ("fact_event", FACT_EVENT, by_event, plan), ("history", FACT_DAY, history, past)]  # fmt: skip
    for view, table, facts, columns in views:
        told = merged_sql(f"SELECT * FROM ({facts}) WHERE {theirs}", table, columns, merged)
        session.view(view, told)
    use(session, calendar)
    rows = session.rows(f"{asof_sql(metrics, day)} ORDER BY 1")
    first = snapshot.live.kept_from
    return masked(rows, metrics, snapshot.live.since | ({} if first is None else dict.fromkeys(missing, first)))


def _made_sql(snapshot: Snapshot, table: str, plan: dict[str, str], low: int | None) -> str:
    """Return SELECT of the facts made of events, and of days without events beside them those that are frozen."""
    live = snapshot.live
    first, made = live.kept_from, fact_sql(table, plan)
    if first is None or not live.files(table, low, first):
        return made
    there = [name for name in plan if name in live.plan]
    frozen = snapshot.fact_sql(table, there, from_day=low, until_day=first)
    columns = [
        *(f'"{name}"' for name in FACT_TABLES[table]),
        *(name if name in there else unknown(name) for name in columns_of(table, plan)),
    ]
    return f"{made} UNION ALL SELECT {', '.join(columns)} FROM ({frozen}) AS frozen WHERE day < {first}"


def _events_sql(snapshot: Snapshot, low: int | None, day: int) -> str:
    """Return SELECT over the events that the facts are made of, of the days [low, day]."""
    live = snapshot.live
    hidden = {"customer": live.erased(Subject.CUSTOMER), "user": [*live.erased(Subject.USER), *live.left_out]}
    where = " AND ".join(excluding_sql(column, ids) for column, ids in hidden.items())
    paths = [file.path for file in live.files(EVENTS, low, day + 1)]
    return files_sql(snapshot.root, paths, EVENT_SCHEMA, where=f"{where} AND day BETWEEN {low or 0} AND {day}")


def _history_sql(snapshot: Snapshot, past: dict[str, str], missing: dict[str, str], day: int) -> str:
    """Return SELECT of customer, day and the columns of the past: those at hand, and those made of the facts by event.
    A day has several rows; the past asks for sums and last days only."""
    known = [column for column in past if column not in missing]
    at_hand = [f"0 AS {column}" if column in missing else column for column in past]
    made = [f"CASE WHEN {missing[column]} THEN n ELSE 0 END AS {column}" if column in missing else f"0 AS {column}"
            for column in past]  # fmt: skip
    return (
        f"SELECT customer, day, {', '.join(at_hand)} FROM ({snapshot.fact_sql(FACT_DAY, known, until_day=day + 1)}) "
        f"UNION ALL SELECT customer, day, {', '.join(made)} FROM ({snapshot.fact_sql(FACT_EVENT, until_day=day + 1)})"
    )
